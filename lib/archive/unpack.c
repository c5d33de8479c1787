/* Reading and unpacking a tar.gz that nobody vouches for. */
#include "archive/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/beneath.h"
#include "archive/gunzip.h"
#include "archive/tar.h"
#include "base/arena.h"
#include "base/io.h"
#include "base/map.h"

#define CHUNK (64 * 1024)
#define PAX_MAX (64 * 1024)	/* bytes of one entry's pax records */
#define NAMES_MAX (64 * 1024 * 1024)	/* bytes of all names together */
#define PADDING_MAX (1024 * 1024)	/* zero blocks behind the end; tar writes records of 10 KiB */

const struct hgt_unpack_limits hgt_unpack_default_limits = {
	.bytes = 4ULL << 30,
	.entries = 200000,
	.path = 4096,
	.depth = 256,
};

struct unpacker {
	const struct hgt_unpack_limits *limits;
	struct hgt_error *err;
	uint64_t entries;
	struct hgt_unpack_info info;
	struct hgt_gunzip gz;
	/* Every name so far: what is not made must not go unnoticed. */
	struct hgt_map names;	/* to &folder or &leaf */
	char folder, leaf;
	struct hgt_arena arena;
	/* Either entries are told, or those that are wanted are made. */
	hgt_unpack_entry_cb entry;
	hgt_unpack_wanted_cb wanted;
	void *ctx;
	bool objects;		/* entries are told with their blob's id */
	struct hgt_beneath beneath;
	/* The next entry, as pax records and header tell it. */
	struct hgt_buf name, target;
	bool has_name, has_target, has_size, pax_seen;
	bool global;		/* the pax records at hand are about the whole archive */
	uint64_t size;
	struct hgt_buf pax;
	unsigned char chunk[CHUNK];
};

static int get(struct unpacker *u, void *out, size_t len)
{
	return hgt_gunzip_read(&u->gz, out, len, u->err);
}

static int skip_padding(struct unpacker *u, uint64_t size)
{
	unsigned char rest[HGT_TAR_BLOCK];

	return get(u, rest, hgt_tar_padding(size));
}

/* Digits, spaces around them allowed, up to a NUL or the field's end; or GNU's base-256 when the top bit is set. */
static int parse_number(const char *field, size_t len, uint64_t *out)
{
	const unsigned char *p = (const unsigned char *)field;
	uint64_t value = 0;
	size_t i = 0, digits = 0;

	if (p[0] & 0x80) {
		/* 0x80 alone is the sign of a positive number; 0xff begins a negative one. */
		if (p[0] != 0x80)
			return HGT_EPARSE;
		for (i = 1; i < len; i++) {
			if (value >> 55)
				return HGT_EPARSE;
			value = value << 8 | p[i];
		}
		*out = value;
		return 0;
	}
	while (i < len && p[i] == ' ')
		i++;
	for (; i < len && p[i] >= '0' && p[i] <= '7'; i++, digits++)
		value = value << 3 | (uint64_t)(p[i] - '0');
	for (; i < len; i++)
		if (p[i] != ' ' && p[i] != '\0')
			return HGT_EPARSE;
	if (digits == 0)
		return HGT_EPARSE;
	*out = value;
	return 0;
}

static size_t field_len(const char *field, size_t size)
{
	const char *nul = memchr(field, 0, size);

	return nul ? (size_t)(nul - field) : size;
}

static int refuse(struct unpacker *u, const char *why)
{
	return hgt_error_set(u->err, HGT_EPERM, "the archive's entry %.256s is refused: %s", u->name.data, why);
}

static int malformed(struct unpacker *u, const char *why)
{
	return hgt_error_set(u->err, HGT_EPARSE, "the archive is no tar file: %s", why);
}

static int limit_path(struct unpacker *u, size_t len)
{
	if (len > u->limits->path)
		return hgt_error_set(u->err, HGT_ELIMIT, "the archive holds a path of more than %u bytes", u->limits->path);
	return 0;
}

