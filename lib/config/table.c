/* Reading a config through its table. */
#include "config/table.h"

#include "base/escape.h"
#include "base/glob.h"
#include "base/io.h"

int reader_refuse(struct reader *r, const struct hgt_node *node, const char *fmt, ...)
{
	char message[HGT_ERROR_MESSAGE_MAX];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(message, sizeof(message), fmt, ap) < 0)
		message[0] = '\0';
	va_end(ap);
	return hgt_error_set(r->err, HGT_EPARSE, "%s:%u:%u: %s", r->path, node->line, node->column, message);
}

/* The text of a node for a message: escaped, cut at 60 bytes. Lives in the arena; "" when that is full. */
static const char *shown(struct reader *r, const struct hgt_node *node)
{
	struct hgt_buf buf = HGT_BUF_INIT;
	const char *text;

	hgt_escape_text(&buf, node->text, node->len < 60 ? node->len : 60);
	if (node->len > 60)
		hgt_buf_adds(&buf, "...");
	text = buf.failed ? NULL : hgt_arena_strndup(r->arena, buf.data, buf.len);
	hgt_buf_release(&buf);
	return text ? text : "";
}

static int read_string(struct reader *r, const struct hgt_node *node, const char **out)
{
	char *copy;

	if (node->type != HGT_NODE_STRING)
		return reader_refuse(r, node, "expected a string, got %s%s", hgt_node_type_name(node->type),
			node->type == HGT_NODE_SEQ || node->type == HGT_NODE_MAP ? "" : "; put it in quotes");
	if (!node->len)
		return reader_refuse(r, node, "must not be empty");
	for (size_t i = 0; i < node->len; i++)
		if ((unsigned char)node->text[i] < 0x20 || node->text[i] == 0x7f)
			return reader_refuse(r, node, "control characters are not allowed here");
	copy = hgt_arena_strndup(r->arena, node->text, node->len);
	if (!copy)
		return hgt_error_nomem(r->err);
	*out = copy;
	return 0;
}

int reader_read_strings(struct reader *r, const struct hgt_node *node, struct hgt_strings *out)
{
	struct hgt_strings list = {0};

	if (node->type != HGT_NODE_SEQ)
		return reader_refuse(r, node, "expected a list of strings, got %s", hgt_node_type_name(node->type));
	list.items = hgt_arena_array(r->arena, node->v.seq.n + 1, sizeof(*list.items));
	if (!list.items)
		return hgt_error_nomem(r->err);
	for (; list.n < node->v.seq.n; list.n++) {
		const char *s;
		int code = read_string(r, node->v.seq.items[list.n], &s);

		if (code < 0)
			return code;
		list.items[list.n] = (char *)s;
	}
	*out = list;
	return 0;
}

static int read_globs(struct reader *r, const struct hgt_node *node, struct hgt_strings *out)
{
	struct hgt_error why = {0};
	int code = reader_read_strings(r, node, out);

	for (size_t i = 0; code == 0 && i < out->n; i++)
		if (hgt_glob_check(out->items[i], &why) < 0)
			code = reader_refuse(r, node->v.seq.items[i], "%s", why.message);
	return code;
}

/* "10MiB" or "5m": a decimal number and one of the units. */
struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit size_units[] = {
	{"", 1}, {"B", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024}, {NULL, 0}};
static const struct unit time_units[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"", 1}, {NULL, 0}};

static int read_amount(struct reader *r, const struct hgt_node *node, const struct option *o, const struct unit *units,
	const char *example, uint64_t *out)
{
	size_t digits = strspn(node->text, "0123456789");
	char number[21] = "";
	uint64_t value = 0;

	if (digits > 0 && digits < sizeof(number)) {
		memcpy(number, node->text, digits);
		number[digits] = '\0';
	}
	while (units->name && strcmp(units->name, node->text + digits) != 0)
		units++;
	if (!units->name || hgt_parse_u64(number, UINT64_MAX / units->factor, &value) < 0)
		return reader_refuse(r, node, "expected an amount such as %s", example);
	value *= units->factor;
	if (value < o->min || value > o->max)
		return reader_refuse(r, node, "out of range: from %llu to %llu", (unsigned long long)o->min,
			(unsigned long long)o->max);
	*out = value;
	return 0;
}

static int read_section(struct reader *r, const struct hgt_node *node, const struct section *section, void *base);

