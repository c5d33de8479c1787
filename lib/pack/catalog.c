/* Packs in order, and what is in them. */
#include "pack/catalog.h"

#include "pack/place.h"

struct part {
	struct hgt_pack *pack;		/* or NULL: an image in memory */
	char *name;
	struct hgt_buf bytes;
	struct hgt_image image;
	struct hgt_image *at;		/* pack's or image */
};

struct hgt_catalog {
	struct part **parts;
	size_t n;
};

int hgt_catalog_new(struct hgt_catalog **out, struct hgt_error *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : hgt_error_nomem(err);
}

static void free_part(struct part *part)
{
	if (!part)
		return;
	hgt_pack_close(part->pack);
	hgt_buf_release(&part->bytes);
	free(part->name);
	free(part);
}

void hgt_catalog_free(struct hgt_catalog *catalog)
{
	if (!catalog)
		return;
	for (size_t i = 0; i < catalog->n; i++)
		free_part(catalog->parts[i]);
	free(catalog->parts);
	free(catalog);
}

static int add_part(struct hgt_catalog *catalog, struct part *part, struct hgt_error *err)
{
	struct part **grown = reallocarray(catalog->parts, catalog->n + 1, sizeof(*grown));

	if (!grown)
		return hgt_error_nomem(err);
	catalog->parts = grown;
	catalog->parts[catalog->n++] = part;
	return 0;
}

int hgt_catalog_add(struct hgt_catalog *catalog, struct hgt_pack *pack, struct hgt_error *err)
{
	struct part *part = calloc(1, sizeof(*part));

	if (!part) {
		hgt_pack_close(pack);
		return hgt_error_nomem(err);
	}
	hgt_buf_init(&part->bytes);
	part->pack = pack;
	part->at = &pack->image;
	if (add_part(catalog, part, err) == 0)
		return 0;
	free_part(part);
	return HGT_ENOMEM;
}

int hgt_catalog_add_image(struct hgt_catalog *catalog, const char *name, struct hgt_buf *image, struct hgt_error *err)
{
	struct part *part = calloc(1, sizeof(*part));
	int code;

	if (!part)
		return hgt_error_nomem(err);
	part->bytes = *image;
	hgt_buf_init(image);
	part->at = &part->image;
	part->name = strdup(name);
	code = part->name ? hgt_image_open(&part->image, part->bytes.data, part->bytes.len, err) : hgt_error_nomem(err);
	if (code == 0)
		code = add_part(catalog, part, err);
	if (code)
		free_part(part);
	return code;
}

int hgt_catalog_load(struct hgt_catalog *catalog, const char *name, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	struct hgt_pack *pack;
	int code = hgt_pack_locate(name, &path, err);

	if (code == 0)
		code = hgt_pack_open(path.data, &pack, err);
	if (code == 0)
		code = hgt_catalog_add(catalog, pack, err);
	hgt_buf_release(&path);
	return code;
}

size_t hgt_catalog_count(const struct hgt_catalog *catalog)
{
	return catalog->n;
}

const struct hgt_image *hgt_catalog_image(const struct hgt_catalog *catalog, size_t i)
{
	return catalog->parts[i]->at;
}

const char *hgt_catalog_name(const struct hgt_catalog *catalog, size_t i)
{
	return catalog->parts[i]->pack ? catalog->parts[i]->pack->name : catalog->parts[i]->name;
}

static int find_exactly(const struct hgt_catalog *catalog, const char *name, struct hgt_catalog_hit *hit,
	struct hgt_error *err)
{
	int code = HGT_ENOENT;

	for (size_t i = 0; i < catalog->n && code == HGT_ENOENT; i++) {
		struct hgt_catalog_hit found = {.image = catalog->parts[i]->at, .pack = i};

		/* That it is not in this one is no error to be put into words. */
		code = hgt_image_find(found.image, name, &found.schema, &found.flags, NULL);
		if (code == 0)
			*hit = found;
		else if (code != HGT_ENOENT)
			code = hgt_image_find(found.image, name, &found.schema, &found.flags, err);
	}
	return code;
}

int hgt_catalog_find(const struct hgt_catalog *catalog, const char *api_version, const char *kind, struct hgt_catalog_hit *hit,
	struct hgt_error *err)
{
	struct hgt_buf name = HGT_BUF_INIT;
	size_t kind_at = strlen(api_version) + 1;
	int code;

	hgt_buf_adds(&name, api_version);
	hgt_buf_addc(&name, '/');
	hgt_buf_adds(&name, kind);
	code = hgt_buf_check(&name, err);
	if (code == 0)
		code = find_exactly(catalog, name.data, hit, err);
	if (code == HGT_ENOENT) {
		for (size_t i = kind_at; i < name.len; i++)
			if (name.data[i] >= 'A' && name.data[i] <= 'Z')
				name.data[i] = (char)(name.data[i] - 'A' + 'a');
		code = find_exactly(catalog, name.data, hit, err);
	}
	if (code == HGT_ENOENT)
		hgt_error_set(err, HGT_ENOENT, "no pack has a schema for %s of %s", kind, api_version);
	hgt_buf_release(&name);
	return code;
}

