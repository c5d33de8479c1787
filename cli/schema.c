/* headgate schema: packs of schemas made, listed, shown and verified. */
#include "cli/schema.h"

#include <getopt.h>

#include "base/escape.h"
#include "base/json_writer.h"
#include "check/nearest.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "headgate/protocol.h"
#include "pack/place.h"

static const char usage[] =
	"usage: headgate schema import [OPTION...] SOURCE...\n"
	"       headgate schema list [--json]\n"
	"       headgate schema show [OPTION...] KIND[.FIELD...]\n"
	"       headgate schema verify [PACK...]\n"
	"\n"
	"Packs hold the schemas of kinds, compiled. Each of these tells more with --help.\n"
	"\n"
	"  import   make a pack out of OpenAPI documents, CustomResourceDefinitions, JSON Schemas, folders of them, or a cluster\n"
	"  list     the packs that are found, and where\n"
	"  show     the fields of a kind as a tree\n"
	"  verify   whether packs are undamaged\n"
	"\n"
	"Exit status: 0 well, 1 the thing asked about is not, 2 could not tell.\n";

static const char list_usage[] =
	"usage: headgate schema list [--json]\n"
	"\n"
	"The packs that are found by their name, in the order of the folders that are looked through.\n"
	"\n"
	"      --json   as JSON\n"
	"  -h, --help   print this\n";

static const char verify_usage[] =
	"usage: headgate schema verify [PACK...]\n"
	"\n"
	"Read through each PACK, a name or a path with a slash in it, and see whether its checksum is right and all in it adds\n"
	"up; with none, through all that list shows.\n"
	"\n"
	"  -h, --help   print this\n"
	"\n"
	"Exit status: 0 all are well, 1 one is damaged, 2 could not tell.\n";

struct row {
	char *path;
	struct hgt_pack *pack;		/* NULL when it cannot be opened */
	char *why;
};

struct rows {
	struct row *list;
	size_t n, cap;
};

void schema_add_size(struct hgt_buf *out, size_t bytes)
{
	if (bytes < 1000)
		hgt_buf_addf(out, "%zu B", bytes);
	else if (bytes < 1000 * 1000)
		hgt_buf_addf(out, "%zu kB", (bytes + 500) / 1000);
	else
		hgt_buf_addf(out, "%.1f MB", (double)bytes / 1e6);
}

static int add_row(void *user, const char *path, struct hgt_error *err)
{
	struct rows *rows = user;
	struct hgt_error why = {0};
	struct row row = {0};

	if (rows->n == rows->cap) {
		size_t cap = rows->cap ? rows->cap * 2 : 16;
		struct row *grown = reallocarray(rows->list, cap, sizeof(*grown));

		if (!grown)
			return hgt_error_nomem(err);
		rows->list = grown;
		rows->cap = cap;
	}
	row.path = strdup(path);
	if (!row.path)
		return hgt_error_nomem(err);
	if (hgt_pack_open(path, &row.pack, &why) < 0) {
		row.pack = NULL;
		row.why = strdup(why.message);
		if (!row.why) {
			free(row.path);
			return hgt_error_nomem(err);
		}
	}
	rows->list[rows->n++] = row;
	return 0;
}

static void release_rows(struct rows *rows)
{
	for (size_t i = 0; i < rows->n; i++) {
		hgt_pack_close(rows->list[i].pack);
		free(rows->list[i].path);
		free(rows->list[i].why);
	}
	free(rows->list);
}

static void list_json(struct hgt_buf *out, const struct rows *rows)
{
	struct hgt_json json = HGT_JSON_INIT(out);

	hgt_json_begin_object(&json);
	hgt_json_key(&json, "packs");
	hgt_json_begin_array(&json);
	for (size_t i = 0; i < rows->n; i++) {
		const struct hgt_pack *pack = rows->list[i].pack;

		hgt_json_begin_object(&json);
		hgt_json_key_string(&json, "name", pack ? pack->name : NULL);
		hgt_json_key_string(&json, "path", rows->list[i].path);
		hgt_json_key_string(&json, "source", pack ? pack->source : NULL);
		hgt_json_key_uint(&json, "kinds", pack ? pack->image.n_entries : 0);
		hgt_json_key_uint(&json, "size", pack ? pack->size : 0);
		hgt_json_key_string(&json, "problem", rows->list[i].why);
		hgt_json_end_object(&json);
	}
	hgt_json_end_array(&json);
	hgt_json_end_object(&json);
	hgt_buf_addc(out, '\n');
}

static void list_text(struct hgt_buf *out, const struct rows *rows)
{
	int widest = (int)strlen("name");

	for (size_t i = 0; i < rows->n; i++)
		if (rows->list[i].pack && (int)strlen(rows->list[i].pack->name) > widest)
			widest = (int)strlen(rows->list[i].pack->name);
	if (rows->n)
		hgt_buf_addf(out, "%-*s  %5s  %8s  %s\n", widest, "name", "kinds", "size", "made of, and where it is");
	for (size_t i = 0; i < rows->n; i++) {
		const struct hgt_pack *pack = rows->list[i].pack;
		struct hgt_buf size = HGT_BUF_INIT;

		if (!pack)
			continue;
		schema_add_size(&size, pack->size);
		hgt_buf_addf(out, "%-*s  %5u  %8s  ", widest, pack->name, (unsigned)pack->image.n_entries, size.data);
		hgt_escape_text(out, pack->source, strlen(pack->source));
		hgt_buf_addf(out, "\n%*s", widest + 19, "");
		hgt_escape_text(out, rows->list[i].path, strlen(rows->list[i].path));
		hgt_buf_addc(out, '\n');
		hgt_buf_release(&size);
	}
}

