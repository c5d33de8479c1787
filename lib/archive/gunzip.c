/* A gzip file read as the bytes it holds. */
#include "archive/gunzip.h"

#include <errno.h>
#include <unistd.h>

int hgt_gunzip_init(struct hgt_gunzip *gz, int fd, struct hgt_error *err)
{
	gz->fd = fd;
	gz->input_over = gz->output_over = false;
	gz->z = (z_stream){0};
	/* 15 bits of window, 16 for gzip's frame. */
	return inflateInit2(&gz->z, 15 + 16) == Z_OK ? 0 : hgt_error_nomem(err);
}

void hgt_gunzip_release(struct hgt_gunzip *gz)
{
	inflateEnd(&gz->z);
}

/* The next piece of the file, when all of the last one is used. */
static int fill(struct hgt_gunzip *gz, struct hgt_error *err)
{
	ssize_t n;

	if (gz->z.avail_in > 0 || gz->input_over)
		return 0;
	do {
		n = read(gz->fd, gz->in, HGT_GUNZIP_CHUNK);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return hgt_error_set_errno(err, "cannot read the archive");
	gz->input_over = n == 0;
	gz->z.next_in = gz->in;
	gz->z.avail_in = (uInt)n;
	return 0;
}

int hgt_gunzip_some(struct hgt_gunzip *gz, void *out, size_t len, size_t *got, struct hgt_error *err)
{
	gz->z.next_out = out;
	gz->z.avail_out = (uInt)len;
	while (gz->z.avail_out > 0 && !gz->output_over) {
		int z, code = fill(gz, err);

		if (code < 0)
			return code;
		z = inflate(&gz->z, Z_NO_FLUSH);
		if (z == Z_STREAM_END)
			gz->output_over = true;
		else if (z == Z_MEM_ERROR)
			return hgt_error_nomem(err);
		else if (z == Z_BUF_ERROR && gz->input_over)
			return hgt_error_set(err, HGT_EPARSE, "the archive is cut short");
		else if (z != Z_OK && z != Z_BUF_ERROR)
			return hgt_error_set(err, HGT_EPARSE, "the archive is no gzip file: %s", gz->z.msg ? gz->z.msg : "bad data");
	}
	*got = len - gz->z.avail_out;
	return 0;
}

int hgt_gunzip_read(struct hgt_gunzip *gz, void *out, size_t len, struct hgt_error *err)
{
	size_t got;
	int code = hgt_gunzip_some(gz, out, len, &got, err);

	return code == 0 && got < len ? hgt_error_set(err, HGT_EPARSE, "the archive is cut short") : code;
}

int hgt_gunzip_end(struct hgt_gunzip *gz, struct hgt_error *err)
{
	int code = fill(gz, err);

	if (code == 0 && gz->z.avail_in > 0)
		code = hgt_error_set(err, HGT_EPARSE, "there is something behind the archive's gzip stream");
	return code;
}
