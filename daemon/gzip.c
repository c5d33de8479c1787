/* Answers that are compressed. */
#include "daemon/gzip.h"

#include <stdint.h>
#include <zlib.h>

#define LEVEL 4			/* JSON shrinks to a sixth; higher levels take twice the time for a tenth of that */
#define GZIP_FORMAT (15 + 16)	/* zlib's word for a window of 32 KiB and gzip's header */
#define STATE_SIZE 8		/* of zlib's own state: the usual */

/* A weight of 0, however many digits it is written with. */
static bool is_refused(const char *params, size_t len)
{
	for (size_t i = 0; i + 2 < len; i++) {
		const char *value = params + i + 2;

		if ((params[i] != 'q' && params[i] != 'Q') || params[i + 1] != '=')
			continue;
		return *value == '0' && strspn(value + 1, ".0") >= strcspn(value + 1, ", ;\t");
	}
	return false;
}

bool gzip_is_accepted(const char *at)
{
	bool any = false;

	while (at && *at) {
		size_t len = strcspn(at, ","), begin = strspn(at, " \t"), name;

		if (begin > len)
			begin = len;
		name = strcspn(at + begin, " \t;,");
		if ((name == 4 && !strncasecmp(at + begin, "gzip", 4)) || (name == 6 && !strncasecmp(at + begin, "x-gzip", 6)))
			return !is_refused(at + begin + name, len - begin - name);
		if (name == 1 && at[begin] == '*')
			any = !is_refused(at + begin + name, len - begin - name);
		at += len + (at[len] == ',');
	}
	return any;
}

int gzip_bytes(const char *data, size_t len, struct hgt_buf *out, struct hgt_error *err)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)len};
	char *room;
	int code;

	if (len > UINT32_MAX / 2)
		return hgt_error_set(err, HGT_ELIMIT, "%zu bytes are too many to compress", len);
	if (deflateInit2(&z, LEVEL, Z_DEFLATED, GZIP_FORMAT, STATE_SIZE, Z_DEFAULT_STRATEGY) != Z_OK)
		return hgt_error_nomem(err);
	z.avail_out = (uInt)deflateBound(&z, (uLong)len);
	room = hgt_buf_reserve(out, z.avail_out);
	z.next_out = (Bytef *)room;
	code = room && deflate(&z, Z_FINISH) == Z_STREAM_END ? 0 : hgt_error_nomem(err);
	if (code == 0)
		hgt_buf_grown(out, z.total_out);
	deflateEnd(&z);
	return code;
}
