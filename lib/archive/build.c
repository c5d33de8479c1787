/* Writing the deterministic tar.gz of a tree. */
#include "archive/build.h"

#include <inttypes.h>
#include <zlib.h>

#include "archive/tar.h"
#include "base/io.h"

#define OUT_SIZE (64 * 1024)
#define REMOVED_BYTES (32 * 1024)	/* in one record; the last path may go past it */
#define LINK_MAX_BYTES 4096	/* of a symbolic link's target: no kernel takes more */
#define MODE_TYPE 0170000
#define MODE_LINK 0120000
#define MODE_SUBMODULE 0160000

/* tar bytes -> deflate -> digest and fd; memory is one output buffer and one blob. */
struct builder {
	struct hgt_repo *repo;
	struct hgt_error *err;
	int fd;
	size_t strip;		/* bytes of the archived path and its slash at the front of each path */
	uint64_t limit, contents;
	uint64_t written;
	struct hgt_sha256 sha;
	z_stream z;
	struct hgt_buf folder;	/* the folder whose entry was written last, with a slash at its end; "" at the top */
	struct hgt_buf blob;
	struct hgt_buf pax;
	struct hgt_buf removed;	/* paths for the next record, a NUL behind each */
	unsigned char out[OUT_SIZE];
};

static int deflate_some(struct builder *b, const void *data, size_t len, int flush)
{
	int z;

	/* zlib does not write through next_in; its type lacks the const. */
	b->z.next_in = (unsigned char *)(uintptr_t)data;
	b->z.avail_in = (uInt)len;
	do {
		size_t n;
		int code;

		b->z.next_out = b->out;
		b->z.avail_out = OUT_SIZE;
		z = deflate(&b->z, flush);
		if (z != Z_OK && z != Z_STREAM_END && z != Z_BUF_ERROR)
			return hgt_error_set(b->err, HGT_EIO, "cannot compress an archive: zlib error %d", z);
		n = OUT_SIZE - b->z.avail_out;
		hgt_sha256_update(&b->sha, b->out, n);
		code = hgt_write_all(b->fd, b->out, n);
		if (code < 0)
			return hgt_error_set_errno(b->err, "cannot write an archive");
		b->written += n;
	} while (b->z.avail_out == 0);
	return 0;
}

static int put(struct builder *b, const void *data, size_t len)
{
	const char *p = data;
	int code = 0;

	while (len > 0 && code == 0) {
		size_t n = len < (1U << 30) ? len : 1U << 30;

		code = deflate_some(b, p, n, Z_NO_FLUSH);
		p += n;
		len -= n;
	}
	return code;
}

static int put_padded(struct builder *b, const void *data, size_t len)
{
	static const char zeros[HGT_TAR_BLOCK];
	int code = put(b, data, len);

	return code < 0 ? code : put(b, zeros, hgt_tar_padding(len));
}

/* Copy into a field that need not be terminated. */
static void field(char *to, const char *from, size_t len)
{
	memcpy(to, from, len);
}

/* Where to cut a path so that it fits prefix and name; SIZE_MAX when it does not. 0: it fits the name alone. */
static size_t split_at(const char *path, size_t len)
{
	const struct hgt_tar_header *h = NULL;

	if (len <= sizeof(h->name))
		return 0;
	/* The cut slash belongs to neither part, and a name must remain behind it. */
	for (size_t i = len < sizeof(h->prefix) + 2 ? len - 2 : sizeof(h->prefix); i > 0; i--)
		if (path[i] == '/')
			return len - i - 1 <= sizeof(h->name) ? i : SIZE_MAX;
	return SIZE_MAX;
}

/* "<len> <key>=<value>\n", where len counts itself. */
static void pax_record(struct hgt_buf *out, const char *key, const char *value, size_t value_len)
{
	size_t rest = 1 + strlen(key) + 1 + value_len + 1;
	size_t len = rest, before;

	do {
		before = len;
		len = rest + (size_t)snprintf(NULL, 0, "%zu", before);
	} while (len != before);
	hgt_buf_addf(out, "%zu %s=", len, key);
	hgt_buf_add(out, value, value_len);
	hgt_buf_addc(out, '\n');
}

static void header_init(struct hgt_tar_header *h, enum hgt_tar_type type, unsigned mode, uint64_t size)
{
	memset(h, 0, sizeof(*h));
	snprintf(h->mode, sizeof(h->mode), "%07o", mode);
	snprintf(h->uid, sizeof(h->uid), "%07o", 0);
	snprintf(h->gid, sizeof(h->gid), "%07o", 0);
	snprintf(h->size, sizeof(h->size), "%011" PRIo64, size);
	snprintf(h->mtime, sizeof(h->mtime), "%011o", 0);
	h->type = (char)type;
	field(h->magic, "ustar", 6);
	field(h->version, "00", 2);
	snprintf(h->devmajor, sizeof(h->devmajor), "%07o", 0);
	snprintf(h->devminor, sizeof(h->devminor), "%07o", 0);
}

