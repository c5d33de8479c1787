/*
 * lib/archive/unpack: all of it, half of it and a list of it, which must agree. The input is a tar file, which is compressed here, so that the fuzzer works on headers and not on
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

static bool wants_half(void *ctx, const char *path, size_t len)
{
	(void)ctx;
	return path[len - 1] & 1;
}

static int count_entry(void *ctx, const struct hgt_unpack_entry *entry, struct hgt_error *err)
{
	uint64_t *n = ctx;

	(void)err;
	if (entry->len == 0 || strlen(entry->path) != entry->len)
		abort();
	/* What is gone is no entry. */
	*n += entry->kind != HGT_UNPACK_REMOVED;
	return 0;
}

/* Into a folder of its own, or only listed. */
static int unpack(int fd, hgt_unpack_wanted_cb wanted, uint64_t *listed, struct hgt_unpack_info *info)
{
	static const struct hgt_unpack_limits limits = {.bytes = 1 << 20, .entries = 50, .path = 300, .depth = 30};
	char path[] = "/tmp/hgt-fuzz-XXXXXX";
	struct hgt_error err;
	int dir_fd, code;

	lseek(fd, 0, SEEK_SET);
	if (listed)
		return hgt_unpack_list(fd, &limits, count_entry, listed, info, &err);
	if (!mkdtemp(path))
		abort();
	dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	code = hgt_unpack(fd, dir_fd, &limits, wanted, NULL, info, &err);
	close(dir_fd);
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hgt_unpack_info all = {0}, half = {0}, list = {0};
	int fd = memfd_create("archive", MFD_CLOEXEC), code;
	uint64_t listed = 0;

	if (fd < 0)
		abort();
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
	code = unpack(fd, NULL, &listed, &list);
	if (code > 0 || unpack(fd, NULL, NULL, &all) != code || unpack(fd, wants_half, NULL, &half) != code ||
		memcmp(&all, &list, sizeof(all)) != 0 || memcmp(&all, &half, sizeof(all)) != 0)
		abort();
	if (code == 0 && listed != all.files + all.folders + all.links)
		abort();
	close(fd);
	return 0;
}
