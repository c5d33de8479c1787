/*
 * lib/archive/unpack. The input is a tar file, which is compressed here, so that the fuzzer works on headers and not on
 * CRCs; an input that is gzip already is taken as it is.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "archive/tar.h"
#include "archive/unpack.h"
#include "base/io.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

/* Most changes break a checksum; put them right where a header may stand. */
static void repair(uint8_t *tar, size_t size)
{
	for (size_t at = 0; at + HGT_TAR_BLOCK <= size; at += HGT_TAR_BLOCK) {
		struct hgt_tar_header h;

		memcpy(&h, tar + at, sizeof(h));
		if (memcmp(h.magic, "ustar", 5) != 0)
			continue;
		snprintf(h.checksum, sizeof(h.checksum), "%06o", hgt_tar_checksum(&h) & 0777777);
		h.checksum[7] = ' ';
		memcpy(tar + at, &h, sizeof(h));
	}
}

static void compress_into(int fd, const uint8_t *data, size_t size)
{
	z_stream z = {0};
	uint8_t out[16384];

	if (deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	z.next_in = (uint8_t *)(uintptr_t)data;
	z.avail_in = (uInt)size;
	do {
		z.next_out = out;
		z.avail_out = sizeof(out);
		deflate(&z, Z_FINISH);
		if (hgt_write_all(fd, out, sizeof(out) - z.avail_out) < 0)
			abort();
	} while (z.avail_out == 0);
	deflateEnd(&z);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct hgt_unpack_limits limits = {.bytes = 1 << 20, .entries = 50, .path = 300, .depth = 30};
	char path[] = "/tmp/hgt-fuzz-XXXXXX";
	struct hgt_unpack_info info;
	struct hgt_error err;
	int fd, dir_fd, code;

	fd = memfd_create("archive", MFD_CLOEXEC);
	if (fd < 0 || !mkdtemp(path))
		abort();
	dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (size > 1 && data[0] == 0x1f && data[1] == 0x8b) {
		if (hgt_write_all(fd, data, size) < 0)
			abort();
	} else {
		uint8_t *tar = malloc(size + 1);

		if (!tar)
			abort();
		memcpy(tar, data, size);
		repair(tar, size);
		compress_into(fd, tar, size);
		free(tar);
	}
	lseek(fd, 0, SEEK_SET);
	code = hgt_unpack(fd, dir_fd, &limits, &info, &err);
	if (code > 0)
		abort();
	close(dir_fd);
	close(fd);
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return 0;
}
