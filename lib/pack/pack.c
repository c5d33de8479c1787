/* The file of a pack: written whole, read with suspicion. */
#include "pack/pack.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/io.h"

#define MAGIC "hgtpack"

enum {
	VERSION = 1,
	AT_VERSION = 8,
	AT_SIZE = 12,
	AT_DIGEST = 16,
	AT_IMAGE = 48,
	AT_NAME = 56,
	AT_SOURCE = 64,
	AT_LANGUAGE = 72,
	HEADER = 80,
	ALIGNMENT = 64,
};

static uint32_t word_at(const unsigned char *data, size_t at)
{
	uint32_t word;

	memcpy(&word, data + at, sizeof(word));
	return le32toh(word);
}

static int corrupt(struct hgt_error *err, const char *path, const char *what)
{
	return hgt_error_set(err, HGT_ECORRUPT, "%s is damaged: %s", path, what);
}

/* A text of the header, which must end in a NUL and have none before. */
static const char *text_at(const unsigned char *data, size_t size, size_t at, size_t max)
{
	size_t begin = word_at(data, at), len = word_at(data, at + 4);

	if (begin < HEADER || len > max || begin > size || size - begin <= len || data[begin + len] != '\0' ||
		memchr(data + begin, '\0', len))
		return NULL;
	return (const char *)data + begin;
}

/* Look at the header: all that opening believes. */
static int read_header(struct hgt_pack *pack, struct hgt_error *err)
{
	const unsigned char *data = pack->data;
	size_t begin, size;
	int code;

	if (pack->size < HEADER || memcmp(data, MAGIC, sizeof(MAGIC)) != 0)
		return hgt_error_set(err, HGT_ECORRUPT, "%s is no pack of schemas", pack->path);
	if (word_at(data, AT_VERSION) != VERSION)
		return hgt_error_set(err, HGT_EUNSUPPORTED, "%s has format %" PRIu32 ", this program reads format %d", pack->path,
			word_at(data, AT_VERSION), VERSION);
	if (word_at(data, AT_SIZE) != pack->size)
		return corrupt(err, pack->path, "its size is not the one it was made with");
	if (word_at(data, AT_LANGUAGE) != hgt_image_language())
		return hgt_error_set(err, HGT_EUNSUPPORTED, "%s was made by another version of headgate; import its source again",
			pack->path);
	begin = word_at(data, AT_IMAGE);
	size = word_at(data, AT_IMAGE + 4);
	if (begin < HEADER || begin % ALIGNMENT || begin > pack->size || size != pack->size - begin)
		return corrupt(err, pack->path, "its schemas are not where they should be");
	pack->name = text_at(data, begin, AT_NAME, HGT_PACK_NAME_MAX);
	pack->source = text_at(data, begin, AT_SOURCE, HGT_PACK_SOURCE_MAX);
	if (!pack->name || !pack->source || !hgt_pack_is_name(pack->name))
		return corrupt(err, pack->path, "it has no name");
	code = hgt_image_open(&pack->image, data + begin, size, err);
	if (code)
		hgt_error_prefix(err, "%s", pack->path);
	return code;
}

static struct hgt_pack *new_pack(const char *path)
{
	struct hgt_pack *pack = calloc(1, sizeof(*pack));

	if (!pack)
		return NULL;
	pack->path = strdup(path);
	if (pack->path)
		return pack;
	free(pack);
	return NULL;
}