static int put_header(struct builder *b, struct hgt_tar_header *h)
{
	/* Six digits, NUL, space: as every tar writes it. */
	snprintf(h->checksum, sizeof(h->checksum), "%06o", hgt_tar_checksum(h) & 0777777);
	h->checksum[7] = ' ';
	return put(b, h, sizeof(*h));
}

/* The records that b->pax holds, about the next entry or about all. */
static int put_pax(struct builder *b, enum hgt_tar_type type)
{
	struct hgt_tar_header h;
	int code = hgt_buf_check(&b->pax, b->err);

	if (code < 0 || b->pax.len == 0)
		return code;
	header_init(&h, type, 0644, b->pax.len);
	field(h.name, type == HGT_TAR_PAX ? "pax_header" : "pax_global_header", type == HGT_TAR_PAX ? 10 : 17);
	code = put_header(b, &h);
	return code < 0 ? code : put_padded(b, b->pax.data, b->pax.len);
}

/* One entry; `target` is a link's. The contents, `size` bytes, are the caller's to put. */
static int put_entry(struct builder *b, enum hgt_tar_type type, unsigned mode, const char *path, size_t len, const char *target,
	size_t target_len, uint64_t size)
{
	size_t cut = split_at(path, len);
	struct hgt_tar_header h;
	int code;

	hgt_buf_reset(&b->pax);
	if (cut == SIZE_MAX)
		pax_record(&b->pax, "path", path, len);
	if (target_len > sizeof(h.linkname))
		pax_record(&b->pax, "linkpath", target, target_len);
	code = put_pax(b, HGT_TAR_PAX);
	if (code < 0)
		return code;
	header_init(&h, type, mode, size);
	if (cut == SIZE_MAX) {
		field(h.name, path, sizeof(h.name));
	} else if (cut == 0) {
		field(h.name, path, len);
	} else {
		field(h.prefix, path, cut);
		field(h.name, path + cut + 1, len - cut - 1);
	}
	if (target_len > 0)
		field(h.linkname, target, target_len < sizeof(h.linkname) ? target_len : sizeof(h.linkname));
	return put_header(b, &h);
}

/* Entries for the folders that lead to `path` and have none yet. Within tree order those of one folder stand together. */
static int put_folders(struct builder *b, const char *path, size_t len)
{
	size_t start = 0;

	while (start < len && start < b->folder.len && path[start] == b->folder.data[start])
		start++;
	while (start > 0 && path[start - 1] != '/')
		start--;
	hgt_buf_truncate(&b->folder, start);
	for (size_t i = start; i < len; i++) {
		int code;

		hgt_buf_addc(&b->folder, path[i]);
		if (path[i] != '/')
			continue;
		code = hgt_buf_check(&b->folder, b->err);
		if (code == 0)
			code = put_entry(b, HGT_TAR_FOLDER, 0755, path, i + 1, "", 0, 0);
		if (code < 0)
			return code;
	}
	return hgt_buf_check(&b->folder, b->err);
}

static int put_submodule(struct builder *b, const char *path)
{
	struct hgt_buf name = HGT_BUF_INIT;
	int code;

	hgt_buf_adds(&name, path);
	hgt_buf_addc(&name, '/');
	code = hgt_buf_check(&name, b->err);
	if (code == 0)
		code = put_entry(b, HGT_TAR_FOLDER, 0755, name.data, name.len, "", 0, 0);
	hgt_buf_release(&name);
	return code;
}

static int put_link(struct builder *b, const char *path, const char *id)
{
	int code = hgt_repo_blob(b->repo, id, LINK_MAX_BYTES, &b->blob, b->err);

	if (code < 0)
		return code;
	if (memchr(b->blob.data, 0, b->blob.len))
		return hgt_error_set(b->err, HGT_EPARSE, "the target of the symbolic link %.256s contains a NUL byte", path);
	return put_entry(b, HGT_TAR_LINK, 0777, path, strlen(path), b->blob.data, b->blob.len, 0);
}

static int put_file(struct builder *b, const char *path, const struct hgt_path_change *change)
{
	unsigned mode = change->new_mode & 0111 ? 0755 : 0644;
	uint64_t size;
	int code = hgt_repo_blob_size(b->repo, change->new_id, &size, b->err);

	if (code < 0)
		return code;
	if (size > HGT_TAR_SIZE_MAX || size > SIZE_MAX / 2)
		return hgt_error_set(b->err, HGT_ELIMIT, "%.256s is too large for an archive: %" PRIu64 " bytes", path, size);
	if (b->limit > 0 && size > b->limit - b->contents)
		return hgt_error_set(b->err, HGT_ELIMIT, "the contents are over the limit of %" PRIu64 " bytes of an archive",
			b->limit);
	b->contents += size;
	code = hgt_repo_blob(b->repo, change->new_id, (size_t)size, &b->blob, b->err);
	if (code == 0)
		code = put_entry(b, HGT_TAR_FILE, mode, path, strlen(path), "", 0, size);
	if (code == 0)
		code = put_padded(b, b->blob.data, b->blob.len);
	return code;
}