static int count_entry(struct unpacker *u)
{
	if (u->entries >= u->limits->entries)
		return hgt_error_set(u->err, HGT_ELIMIT, "the archive has more than %" PRIu64 " entries", u->limits->entries);
	u->entries++;
	return 0;
}

static int take_record(struct unpacker *u, const char *key, size_t key_len, const char *value, size_t len)
{
	struct hgt_buf *text = NULL;
	int code;

	if (key_len == 4 && memcmp(key, "path", 4) == 0) {
		text = &u->name;
		u->has_name = true;
	} else if (key_len == 8 && memcmp(key, "linkpath", 8) == 0) {
		text = &u->target;
		u->has_target = true;
	} else if (key_len == 4 && memcmp(key, "size", 4) == 0) {
		char digits[21];

		if (len >= sizeof(digits) || memchr(value, 0, len))
			return malformed(u, "a pax size is no number");
		memcpy(digits, value, len);
		digits[len] = '\0';
		if (hgt_parse_u64(digits, INT64_MAX, &u->size) < 0)
			return malformed(u, "a pax size is no number");
		u->has_size = true;
		return 0;
	} else if (key_len > 11 && memcmp(key, "GNU.sparse.", 11) == 0) {
		return hgt_error_set(u->err, HGT_EPERM, "the archive holds a sparse file, which is refused");
	}
	if (!text)
		return 0;
	if (len == 0 || memchr(value, 0, len))
		return malformed(u, "a pax path is empty or contains a NUL byte");
	code = limit_path(u, len);
	if (code < 0)
		return code;
	hgt_buf_reset(text);
	hgt_buf_add(text, value, len);
	return hgt_buf_check(text, u->err);
}

/* A relative path without empty, "." and ".." components, but for a slash at its end. */
static bool is_clean(const char *path, size_t len, unsigned depth_max)
{
	unsigned depth = 0;

	len -= len > 1 && path[len - 1] == '/';
	for (size_t at = 0; at <= len; depth++) {
		const char *slash = memchr(path + at, '/', len - at);
		size_t n = slash ? (size_t)(slash - path) - at : len - at;

		if (n == 0 || (n <= 2 && memcmp(path + at, "..", n) == 0))
			return false;
		at += n + 1;
	}
	return depth <= depth_max;
}

/* Paths, a NUL behind each. */
static int take_removed(struct unpacker *u, const char *list, size_t len)
{
	while (len > 0) {
		const char *nul = memchr(list, 0, len);
		struct hgt_unpack_entry entry = {.kind = HGT_UNPACK_REMOVED, .path = list, .len = nul ? (size_t)(nul - list) : 0};
		int code;

		if (!nul || !is_clean(list, entry.len, u->limits->depth))
			return malformed(u, "it names a removed path that can be none");
		code = limit_path(u, entry.len);
		if (code == 0)
			code = count_entry(u);
		if (code == 0 && u->entry)
			code = u->entry(u->ctx, &entry, u->err);
		if (code < 0)
			return code;
		len -= entry.len + 1;
		list = nul + 1;
	}
	return 0;
}

/* Of the global records only ours say something that we use; git archive writes a comment. */
static int take_global(struct unpacker *u, const char *key, size_t key_len, const char *value, size_t len)
{
	bool from = key_len == strlen(HGT_TAR_FROM) && memcmp(key, HGT_TAR_FROM, key_len) == 0;
	bool to = key_len == strlen(HGT_TAR_TO) && memcmp(key, HGT_TAR_TO, key_len) == 0;
	char *id = from ? u->info.from : u->info.to;

	if (key_len < strlen("HEADGATE.") || memcmp(key, "HEADGATE.", strlen("HEADGATE.")) != 0)
		return 0;
	if (u->names.len > 0)
		return malformed(u, "it tells what it is after its first entry");
	if (!from && !to) {
		if (key_len != strlen(HGT_TAR_REMOVED) || memcmp(key, HGT_TAR_REMOVED, key_len) != 0)
			return hgt_error_set(u->err, HGT_EUNSUPPORTED, "the archive is of a kind that this version does not know");
		return *u->info.from ? take_removed(u, value, len) : malformed(u, "it names removed paths of no tree");
	}
	if (*id || len >= sizeof(u->info.from) || memchr(value, 0, len))
		return malformed(u, "it names no tree, or two");
	memcpy(id, value, len);
	if (!hgt_oid_is_valid(id))
		return malformed(u, "it names no tree, or two");
	return 0;
}

