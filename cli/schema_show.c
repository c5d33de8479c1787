/* headgate schema show: the fields of a kind as a tree. */
#include <getopt.h>

#include "base/escape.h"
#include "base/io.h"
#include "check/nearest.h"
#include "cli/schema.h"
#include "cli/terminal.h"
#include "headgate/protocol.h"
#include "schema/describe.h"

static const char usage[] =
	"usage: headgate schema show [--pack PACK]... [--depth N] [--json] KIND[.FIELD...]\n"
	"\n"
	"The fields of a KIND as a tree, or what is below one of them: Deployment, apps/v1/Deployment.spec.template.\n"
	"Lists are stepped through; * stands for the members of a map.\n"
	"\n"
	"      --pack PACK   look there, a name or a path with a slash in it; else in all packs that list shows, of\n"
	"                    Kubernetes' own in the newest\n"
	"      --depth N     levels of fields to show; the default is 2, 0 is all\n"
	"      --json        as JSON\n"
	"  -h, --help        print this\n"
	"\n"
	"Exit status: 0 shown, 1 there is no such kind or field, 2 could not tell.\n";

enum {
	DEPTH = 2,
	DEPTH_MAX = 64,		/* of what --depth 0 shows, where a schema does not come round again */
	LINES_MAX = 200 * 1000,
};

struct options {
	char *packs[32];
	size_t n_packs;
	unsigned depth;
	bool json;
};

/* The tree as it is shown. */
struct tree {
	struct hgt_describer *describer;
	struct hgt_buf out;
	struct hgt_json json;
	bool as_json;
	unsigned depth;			/* levels to show */
	uint32_t above[DEPTH_MAX + 1];	/* the schemas on the way to the one in hand */
	size_t n_above, lines;
	struct hgt_error *err;
};

/* -1 to go on, else the exit status to end with. */
static int read_options(int argc, char **argv, struct options *o)
{
	enum { OPT_PACK = 256, OPT_DEPTH, OPT_JSON };
	static const struct option longs[] = {
		{"pack", required_argument, NULL, OPT_PACK}, {"depth", required_argument, NULL, OPT_DEPTH},
		{"json", no_argument, NULL, OPT_JSON}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0},
	};
	uint64_t depth;
	int c;

	o->depth = DEPTH;
	opterr = 0;
	optind = 0;
	while ((c = getopt_long(argc, argv, ":h", longs, NULL)) >= 0) {
		switch (c) {
		case OPT_PACK:
			if (o->n_packs == sizeof(o->packs) / sizeof(o->packs[0]))
				return terminal_usage_error("schema", "too many --pack", NULL);
			o->packs[o->n_packs++] = optarg;
			break;
		case OPT_DEPTH:
			if (hgt_parse_u64(optarg, DEPTH_MAX, &depth) < 0)
				return terminal_usage_error("schema", "--depth is a number from 0 to 64, not", optarg);
			o->depth = depth ? (unsigned)depth : DEPTH_MAX;
			break;
		case OPT_JSON:
			o->json = true;
			break;
		case 'h':
			return terminal_print(usage);
		default:
			return terminal_option_error("schema", c, argv[optind - 1]);
		}
	}
	if (optind + 1 != argc)
		return terminal_usage_error("schema", optind < argc ? "one kind at a time, not also" : "show needs a KIND",
			optind < argc ? argv[optind + 1] : NULL);
	return -1;
}

/* Through lists to what is in them. */
static int describe_through(struct hgt_describer *d, uint32_t schema, struct hgt_description *out, unsigned *lists,
	struct hgt_error *err)
{
	int code = hgt_describe(d, schema, out, err);

	*lists = 0;
	while (code == 0 && !out->n_fields && out->items && *lists < 8) {
		uint32_t items = out->items - 1;

		hgt_description_release(out);
		code = hgt_describe(d, items, out, err);
		++*lists;
	}
	return code;
}

/* The schema of a field below another: 1 when there is one. */
static int step(struct hgt_describer *d, uint32_t *schema, bool *required, const char *name, size_t len, struct hgt_error *err)
{
	struct hgt_description it;
	unsigned lists;
	int code = describe_through(d, *schema, &it, &lists, err), found = 0;

	if (code)
		return code;
	for (size_t i = 0; i < it.n_fields && !found; i++)
		if (it.fields[i].len == len && memcmp(it.fields[i].name, name, len) == 0) {
			*schema = it.fields[i].schema;
			*required = it.fields[i].required;
			found = 1;
		}
	if (!found && len == 1 && *name == '*' && it.others) {
		*schema = it.others - 1;
		*required = false;
		found = 1;
	}
	hgt_description_release(&it);
	return found;
}

