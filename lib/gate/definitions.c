/* Which files of a commit hold CustomResourceDefinitions, and the record of it beside the repository. */
#include "base/io.h"
#include "base/map.h"
#include "base/timing.h"
#include "gate/tree.h"

#define HEADER "headgate definitions 1\n"
#define WORD "CustomResourceDefinition"
#define OID_NONE "0000000000000000000000000000000000000000"

enum {
	RECORD_MAX = 64 * 1024 * 1024,
	BLOB_MAX = 10 * 1024 * 1024,
	FEW_BLOBS = 200,	/* looked at: so few may be looked at again */
};

struct hgt_definitions {
	const struct hgt_tree *tree;	/* of the call */
	struct hgt_arena arena;
	struct hgt_map ids;		/* path -> id of the blob, of those with the word */
	char commit[HGT_OID_HEX + 1];	/* whose files these are */
	struct hgt_buf text;
	size_t looked;			/* blobs looked at */
	bool late;			/* the time was up, and files were left out */
	struct hgt_error *err;
};

static int note(struct hgt_definitions *d, const char *path, const char *id)
{
	size_t len = strlen(path);
	char *key = hgt_arena_strndup(&d->arena, path, len), *value = hgt_arena_strndup(&d->arena, id, HGT_OID_HEX);

	return key && value && hgt_map_put(&d->ids, key, len, value, NULL) >= 0 ? 0 : hgt_error_nomem(d->err);
}

/* One path that differs: what it was is forgotten, what it is is looked at. */
static int look(void *ctx, const struct hgt_path_change *change)
{
	struct hgt_definitions *d = ctx;
	uint64_t size;
	int code;

	hgt_map_remove(&d->ids, change->path, strlen(change->path));
	if ((change->new_mode & 0170000) != 0100000 || hgt_class_of_path(change->path) == HGT_CLASS_OTHER)
		return 0;
	if (d->tree->deadline_ms && hgt_time_mono_ms() >= d->tree->deadline_ms) {
		d->late = true;
		return 1;
	}
	code = hgt_repo_blob_size(d->tree->repo, change->new_id, &size, d->err);
	if (code < 0 || size > BLOB_MAX)
		return code < 0 ? code : 0;
	d->looked++;
	hgt_buf_reset(&d->text);
	code = hgt_repo_blob(d->tree->repo, change->new_id, size, &d->text, d->err);
	if (code < 0 || !memmem(d->text.data, d->text.len, WORD, sizeof(WORD) - 1))
		return code < 0 ? code : 0;
	return note(d, change->path, change->new_id);
}

static int go_on_to(struct hgt_definitions *d, const char *commit)
{
	int code = strcmp(d->commit, commit) == 0 ? 0 : hgt_repo_changes(d->tree->repo, d->commit, commit, "", look, d, d->err);

	if (code == 0 && !d->late)
		memcpy(d->commit, commit, HGT_OID_HEX + 1);
	return code;
}

static void forget(struct hgt_definitions *d)
{
	hgt_map_clear(&d->ids);
	memcpy(d->commit, OID_NONE, sizeof(OID_NONE));
}

static int record_path(const struct hgt_definitions *d, struct hgt_buf *path)
{
	hgt_buf_addf(path, "%s/headgate/" HGT_TREE_DEFINITIONS, hgt_repo_path(d->tree->repo));
	return hgt_buf_check(path, d->err);
}

/* Take the record in; what does not add up is no record. */
static int parse(struct hgt_definitions *d, const char *p, const char *end)
{
	size_t head = sizeof(HEADER) - 1;

	if ((size_t)(end - p) < head + HGT_OID_HEX + 1 || memcmp(p, HEADER, head) != 0 || p[head + HGT_OID_HEX] != '\n')
		return 0;
	memcpy(d->commit, p + head, HGT_OID_HEX);
	for (p += head + HGT_OID_HEX + 1; p < end;) {
		const char *path = p + HGT_OID_HEX + 1, *nul = end - p > HGT_OID_HEX + 1 ? memchr(path, 0, (size_t)(end - path)) : NULL;
		bool good = nul && strspn(p, "0123456789abcdef") == HGT_OID_HEX;
		int code = good ? note(d, path, p) : 0;

		if (!good || code < 0) {
			forget(d);
			return code;
		}
		p = nul + 1;
	}
	if (!hgt_oid_is_valid(d->commit) || !hgt_repo_has(d->tree->repo, d->commit))
		forget(d);
	return 0;
}

