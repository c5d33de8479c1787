/* Regular expressions over PCRE2. */
#include "schema/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/buf.h"

enum {
	LENGTH_MAX = 16 * 1024,		/* bytes of a pattern */
	NESTING_MAX = 100,		/* of its parentheses */
	HEAP_MAX = 16 * 1024,		/* KiB while matching */
};

struct hgt_pattern {
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *context;
};

/* The long names of general categories that ECMA-262 allows within \p{} and PCRE2 does not know. */
static const char *short_category(const char *name, size_t len)
{
	static const struct {
		const char *name, *category;
	} names[] = {
		{"Letter", "L"}, {"Uppercase_Letter", "Lu"}, {"Lowercase_Letter", "Ll"}, {"Titlecase_Letter", "Lt"},
		{"Modifier_Letter", "Lm"}, {"Other_Letter", "Lo"}, {"Mark", "M"}, {"Number", "N"}, {"Decimal_Number", "Nd"},
		{"digit", "Nd"}, {"Letter_Number", "Nl"}, {"Other_Number", "No"}, {"Punctuation", "P"}, {"punct", "P"},
		{"Symbol", "S"}, {"Math_Symbol", "Sm"}, {"Currency_Symbol", "Sc"}, {"Separator", "Z"}, {"Space_Separator", "Zs"},
		{"Other", "C"}, {"Control", "Cc"}, {"cntrl", "Cc"}, {"Format", "Cf"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i].name) == len && memcmp(names[i].name, name, len) == 0)
			return names[i].category;
	return NULL;
}

/* What PCRE2 reads differently: \p{Letter}, and \s, which has more spaces in ECMA-262. The rest is settled by options. */
static void translate(const char *text, size_t len, struct hgt_buf *out)
{
	static const char spaces[] = "\\s\\xa0\\ufeff\\p{Z}";
	bool class = false;

	for (size_t i = 0; i < len; i++) {
		const char *close, *category = NULL;
		char c = text[i], next = i + 1 < len ? text[i + 1] : '\0';

		if (c != '\\' || i + 1 == len) {
			class = c == '[' || (class && c != ']');
			hgt_buf_addc(out, c);
			continue;
		}
		i++;
		if (next == 's') {
			hgt_buf_addf(out, class ? "%s" : "[%s]", spaces);
			continue;
		}
		if (next == 'S' && !class) {
			hgt_buf_addf(out, "[^%s]", spaces);
			continue;
		}
		hgt_buf_addc(out, c);
		hgt_buf_addc(out, next);
		if ((next != 'p' && next != 'P') || i + 1 >= len || text[i + 1] != '{')
			continue;
		close = memchr(text + i, '}', len - i);
		if (close)
			category = short_category(text + i + 2, (size_t)(close - text) - i - 2);
		if (category) {
			hgt_buf_addf(out, "{%s}", category);
			i = (size_t)(close - text);
		}
	}
}

static int compile(const struct hgt_buf *text, pcre2_code **out, struct hgt_error *err)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	PCRE2_UCHAR message[256];
	PCRE2_SIZE offset;
	int number, code = 0;

	if (!context)
		return hgt_error_nomem(err);
	pcre2_set_max_pattern_length(context, LENGTH_MAX);
	pcre2_set_parens_nest_limit(context, NESTING_MAX);
	pcre2_set_compile_extra_options(context, PCRE2_EXTRA_ALT_BSUX);
	*out = pcre2_compile((PCRE2_SPTR)text->data, text->len,
		PCRE2_UTF | PCRE2_ALT_BSUX | PCRE2_ALLOW_EMPTY_CLASS | PCRE2_DOLLAR_ENDONLY | PCRE2_MATCH_UNSET_BACKREF |
		PCRE2_NEVER_BACKSLASH_C, &number, &offset, context);
	if (!*out && number == PCRE2_ERROR_HEAP_FAILED) {
		code = hgt_error_nomem(err);
	} else if (!*out) {
		pcre2_get_error_message(number, message, sizeof(message));
		code = hgt_error_set(err, HGT_EPARSE, "%s (at byte %zu)", (const char *)message, (size_t)offset);
	}
	pcre2_compile_context_free(context);
	return code;
}

int hgt_pattern_new(const char *text, size_t len, struct hgt_pattern **out, struct hgt_error *err)
{
	struct hgt_pattern *pattern = calloc(1, sizeof(*pattern));
	struct hgt_buf translated = HGT_BUF_INIT;
	int code;

	translate(text, len, &translated);
	code = hgt_buf_check(&translated, err);
	if (!code && !pattern)
		code = hgt_error_nomem(err);
	if (!code)
		code = compile(&translated, &pattern->code, err);
	if (!code) {
		pattern->match = pcre2_match_data_create(1, NULL);
		pattern->context = pcre2_match_context_create(NULL);
		if (!pattern->match || !pattern->context)
			code = hgt_error_nomem(err);
	}
	if (!code) {
		pcre2_set_heap_limit(pattern->context, HEAP_MAX);
		*out = pattern;
		pattern = NULL;
	}
	hgt_pattern_free(pattern);
	hgt_buf_release(&translated);
	return code;
}

void hgt_pattern_free(struct hgt_pattern *pattern)
{
	if (!pattern)
		return;
	pcre2_match_context_free(pattern->context);
	pcre2_match_data_free(pattern->match);
	pcre2_code_free(pattern->code);
	free(pattern);
}

int hgt_pattern_search(const struct hgt_pattern *pattern, const char *text, size_t len, unsigned steps,
	struct hgt_error *err)
{
	int result;

	pcre2_set_match_limit(pattern->context, steps);
	result = pcre2_match(pattern->code, (PCRE2_SPTR)text, len, 0, 0, pattern->match, pattern->context);
	if (result >= 0)
		return 1;
	switch (result) {
	case PCRE2_ERROR_MATCHLIMIT:
	case PCRE2_ERROR_HEAPLIMIT:
	case PCRE2_ERROR_DEPTHLIMIT:
		return hgt_error_set(err, HGT_ELIMIT, "the search takes more than %u steps", steps);
	case PCRE2_ERROR_NOMEMORY:
		return hgt_error_nomem(err);
	default:
		return 0;
	}
}
