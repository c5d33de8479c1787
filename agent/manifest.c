/* The list of what a target holds because of us. */
#include "agent/manifest.h"

#include <inttypes.h>

#include "base/io.h"

#define FILE_MAX (1024ULL * 1024 * 1024)
#define HEADER "headgate-files 1\n"
#define HEX (2 * HGT_SHA256_SIZE)

static const char kinds[] = "fxldDse";

bool manifest_is_folder(enum manifest_kind kind)
{
	return kind == MANIFEST_FOLDER || kind == MANIFEST_FOLDER_FOUND || kind == MANIFEST_FOLDER_STALE;
}

enum manifest_kind manifest_stale(enum manifest_kind kind)
{
	return manifest_is_folder(kind) ? MANIFEST_FOLDER_STALE : MANIFEST_STALE;
}

void manifest_release(struct manifest *m)
{
	hgt_map_release(&m->by_path);
	free(m->items);
	hgt_arena_release(&m->arena);
	*m = (struct manifest)MANIFEST_INIT;
}

struct manifest_entry *manifest_find(const struct manifest *m, const char *path, size_t len)
{
	return hgt_map_get(&m->by_path, path, len);
}

static int grow(struct manifest *m, struct hgt_error *err)
{
	size_t cap = m->cap ? 2 * m->cap : 64;
	struct manifest_entry **items;

	if (m->n < m->cap)
		return 0;
	items = reallocarray(m->items, cap, sizeof(struct manifest_entry *));
	if (!items)
		return hgt_error_nomem(err);
	m->items = items;
	m->cap = cap;
	return 0;
}

bool manifest_stamp_is_equal(const struct manifest_stamp *a, const struct manifest_stamp *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size && a->mtime == b->mtime && a->ctime == b->ctime;
}

bool manifest_stamp_is_known(const struct manifest_stamp *stamp)
{
	static const struct manifest_stamp none;

	return !manifest_stamp_is_equal(stamp, &none);
}

int manifest_add(struct manifest *m, enum manifest_kind kind, const char *path, size_t len,
	const unsigned char digest[HGT_SHA256_SIZE], const struct manifest_stamp *stamp, struct hgt_error *err)
{
	struct manifest_entry *entry;
	int code = grow(m, err);

	if (code < 0)
		return code;
	if (manifest_find(m, path, len))
		return hgt_error_set(err, HGT_ECORRUPT, "%s is listed twice", path);
	entry = hgt_arena_alloc(&m->arena, sizeof(*entry));
	if (!entry)
		return hgt_error_nomem(err);
	entry->kind = kind;
	entry->path = hgt_arena_strndup(&m->arena, path, len);
	if (!entry->path)
		return hgt_error_nomem(err);
	memcpy(entry->digest, digest, HGT_SHA256_SIZE);
	if (stamp)
		entry->stamp = *stamp;
	if (hgt_map_put(&m->by_path, entry->path, len, entry, NULL) < 0)
		return hgt_error_nomem(err);
	m->items[m->n++] = entry;
	return 0;
}

static int by_path(const void *a, const void *b)
{
	const struct manifest_entry *const *x = a, *const *y = b;

	return strcmp((*x)->path, (*y)->path);
}

void manifest_sort(struct manifest *m)
{
	if (m->n > 0)
		qsort(m->items, m->n, sizeof(struct manifest_entry *), by_path);
}

static int hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse_digest(const char *hex, unsigned char out[HGT_SHA256_SIZE])
{
	for (size_t i = 0; i < HGT_SHA256_SIZE; i++) {
		int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return HGT_EPARSE;
		out[i] = (unsigned char)(high << 4 | low);
	}
	return 0;
}

/* A number in hexadecimal, ended by `end`, which is passed over. */
static int take_number(const char **text, char end, uint64_t *out)
{
	const char *p = *text;
	uint64_t value = 0;

	while (hex_value(*p) >= 0 && p - *text < 16)
		value = value << 4 | (uint64_t)hex_value(*p++);
	if (p == *text || *p != end)
		return HGT_EPARSE;
	*text = p + 1;
	*out = value;
	return 0;
}

