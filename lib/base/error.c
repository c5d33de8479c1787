/* Error codes and messages. */
#include "base/error.h"

#include <errno.h>

static void format(struct hgt_error *err, const char *fmt, va_list ap)
{
	int n = vsnprintf(err->message, sizeof(err->message), fmt, ap);

	if (n < 0)
		err->message[0] = '\0';
	else if ((size_t)n >= sizeof(err->message))
		memcpy(err->message + sizeof(err->message) - 4, "...", 4);
}

int hgt_error_set(struct hgt_error *err, int code, const char *fmt, ...)
{
	if (err) {
		va_list ap;

		err->code = code;
		va_start(ap, fmt);
		format(err, fmt, ap);
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
		size_t len;

		err->code = code;
		va_start(ap, fmt);
		format(err, fmt, ap);
		va_end(ap);
		len = strlen(err->message);
		snprintf(err->message + len, sizeof(err->message) - len, ": %s", strerror(saved));
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
	size_t len;

	if (!err)
		return;
	old = *err;
	va_start(ap, fmt);
	format(err, fmt, ap);
	va_end(ap);
	len = strlen(err->message);
	/* A message cut at the buffer's end is the intent. */
	if (snprintf(err->message + len, sizeof(err->message) - len, ": %s", old.message) < 0)
		*err = old;
}