/* "<len> <key>=<value>\n" until the end. */
static int parse_pax(struct unpacker *u)
{
	const char *p = u->pax.data;
	size_t left = u->pax.len;

	while (left > 0) {
		const char *key, *equals;
		size_t len = 0, digits = 0;
		int code;

		while (digits < left && digits < 6 && p[digits] >= '0' && p[digits] <= '9')
			len = len * 10 + (size_t)(p[digits++] - '0');
		/* The shortest record behind its digits: " k=\n". */
		if (digits == 0 || digits == left || p[digits] != ' ' || len > left || len < digits + 4 || p[len - 1] != '\n')
			return malformed(u, "a pax record has a wrong length");
		key = p + digits + 1;
		equals = memchr(key, '=', len - digits - 2);
		if (!equals)
			return malformed(u, "a pax record has no value");
		code = (u->global ? take_global : take_record)(u, key, (size_t)(equals - key), equals + 1,
			(size_t)(p + len - 1 - (equals + 1)));
		if (code < 0)
			return code;
		p += len;
		left -= len;
	}
	return 0;
}

/* The records behind a pax header. */
static int read_pax(struct unpacker *u, uint64_t size, bool global)
{
	char *room;
	int code;

	if (size > PAX_MAX)
		return hgt_error_set(u->err, HGT_ELIMIT, "the archive has a pax header of more than %d bytes", PAX_MAX);
	if (!global && u->pax_seen)
		return malformed(u, "two pax headers for one entry");
	hgt_buf_reset(&u->pax);
	room = hgt_buf_reserve(&u->pax, (size_t)size);
	if (!room)
		return hgt_error_nomem(u->err);
	code = get(u, room, (size_t)size);
	if (code < 0)
		return code;
	hgt_buf_grown(&u->pax, (size_t)size);
	code = skip_padding(u, size);
	if (code < 0)
		return code;
	u->pax_seen = u->pax_seen || !global;
	u->global = global;
	return parse_pax(u);
}

static bool is_dot(const char *s, size_t len)
{
	return len == 0 || (len == 1 && s[0] == '.');
}

/* Remember that path[0..len) is a folder or not; it is new. */
static int add_name(struct unpacker *u, const char *path, size_t len, char *what)
{
	char *copy;

	if (u->arena.used + len > NAMES_MAX)
		return hgt_error_set(u->err, HGT_ELIMIT, "the archive holds names of more than %d bytes together", NAMES_MAX);
	copy = hgt_arena_strndup(&u->arena, path, len);
	if (!copy || hgt_map_put(&u->names, copy, len, what, NULL) < 0)
		return hgt_error_nomem(u->err);
	return 0;
}

static int tell(struct unpacker *u, struct hgt_unpack_entry *entry)
{
	return u->entry ? u->entry(u->ctx, entry, u->err) : 0;
}

static int tell_folder(struct unpacker *u, const char *path, size_t len)
{
	struct hgt_unpack_entry entry = {.kind = HGT_UNPACK_FOLDER, .path = path, .len = len};

	u->info.folders++;
	return tell(u, &entry);
}

/* A folder that no entry has named: the first len bytes of the name. */
static int imply_folder(struct unpacker *u, size_t len)
{
	int code = count_entry(u);

	if (code == 0)
		code = add_name(u, u->name.data, len, &u->folder);
	if (code == 0) {
		u->name.data[len] = '\0';
		code = tell_folder(u, u->name.data, len);
		u->name.data[len] = '/';
	}
	return code;
}