static bool comes_round(const struct tree *t, uint32_t schema)
{
	for (size_t i = 0; i < t->n_above; i++)
		if (t->above[i] == schema)
			return true;
	return false;
}

/* What a field is, in words: "list of object", "map of string"; whether what is in the list or map comes round. */
static int type_name(struct tree *t, const struct hgt_description *it, struct hgt_buf *out, bool *round)
{
	struct hgt_description inner;
	uint32_t next;
	int code = 0;

	if (it->types == HGT_TYPE_ARRAY && it->items) {
		hgt_buf_adds(out, "list of ");
		next = it->items - 1;
	} else if (it->types == HGT_TYPE_OBJECT && !it->n_fields && it->others) {
		hgt_buf_adds(out, "map of ");
		next = it->others - 1;
	} else {
		hgt_description_types(it, out);
		return 0;
	}
	code = hgt_describe(t->describer, next, &inner, t->err);
	if (code)
		return code;
	hgt_description_types(&inner, out);
	*round |= comes_round(t, inner.self);
	hgt_description_release(&inner);
	return 0;
}

static int show_below(struct tree *t, const struct hgt_description *it, unsigned level);

/* The facts of a value and of the items right below it. */
static int add_facts(struct tree *t, const struct hgt_description *it)
{
	struct hgt_description inner;
	int code;

	for (size_t i = 0; i < it->n_facts; i++) {
		hgt_buf_adds(&t->out, i ? "; " : "  ");
		hgt_fact_text(t->describer, &it->facts[i], &t->out);
	}
	if (!it->items)
		return 0;
	code = hgt_describe(t->describer, it->items - 1, &inner, t->err);
	for (size_t i = 0; code == 0 && i < inner.n_facts; i++) {
		hgt_buf_adds(&t->out, i ? "; " : it->n_facts ? "; each: " : "  each: ");
		hgt_fact_text(t->describer, &inner.facts[i], &t->out);
	}
	if (code == 0)
		hgt_description_release(&inner);
	return code;
}

static int show_line(struct tree *t, const struct hgt_description *it, const char *name, size_t len, bool required, bool round,
	unsigned level, int width)
{
	struct hgt_buf shown = HGT_BUF_INIT;
	int code;

	hgt_escape_text(&shown, name, len);
	hgt_buf_addf(&t->out, "%*s%-*s  ", 2 * (int)level, "", width, shown.data);
	hgt_buf_release(&shown);
	code = type_name(t, it, &t->out, &round);
	if (code)
		return code;
	hgt_buf_adds(&t->out, required ? ", required" : "");
	hgt_buf_adds(&t->out, round ? ", as above" : "");
	code = add_facts(t, it);
	hgt_buf_addc(&t->out, '\n');
	return code;
}

static int show_json(struct tree *t, const struct hgt_description *it, bool required, bool round, unsigned level)
{
	int code = 0;

	hgt_json_key(&t->json, "type");
	hgt_json_begin_array(&t->json);
	for (int type = HGT_NODE_NULL; type <= HGT_NODE_MAP; type++)
		if (it->types & 1u << type)
			hgt_json_string(&t->json, hgt_node_type_name((enum hgt_node_type)type));
	hgt_json_end_array(&t->json);
	hgt_json_key_bool(&t->json, "required", required);
	if (round)
		hgt_json_key_bool(&t->json, "recursive", true);
	for (size_t i = 0; i < it->n_facts; i++)
		hgt_fact_json(t->describer, &it->facts[i], &t->json);
	if (!round && level < t->depth)
		code = show_below(t, it, level);
	return code;
}

/* One value: a line of the tree and what is below it, or the members of an open JSON object. */
static int show_value(struct tree *t, uint32_t schema, const char *name, size_t len, bool required, unsigned level, int width)
{
	struct hgt_description it;
	bool round;
	int code;

	if (++t->lines > LINES_MAX)
		return hgt_error_set(t->err, HGT_ELIMIT, "the tree has more than %d fields; --depth shows less", LINES_MAX);
	code = hgt_describe(t->describer, schema, &it, t->err);
	if (code)
		return code;
	round = comes_round(t, it.self);
	if (t->n_above <= DEPTH_MAX)
		t->above[t->n_above] = it.self;
	t->n_above++;
	if (t->as_json)
		code = show_json(t, &it, required, round, level);
	else
		code = show_line(t, &it, name, len, required, round, level, width);
	if (code == 0 && !t->as_json && !round && level < t->depth)
		code = show_below(t, &it, level);
	t->n_above--;
	hgt_description_release(&it);
	return code;
}

