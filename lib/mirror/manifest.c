/* The manifest of a fleet of repositories, as grokmirror has it: read and written. */
#include "mirror/manifest.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/escape.h"
#include "base/json_writer.h"
#include "doc/doc.h"
#include "install/make_repo.h"

enum {
	DEPTH_MAX = 8,		/* a manifest has three */
	ENTRIES_MAX = 500000,
	NODES_MAX = 8 * 1000 * 1000,
	PATH_MAX_BYTES = 1024,
	PART_MAX = 255 - 16,	/* of a name: what a file system takes, with room for .git and what is made beside it */
	DEPTH_OF_FOLDERS = 15,	/* how deep repositories are looked for (daemon/repos.h) */
	TEXT_MAX = 4096,	/* of a description, an owner */
	SYMLINKS_MAX = 1000,	/* of one entry */
	CHUNK = 64 * 1024,
	MEMORY_FACTOR = 24,	/* of the tree that a text becomes */
	COMPRESS_LEVEL = 6,
};

static int refuse_name(struct hgt_error *err, const char *path, const char *why)
{
	struct hgt_buf escaped = HGT_BUF_INIT;

	hgt_escape_str(&escaped, path);
	hgt_error_set(err, HGT_EINVAL, "%.200s: %s", escaped.data, why);
	hgt_buf_release(&escaped);
	return HGT_EINVAL;
}

/* What is wrong with one part of a name; NULL: nothing. */
static const char *part_trouble(const char *part, size_t len, bool last)
{
	if (len == 0 || (len == 1 && part[0] == '.') || (len == 2 && memcmp(part, "..", 2) == 0))
		return "a name has no empty parts, no \".\" and no \"..\"";
	if (len > PART_MAX)
		return "a part of the name is too long";
	if (len == 4 && memcmp(part, ".git", 4) == 0)
		return "a part of the name is \".git\"";
	if (!last && len > 4 && memcmp(part + len - 4, ".git", 4) == 0)
		return "it would lie in another repository";
	if (len >= sizeof(HGT_MAKING) - 1 && memcmp(part, HGT_MAKING, sizeof(HGT_MAKING) - 1) == 0)
		return "names that begin with \"" HGT_MAKING "\" are Headgate's own";
	return NULL;
}

int hgt_manifest_name(const char *path, struct hgt_buf *repo, struct hgt_error *err)
{
	const char *name = path + (*path == '/');
	size_t whole = strlen(name), len = whole > 4 && strcmp(name + whole - 4, ".git") == 0 ? whole - 4 : whole, depth = 0;
	const char *trouble = NULL;

	if (whole > PATH_MAX_BYTES)
		trouble = "the name is too long";
	else if (*name == '-')
		trouble = "a name does not begin with a dash";
	for (const unsigned char *p = (const unsigned char *)name; *p && !trouble; p++)
		if (*p < ' ' || *p == 0x7f || *p == '\\')
			trouble = "a name has no control bytes and no backslash";
	/* What is judged is what is left of it: of "..git" that is one dot. */
	for (const char *part = name; !trouble;) {
		size_t left = len - (size_t)(part - name), n = strcspn(part, "/");
		bool last = n >= left;

		trouble = ++depth > DEPTH_OF_FOLDERS ? "the name has too many folders" : part_trouble(part, last ? left : n, last);
		if (last)
			break;
		part += n + 1;
	}
	if (trouble)
		return refuse_name(err, path, trouble);
	hgt_buf_add(repo, name, len);
	return hgt_buf_check(repo, err);
}

/* As git check-ref-format has it of a branch. */
static bool is_branch(const char *ref)
{
	size_t len = strlen(ref);

	if (strncmp(ref, "refs/heads/", 11) != 0 || len == 11 || len > PATH_MAX_BYTES || ref[len - 1] == '/' || ref[len - 1] == '.')
		return false;
	for (const unsigned char *p = (const unsigned char *)ref; *p; p++) {
		bool starts = p == (const unsigned char *)ref || p[-1] == '/';

		if (*p <= ' ' || *p == 0x7f || strchr("~^:?*[\\", *p) || (starts && (*p == '.' || *p == '/')))
			return false;
		if ((*p == '.' && p[1] == '.') || (*p == '@' && p[1] == '{'))
			return false;
		if (strncmp((const char *)p, ".lock", 5) == 0 && (!p[5] || p[5] == '/'))
			return false;
	}
	return true;
}