static size_t folder_len(const char *path, size_t len)
{
	const char *slash = memrchr(path, '/', len);

	return slash ? (size_t)(slash - path) : 0;
}

/* The (clean) name is new, and it is in a folder; the folders that nobody has named are implied. */
static int take_name(struct unpacker *u, char *what)
{
	size_t len = u->name.len;
	const char *above = NULL, *slash;
	int code = 0;

	if (hgt_map_get(&u->names, u->name.data, len))
		return refuse(u, "its name is given twice");
	/* Up to the nearest that is known, so that a deep name costs no more than its new folders. */
	while (!above && (len = folder_len(u->name.data, len)) > 0)
		above = hgt_map_get(&u->names, u->name.data, len);
	if (above == &u->leaf)
		return refuse(u, "its path leads through a link or file of the archive");
	for (slash = u->name.data + len + (len > 0); (slash = strchr(slash, '/')) && code == 0; slash++)
		code = imply_folder(u, (size_t)(slash - u->name.data));
	return code < 0 ? code : add_name(u, u->name.data, u->name.len, what);
}

static bool is_wanted(const struct unpacker *u)
{
	return !u->entry && (!u->wanted || u->wanted(u->ctx, u->name.data, u->name.len));
}

/* The folders on the way to what is wanted were counted when they were named or implied. */
static int let_make(void *ctx, const char *path, size_t len)
{
	(void)ctx;
	(void)path;
	(void)len;
	return 0;
}

/* Where the entry is to be made: the open folder (borrowed) and the name in it. */
static int open_place(struct unpacker *u, int *folder, const char **leaf)
{
	size_t len = folder_len(u->name.data, u->name.len);
	int code = hgt_beneath_open(&u->beneath, u->name.data, len, let_make, NULL, folder, u->err);

	*leaf = u->name.data + len + (len > 0);
	return code == HGT_ECONFLICT ? refuse(u, "its path leads through a link or file that is there") : code;
}

/* Drop "." and empty components, refuse what names no place below the top. *folder: the name ended in a slash. */
static int clean_name(struct unpacker *u, bool *folder)
{
	struct hgt_buf clean = HGT_BUF_INIT;
	const char *p = u->name.data;
	unsigned depth = 0;
	int code;

	if (*p == '/')
		return refuse(u, "its name is absolute");
	*folder = u->name.len > 0 && p[u->name.len - 1] == '/';
	while (*p) {
		size_t n = strcspn(p, "/");

		if (n == 2 && memcmp(p, "..", 2) == 0) {
			hgt_buf_release(&clean);
			return refuse(u, "its name has a \"..\" component");
		}
		if (!is_dot(p, n)) {
			if (clean.len > 0)
				hgt_buf_addc(&clean, '/');
			hgt_buf_add(&clean, p, n);
			depth++;
		}
		p += n + (p[n] == '/');
	}
	code = hgt_buf_check(&clean, u->err);
	if (code == 0 && depth > u->limits->depth)
		code = hgt_error_set(u->err, HGT_ELIMIT, "the archive holds folders more than %u deep", u->limits->depth);
	if (code < 0) {
		hgt_buf_release(&clean);
		return code;
	}
	hgt_buf_release(&u->name);
	u->name = clean;
	return 0;
}

/*
 * A link may climb only in its first components: its own folder is a real one (no entry goes through a link), so those steps are
 * counted exactly. Behind a name, ".." would start from wherever that name leads, which another link may decide.
 */
static int check_target(struct unpacker *u)
{
	const char *p = u->target.data;
	size_t depth = 0;
	bool down = false;

	if (*p == '/')
		return refuse(u, "it is a link to an absolute path");
	for (const char *s = u->name.data; (s = strchr(s, '/')); s++)
		depth++;
	while (*p) {
		size_t n = strcspn(p, "/");

		if (n == 2 && memcmp(p, "..", 2) == 0) {
			if (down)
				return refuse(u, "it is a link whose target has \"..\" behind a name");
			if (depth == 0)
				return refuse(u, "it is a link that leads out of the folder");
			depth--;
		} else if (!is_dot(p, n)) {
			down = true;
		}
		p += n + (p[n] == '/');
	}
	return 0;
}