/* A stamp and the space behind it. */
static int take_stamp(const char **text, struct manifest_stamp *stamp)
{
	if (strncmp(*text, "- ", 2) == 0) {
		*text += 2;
		return 0;
	}
	return take_number(text, '.', &stamp->device) < 0 || take_number(text, '.', &stamp->inode) < 0 ||
		take_number(text, '.', &stamp->size) < 0 || take_number(text, '.', &stamp->mtime) < 0 ||
		take_number(text, ' ', &stamp->ctime) < 0 ? HGT_EPARSE : 0;
}

/* One record without its NUL: 1 for the last. */
static int take_record(struct manifest *m, const char *record, size_t len, struct hgt_error *err)
{
	unsigned char digest[HGT_SHA256_SIZE];
	struct manifest_stamp stamp = {0};
	const char *path = record + 3 + HEX;
	uint64_t n;

	if (len > 4 && memcmp(record, "end ", 4) == 0)
		return hgt_parse_u64(record + 4, SIZE_MAX, &n) == 0 && n == m->n ? 1 : HGT_ECORRUPT;
	if (len > 5 && memcmp(record, "tree ", 5) == 0 && m->n == 0 && !*m->tree && len - 5 < sizeof(m->tree)) {
		memcpy(m->tree, record + 5, len - 5);
		return hgt_oid_is_valid(m->tree) ? 0 : HGT_ECORRUPT;
	}
	if (len <= 3 + HEX || !strchr(kinds, record[0]) || record[1] != ' ' || record[2 + HEX] != ' ' ||
		parse_digest(record + 2, digest) < 0 || take_stamp(&path, &stamp) < 0 || *path == '\0')
		return HGT_ECORRUPT;
	return manifest_add(m, (enum manifest_kind)record[0], path, len - (size_t)(path - record), digest, &stamp, err);
}

int manifest_load(struct manifest *m, const char *file, struct hgt_error *err)
{
	struct hgt_buf text = HGT_BUF_INIT;
	const char *p, *end;
	int code = hgt_read_file(file, FILE_MAX, &text, err);

	if (code < 0) {
		hgt_buf_release(&text);
		return code == HGT_ENOENT ? 0 : code;
	}
	end = text.data + text.len;
	p = text.data + strlen(HEADER);
	code = strncmp(text.data, HEADER, strlen(HEADER)) == 0 ? 0 : HGT_ECORRUPT;
	while (code == 0) {
		const char *nul = memchr(p, 0, (size_t)(end - p));

		code = nul ? take_record(m, p, (size_t)(nul - p), err) : HGT_ECORRUPT;
		p = nul ? nul + 1 : end;
	}
	if (code > 0)
		code = p == end ? 0 : HGT_ECORRUPT;
	if (code == HGT_ECORRUPT)
		code = hgt_error_set(err, HGT_ECORRUPT, "%s is damaged: it is not as the agent wrote it", file);
	hgt_buf_release(&text);
	if (code == 0)
		manifest_sort(m);
	return code;
}

int manifest_save(const struct manifest *m, const char *file, struct hgt_error *err)
{
	struct hgt_buf text = HGT_BUF_INIT;
	int code;

	hgt_buf_adds(&text, HEADER);
	if (*m->tree) {
		hgt_buf_addf(&text, "tree %s", m->tree);
		hgt_buf_addc(&text, '\0');
	}
	for (size_t i = 0; i < m->n; i++) {
		const struct manifest_entry *entry = m->items[i];
		const struct manifest_stamp *s = &entry->stamp;
		char hex[HGT_SHA256_HEX];

		hgt_hex(entry->digest, HGT_SHA256_SIZE, hex);
		hgt_buf_addf(&text, "%c %s ", (char)entry->kind, hex);
		if (manifest_stamp_is_known(s))
			hgt_buf_addf(&text, "%" PRIx64 ".%" PRIx64 ".%" PRIx64 ".%" PRIx64 ".%" PRIx64 " ", s->device, s->inode, s->size,
				s->mtime, s->ctime);
		else
			hgt_buf_adds(&text, "- ");
		hgt_buf_add(&text, entry->path, strlen(entry->path) + 1);
	}
	hgt_buf_addf(&text, "end %zu", m->n);
	hgt_buf_addc(&text, '\0');
	code = hgt_buf_check(&text, err);
	if (code == 0)
		code = hgt_rewrite_file(file, text.data, text.len, 0600, err);
	hgt_buf_release(&text);
	return code;
}