static int show_fields(struct tree *t, const struct hgt_description *it, unsigned level)
{
	int width = 0, code = 0;

	for (size_t i = 0; i < it->n_fields; i++)
		if ((int)it->fields[i].len > width && it->fields[i].len < 40)
			width = (int)it->fields[i].len;
	if (t->as_json) {
		hgt_json_key(&t->json, "fields");
		hgt_json_begin_object(&t->json);
	}
	for (size_t i = 0; i < it->n_fields && code == 0; i++) {
		const struct hgt_field *field = &it->fields[i];

		if (t->as_json) {
			hgt_json_key_len(&t->json, field->name, field->len);
			hgt_json_begin_object(&t->json);
		}
		code = show_value(t, field->schema, field->name, field->len, field->required, level + 1, width);
		if (t->as_json)
			hgt_json_end_object(&t->json);
	}
	if (t->as_json)
		hgt_json_end_object(&t->json);
	return code;
}

static int show_inner(struct tree *t, const char *key, uint32_t schema, unsigned level)
{
	int code;

	if (!t->as_json) {
		struct hgt_description it;

		/* What is in a list or map has no line of its own: its type has been told with it. */
		code = hgt_describe(t->describer, schema, &it, t->err);
		if (code)
			return code;
		if (!comes_round(t, it.self) && t->n_above <= DEPTH_MAX) {
			t->above[t->n_above++] = it.self;
			code = show_below(t, &it, level);
			t->n_above--;
		}
		hgt_description_release(&it);
		return code;
	}
	hgt_json_key(&t->json, key);
	hgt_json_begin_object(&t->json);
	code = show_value(t, schema, "", 0, false, level, 0);
	hgt_json_end_object(&t->json);
	return code;
}

/* What is below a value that is on level `level`. */
static int show_below(struct tree *t, const struct hgt_description *it, unsigned level)
{
	int code = 0;

	if (t->n_above > DEPTH_MAX)
		return 0;
	if (it->n_fields)
		code = show_fields(t, it, level);
	if (code == 0 && it->items)
		code = show_inner(t, "items", it->items - 1, level);
	if (code == 0 && it->others)
		code = show_inner(t, "others", it->others - 1, level);
	return code;
}

static const char *scope_name(uint32_t flags)
{
	return flags & HGT_KIND_NAMESPACED ? "namespaced" : flags & HGT_KIND_CLUSTER ? "cluster" : NULL;
}

static int show(struct tree *t, const struct hgt_catalog_kind *kind, const char *pack, uint32_t flags, const char *path,
	uint32_t schema, bool required)
{
	const char *scope = scope_name(flags);
	int code;

	if (t->as_json) {
		hgt_json_begin_object(&t->json);
		hgt_json_key_string(&t->json, "kind", kind->kind);
		hgt_json_key(&t->json, "apiVersion");
		hgt_json_string_len(&t->json, kind->name, kind->api_version_len);
		hgt_json_key_string(&t->json, "pack", pack);
		hgt_json_key_string(&t->json, "scope", scope);
		hgt_json_key_bool(&t->json, "deprecated", flags & HGT_KIND_DEPRECATED);
		hgt_json_key_string(&t->json, "path", path);
		hgt_json_key(&t->json, "schema");
		hgt_json_begin_object(&t->json);
		code = show_value(t, schema, "", 0, required, 0, 0);
		hgt_json_end_object(&t->json);
		hgt_json_end_object(&t->json);
		hgt_buf_addc(&t->out, '\n');
		return code;
	}
	hgt_escape_text(&t->out, kind->name, strlen(kind->name));
	hgt_buf_addf(&t->out, ": %s%s%sof pack ", scope ? scope : "", scope ? ", " : "",
		flags & HGT_KIND_DEPRECATED ? "deprecated, " : "");
	hgt_escape_text(&t->out, pack, strlen(pack));
	hgt_buf_addc(&t->out, '\n');
	return show_value(t, schema, *path ? path : kind->kind, strlen(*path ? path : kind->kind), required, 0, 0);
}