bool hgt_manifest_head_is_valid(const char *text)
{
	if (strncmp(text, "ref: ", 5) == 0)
		return is_branch(text + 5);
	return strlen(text) == 40 && strspn(text, "0123456789abcdef") == 40;
}

/* What the reading of one manifest has at hand. */
struct reading {
	struct hgt_manifest *out;
	struct hgt_error *err;
};

static int inflate_all(const void *data, size_t len, size_t limit, struct hgt_buf *out, struct hgt_error *err)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)len};
	int code = 0, got = Z_OK;

	if (len > UINT32_MAX)
		return hgt_error_set(err, HGT_ELIMIT, "the manifest has more than 4 GiB");
	if (inflateInit2(&z, 15 + 16) != Z_OK)
		return hgt_error_nomem(err);
	while (code == 0 && got != Z_STREAM_END) {
		char *room = hgt_buf_reserve(out, CHUNK);

		if (!room) {
			code = hgt_error_nomem(err);
			break;
		}
		z.next_out = (Bytef *)room;
		z.avail_out = CHUNK;
		got = inflate(&z, Z_NO_FLUSH);
		hgt_buf_grown(out, CHUNK - z.avail_out);
		if (got == Z_MEM_ERROR)
			code = hgt_error_nomem(err);
		else if (got == Z_BUF_ERROR || (got == Z_OK && z.avail_in == 0 && z.avail_out > 0))
			code = hgt_error_set(err, HGT_EPARSE, "the manifest is cut short");
		else if (got != Z_OK && got != Z_STREAM_END)
			code = hgt_error_set(err, HGT_EPARSE, "the manifest is no gzip file: %s", z.msg ? z.msg : "bad data");
		else if (out->len > limit)
			code = hgt_error_set(err, HGT_ELIMIT, "the manifest holds more than %zu bytes", limit);
	}
	if (code == 0 && z.avail_in > 0)
		code = hgt_error_set(err, HGT_EPARSE, "the manifest has something behind its end");
	inflateEnd(&z);
	return code;
}

/* A string without NUL in it that is not longer than most; else NULL. */
static const char *get_text(const struct hgt_node *node, const char *key, size_t most)
{
	const struct hgt_node *value = hgt_node_get(node, key);

	if (!value || value->type != HGT_NODE_STRING || value->len == 0 || value->len > most || strlen(value->text) != value->len)
		return NULL;
	return value->text;
}

static int keep(struct reading *r, const char *text, const char **out)
{
	if (!text)
		return 0;
	*out = hgt_arena_strndup(&r->out->arena, text, strlen(text));
	return *out ? 0 : hgt_error_nomem(r->err);
}

/* A path with a slash before it, when it is one that a repository may have. */
static int keep_path(struct reading *r, const char *path, const char **out)
{
	struct hgt_buf name = HGT_BUF_INIT, whole = HGT_BUF_INIT;
	int code = path ? hgt_manifest_name(path, &name, NULL) : HGT_EINVAL;

	if (code == 0) {
		hgt_buf_addf(&whole, "/%s", path + (*path == '/'));
		code = whole.failed ? hgt_error_nomem(r->err) : keep(r, whole.data, out);
	} else if (code == HGT_EINVAL) {
		code = 0;
	}
	hgt_buf_release(&name);
	hgt_buf_release(&whole);
	return code;
}

static int keep_symlinks(struct reading *r, const struct hgt_node *node, struct hgt_manifest_entry *entry)
{
	const struct hgt_node *list = hgt_node_get(node, "symlinks");
	const char **paths;
	size_t n = list && list->type == HGT_NODE_SEQ ? list->v.seq.n : 0;

	if (n == 0 || n > SYMLINKS_MAX)
		return 0;
	paths = hgt_arena_array(&r->out->arena, n, sizeof(*paths));
	if (!paths)
		return hgt_error_nomem(r->err);
	for (size_t i = 0; i < n; i++) {
		const struct hgt_node *item = list->v.seq.items[i];
		int code;

		if (item->type != HGT_NODE_STRING || strlen(item->text) != item->len)
			continue;
		code = keep_path(r, item->text, &paths[entry->n_symlinks]);
		if (code < 0)
			return code;
		entry->n_symlinks += paths[entry->n_symlinks] != NULL;
	}
	entry->symlinks = paths;
	return 0;
}

