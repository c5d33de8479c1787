/* The config's reference, printed from its tables as mdoc list items. */
#include <inttypes.h>

#include "config/table.h"

static const char *type_name(const struct option *o)
{
	static const char *const names[] = {
		[OPTION_STRING] = "string",
		[OPTION_PATH] = "absolute path",
		[OPTION_BOOL] = "true | false",
		[OPTION_COUNT] = "number",
		[OPTION_SIZE] = "size",
		[OPTION_SECONDS] = "time",
		[OPTION_STRINGS] = "list of strings",
		[OPTION_GLOBS] = "list of patterns",
		[OPTION_SECTION] = "map",
		[OPTION_LIST] = "list of maps",
		[OPTION_CUSTOM] = "map",
		[OPTION_VARIANT] = "map",
		[OPTION_LATER] = "",
	};

	return o->shape ? o->shape : names[o->type];
}

/* Text into roff lines, a new one for each sentence: a leading dot or quote would be a request. */
static void add_text(struct hgt_buf *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		hgt_buf_adds(out, "\\&");
	for (const char *p = text; *p; p++) {
		bool sentence_ends = *p == ' ' && p > text && p[-1] == '.' && p[1] >= 'A' && p[1] <= 'Z';

		if (*p == '\\')
			hgt_buf_adds(out, "\\e");
		else
			hgt_buf_addc(out, sentence_ends ? '\n' : *p);
	}
	hgt_buf_addc(out, '\n');
}

/* A value as a macro's argument: a quote would begin a roff string. */
static void add_default(struct hgt_buf *out, const char *value)
{
	hgt_buf_adds(out, "Default:\n.Ql ");
	for (; *value; value++) {
		if (*value == '"')
			hgt_buf_adds(out, "\\(dq");
		else
			hgt_buf_addc(out, *value);
	}
	hgt_buf_adds(out, " .\n");
}

static void add_range(struct hgt_buf *out, const struct option *o)
{
	if (o->type == OPTION_COUNT)
		hgt_buf_addf(out, "From %" PRIu64 " to %" PRIu64 ".\n", o->min, o->max);
	else if (o->type == OPTION_SECONDS)
		hgt_buf_addf(out, "From %" PRIu64 "s to %" PRIu64 "s.\n", o->min, o->max);
	else if (o->type == OPTION_SIZE)
		hgt_buf_addf(out, "From %" PRIu64 " bytes to %" PRIu64 ".\n", o->min, o->max);
}

void section_reference(const struct section *section, const char *prefix, struct hgt_buf *out)
{
	for (size_t i = 0; i < section->n; i++) {
		const struct option *o = &section->options[i];

		if (o->type == OPTION_LATER)
			continue;
		hgt_buf_addf(out, ".It Cm %s%s : Ar %s\n", prefix, o->key, type_name(o));
		add_text(out, o->help);
		add_range(out, o);
		if (o->required)
			hgt_buf_adds(out, "Required.\n");
		else if (o->fallback)
			add_default(out, o->fallback);
		if (o->section) {
			struct hgt_buf deeper = HGT_BUF_INIT;

			hgt_buf_addf(&deeper, "%s%s%s.", prefix, o->key, o->type == OPTION_LIST ? "[]" : "");
			section_reference(o->section, deeper.data, out);
			hgt_buf_release(&deeper);
		}
		for (const struct variant *v = o->variants; v && v->word; v++) {
			struct hgt_buf deeper = HGT_BUF_INIT;

			hgt_buf_addf(&deeper, "(%s) %s%s.", v->word, prefix, o->key);
			section_reference(v->section, deeper.data, out);
			hgt_buf_release(&deeper);
		}
	}
}