/* -1 to go on; a verb that has --json, when json is given, and --help. */
static int read_options(int argc, char **argv, const char *help, bool *json)
{
	enum { OPT_JSON = 256 };
	static const struct option longs[] = {
		{"help", no_argument, NULL, 'h'}, {"json", no_argument, NULL, OPT_JSON}, {NULL, 0, NULL, 0},
	};
	static const struct option no_json[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	int c;

	opterr = 0;
	optind = 0;
	while ((c = getopt_long(argc, argv, ":h", json ? longs : no_json, NULL)) >= 0) {
		if (c == 'h')
			return terminal_print(help);
		if (c != OPT_JSON || !json)
			return terminal_option_error("schema", c, argv[optind - 1]);
		*json = true;
	}
	return -1;
}

int schema_list_main(int argc, char **argv)
{
	struct rows rows = {0};
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_error err = {0};
	bool json = false;
	int status = read_options(argc, argv, list_usage, &json), code;

	if (status >= 0)
		return status;
	if (optind < argc)
		return terminal_usage_error("schema", "list takes no argument, not", argv[optind]);
	code = hgt_pack_each(add_row, &rows, &err);
	if (code == 0 && json)
		list_json(&out, &rows);
	else if (code == 0)
		list_text(&out, &rows);
	if (code == 0)
		code = hgt_buf_check(&out, &err);
	status = code ? HGT_EXIT_TROUBLE : terminal_print(out.data);
	if (code)
		terminal_complain("schema", err.message);
	for (size_t i = 0; !json && i < rows.n; i++)
		if (rows.list[i].why)
			terminal_complain("schema", rows.list[i].why);
	if (code == 0 && !json && !rows.n)
		terminal_complain("schema", "there are no packs of schemas; 'headgate schema import' makes one");
	hgt_buf_release(&out);
	release_rows(&rows);
	return status;
}

/* The status that a failure makes. */
static int status_of(int code)
{
	return code == 0 ? HGT_EXIT_OK : code == HGT_ECORRUPT ? HGT_EXIT_NOT : HGT_EXIT_TROUBLE;
}

static int verify_one(void *user, const char *path, struct hgt_error *err)
{
	struct hgt_buf line = HGT_BUF_INIT;
	struct hgt_error why = {0};
	struct hgt_pack *pack = NULL;
	int *status = user, code = hgt_pack_open(path, &pack, &why);

	(void)err;
	if (code == 0)
		code = hgt_pack_verify(pack, &why);
	if (code == 0) {
		hgt_buf_addf(&line, "%s: %u kind%s, undamaged: ", pack->name, (unsigned)pack->image.n_entries,
			pack->image.n_entries == 1 ? "" : "s");
		hgt_escape_text(&line, path, strlen(path));
		hgt_buf_addc(&line, '\n');
		code = line.failed ? hgt_error_nomem(&why) : 0;
	}
	if (code)
		terminal_complain("schema", why.message);
	else if (terminal_print(line.data) != HGT_EXIT_OK)
		*status = HGT_EXIT_TROUBLE;
	if (status_of(code) > *status)
		*status = status_of(code);
	hgt_pack_close(pack);
	hgt_buf_release(&line);
	return 0;
}

int schema_verify_main(int argc, char **argv)
{
	struct hgt_error err = {0};
	struct hgt_buf path = HGT_BUF_INIT;
	int status = read_options(argc, argv, verify_usage, NULL), code = 0;

	if (status >= 0)
		return status;
	status = HGT_EXIT_OK;
	if (optind == argc)
		code = hgt_pack_each(verify_one, &status, &err);
	for (int i = optind; i < argc && code == 0; i++) {
		code = hgt_pack_locate(argv[i], &path, &err);
		if (code == 0)
			code = verify_one(&status, path.data, &err);
	}
	hgt_buf_release(&path);
	if (code == 0)
		return status;
	terminal_complain("schema", err.message);
	return HGT_EXIT_TROUBLE;
}

int schema_main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} verbs[] = {
		{"import", schema_import_main}, {"list", schema_list_main}, {"show", schema_show_main}, {"verify", schema_verify_main},
	};
	enum { N = sizeof(verbs) / sizeof(verbs[0]) };
	const char *names[N], *nearest;
	struct hgt_buf message = HGT_BUF_INIT;

	if (argc < 2) {
		fputs(usage, stderr);
		return HGT_EXIT_TROUBLE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return terminal_print(usage);
	for (size_t i = 0; i < N; i++) {
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].run(argc - 1, argv + 1);
		names[i] = verbs[i].name;
	}
	nearest = hgt_nearest(argv[1], names, N);
	hgt_buf_addf(&message, "schema has import, list, show and verify%s%s%s, not", nearest ? " (did you mean " : "",
		nearest ? nearest : "", nearest ? "?)" : "");
	terminal_usage_error("schema", message.data, argv[1]);
	hgt_buf_release(&message);
	return HGT_EXIT_TROUBLE;
}
