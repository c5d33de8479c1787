/* headgate schema import: a pack made out of whatever schemas come in. */
#include <getopt.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/io.h"
#include "cli/schema.h"
#include "cli/terminal.h"
#include "headgate/protocol.h"
#include "pack/place.h"

static const char usage[] =
	"usage: headgate schema import [-o FILE] [--name NAME] [OPTION...] SOURCE...\n"
	"       headgate schema import [-o FILE] [--name NAME] [OPTION...] --cluster [--context CONTEXT]\n"
	"\n"
	"Make a pack of schemas. A SOURCE is a file, a folder, or - for standard input: OpenAPI v2 or v3,\n"
	"CustomResourceDefinitions, JSON Schemas in the layouts of kubernetes-json-schema, CRDs-catalog and flux-schema, or\n"
	"one by itself.\n"
	"\n"
	"  -o, --output FILE        write the pack there\n"
	"      --name NAME          what it is called; without -o the file is NAME.pack\n"
	"      --system             write it to " HGT_PACK_SYSTEM ", where it is found by its name\n"
	"      --kind VERSION/KIND  what a JSON Schema is for that does not say so: apps/v1/Deployment\n"
	"      --constraints DIR    what definitions of OpenAPI must be besides, as merge patches in the files of a folder\n"
	"      --definitions FILE   definitions of OpenAPI that a SOURCE refers to; their own kinds stay out\n"
	"      --source TEXT        what the pack says it was made of\n"
	"      --cluster            ask a cluster, with 'kubectl get'\n"
	"      --context CONTEXT    the one that kubectl knows by this name\n"
	"  -q, --quiet              only tell what goes wrong\n"
	"  -h, --help               print this\n";

/* So many things that were left out are told one by one. */
enum { WARNINGS_MAX = 20, STDIN_MAX = 64 * 1024 * 1024 };

struct options {
	const char *output, *name, *constraints, *definitions, *source, *context, *kind;
	bool system, cluster, quiet;
	unsigned warnings;
};

static void warn(void *user, const char *where, const char *message)
{
	struct options *o = user;

	if (o->warnings++ < WARNINGS_MAX)
		terminal_complain(where, message);
}

/* -1 to go on, else the exit status to end with. */
static int read_options(int argc, char **argv, struct options *o)
{
	enum { OPT_NAME = 256, OPT_SYSTEM, OPT_KIND, OPT_CONSTRAINTS, OPT_DEFINITIONS, OPT_SOURCE, OPT_CLUSTER, OPT_CONTEXT };
	static const struct option longs[] = {
		{"output", required_argument, NULL, 'o'}, {"name", required_argument, NULL, OPT_NAME},
		{"system", no_argument, NULL, OPT_SYSTEM}, {"kind", required_argument, NULL, OPT_KIND},
		{"constraints", required_argument, NULL, OPT_CONSTRAINTS},
		{"definitions", required_argument, NULL, OPT_DEFINITIONS}, {"source", required_argument, NULL, OPT_SOURCE},
		{"cluster", no_argument, NULL, OPT_CLUSTER}, {"context", required_argument, NULL, OPT_CONTEXT},
		{"quiet", no_argument, NULL, 'q'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0},
	};
	int c;

	opterr = 0;
	optind = 0;
	while ((c = getopt_long(argc, argv, ":o:qh", longs, NULL)) >= 0) {
		switch (c) {
		case 'o':
			o->output = optarg;
			break;
		case OPT_NAME:
			o->name = optarg;
			break;
		case OPT_SYSTEM:
			o->system = true;
			break;
		case OPT_KIND:
			o->kind = optarg;
			break;
		case OPT_CONSTRAINTS:
			o->constraints = optarg;
			break;
		case OPT_DEFINITIONS:
			o->definitions = optarg;
			break;
		case OPT_SOURCE:
			o->source = optarg;
			break;
		case OPT_CLUSTER:
			o->cluster = true;
			break;
		case OPT_CONTEXT:
			o->context = optarg;
			break;
		case 'q':
			o->quiet = true;
			break;
		case 'h':
			return terminal_print(usage);
		default:
			return terminal_option_error("schema", c, argv[optind - 1]);
		}
	}
	if (!o->output && !o->name)
		return terminal_usage_error("schema", "import needs -o FILE or --name NAME", NULL);
	if (o->output && o->system)
		return terminal_usage_error("schema", "-o and --system do not go together", NULL);
	if (o->context && !o->cluster)
		return terminal_usage_error("schema", "--context needs --cluster", NULL);
	if (optind == argc && !o->cluster)
		return terminal_usage_error("schema", "import needs a SOURCE or --cluster", NULL);
	if (o->kind && !strchr(o->kind, '/'))
		return terminal_usage_error("schema", "--kind is an apiVersion and a kind, apps/v1/Deployment, not", o->kind);
	return -1;
}

static const char *base_of(const char *path, size_t *len)
{
	const char *base = path;

	*len = strlen(path);
	while (*len > 1 && path[*len - 1] == '/')
		--*len;
	for (size_t i = 0; i + 1 < *len; i++)
		if (path[i] == '/')
			base = path + i + 1;
	*len -= (size_t)(base - path);
	return base;
}