static int read_list(struct reader *r, const struct hgt_node *node, const struct option *o, char *field)
{
	const struct section *section = o->section;
	size_t n;
	char *items;

	if (node->type != HGT_NODE_SEQ)
		return reader_refuse(r, node, "expected a list, got %s", hgt_node_type_name(node->type));
	n = node->v.seq.n;
	items = hgt_arena_array(r->arena, n + 1, section->size);
	if (!items)
		return hgt_error_nomem(r->err);
	for (size_t i = 0; i < n; i++) {
		int code = read_section(r, node->v.seq.items[i], section, items + i * section->size);

		if (code < 0)
			return code;
	}
	memcpy(field, &items, sizeof(items));
	memcpy(field + sizeof(items), &n, sizeof(n));
	return 0;
}

static int read_count(struct reader *r, const struct hgt_node *node, const struct option *o, unsigned *out)
{
	if (node->type != HGT_NODE_INT || node->is_unsigned || node->v.integer < 0)
		return reader_refuse(r, node, "expected a whole number, got %s", hgt_node_type_name(node->type));
	if ((uint64_t)node->v.integer < o->min || (uint64_t)node->v.integer > o->max)
		return reader_refuse(r, node, "out of range: from %llu to %llu", (unsigned long long)o->min,
			(unsigned long long)o->max);
	*out = (unsigned)node->v.integer;
	return 0;
}

const struct section *variant_find(const struct variant *variants, const char *word)
{
	for (; variants->word; variants++)
		if (strcmp(variants->word, word) == 0)
			return variants->section;
	return NULL;
}

/* The key that names the variant has been read, so its word is one of them. */
static int read_variant(struct reader *r, const struct hgt_node *node, const struct hgt_node *map, const struct option *o, void *base)
{
	const struct hgt_node *word = hgt_node_get(map, o->select);
	const struct section *section = word ? variant_find(o->variants, word->text) : NULL;
	const struct hgt_node nothing = {.type = HGT_NODE_MAP, .line = map->line, .column = map->column, .text = ""};

	/* What is left out may still have to say something, and has defaults. */
	if (!node)
		node = &nothing;
	return section ? read_section(r, node, section, base) : reader_refuse(r, node, "%s says nothing without %s", o->key, o->select);
}

/* The value of an option of the map. */
static int read_option(struct reader *r, const struct hgt_node *node, const struct hgt_node *map, const struct option *o, char *base)
{
	void *field = base + o->offset;
	uint64_t amount;
	int code;

	switch (o->type) {
	case OPTION_STRING:
		return read_string(r, node, field);
	case OPTION_PATH:
		code = read_string(r, node, field);
		if (code == 0 && node->text[0] != '/')
			code = reader_refuse(r, node, "expected an absolute path, got \"%s\"", shown(r, node));
		return code;
	case OPTION_BOOL:
		if (node->type != HGT_NODE_BOOL)
			return reader_refuse(r, node, "expected true or false, got %s", hgt_node_type_name(node->type));
		*(bool *)field = node->v.boolean;
		return 0;
	case OPTION_COUNT:
		return read_count(r, node, o, field);
	case OPTION_SIZE:
		return read_amount(r, node, o, size_units, "512KiB or 10MiB", field);
	case OPTION_SECONDS:
		code = read_amount(r, node, o, time_units, "30s, 5m or 1h", &amount);
		if (code == 0)
			*(uint32_t *)field = (uint32_t)amount;
		return code;
	case OPTION_STRINGS:
		return reader_read_strings(r, node, field);
	case OPTION_GLOBS:
		return read_globs(r, node, field);
	case OPTION_SECTION:
		return read_section(r, node, o->section, field);
	case OPTION_LIST:
		return read_list(r, node, o, field);
	case OPTION_CUSTOM:
		return o->parse(r, node, field);
	case OPTION_VARIANT:
		return read_variant(r, node, map, o, field);
	case OPTION_LATER:
		return reader_refuse(r, node, "%s: this version does not have it yet; take the key out", o->key);
	}
	return HGT_EINVAL;
}