static int put_change(void *ctx, const struct hgt_path_change *change)
{
	struct builder *b = ctx;
	const char *path, *slash;
	int code;

	if (strlen(change->path) < b->strip)
		return hgt_error_set(b->err, HGT_ENOENT, "\"%s\" is no folder of the commit", change->path);
	path = change->path + b->strip;
	slash = strrchr(path, '/');
	code = put_folders(b, path, slash ? (size_t)(slash - path) + 1 : 0);
	if (code < 0)
		return code;
	hgt_buf_reset(&b->blob);
	switch (change->new_mode & MODE_TYPE) {
	case MODE_SUBMODULE:
		return put_submodule(b, path);
	case MODE_LINK:
		return put_link(b, path, change->new_id);
	default:
		return put_file(b, path, change);
	}
}

/* What is gone. */

static int put_removed(struct builder *b)
{
	if (b->removed.len == 0)
		return 0;
	hgt_buf_reset(&b->pax);
	pax_record(&b->pax, HGT_TAR_REMOVED, b->removed.data, b->removed.len);
	hgt_buf_reset(&b->removed);
	return put_pax(b, HGT_TAR_PAX_GLOBAL);
}

static int list_removed(void *ctx, const struct hgt_path_change *change)
{
	struct builder *b = ctx;

	if (change->status != 'D')
		return 0;
	hgt_buf_adds(&b->removed, change->path);
	if ((change->old_mode & MODE_TYPE) == MODE_SUBMODULE)
		hgt_buf_addc(&b->removed, '/');
	hgt_buf_addc(&b->removed, '\0');
	if (b->removed.failed)
		return hgt_error_nomem(b->err);
	return b->removed.len < REMOVED_BYTES ? 0 : put_removed(b);
}

static int put_differing(void *ctx, const struct hgt_path_change *change)
{
	return change->status == 'D' ? 0 : put_change(ctx, change);
}

/* What is written of a tree, or of two. */
struct content {
	const char *commit, *path;	/* of an archive of the whole */
	const char *from, *to;		/* else: trees */
};

static int put_delta(struct builder *b, const char *from, const char *to)
{
	int code;

	hgt_buf_reset(&b->pax);
	pax_record(&b->pax, HGT_TAR_FROM, from, strlen(from));
	pax_record(&b->pax, HGT_TAR_TO, to, strlen(to));
	code = put_pax(b, HGT_TAR_PAX_GLOBAL);
	if (code == 0)
		code = hgt_repo_tree_changes(b->repo, from, to, list_removed, b, b->err);
	if (code == 0)
		code = put_removed(b);
	return code < 0 ? code : hgt_repo_tree_changes(b->repo, from, to, put_differing, b, b->err);
}

static int write_archive(struct hgt_repo *repo, const struct content *content, int fd, uint64_t limit, struct hgt_archive_info *info,
	struct hgt_error *err)
{
	static const char end[2 * HGT_TAR_BLOCK];
	struct builder *b = calloc(1, sizeof(*b));
	gz_header gz = {.os = 255};
	int code = 0;

	if (!b)
		return hgt_error_nomem(err);
	b->repo = repo;
	b->err = err;
	b->fd = fd;
	b->limit = limit;
	b->strip = content->path && *content->path ? strlen(content->path) + 1 : 0;
	hgt_buf_init(&b->folder);
	hgt_buf_init(&b->blob);
	hgt_buf_init(&b->pax);
	hgt_buf_init(&b->removed);
	hgt_sha256_init(&b->sha);
	/* 15 bits of window, 16 for gzip's frame, 8 the usual memory. */
	if (deflateInit2(&b->z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(b);
		return hgt_error_nomem(err);
	}
	if (deflateSetHeader(&b->z, &gz) != Z_OK)
		code = hgt_error_set(err, HGT_EIO, "cannot compress an archive: zlib takes no header");
	if (code == 0)
		code = content->from ? put_delta(b, content->from, content->to) :
			hgt_repo_walk(repo, content->commit, content->path, put_change, b, err);
	if (code == 0)
		code = deflate_some(b, end, sizeof(end), Z_FINISH);
	if (code == 0) {
		info->bytes = b->written;
		hgt_sha256_final(&b->sha, info->digest);
	}
	deflateEnd(&b->z);
	hgt_buf_release(&b->folder);
	hgt_buf_release(&b->blob);
	hgt_buf_release(&b->pax);
	hgt_buf_release(&b->removed);
	free(b);
	return code;
}

int hgt_archive_build(struct hgt_repo *repo, const char *commit, const char *path, int fd, uint64_t limit,
	struct hgt_archive_info *info, struct hgt_error *err)
{
	return write_archive(repo, &(struct content){.commit = commit, .path = path}, fd, limit, info, err);
}

int hgt_archive_build_delta(struct hgt_repo *repo, const char *from, const char *to, int fd, uint64_t limit,
	struct hgt_archive_info *info, struct hgt_error *err)
{
	return write_archive(repo, &(struct content){.from = from, .to = to}, fd, limit, info, err);
}
