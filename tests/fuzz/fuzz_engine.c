/*
 * lib/check/engine. The input is a path, a NUL, and the file's content; the path's first byte also chooses the class that is asked
 * for. The same with other digits is what was there before, and a file of the tree. Whatever goes in: findings have places that
 * are in the text, a report for people lets no control byte out, JSON is JSON.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "check/report.h"
#include "pack/catalog.h"
#include "doc/doc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_place(const struct hgt_finding *f, const char *text, size_t len)
{
	size_t lines = 1;

	if (!f->line != !f->column || !f->rule || !hgt_rule_find(f->rule) || !*f->message)
		abort();
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	if (f->line > lines)
		abort();
}

static void check_text(const struct hgt_buf *out)
{
	for (size_t i = 0; i < out->len;) {
		uint32_t cp;
		size_t n = hgt_utf8_decode(out->data + i, out->len - i, &cp);

		if (!n || (cp < 0x20 && cp != '\n') || (cp >= 0x7f && cp < 0xa0))
			abort();
		i += n;
	}
}

static void check_json(struct hgt_buf *out)
{
	struct hgt_doc_set set;

	hgt_doc_set_init(&set);
	if (hgt_json_parse_message(out->data, out->len, &set, NULL) < 0)
		abort();
	hgt_doc_set_release(&set);
	hgt_buf_reset(out);
}

/* Each line is a command. */
static void check_github(const struct hgt_buf *out)
{
	check_text(out);
	for (const char *line = out->data; *line; line = strchr(line, '\n') + 1)
		if (strncmp(line, "::error ", 8) != 0 && strncmp(line, "::warning ", 10) != 0 && strncmp(line, "::notice ", 9) != 0)
			abort();
}

/* No character that XML 1.0 has no place for, and as many tags closed as opened. */
static void check_xml(const struct hgt_buf *out)
{
	size_t opened = 0, closed = 0;

	for (size_t i = 0; i < out->len;) {
		uint32_t cp;
		size_t n = hgt_utf8_decode(out->data + i, out->len - i, &cp);

		if (!n || (cp < 0x20 && cp != '\n') || cp == 0xfffe || cp == 0xffff)
			abort();
		opened += cp == '<' && strncmp(out->data + i, "</", 2) != 0 && strncmp(out->data + i, "<?", 2) != 0;
		closed += strncmp(out->data + i, "</", 2) == 0 || strncmp(out->data + i, "/>", 2) == 0;
		i += n;
	}
	if (opened != closed)
		abort();
}

/* What was before: the text with other digits, and in another file with another name too. */
static char *other_text(const char *text, size_t len)
{
	char *other = malloc(len ? len : 1);

	if (!other)
		abort();
	for (size_t i = 0; i < len; i++)
		other[i] = text[i] >= '0' && text[i] <= '8' ? (char)(text[i] + 1) : text[i];
	return other;
}

struct tree {
	const char *text;
	size_t len;
};

static int load(const struct hgt_tree_file *file, struct hgt_buf *out, struct hgt_error *err)
{
	const struct tree *tree = file->ctx;

	hgt_buf_reset(out);
	hgt_buf_add(out, tree->text, tree->len);
	return hgt_buf_check(out, err);
}

static int walk(void *ctx, hgt_tree_file_cb each, void *each_ctx, struct hgt_error *err)
{
	const struct tree *tree = ctx;

	(void)err;
	return each(each_ctx, &(struct hgt_tree_file){.path = "c.yaml", .size = tree->len, .load = load, .ctx = ctx}) < 0 ? HGT_ENOMEM : 0;
}

/* The same text as the kustomization of every folder. */
static int read_beside(void *ctx, const char *path, size_t limit, struct hgt_buf *out, struct hgt_error *err)
{
	const struct tree *tree = ctx;

	if (!strstr(path, "kustomization.yaml"))
		return HGT_ENOENT;
	if (tree->len > limit)
		return HGT_ELIMIT;
	hgt_buf_add(out, tree->text, tree->len);
	return hgt_buf_check(out, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct hgt_report_style style = {.excerpt = true};
	const char *nul = memchr(data, 0, size);
	const char *path = (const char *)data, *text = nul ? nul + 1 : NULL;
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_engine *engine;
	enum hgt_class cls = HGT_CLASS_AUTO;
	struct hgt_catalog *catalog;
	struct tree tree;
	char *before;
	size_t len;

	if (!nul)
		return 0;
	len = size - (size_t)(text - path);
	if ((unsigned char)*path < HGT_CLASS_COUNT && *path)
		cls = (enum hgt_class)*path++;
	before = other_text(text, len);
	tree = (struct tree){text, len};
	/* Of schemas there are those of the text's own definitions. */
	if (hgt_catalog_new(&catalog, NULL) < 0 ||
		hgt_engine_new(&(struct hgt_engine_options){.blob_limit = 1 << 20, .catalog = catalog, .definitions = walk, .tree = walk,
			.read = read_beside, .tree_ctx = &tree}, &engine, NULL) < 0 ||
		hgt_engine_before(engine, path, before, len, cls, NULL) < 0 || hgt_engine_before(engine, "a.json", before, len, cls, NULL) < 0 ||
		hgt_engine_file(engine, path, text, len, cls, NULL) < 0 || hgt_engine_file(engine, "b.yaml", text, len, cls, NULL) < 0 ||
		hgt_engine_finish(engine, NULL) < 0)
		abort();
	for (size_t i = 0; i < hgt_engine_findings(engine)->n; i++)
		check_place(&hgt_engine_findings(engine)->items[i], text, len);
	hgt_report_text(hgt_engine_findings(engine), &style, &out);
	check_text(&out);
	hgt_buf_reset(&out);
	hgt_report_json(engine, &out);
	check_json(&out);
	hgt_report_sarif(engine, true, &out);
	check_json(&out);
	hgt_report_github(engine, &out);
	check_github(&out);
	hgt_buf_reset(&out);
	hgt_report_junit(engine, &out);
	check_xml(&out);
	hgt_buf_release(&out);
	free(before);
	hgt_engine_free(engine);
	hgt_catalog_free(catalog);
	return 0;
}
