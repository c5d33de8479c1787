/* Error codes and messages. */
#include "base/error.h"

#include <errno.h>

/* Write at offset `at` of the message; what does not fit is cut and the cut is marked. */
HGT_PRINTF(3, 0)
static void format(struct hgt_error *err, size_t at, const char *fmt, va_list ap)
{
	int n = vsnprintf(err->message + at, sizeof(err->message) - at, fmt, ap);

	if (n < 0)
		err->message[at] = '\0';
	else if ((size_t)n >= sizeof(err->message) - at)
		memcpy(err->message + sizeof(err->message) - 4, "...", 4);
}

static void append(struct hgt_error *err, const char *fmt, ...) HGT_PRINTF(2, 3);

static void append(struct hgt_error *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	format(err, strlen(err->message), fmt, ap);
	va_end(ap);
}

int hgt_error_set(struct hgt_error *err, int code, const char *fmt, ...)
{
	if (err) {
		va_list ap;

		err->code = code;
		va_start(ap, fmt);
		format(err, 0, fmt, ap);
		va_end(ap);
	}
	return code;
}

int hgt_code_from_errno(int errnum)
{
	switch (errnum) {
	case ENOMEM:
		return HGT_ENOMEM;
	case ENOENT:
	case ENOTDIR:
		return HGT_ENOENT;
	case EEXIST:
		return HGT_EEXIST;
	case EACCES:
	case EPERM:
		return HGT_EPERM;
	case EINVAL:
		return HGT_EINVAL;
	case ETIMEDOUT:
		return HGT_ETIMEOUT;
	case ECONNREFUSED:
	case ECONNRESET:
	case EPIPE:
	case EHOSTUNREACH:
	case ENETUNREACH:
		return HGT_EUNAVAILABLE;
	default:
		return HGT_EIO;
	}
}

int hgt_error_set_errno(struct hgt_error *err, const char *fmt, ...)
{
	int saved = errno;
	int code = hgt_code_from_errno(saved);

	if (err) {
		va_list ap;

		err->code = code;
		va_start(ap, fmt);
		format(err, 0, fmt, ap);
		va_end(ap);
		append(err, ": %s", strerror(saved));
	}
	errno = saved;
	return code;
}

int hgt_error_nomem(struct hgt_error *err)
{
	return hgt_error_set(err, HGT_ENOMEM, "out of memory");
}

void hgt_error_prefix(struct hgt_error *err, const char *fmt, ...)
{
	struct hgt_error old;
	va_list ap;

	if (!err)
		return;
	old = *err;
	va_start(ap, fmt);
	format(err, 0, fmt, ap);
	va_end(ap);
	append(err, ": %s", old.message);
}