bool hgt_catalog_next(const struct hgt_catalog *catalog, struct hgt_catalog_pos *pos, struct hgt_catalog_kind *kind)
{
	while (pos->pack < catalog->n) {
		const struct hgt_image *image = catalog->parts[pos->pack]->at;
		const char *name, *last, *first;

		if (pos->entry >= image->n_entries) {
			pos->pack++;
			pos->entry = 0;
			continue;
		}
		name = hgt_image_entry(image, pos->entry++);
		last = name ? strrchr(name, '/') : NULL;
		/* What is named otherwise is no kind. */
		if (!last)
			continue;
		first = memchr(name, '/', (size_t)(last - name));
		*kind = (struct hgt_catalog_kind){
			.name = name, .kind = last + 1, .pack = pos->pack, .api_version_len = (size_t)(last - name),
			.group_len = first ? (size_t)(first - name) : 0,
		};
		return true;
	}
	return false;
}

struct names {
	struct name {
		const char *text;
		size_t len;
	} *list;
	size_t n, cap;
};

static int order_names(const void *a, const void *b)
{
	const struct name *x = a, *y = b;
	int order = memcmp(x->text, y->text, x->len < y->len ? x->len : y->len);

	return order ? order : (x->len > y->len) - (x->len < y->len);
}

static int keep(struct names *names, const char *text, size_t len, struct hgt_error *err)
{
	if (names->n == names->cap) {
		size_t cap = names->cap ? names->cap * 2 : 64;
		void *grown = reallocarray(names->list, cap, sizeof(*names->list));

		if (!grown)
			return hgt_error_nomem(err);
		names->list = grown;
		names->cap = cap;
	}
	names->list[names->n].text = text;
	names->list[names->n++].len = len;
	return 0;
}

/* Frees the names; returns how many were added. */
static int add_names(struct names *names, size_t max, struct hgt_buf *out, int code, struct hgt_error *err)
{
	size_t added = 0;

	if (names->n)
		qsort(names->list, names->n, sizeof(*names->list), order_names);
	for (size_t i = 0; i < names->n && added < max && code == 0; i++) {
		if (i && order_names(&names->list[i - 1], &names->list[i]) == 0)
			continue;
		if (added++)
			hgt_buf_adds(out, ", ");
		hgt_buf_add(out, names->list[i].text, names->list[i].len);
		code = hgt_buf_check(out, err);
	}
	free(names->list);
	return code ? code : (int)added;
}

static size_t group_len_of(const char *api_version)
{
	const char *slash = strchr(api_version, '/');

	return slash ? (size_t)(slash - api_version) : 0;
}

static bool is_of_group(const struct hgt_catalog_kind *kind, const char *group, size_t len)
{
	return kind->group_len == len && memcmp(kind->name, group, len) == 0;
}

static int served_by(const struct hgt_catalog *catalog, const char *api_version, const char *kind, bool same_group,
	struct names *names, struct hgt_error *err)
{
	size_t group_len = group_len_of(api_version);
	struct hgt_catalog_pos pos = {0};
	struct hgt_catalog_kind found;
	int code = 0;

	while (code == 0 && hgt_catalog_next(catalog, &pos, &found))
		if (strcmp(found.kind, kind) == 0 && (!same_group || is_of_group(&found, api_version, group_len)))
			code = keep(names, found.name, found.api_version_len, err);
	return code;
}

int hgt_catalog_served(const struct hgt_catalog *catalog, const char *api_version, const char *kind, size_t max,
	struct hgt_buf *out, struct hgt_error *err)
{
	struct names names = {0};
	int code = served_by(catalog, api_version, kind, true, &names, err);

	if (code == 0 && names.n == 0)
		code = served_by(catalog, api_version, kind, false, &names, err);
	return add_names(&names, max, out, code, err);
}

int hgt_catalog_kinds(const struct hgt_catalog *catalog, const char *api_version, size_t max, struct hgt_buf *out,
	struct hgt_error *err)
{
	size_t len = strlen(api_version);
	struct hgt_catalog_pos pos = {0};
	struct hgt_catalog_kind found;
	struct names names = {0};
	int code = 0;

	while (code == 0 && hgt_catalog_next(catalog, &pos, &found))
		if (found.api_version_len == len && memcmp(found.name, api_version, len) == 0)
			code = keep(&names, found.kind, strlen(found.kind), err);
	return add_names(&names, max, out, code, err);
}

bool hgt_catalog_has_group(const struct hgt_catalog *catalog, const char *group, size_t len)
{
	struct hgt_catalog_pos pos = {0};
	struct hgt_catalog_kind found;

	while (hgt_catalog_next(catalog, &pos, &found))
		if (is_of_group(&found, group, len))
			return true;
	return false;
}