/* What is made of a content on its way. */
struct sums {
	struct hgt_sha256 sha;
	struct hgt_object_hash object;
	bool with_object;
};

static void sums_init(struct sums *sums, bool with_object, uint64_t size)
{
	hgt_sha256_init(&sums->sha);
	sums->with_object = with_object;
	if (with_object)
		hgt_object_hash_init(&sums->object, "blob", size);
}

static void sums_update(struct sums *sums, const void *data, size_t len)
{
	hgt_sha256_update(&sums->sha, data, len);
	if (sums->with_object)
		hgt_object_hash_update(&sums->object, data, len);
}

static void sums_final(struct sums *sums, struct hgt_unpack_entry *entry)
{
	hgt_sha256_final(&sums->sha, entry->digest);
	if (sums->with_object)
		hgt_object_hash_final(&sums->object, entry->object);
}

/* The content, written to fd unless that is -1, and added to the sums unless that is NULL. */
static int take_content(struct unpacker *u, int fd, struct sums *sums)
{
	uint64_t left = u->size;
	int code = 0;

	while (left > 0 && code == 0) {
		size_t n = left < CHUNK ? (size_t)left : CHUNK;

		code = get(u, u->chunk, n);
		if (code == 0 && sums)
			sums_update(sums, u->chunk, n);
		if (code == 0 && fd >= 0 && hgt_write_all(fd, u->chunk, n) < 0)
			code = hgt_error_set_errno(u->err, "cannot write %.256s", u->name.data);
		left -= n;
	}
	return code < 0 ? code : skip_padding(u, u->size);
}

static int make_file(struct unpacker *u, bool executable)
{
	const char *leaf;
	int folder, fd, code = open_place(u, &folder, &leaf);

	if (code < 0)
		return code;
	fd = openat(folder, leaf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, executable ? 0777 : 0666);
	if (fd < 0)
		return hgt_error_set_errno(u->err, "cannot create %.256s", u->name.data);
	code = take_content(u, fd, NULL);
	if (close(fd) < 0 && code == 0)
		code = hgt_error_set_errno(u->err, "cannot write %.256s", u->name.data);
	return code;
}

static int tell_file(struct unpacker *u, bool executable)
{
	struct hgt_unpack_entry entry = {.kind = executable ? HGT_UNPACK_EXECUTABLE : HGT_UNPACK_FILE, .path = u->name.data,
		.len = u->name.len};
	struct sums sums;
	int code;

	sums_init(&sums, u->objects, u->size);
	code = take_content(u, -1, &sums);
	sums_final(&sums, &entry);
	return code < 0 ? code : tell(u, &entry);
}

static int take_file(struct unpacker *u, bool executable)
{
	int code;

	if (u->size > u->limits->bytes - u->info.bytes)
		return hgt_error_set(u->err, HGT_ELIMIT, "the archive holds more than %" PRIu64 " bytes", u->limits->bytes);
	code = take_name(u, &u->leaf);
	if (code < 0)
		return code;
	u->info.bytes += u->size;
	u->info.files++;
	if (u->entry)
		return tell_file(u, executable);
	return is_wanted(u) ? make_file(u, executable) : take_content(u, -1, NULL);
}

static int take_folder(struct unpacker *u)
{
	const char *leaf;
	int folder, code = take_name(u, &u->folder);

	if (code == 0)
		code = tell_folder(u, u->name.data, u->name.len);
	if (code < 0 || !is_wanted(u))
		return code;
	code = open_place(u, &folder, &leaf);
	if (code == 0 && mkdirat(folder, leaf, 0777) < 0)
		code = hgt_error_set_errno(u->err, "cannot make folder %.256s", u->name.data);
	return code;
}