/* Whether nobody but root and ourselves can change the file. */
static bool is_ours(const struct stat *st)
{
	return (st->st_uid == 0 || st->st_uid == geteuid()) && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static int read_all(struct hgt_pack *pack, int fd, size_t size, struct hgt_error *err)
{
	unsigned char *data = malloc(size ? size : 1);
	size_t have = 0;

	if (!data)
		return hgt_error_nomem(err);
	pack->data = data;
	pack->size = size;
	while (have < size) {
		ssize_t n = read(fd, data + have, size - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return hgt_error_set_errno(err, "cannot read %s", pack->path);
		if (n == 0)
			return hgt_error_set(err, HGT_ECORRUPT, "%s became shorter while it was read", pack->path);
		have += (size_t)n;
	}
	return 0;
}

static int take_file(struct hgt_pack *pack, int fd, struct hgt_error *err)
{
	struct stat st;
	void *map;

	if (fstat(fd, &st) < 0)
		return hgt_error_set_errno(err, "cannot look at %s", pack->path);
	if (!S_ISREG(st.st_mode))
		return hgt_error_set(err, HGT_EINVAL, "%s is no regular file", pack->path);
	if (st.st_size > HGT_PACK_MAX)
		return hgt_error_set(err, HGT_ELIMIT, "%s is longer than %d bytes", pack->path, HGT_PACK_MAX);
	if (st.st_size < HEADER)
		return hgt_error_set(err, HGT_ECORRUPT, "%s is no pack of schemas", pack->path);
	if (!is_ours(&st))
		return read_all(pack, fd, (size_t)st.st_size, err);
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return hgt_error_set_errno(err, "cannot map %s", pack->path);
	pack->data = map;
	pack->size = (size_t)st.st_size;
	pack->mapped = true;
	return 0;
}

int hgt_pack_open(const char *path, struct hgt_pack **out, struct hgt_error *err)
{
	struct hgt_pack *pack = new_pack(path);
	int fd, code;

	if (!pack)
		return hgt_error_nomem(err);
	/* Not to wait for whoever is at the other end of a FIFO. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	code = fd < 0 ? hgt_error_set_errno(err, "cannot open %s", path) : take_file(pack, fd, err);
	if (fd >= 0)
		close(fd);
	if (code == 0)
		code = read_header(pack, err);
	if (code == 0)
		*out = pack;
	else
		hgt_pack_close(pack);
	return code;
}

int hgt_pack_open_memory(const char *path, const void *data, size_t size, struct hgt_pack **out, struct hgt_error *err)
{
	struct hgt_pack *pack = new_pack(path);
	unsigned char *copy = malloc(size ? size : 1);
	int code;

	if (!pack || !copy) {
		free(copy);
		hgt_pack_close(pack);
		return hgt_error_nomem(err);
	}
	memcpy(copy, data, size);
	pack->data = copy;
	pack->size = size;
	code = read_header(pack, err);
	if (code == 0)
		*out = pack;
	else
		hgt_pack_close(pack);
	return code;
}

void hgt_pack_close(struct hgt_pack *pack)
{
	if (!pack)
		return;
	if (pack->mapped)
		munmap((void *)pack->data, pack->size);
	else
		free((void *)pack->data);
	free(pack->path);
	free(pack);
}

int hgt_pack_verify(const struct hgt_pack *pack, struct hgt_error *err)
{
	unsigned char digest[HGT_SHA256_SIZE];
	int code;

	hgt_sha256(pack->data + AT_IMAGE, pack->size - AT_IMAGE, digest);
	if (memcmp(digest, pack->data + AT_DIGEST, sizeof(digest)) != 0)
		return corrupt(err, pack->path, "its checksum is not the one it was made with");
	code = hgt_image_check(&pack->image, err);
	if (code)
		hgt_error_prefix(err, "%s", pack->path);
	return code;
}

bool hgt_pack_is_name(const char *name)
{
	size_t len = strlen(name);

	return len >= 1 && len <= HGT_PACK_NAME_MAX && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len &&
		*name != '.' && *name != '-';
}

static void add_word(struct hgt_buf *out, size_t word)
{
	uint32_t le = htole32((uint32_t)word);

	hgt_buf_add(out, &le, sizeof(le));
}

int hgt_pack_make(const char *name, const char *source, const struct hgt_buf *image, struct hgt_buf *out,
	struct hgt_error *err)
{
	size_t name_len = strlen(name), source_len = strlen(source);
	size_t begin = (HEADER + name_len + 1 + source_len + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	unsigned char digest[HGT_SHA256_SIZE] = {0};

	if (!hgt_pack_is_name(name))
		return hgt_error_set(err, HGT_EINVAL, "a pack's name is 1 to %d of a-z 0-9 . _ -, not %s", HGT_PACK_NAME_MAX, name);
	if (source_len > HGT_PACK_SOURCE_MAX)
		return hgt_error_set(err, HGT_ELIMIT, "what a pack says of its source is at most %d bytes", HGT_PACK_SOURCE_MAX);
	if (image->len > HGT_PACK_MAX - begin)
		return hgt_error_set(err, HGT_ELIMIT, "a pack has at most %d bytes", HGT_PACK_MAX);
	hgt_buf_add(out, MAGIC, sizeof(MAGIC));
	add_word(out, VERSION);
	add_word(out, begin + image->len);
	hgt_buf_add(out, digest, sizeof(digest));
	add_word(out, begin);
	add_word(out, image->len);
	add_word(out, HEADER);
	add_word(out, name_len);
	add_word(out, HEADER + name_len + 1);
	add_word(out, source_len);
	add_word(out, hgt_image_language());
	add_word(out, 0);
	hgt_buf_add(out, name, name_len + 1);
	hgt_buf_add(out, source, source_len + 1);
	while (!out->failed && out->len < begin)
		hgt_buf_addc(out, '\0');
	hgt_buf_add(out, image->data, image->len);
	if (out->failed)
		return hgt_error_nomem(err);
	hgt_sha256(out->data + AT_IMAGE, out->len - AT_IMAGE, digest);
	memcpy(out->data + AT_DIGEST, digest, sizeof(digest));
	return 0;
}

int hgt_pack_write(const char *path, const char *name, const char *source, const struct hgt_buf *image,
	struct hgt_error *err)
{
	struct hgt_buf bytes = HGT_BUF_INIT;
	int code = hgt_pack_make(name, source, image, &bytes, err);

	if (code == 0)
		code = hgt_write_file(path, bytes.data, bytes.len, 0644, err);
	hgt_buf_release(&bytes);
	return code;
}