static int read_record(struct hgt_definitions *d)
{
	struct hgt_buf path = HGT_BUF_INIT, text = HGT_BUF_INIT;
	int code = record_path(d, &path);

	/* One that cannot be read is as good as none. */
	if (code == 0 && hgt_read_file(path.data, RECORD_MAX, &text, NULL) == 0)
		code = parse(d, text.data, text.data + text.len);
	hgt_buf_release(&path);
	hgt_buf_release(&text);
	return code;
}

/* Whoever cannot write it looks again the next time. */
static int write_record(const struct hgt_definitions *d)
{
	struct hgt_buf path = HGT_BUF_INIT, text = HGT_BUF_INIT;
	const struct hgt_map_entry *entry;
	int code = record_path(d, &path);

	hgt_buf_addf(&text, HEADER "%s\n", d->commit);
	for (size_t pos = 0; (entry = hgt_map_next(&d->ids, &pos));) {
		hgt_buf_addf(&text, "%s ", (const char *)entry->value);
		hgt_buf_add(&text, entry->key, entry->key_len + 1);
	}
	if (code == 0)
		code = hgt_buf_check(&text, d->err);
	if (code == 0 && hgt_write_file(path.data, text.data, text.len, 0644, NULL) == HGT_ENOMEM)
		code = hgt_error_nomem(d->err);
	hgt_buf_release(&path);
	hgt_buf_release(&text);
	return code;
}

static int load(const struct hgt_tree_file *file, struct hgt_buf *out, struct hgt_error *err)
{
	struct hgt_definitions *d = file->ctx;

	hgt_buf_reset(out);
	return hgt_repo_blob(d->tree->repo, hgt_map_get(&d->ids, file->path, strlen(file->path)), file->size, out, err);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Show the files in the order of their paths: of two definitions of a kind the first counts. */
static int show_all(struct hgt_definitions *d, hgt_tree_file_cb each, void *each_ctx)
{
	const struct hgt_map_entry *entry;
	const char **paths = calloc(d->ids.len + 1, sizeof(*paths));
	size_t n = 0;
	int code = paths ? 0 : hgt_error_nomem(d->err);

	for (size_t pos = 0; paths && (entry = hgt_map_next(&d->ids, &pos));)
		paths[n++] = entry->key;
	if (n)
		qsort(paths, n, sizeof(*paths), by_path);
	for (size_t i = 0; i < n && code == 0; i++) {
		struct hgt_tree_file file = {.path = paths[i], .load = load, .ctx = d};

		if (!d->tree->class_of(d->tree->ctx, paths[i], &file.cls))
			continue;
		code = hgt_repo_blob_size(d->tree->repo, hgt_map_get(&d->ids, paths[i], strlen(paths[i])), &file.size, d->err);
		if (code == 0)
			code = each(each_ctx, &file);
	}
	free(paths);
	return code < 0 ? code : 0;
}

static void init(struct hgt_definitions *d)
{
	*d = (struct hgt_definitions){.commit = OID_NONE, .text = HGT_BUF_INIT};
}

static void release(struct hgt_definitions *d)
{
	hgt_map_release(&d->ids);
	hgt_arena_release(&d->arena);
	hgt_buf_release(&d->text);
}

int hgt_definitions_new(struct hgt_definitions **out, struct hgt_error *err)
{
	struct hgt_definitions *d = calloc(1, sizeof(*d));

	if (!d)
		return hgt_error_nomem(err);
	init(d);
	*out = d;
	return 0;
}

void hgt_definitions_free(struct hgt_definitions *d)
{
	if (!d)
		return;
	release(d);
	free(d);
}

/* Go on from the record, and renew it when that was much. */
static int go_on_from_record(struct hgt_definitions *d)
{
	const char *known = d->tree->known;
	int code = read_record(d);

	/* What a push brings may be gone when it is refused: the record is of a commit that stays. */
	if (code < 0 || hgt_oid_is_zero(known))
		return code;
	code = go_on_to(d, known);
	return code == 0 && !d->late && d->looked > FEW_BLOBS ? write_record(d) : code;
}

int hgt_tree_definitions(void *ctx, hgt_tree_file_cb each, void *each_ctx, struct hgt_error *err)
{
	const struct hgt_tree *tree = ctx;
	struct hgt_definitions own, *d = tree->definitions ? tree->definitions : &own;
	int code = 0;

	init(&own);
	d->tree = tree;
	d->err = err;
	d->looked = 0;
	d->late = false;
	if (d == &own)
		code = go_on_from_record(d);
	if (code == 0 && !d->late)
		code = go_on_to(d, tree->commit);
	if (code == 0)
		code = show_all(d, each, each_ctx);
	/* Those of no commit at all: the next call begins anew. */
	if (code < 0 || d->late)
		forget(d);
	release(&own);
	return code;
}