static void read_fingerprint(const struct hgt_node *node, struct hgt_manifest_entry *entry)
{
	const char *text = get_text(node, "fingerprint", HGT_FINGERPRINT_HEX - 1);

	if (!text || strlen(text) != HGT_FINGERPRINT_HEX - 1 || strspn(text, "0123456789abcdefABCDEF") != HGT_FINGERPRINT_HEX - 1)
		return;
	for (size_t i = 0; i < HGT_FINGERPRINT_HEX - 1; i++)
		entry->fingerprint[i] = (char)(text[i] | (text[i] >= 'A' && text[i] <= 'F' ? 0x20 : 0));
}

static int refuse_entry(struct reading *r, const char *why)
{
	r->out->refused++;
	return r->out->refused_why ? 0 : keep(r, why, &r->out->refused_why);
}

static int read_entry(struct reading *r, const struct hgt_pair *pair)
{
	struct hgt_manifest_entry *entry = &r->out->entries[r->out->n];
	const char *path = pair->key->text, *head, *own = NULL;
	struct hgt_buf name = HGT_BUF_INIT;
	struct hgt_error why = {0};
	int code = strlen(path) == pair->key->len ? hgt_manifest_name(path, &name, &why) :
		hgt_error_set(&why, HGT_EINVAL, "a name has a NUL byte in it");

	if (code == 0 && pair->value->type != HGT_NODE_MAP)
		code = refuse_name(&why, path, "what it says of it is no map");
	if (code == HGT_EINVAL) {
		hgt_buf_release(&name);
		return refuse_entry(r, why.message);
	}
	if (code == 0)
		code = keep_path(r, path, &own);
	if (code == 0)
		code = keep(r, name.data, &entry->repo);
	hgt_buf_release(&name);
	if (code < 0)
		return hgt_error_nomem(r->err);
	entry->path = own;
	read_fingerprint(pair->value, entry);
	if (!hgt_node_get_int(pair->value, "modified", &entry->modified) || entry->modified < 0)
		entry->modified = 0;
	head = get_text(pair->value, "head", PATH_MAX_BYTES);
	code = keep(r, head && hgt_manifest_head_is_valid(head) ? head : NULL, &entry->head);
	if (code == 0)
		code = keep(r, get_text(pair->value, "owner", TEXT_MAX), &entry->owner);
	if (code == 0)
		code = keep(r, get_text(pair->value, "description", TEXT_MAX), &entry->description);
	if (code == 0)
		code = keep(r, get_text(pair->value, "forkgroup", TEXT_MAX), &entry->forkgroup);
	if (code == 0)
		code = keep_path(r, get_text(pair->value, "reference", PATH_MAX_BYTES), &entry->reference);
	if (code == 0)
		code = keep_symlinks(r, pair->value, entry);
	r->out->n += code == 0;
	return code;
}

static int by_repo(const void *a, const void *b)
{
	const struct hgt_manifest_entry *x = a, *y = b;
	int order = strcmp(x->repo, y->repo);

	return order ? order : strcmp(x->path, y->path);
}

/* "x" and "x.git" have one name here: the first in order of path is taken, as repositories of one folder are. */
static int drop_twins(struct reading *r)
{
	struct hgt_manifest *m = r->out;
	size_t kept = 0;

	if (m->n > 1)
		qsort(m->entries, m->n, sizeof(*m->entries), by_repo);
	for (size_t i = 0; i < m->n; i++) {
		if (kept == 0 || strcmp(m->entries[kept - 1].repo, m->entries[i].repo) != 0) {
			m->entries[kept++] = m->entries[i];
		} else {
			struct hgt_error why;
			int code;

			refuse_name(&why, m->entries[i].path, "another one has the same name here");
			code = refuse_entry(r, why.message);
			if (code < 0)
				return code;
		}
	}
	m->n = kept;
	return 0;
}

static int read_json(struct reading *r, const char *text, size_t len)
{
	const struct hgt_doc_limits limits = {.bytes = len, .depth = DEPTH_MAX, .documents = 1, .nodes = NODES_MAX, .problems = 1,
		.memory = (len + CHUNK) * MEMORY_FACTOR};
	const struct hgt_node *root;
	struct hgt_doc_set set;
	int code;

	hgt_doc_set_init(&set);
	code = hgt_json_parse(text, len, &limits, &set, r->err);
	if (code < 0)
		goto out;
	root = set.n_docs ? set.docs[0].root : NULL;
	if (set.n_problems) {
		code = hgt_error_set(r->err, set.problems[0].kind == HGT_PROBLEM_LIMIT ? HGT_ELIMIT : HGT_EPARSE,
			"the manifest is no JSON that all read alike: line %u, column %u: %s", set.problems[0].line, set.problems[0].column,
			set.problems[0].message);
	} else if (!root || root->type != HGT_NODE_MAP) {
		code = hgt_error_set(r->err, HGT_EPARSE, "the manifest is no map of repositories");
	} else if (root->v.map.n > ENTRIES_MAX) {
		code = hgt_error_set(r->err, HGT_ELIMIT, "the manifest has more than %d repositories", ENTRIES_MAX);
	} else {
		r->out->entries = hgt_arena_array(&r->out->arena, root->v.map.n + 1, sizeof(*r->out->entries));
		code = r->out->entries ? 0 : hgt_error_nomem(r->err);
		for (size_t i = 0; code == 0 && i < root->v.map.n; i++)
			code = read_entry(r, &root->v.map.pairs[i]);
	}
	if (code == 0)
		code = drop_twins(r);
out:
	hgt_doc_set_release(&set);
	return code;
}