/* The pack's name, and the file that it goes to. */
static int choose_place(const struct options *o, struct hgt_buf *name, struct hgt_buf *path, struct hgt_error *err)
{
	size_t len, suffix = strlen(HGT_PACK_SUFFIX);
	const char *base;

	if (o->name) {
		hgt_buf_adds(name, o->name);
	} else {
		base = base_of(o->output, &len);
		if (len > suffix && memcmp(base + len - suffix, HGT_PACK_SUFFIX, suffix) == 0)
			len -= suffix;
		hgt_buf_add(name, base, len);
	}
	if (o->output)
		hgt_buf_adds(path, o->output);
	else
		hgt_buf_addf(path, "%s%s" HGT_PACK_SUFFIX, o->system ? HGT_PACK_SYSTEM "/" : "", name->data);
	if (name->failed || path->failed)
		return hgt_error_nomem(err);
	if (!hgt_pack_is_name(name->data))
		return hgt_error_set(err, HGT_EINVAL, "a pack's name is 1 to %d of a-z 0-9 . _ -, not %s", HGT_PACK_NAME_MAX, name->data);
	return o->system ? hgt_make_folders(HGT_PACK_SYSTEM, 0755, err) : 0;
}

/* What the pack says it was made of: what somebody says, or the source itself, or the names of the sources. */
static int choose_source(const struct options *o, const struct hgt_importer *importer, char **sources, int n, struct hgt_buf *out,
	struct hgt_error *err)
{
	if (o->source || *hgt_importer_source(importer)) {
		hgt_buf_adds(out, o->source ? o->source : hgt_importer_source(importer));
		return hgt_buf_check(out, err);
	}
	if (o->cluster)
		hgt_buf_adds(out, "a cluster");
	for (int i = 0; i < n; i++) {
		size_t len;
		const char *base = base_of(sources[i], &len);

		if (out->len + len > HGT_PACK_SOURCE_MAX / 2) {
			hgt_buf_addf(out, " and %d more", n - i);
			break;
		}
		hgt_buf_adds(out, out->len ? ", " : "");
		hgt_buf_add(out, base, len);
	}
	return hgt_buf_check(out, err);
}

/* What standard input gives. */
static int add_stdin(struct hgt_importer *importer, struct hgt_error *err)
{
	struct hgt_buf text = HGT_BUF_INIT;
	int code = hgt_read_fd(STDIN_FILENO, "standard input", STDIN_MAX, &text, err);

	if (code == 0)
		code = hgt_importer_add_text(importer, "-", text.data, text.len, err);
	hgt_buf_release(&text);
	return code;
}

static int collect(struct hgt_importer *importer, const struct options *o, char **sources, int n, struct hgt_error *err)
{
	int code = o->constraints ? hgt_importer_constrain_folder(importer, o->constraints, err) : 0;

	if (code == 0 && o->definitions) {
		hgt_importer_only_definitions(importer, true);
		code = hgt_importer_add_path(importer, o->definitions, err);
		code = code < 0 ? code : 0;
		hgt_importer_only_definitions(importer, false);
	}
	if (code == 0 && o->cluster)
		code = schema_add_cluster(importer, o->context, err);
	for (int i = 0; i < n && code == 0; i++) {
		code = strcmp(sources[i], "-") == 0 ? add_stdin(importer, err) : hgt_importer_add_path(importer, sources[i], err);
		if (code == 0)
			code = hgt_error_set(err, HGT_EPARSE, "%s: there is no schema of a kind in it", sources[i]);
		else if (code > 0)
			code = 0;
	}
	return code;
}

static int tell(const struct options *o, const char *name, const char *path, size_t kinds, size_t size)
{
	struct hgt_buf line = HGT_BUF_INIT;
	int status = HGT_EXIT_OK;

	if (o->warnings > WARNINGS_MAX) {
		hgt_buf_addf(&line, "%u more like these", o->warnings - WARNINGS_MAX);
		terminal_complain("schema", line.data);
		hgt_buf_reset(&line);
	}
	hgt_buf_addf(&line, "%s: %zu kind%s, ", name, kinds, kinds == 1 ? "" : "s");
	schema_add_size(&line, size);
	hgt_buf_adds(&line, ": ");
	hgt_escape_text(&line, path, strlen(path));
	hgt_buf_addc(&line, '\n');
	if (!o->quiet)
		status = terminal_print(line.data);
	hgt_buf_release(&line);
	return status;
}

static int import(struct options *o, char **sources, int n, struct hgt_error *err)
{
	struct hgt_import_options options = {.kind = o->kind, .warn = warn, .user = o};
	struct hgt_buf name = HGT_BUF_INIT, path = HGT_BUF_INIT, source = HGT_BUF_INIT, image = HGT_BUF_INIT;
	struct hgt_importer *importer = NULL;
	struct hgt_image made;
	int code = choose_place(o, &name, &path, err);

	if (code == 0)
		code = hgt_importer_new(&options, &importer, err);
	if (code == 0)
		code = collect(importer, o, sources, n, err);
	if (code == 0)
		code = hgt_importer_finish(importer, &image, err);
	if (code == 0)
		code = hgt_image_open(&made, image.data, image.len, err);
	if (code == 0)
		code = choose_source(o, importer, sources, n, &source, err);
	if (code == 0)
		code = hgt_pack_write(path.data, name.data, source.data, &image, err);
	if (code == 0)
		code = tell(o, name.data, path.data, made.n_entries, image.len);
	hgt_importer_free(importer);
	hgt_buf_release(&name);
	hgt_buf_release(&path);
	hgt_buf_release(&source);
	hgt_buf_release(&image);
	return code;
}

int schema_import_main(int argc, char **argv)
{
	struct options o = {0};
	struct hgt_error err = {0};
	int status = read_options(argc, argv, &o), code;

	if (status >= 0)
		return status;
	code = import(&o, argv + optind, argc - optind, &err);
	if (code < 0)
		terminal_complain("schema", err.message);
	return code < 0 ? HGT_EXIT_TROUBLE : code;
}