/* The edit distance of two short words, bounded: what is longer than 31 bytes is no typing error of a key. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[32];
	size_t n = strlen(b);

	if (n > 31 || strlen(a) > 31)
		return 99;
	for (unsigned j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned i = 1; a[i - 1]; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n];
}

static int refuse_unknown(struct reader *r, const struct hgt_node *key, const struct section *section)
{
	const struct option *nearest = NULL;
	unsigned least = 3;

	for (size_t i = 0; i < section->n; i++) {
		unsigned d = distance(key->text, section->options[i].key);

		if (d < least) {
			least = d;
			nearest = &section->options[i];
		}
	}
	if (nearest)
		return reader_refuse(r, key, "unknown key \"%s\"; did you mean \"%s\"?", shown(r, key), nearest->key);
	return reader_refuse(r, key, "unknown key \"%s\" in %s", shown(r, key), section->name);
}

static int read_fallback(struct reader *r, const struct hgt_node *map, const struct option *o, char *base)
{
	struct hgt_doc_set set;
	int code;

	hgt_doc_set_init(&set);
	code = hgt_yaml_parse(o->fallback, strlen(o->fallback), &hgt_doc_default_limits, &set, r->err);
	if (code == 0 && (set.n_docs != 1 || set.n_problems))
		code = reader_refuse(r, map, "the default of %s does not parse", o->key);
	if (code == 0)
		code = read_option(r, set.docs[0].root, map, o, base);
	hgt_doc_set_release(&set);
	return code;
}

static int read_section(struct reader *r, const struct hgt_node *node, const struct section *section, void *base)
{
	if (node->type != HGT_NODE_MAP)
		return reader_refuse(r, node, "expected %s to be a map, got %s", section->name, hgt_node_type_name(node->type));
	if (section->line_offset != SIZE_MAX)
		*(uint32_t *)((char *)base + section->line_offset) = node->line;
	for (size_t i = 0; i < node->v.map.n; i++) {
		const struct hgt_node *key = node->v.map.pairs[i].key;
		size_t known = 0;

		while (known < section->n && strcmp(section->options[known].key, key->text) != 0)
			known++;
		if (known == section->n)
			return refuse_unknown(r, key, section);
	}
	for (size_t i = 0; i < section->n; i++) {
		const struct option *o = &section->options[i];
		const struct hgt_node *value = hgt_node_get(node, o->key);
		int code = 0;

		if (value)
			code = read_option(r, value, node, o, base);
		else if (o->type == OPTION_VARIANT)
			code = read_variant(r, NULL, node, o, base);
		else if (o->required)
			code = reader_refuse(r, node, "%s needs the key \"%s\"", section->name, o->key);
		else if (o->fallback)
			code = read_fallback(r, node, o, base);
		if (code < 0)
			return code;
	}
	return section->complete ? section->complete(r, node, base) : 0;
}

static int read_text(struct reader *r, const char *text, size_t len, const struct section *section, void *base)
{
	static const struct hgt_node nothing = {.type = HGT_NODE_MAP, .line = 1, .column = 1, .text = ""};
	struct hgt_doc_limits limits = hgt_doc_default_limits;
	struct hgt_doc_set set;
	int code;

	limits.bytes = 1024 * 1024;
	hgt_doc_set_init(&set);
	code = hgt_yaml_parse(text, len, &limits, &set, r->err);
	if (code < 0)
		goto out;
	if (set.n_problems) {
		const struct hgt_problem *p = &set.problems[0];

		code = hgt_error_set(r->err, HGT_EPARSE, "%s:%u:%u: %s%s%s", r->path, p->line, p->column, p->message,
			p->hint ? "; " : "", p->hint ? p->hint : "");
	} else if (set.n_docs > 1) {
		code = hgt_error_set(r->err, HGT_EPARSE, "%s:%u:1: a config is one YAML document, this begins a second",
			r->path, set.docs[1].line);
	} else {
		const struct hgt_node *root = set.n_docs && set.docs[0].root ? set.docs[0].root : &nothing;

		code = read_section(r, root, section, base);
	}
out:
	hgt_doc_set_release(&set);
	return code;
}

int config_parse(const struct section *section, const char *text, size_t len, const char *path, void *out, struct hgt_error *err)
{
	struct config_head *head = calloc(1, section->size);
	struct reader reader = {.path = path, .err = err};
	int code;

	if (!head)
		return hgt_error_nomem(err);
	reader.arena = &head->arena;
	head->path = hgt_arena_strndup(&head->arena, path, strlen(path));
	code = head->path ? read_text(&reader, text, len, section, head) : hgt_error_nomem(err);
	if (code < 0)
		config_free(head);
	else
		memcpy(out, &head, sizeof(head));
	return code;
}

int config_load(const struct section *section, const char *path, void *out, struct hgt_error *err)
{
	struct hgt_buf text = HGT_BUF_INIT;
	int code = hgt_read_file(path, 1024 * 1024, &text, err);

	if (code == 0)
		code = config_parse(section, text.data, text.len, path, out, err);
	hgt_buf_release(&text);
	return code;
}

void config_free(void *config)
{
	struct config_head *head = config;

	if (!head)
		return;
	hgt_arena_release(&head->arena);
	free(head);
}