int hgt_manifest_read(const void *data, size_t len, size_t limit, struct hgt_manifest *out, struct hgt_error *err)
{
	const unsigned char *bytes = data;
	struct hgt_manifest manifest = {.arena = HGT_ARENA_INIT};
	struct reading r = {&manifest, err};
	struct hgt_buf text = HGT_BUF_INIT;
	int code;

	if (len >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b) {
		code = inflate_all(data, len, limit, &text, err);
		if (code == 0)
			code = read_json(&r, text.data, text.len);
	} else if (len > limit) {
		code = hgt_error_set(err, HGT_ELIMIT, "the manifest holds more than %zu bytes", limit);
	} else {
		code = read_json(&r, data, len);
	}
	hgt_buf_release(&text);
	if (code == 0)
		*out = manifest;
	else
		hgt_manifest_release(&manifest);
	return code;
}

void hgt_manifest_release(struct hgt_manifest *manifest)
{
	hgt_arena_release(&manifest->arena);
	*manifest = (struct hgt_manifest){.arena = HGT_ARENA_INIT};
}

const struct hgt_manifest_entry *hgt_manifest_find(const struct hgt_manifest *manifest, const char *repo)
{
	size_t low = 0, high = manifest->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(repo, manifest->entries[middle].repo);

		if (order == 0)
			return &manifest->entries[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static void write_entry(struct hgt_json *json, const struct hgt_manifest_entry *entry)
{
	hgt_json_begin_object(json);
	hgt_json_key_int(json, "modified", entry->modified);
	hgt_json_key_string(json, "fingerprint", entry->fingerprint[0] ? entry->fingerprint : NULL);
	hgt_json_key_string(json, "head", entry->head);
	if (entry->owner)
		hgt_json_key_string(json, "owner", entry->owner);
	if (entry->description)
		hgt_json_key_string(json, "description", entry->description);
	if (entry->forkgroup)
		hgt_json_key_string(json, "forkgroup", entry->forkgroup);
	/* Always there: grokmirror 1.x counts on it. */
	hgt_json_key_string(json, "reference", entry->reference);
	if (entry->n_symlinks) {
		hgt_json_key(json, "symlinks");
		hgt_json_begin_array(json);
		for (size_t i = 0; i < entry->n_symlinks; i++)
			hgt_json_string(json, entry->symlinks[i]);
		hgt_json_end_array(json);
	}
	hgt_json_end_object(json);
}

void hgt_manifest_write(const struct hgt_manifest_entry *entries, size_t n, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);

	hgt_json_begin_object(&json);
	for (size_t i = 0; i < n; i++) {
		hgt_json_key(&json, entries[i].path);
		write_entry(&json, &entries[i]);
	}
	hgt_json_end_object(&json);
}

int hgt_manifest_compress(const char *data, size_t len, struct hgt_buf *out, struct hgt_error *err)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)len};
	char *room;
	int got;

	if (len > UINT32_MAX / 2)
		return hgt_error_set(err, HGT_ELIMIT, "a manifest of %zu bytes is too large", len);
	if (deflateInit2(&z, COMPRESS_LEVEL, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return hgt_error_nomem(err);
	z.avail_out = (uInt)deflateBound(&z, (uLong)len);
	room = hgt_buf_reserve(out, z.avail_out);
	z.next_out = (Bytef *)room;
	got = room ? deflate(&z, Z_FINISH) : Z_MEM_ERROR;
	if (got == Z_STREAM_END)
		hgt_buf_grown(out, z.total_out);
	deflateEnd(&z);
	return got == Z_STREAM_END ? 0 : hgt_error_nomem(err);
}