static int take_link(struct unpacker *u)
{
	struct hgt_unpack_entry entry = {.kind = HGT_UNPACK_LINK, .path = u->name.data, .len = u->name.len};
	const char *leaf;
	struct sums sums;
	int folder, code = check_target(u);

	if (code == 0)
		code = take_name(u, &u->leaf);
	if (code < 0)
		return code;
	u->info.links++;
	sums_init(&sums, u->objects, u->target.len);
	sums_update(&sums, u->target.data, u->target.len);
	sums_final(&sums, &entry);
	code = tell(u, &entry);
	if (code < 0 || !is_wanted(u))
		return code;
	code = open_place(u, &folder, &leaf);
	if (code == 0 && symlinkat(u->target.data, folder, leaf) < 0)
		code = hgt_error_set_errno(u->err, "cannot make link %.256s", u->name.data);
	return code;
}

/* What the header says, where no pax record has said it. */
static int take_header(struct unpacker *u, const struct hgt_tar_header *h, uint64_t size)
{
	if (!u->has_name) {
		size_t prefix = memcmp(h->magic, "ustar", 6) == 0 ? field_len(h->prefix, sizeof(h->prefix)) : 0;

		hgt_buf_reset(&u->name);
		if (prefix > 0) {
			hgt_buf_add(&u->name, h->prefix, prefix);
			hgt_buf_addc(&u->name, '/');
		}
		hgt_buf_add(&u->name, h->name, field_len(h->name, sizeof(h->name)));
	}
	if (!u->has_target) {
		hgt_buf_reset(&u->target);
		hgt_buf_add(&u->target, h->linkname, field_len(h->linkname, sizeof(h->linkname)));
	}
	if (!u->has_size)
		u->size = size;
	if (u->name.failed || u->target.failed)
		return hgt_error_nomem(u->err);
	return limit_path(u, u->name.len);
}

static int take_entry(struct unpacker *u, const struct hgt_tar_header *h, uint64_t mode)
{
	bool file = h->type == HGT_TAR_FILE || h->type == '\0', folder_name = false;
	int code;

	if (u->name.len == 0)
		return malformed(u, "an entry has no name");
	if (!file && h->type != HGT_TAR_FOLDER && h->type != HGT_TAR_LINK)
		return refuse(u, h->type == '1' ? "it is a hard link" : "it is no file, folder or symbolic link");
	code = clean_name(u, &folder_name);
	if (code < 0)
		return code;
	if (h->type != HGT_TAR_FOLDER && (folder_name || u->name.len == 0))
		return malformed(u, "a file or link has the name of a folder");
	if (!file && u->size != 0)
		return malformed(u, "a folder or link has contents");
	if (h->type == HGT_TAR_LINK && u->target.len == 0)
		return malformed(u, "a link has no target");
	if (u->name.len == 0)
		return 0;	/* the top itself, as "./" */
	if (file)
		return take_file(u, mode & 0111);
	return h->type == HGT_TAR_FOLDER ? take_folder(u) : take_link(u);
}

static bool is_zero(const void *block)
{
	const char *p = block;

	return p[0] == 0 && memcmp(p, p + 1, HGT_TAR_BLOCK - 1) == 0;
}

/* Behind the first zero block: one more, then nothing but zeros, and no byte behind the gzip stream. */
static int read_end(struct unpacker *u)
{
	char block[HGT_TAR_BLOCK];
	size_t got = HGT_TAR_BLOCK, total = 0;
	int code = get(u, block, sizeof(block));

	while (code == 0 && got > 0) {
		memset(block + got, 0, sizeof(block) - got);
		if (!is_zero(block))
			return malformed(u, "there is something behind its end");
		total += got;
		if (total > PADDING_MAX)
			return hgt_error_set(u->err, HGT_ELIMIT, "the archive has more than %d bytes behind its end", PADDING_MAX);
		code = hgt_gunzip_some(&u->gz, block, sizeof(block), &got, u->err);
	}
	return code < 0 ? code : hgt_gunzip_end(&u->gz, u->err);
}

