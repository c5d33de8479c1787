/* Archives made by hand. */
#include "craft_tar.h"

#include <assert.h>
#include <unistd.h>
#include <zlib.h>

#include "base/io.h"

void craft_checksum(struct hgt_tar_header *h)
{
	snprintf(h->checksum, sizeof(h->checksum), "%06o", hgt_tar_checksum(h) & 0777777);
	h->checksum[7] = ' ';
}

static void field(char *to, size_t size, const char *from)
{
	size_t len = strlen(from);

	memcpy(to, from, len < size ? len : size);
}

void craft_header(struct hgt_tar_header *h, char type, const char *name, const char *target, uint64_t size)
{
	memset(h, 0, sizeof(*h));
	field(h->name, sizeof(h->name), name);
	field(h->linkname, sizeof(h->linkname), target);
	field(h->mode, sizeof(h->mode), "0000644");
	field(h->uid, sizeof(h->uid), "0000000");
	field(h->gid, sizeof(h->gid), "0000000");
	snprintf(h->size, sizeof(h->size), "%011llo", (unsigned long long)size & HGT_TAR_SIZE_MAX);
	field(h->mtime, sizeof(h->mtime), "00000000000");
	h->type = type;
	field(h->magic, sizeof(h->magic), "ustar");
	field(h->version, sizeof(h->version), "00");
	craft_checksum(h);
}

void craft_put_header(struct hgt_buf *tar, const struct hgt_tar_header *h)
{
	hgt_buf_add(tar, h, sizeof(*h));
}

void craft_put_data(struct hgt_buf *tar, const void *data, size_t len)
{
	static const char zeros[HGT_TAR_BLOCK];

	hgt_buf_add(tar, data, len);
	hgt_buf_add(tar, zeros, hgt_tar_padding(len));
}

void craft_entry(struct hgt_buf *tar, char type, const char *name, const char *target, const char *data)
{
	struct hgt_tar_header h;

	craft_header(&h, type, name, target, strlen(data));
	craft_put_header(tar, &h);
	craft_put_data(tar, data, strlen(data));
}

void craft_end(struct hgt_buf *tar)
{
	static const char zeros[2 * HGT_TAR_BLOCK];

	hgt_buf_add(tar, zeros, sizeof(zeros));
}

void craft_gzip(const void *data, size_t len, struct hgt_buf *out)
{
	z_stream z = {0};
	size_t bound;
	char *room;
	int end;

	end = deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	assert(end == Z_OK);
	bound = deflateBound(&z, len) + 64;
	room = hgt_buf_reserve(out, bound);
	assert(room);
	z.next_in = (unsigned char *)(uintptr_t)data;
	z.avail_in = (uInt)len;
	z.next_out = (unsigned char *)room;
	z.avail_out = (uInt)bound;
	end = deflate(&z, Z_FINISH);
	assert(end == Z_STREAM_END);
	hgt_buf_grown(out, bound - z.avail_out);
	deflateEnd(&z);
}

int craft_file(const void *data, size_t len)
{
	char path[] = "/tmp/hgt-archive-XXXXXX";
	int fd = mkstemp(path);
	int code;

	assert(fd >= 0);
	unlink(path);
	code = hgt_write_all(fd, data, len);
	assert(code == 0);
	(void)code;
	lseek(fd, 0, SEEK_SET);
	return fd;
}