/* A complaint about what is not there, with what was maybe meant. */
static int is_not(const char *what, const char *text, size_t len, const char *nearest)
{
	struct hgt_buf message = HGT_BUF_INIT;

	hgt_buf_addf(&message, "%s ", what);
	hgt_buf_add(&message, text, len);
	if (nearest)
		hgt_buf_addf(&message, "; did you mean %s?", nearest);
	terminal_complain("schema", message.data);
	hgt_buf_release(&message);
	return HGT_EXIT_NOT;
}

static int no_field(struct hgt_describer *d, uint32_t schema, const char *path, size_t done, size_t len, struct hgt_error *err)
{
	struct hgt_buf name = HGT_BUF_INIT;
	struct hgt_description it;
	const char *nearest = NULL;
	unsigned lists;
	int code = describe_through(d, schema, &it, &lists, err);

	if (code)
		return code;
	hgt_buf_add(&name, path + done, len);
	for (size_t i = 0; i < it.n_fields && !nearest; i++)
		if (hgt_is_near(name.data, it.fields[i].name))
			nearest = it.fields[i].name;
	code = is_not("there is no field", path, done + len, nearest);
	hgt_description_release(&it);
	hgt_buf_release(&name);
	return code;
}

static int no_kind(const struct hgt_catalog *catalog, const char *text, size_t len)
{
	struct hgt_buf name = HGT_BUF_INIT;
	struct hgt_catalog_pos pos = {0};
	struct hgt_catalog_kind kind;
	const char *nearest = NULL;
	int code;

	hgt_buf_add(&name, text, len);
	while (!nearest && hgt_catalog_next(catalog, &pos, &kind)) {
		const char *whole = strchr(name.data, '/') ? kind.name : kind.kind;

		if (hgt_is_near(name.data, whole))
			nearest = whole;
	}
	code = is_not("no pack has a schema for", text, len, nearest);
	hgt_buf_release(&name);
	return code;
}

/* Down the path of fields; 0, HGT_E*, or HGT_EXIT_NOT after a complaint. */
static int descend(struct hgt_describer *d, const char *path, uint32_t *schema, bool *required, struct hgt_error *err)
{
	for (const char *p = path; *p;) {
		size_t len = strcspn(p, ".");
		int found = step(d, schema, required, p, len, err);

		if (found < 0)
			return found;
		if (!found)
			return no_field(d, *schema, path, (size_t)(p - path), len, err);
		p += len + (p[len] == '.');
	}
	return 0;
}

static int answer(const struct options *o, const struct hgt_catalog *catalog, const char *text, struct hgt_error *err)
{
	size_t len = schema_kind_length(text);
	const char *path = text + len + (text[len] == '.');
	struct hgt_catalog_kind kind = {0};
	struct tree t = {.as_json = o->json, .depth = o->depth, .out = HGT_BUF_INIT, .err = err};
	uint32_t schema, flags;
	bool required = false;
	int code;

	if (!schema_find_kind(catalog, text, len, &kind))
		return no_kind(catalog, text, len);
	t.json.out = &t.out;
	code = hgt_image_find(hgt_catalog_image(catalog, kind.pack), kind.name, &schema, &flags, err);
	if (code == 0)
		code = hgt_describer_new(hgt_catalog_image(catalog, kind.pack), &t.describer, err);
	if (code == 0)
		code = descend(t.describer, path, &schema, &required, err);
	if (code == 0)
		code = show(&t, &kind, hgt_catalog_name(catalog, kind.pack), flags, path, schema, required);
	if (code == 0)
		code = hgt_buf_check(&t.out, err);
	if (code == 0)
		code = terminal_print(t.out.data);
	hgt_describer_free(t.describer);
	hgt_buf_release(&t.out);
	return code;
}

int schema_show_main(int argc, char **argv)
{
	struct options o = {0};
	struct hgt_catalog *catalog = NULL;
	struct hgt_error err = {0};
	int status = read_options(argc, argv, &o), code;

	if (status >= 0)
		return status;
	code = schema_gather(o.packs, o.n_packs, &catalog, &err);
	if (code == 0)
		code = answer(&o, catalog, argv[optind], &err);
	hgt_catalog_free(catalog);
	if (code >= 0)
		return code;
	terminal_complain("schema", err.message);
	return HGT_EXIT_TROUBLE;
}