/* One header and what it stands for; 1 at the end. */
static int unpack_next(struct unpacker *u)
{
	struct hgt_tar_header h;
	uint64_t size, mode, checksum;
	int code = get(u, &h, sizeof(h));

	if (code < 0)
		return code;
	if (is_zero(&h)) {
		if (u->pax_seen)
			return malformed(u, "a pax header without its entry");
		code = read_end(u);
		return code < 0 ? code : 1;
	}
	if (parse_number(h.checksum, sizeof(h.checksum), &checksum) < 0 || checksum != hgt_tar_checksum(&h))
		return malformed(u, "a header's checksum is wrong");
	/* POSIX's magic, or the one of GNU tar, which spills into the version. */
	if (memcmp(h.magic, "ustar", 6) != 0 && (memcmp(h.magic, "ustar ", 6) != 0 || memcmp(h.version, " ", 2) != 0))
		return malformed(u, "a header is not of the ustar format");
	if (parse_number(h.size, sizeof(h.size), &size) < 0 || parse_number(h.mode, sizeof(h.mode), &mode) < 0)
		return malformed(u, "a header's size or mode is no number");
	code = count_entry(u);
	if (code < 0)
		return code;
	if (h.type == HGT_TAR_PAX || h.type == HGT_TAR_PAX_GLOBAL)
		return read_pax(u, size, h.type == HGT_TAR_PAX_GLOBAL);
	code = take_header(u, &h, size);
	if (code == 0)
		code = take_entry(u, &h, mode);
	u->has_name = u->has_target = u->has_size = u->pax_seen = false;
	return code;
}

static int run(struct unpacker *u, int fd, struct hgt_unpack_info *info)
{
	int code = hgt_gunzip_init(&u->gz, fd, u->err);

	while (code == 0)
		code = unpack_next(u);
	if (code > 0 && !*u->info.from != !*u->info.to)
		code = malformed(u, "it names one of two trees");
	if (code > 0) {
		*info = u->info;
		code = 0;
	}
	hgt_gunzip_release(&u->gz);
	hgt_beneath_release(&u->beneath);
	hgt_map_release(&u->names);
	hgt_arena_release(&u->arena);
	hgt_buf_release(&u->name);
	hgt_buf_release(&u->target);
	hgt_buf_release(&u->pax);
	free(u);
	return code;
}

static struct unpacker *unpacker_new(int dir_fd, const struct hgt_unpack_limits *limits, void *ctx, struct hgt_error *err)
{
	struct unpacker *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->limits = limits;
	u->err = err;
	u->ctx = ctx;
	hgt_beneath_init(&u->beneath, dir_fd);
	hgt_buf_init(&u->name);
	hgt_buf_init(&u->target);
	hgt_buf_init(&u->pax);
	return u;
}

int hgt_unpack_list(int fd, const struct hgt_unpack_limits *limits, hgt_unpack_entry_cb entry, void *ctx,
	struct hgt_unpack_info *info, struct hgt_error *err)
{
	struct unpacker *u = unpacker_new(-1, limits, ctx, err);

	if (!u)
		return hgt_error_nomem(err);
	u->entry = entry;
	return run(u, fd, info);
}

int hgt_unpack_objects(int fd, const struct hgt_unpack_limits *limits, hgt_unpack_entry_cb entry, void *ctx,
	struct hgt_unpack_info *info, struct hgt_error *err)
{
	struct unpacker *u = unpacker_new(-1, limits, ctx, err);

	if (!u)
		return hgt_error_nomem(err);
	u->entry = entry;
	u->objects = true;
	return run(u, fd, info);
}

int hgt_unpack(int fd, int dir_fd, const struct hgt_unpack_limits *limits, hgt_unpack_wanted_cb wanted, void *ctx,
	struct hgt_unpack_info *info, struct hgt_error *err)
{
	struct unpacker *u = unpacker_new(dir_fd, limits, ctx, err);

	if (!u)
		return hgt_error_nomem(err);
	u->wanted = wanted;
	return run(u, fd, info);
}
