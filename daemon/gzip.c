/* Answers that are compressed. */
#include "daemon/gzip.h"

#include <stdint.h>
#include <zlib.h>

#define LEVEL 4			/* JSON shrinks to a sixth; higher levels take twice the time for a tenth of that */
#define WINDOW 15		/* bits: 32 KiB */
#define GZIP_FORMAT 16		/* added to the window's bits: zlib writes header and end of gzip; the bits negative: neither */
#define MEMORY 8		/* of zlib's own state: the usual */
#define SMALL 4096		/* bytes that a smaller state sees as well; making it takes longer than using it */
#define SMALL_WINDOW 12
#define SMALL_MEMORY 4

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

static int deflate_all(const char *data, size_t len, int window, int memory, int flush, struct hgt_buf *out, struct hgt_error *err)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)len};
	char *room;
	int code;

	if (len > UINT32_MAX / 2)
		return hgt_error_set(err, HGT_ELIMIT, "%zu bytes are too many to compress", len);
	if (deflateInit2(&z, LEVEL, Z_DEFLATED, window, memory, Z_DEFAULT_STRATEGY) != Z_OK)
		return hgt_error_nomem(err);
	z.avail_out = (uInt)deflateBound(&z, (uLong)len) + 16;	/* a flush has an empty block at its end */
	room = hgt_buf_reserve(out, z.avail_out);
	z.next_out = (Bytef *)room;
	code = room ? deflate(&z, flush) : Z_MEM_ERROR;
	/* Room that is left says that a flush is through. */
	code = code == Z_STREAM_END || (code == Z_OK && flush != Z_FINISH && z.avail_out) ? 0 : hgt_error_nomem(err);
	if (code == 0)
		hgt_buf_grown(out, z.total_out);
	deflateEnd(&z);
	return code;
}

int gzip_bytes(const char *data, size_t len, struct hgt_buf *out, struct hgt_error *err)
{
	return deflate_all(data, len, WINDOW + GZIP_FORMAT, MEMORY, Z_FINISH, out, err);
}

int gzip_piece(const char *data, size_t len, struct hgt_buf *out, struct hgt_error *err)
{
	if (len <= SMALL)
		return deflate_all(data, len, -SMALL_WINDOW, SMALL_MEMORY, Z_FULL_FLUSH, out, err);
	return deflate_all(data, len, -WINDOW, MEMORY, Z_FULL_FLUSH, out, err);
}
