/* The syntax of expressions (CEL): a reader of tokens and, above it, one function a level of the grammar. */
#include "k8s/cel.h"

#include <stdint.h>
#include <string.h>

/* Of more names that an expression brings in none is asked about. */
enum { DEEPEST = 100, MOST_BOUND = 64 };

enum token { END, NAME, NUMBER, STRING, SIGN, BROKEN };

struct reader {
	const char *text;
	size_t len, next;	/* next: past the token */
	enum token token;
	size_t start, size;	/* of the token */
	unsigned depth;
	bool too_deep;
	const char *wrong;	/* of the first mistake */
	size_t at;
	const struct hgt_cel_names *names;
	struct {
		size_t start, size;
	} bound[MOST_BOUND];	/* the names that macros brought in */
	size_t n_bound;
	enum hgt_cel_kind kind;	/* of what was read last */
	size_t path;
};

static bool fail(struct reader *r, size_t at, const char *wrong)
{
	if (!r->wrong) {
		r->wrong = wrong;
		r->at = at;
	}
	r->token = BROKEN;
	return false;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char peek(const struct reader *r, size_t ahead)
{
	return r->next + ahead < r->len ? r->text[r->next + ahead] : '\0';
}

static void skip_blanks(struct reader *r)
{
	while (r->next < r->len) {
		if (peek(r, 0) == '/' && peek(r, 1) == '/')
			while (r->next < r->len && r->text[r->next] != '\n')
				r->next++;
		else if (strchr(" \t\r\n\f", r->text[r->next]) && r->text[r->next])
			r->next++;
		else
			return;
	}
}

static void skip_digits(struct reader *r)
{
	while (is_digit(peek(r, 0)))
		r->next++;
}

/* 12, 0x1f, 12u, 1.5, 1e9, .5 */
static void read_number(struct reader *r)
{
	bool whole = true;

	r->token = NUMBER;
	if (peek(r, 0) == '0' && (peek(r, 1) | 0x20) == 'x') {
		r->next += 2;
		while (is_digit(peek(r, 0)) || ((peek(r, 0) | 0x20) >= 'a' && (peek(r, 0) | 0x20) <= 'f'))
			r->next++;
	} else {
		skip_digits(r);
		if (peek(r, 0) == '.' && is_digit(peek(r, 1))) {
			whole = false;
			r->next++;
			skip_digits(r);
		}
		if ((peek(r, 0) | 0x20) == 'e') {
			size_t sign = peek(r, 1) == '+' || peek(r, 1) == '-';

			if (is_digit(peek(r, 1 + sign))) {
				whole = false;
				r->next += 1 + sign;
				skip_digits(r);
			}
		}
	}
	if (whole && (peek(r, 0) | 0x20) == 'u')
		r->next++;
}

/* What may come behind a backslash: one of these, or a number of so many digits. */
static bool skip_escape(struct reader *r)
{
	static const char plain[] = "abfnrtv\\\"'`?";
	char c = peek(r, 0);
	size_t digits = c == 'x' || c == 'X' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;

	if (c && strchr(plain, c)) {
		r->next++;
		return true;
	}
	if (c >= '0' && c <= '3') {
		for (int i = 0; i < 3; i++, r->next++)
			if (peek(r, 0) < '0' || peek(r, 0) > '7')
				return false;
		return true;
	}
	if (!digits)
		return false;
	for (r->next++; digits; digits--, r->next++)
		if (!is_digit(peek(r, 0)) && ((peek(r, 0) | 0x20) < 'a' || (peek(r, 0) | 0x20) > 'f'))
			return false;
	return true;
}

/* From its quote on; three quotes let line breaks in. */
static void read_string(struct reader *r, bool raw)
{
	char quote = peek(r, 0);
	bool three = peek(r, 1) == quote && peek(r, 2) == quote;

	r->token = STRING;
	r->next += three ? 3 : 1;
	while (r->next < r->len) {
		char c = peek(r, 0);

		if (c == quote && (!three || (peek(r, 1) == quote && peek(r, 2) == quote))) {
			r->next += three ? 3 : 1;
			return;
		}
		if ((c == '\n' || c == '\r') && !three)
			break;
		r->next++;
		if (c == '\\' && !raw && !skip_escape(r)) {
			fail(r, r->next, "a string has a backslash with something that means nothing behind it");
			return;
		}
		if (c == '\\' && raw && peek(r, 0) == quote)
			r->next++;
	}
	fail(r, r->start, "a string does not end");
}

/* Whether a string begins here: its prefix, r and b in any order and case, may be there. */
static bool string_begins(const struct reader *r, size_t *prefix, bool *raw)
{
	size_t n = 0;

	*raw = false;
	while (n < 2 && ((peek(r, n) | 0x20) == 'r' || (peek(r, n) | 0x20) == 'b')) {
		*raw |= (peek(r, n) | 0x20) == 'r';
		n++;
	}
	*prefix = n;
	return peek(r, n) == '"' || peek(r, n) == '\'';
}

static void read_sign(struct reader *r)
{
	static const char *const signs[] = {"&&", "||", "==", "!=", "<=", ">="};

	r->token = SIGN;
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (peek(r, 0) == signs[i][0] && peek(r, 1) == signs[i][1]) {
			r->next += 2;
			return;
		}
	if (!strchr("+-*/%!?:<>.,()[]{}", peek(r, 0))) {
		fail(r, r->next, "a character that expressions do not have");
		return;
	}
	r->next++;
}

static void advance(struct reader *r)
{
	size_t prefix;
	bool raw;

	if (r->wrong)
		return;
	skip_blanks(r);
	r->start = r->next;
	if (r->next == r->len) {
		r->token = END;
	} else if (string_begins(r, &prefix, &raw)) {
		r->next += prefix;
		read_string(r, raw);
	} else if (is_letter(peek(r, 0))) {
		r->token = NAME;
		while (is_letter(peek(r, 0)) || is_digit(peek(r, 0)))
			r->next++;
	} else if (is_digit(peek(r, 0)) || (peek(r, 0) == '.' && is_digit(peek(r, 1)))) {
		read_number(r);
	} else if (peek(r, 0) == '`') {
		const char *end = memchr(r->text + r->next + 1, '`', r->len - r->next - 1);

		r->token = NAME;
		if (end)
			r->next = (size_t)(end - r->text) + 1;
		else
			fail(r, r->start, "a name in backquotes does not end");
	} else {
		read_sign(r);
	}
	r->size = r->next - r->start;
}

static bool is(const struct reader *r, enum token token, const char *text)
{
	return r->token == token && strlen(text) == r->size && memcmp(r->text + r->start, text, r->size) == 0;
}

static bool take(struct reader *r, const char *sign)
{
	if (!is(r, SIGN, sign))
		return false;
	advance(r);
	return true;
}

static bool want(struct reader *r, const char *sign, const char *wrong)
{
	return take(r, sign) || fail(r, r->start, r->token == END ? "it ends too early" : wrong);
}

static bool is_any(const struct reader *r, enum token token, const char *const *words)
{
	for (; *words; words++)
		if (is(r, token, *words))
			return true;
	return false;
}

static bool read_expression(struct reader *r);

/* Up to the closing sign; a comma may end a list, and elements may be optional (?e), where those are taken. */
static bool read_list(struct reader *r, const char *closing, bool is_literal)
{
	while (!take(r, closing)) {
		if (is_literal)
			take(r, "?");
		if (!read_expression(r))
			return false;
		if (take(r, closing))
			return true;
		if (!want(r, ",", "a comma or a bracket is missing"))
			return false;
		if (!is_literal && is(r, SIGN, closing))
			return fail(r, r->start, "something is missing behind the comma");
	}
	return true;
}

/* {key: value, ?key: value}, or where there are fields Type{field: value}. */
static bool read_entries(struct reader *r, bool fields)
{
	while (!take(r, "}")) {
		take(r, "?");
		if (fields && r->token == NAME)
			advance(r);
		else if (!read_expression(r))
			return false;
		if (!want(r, ":", "a colon is missing") || !read_expression(r))
			return false;
		if (take(r, "}"))
			return true;
		if (!want(r, ",", "a comma or a bracket is missing"))
			return false;
	}
	return true;
}

/* In list.all(x, x > 1) the x, in map.all(k, v, k != v) both: names alone before a comma, from the token on. */
static void bind_names(struct reader *r)
{
	struct reader ahead = {.text = r->text, .len = r->len, .next = r->start};

	for (int i = 0; i < 2; i++) {
		size_t start, size;

		advance(&ahead);
		start = ahead.start;
		size = ahead.size;
		if (ahead.token != NAME)
			return;
		advance(&ahead);
		if (!is(&ahead, SIGN, ","))
			return;
		if (r->n_bound < MOST_BOUND) {
			r->bound[r->n_bound].start = start;
			r->bound[r->n_bound].size = size;
		}
		r->n_bound++;
	}
}

static bool is_bound(const struct reader *r, size_t start, size_t size)
{
	for (size_t i = 0; i < r->n_bound && i < MOST_BOUND; i++)
		if (r->bound[i].size == size && memcmp(r->text + r->bound[i].start, r->text + start, size) == 0)
			return true;
	return r->n_bound > MOST_BOUND;
}

/* Behind the opening bracket. The name at start is the function's. */
static bool read_call(struct reader *r, size_t start, size_t size)
{
	static const char *const macros[] = {"all", "exists", "exists_one", "existsOne", "map", "filter", "sortBy", "transformList",
		"transformMap", "transformMapEntry", "optMap", "optFlatMap", "bind"};
	enum hgt_cel_kind kind;

	hgt_cel_function(r->text + start, size, &kind);
	if (r->names && r->names->function)
		r->names->function(r->names->ctx, r->text + start, size, start);
	for (size_t i = 0; i < sizeof(macros) / sizeof(macros[0]); i++)
		if (strlen(macros[i]) == size && memcmp(macros[i], r->text + start, size) == 0)
			bind_names(r);
	if (!read_list(r, ")", false))
		return false;
	r->kind = kind;
	return true;
}

static void note_root(struct reader *r, size_t start, size_t size)
{
	if (r->names && r->names->root && r->text[start] != '`' && !is_bound(r, start, size))
		r->names->root(r->names->ctx, r->text + start, size, start);
}

/* A name that is not called. */
static enum hgt_cel_kind kind_of_name(struct reader *r, size_t start, size_t size)
{
	static const char *const words[] = {"true", "false", "null"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == size && memcmp(words[i], r->text + start, size) == 0)
			return i < 2 ? HGT_CEL_BOOL : HGT_CEL_NULL;
	note_root(r, start, size);
	r->path = start;
	return is_bound(r, start, size) ? HGT_CEL_ANY : HGT_CEL_PATH;
}

/* b'...', rb'...' */
static bool is_bytes(const struct reader *r)
{
	for (const char *c = r->text + r->start; *c != '"' && *c != '\''; c++)
		if (*c == 'b' || *c == 'B')
			return true;
	return false;
}

static bool comes_to(struct reader *r, bool good, enum hgt_cel_kind kind)
{
	r->kind = kind;
	return good;
}

/* *owner, *owner_len: the name that it is, or NULL. */
static bool read_primary(struct reader *r, const char **owner, size_t *owner_len)
{
	static const char *const reserved[] = {"in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let",
		"loop", "package", "namespace", "return", "var", "void", "while", NULL};

	size_t start, size;

	*owner = NULL;
	if (take(r, "("))
		return read_expression(r) && want(r, ")", "a closing bracket is missing");
	if (take(r, "["))
		return comes_to(r, read_list(r, "]", true), HGT_CEL_LIST);
	if (take(r, "{"))
		return comes_to(r, read_entries(r, false), HGT_CEL_OBJECT);
	take(r, ".");
	start = r->start;
	size = r->size;
	if (r->token == NAME && !is_any(r, NAME, reserved)) {
		advance(r);
		if (take(r, "("))
			return read_call(r, start, size);
		*owner = r->text + start;
		*owner_len = size;
		r->kind = kind_of_name(r, start, size);
		return true;
	}
	if (r->token == NAME)
		return fail(r, r->start, "this word has a meaning of its own and cannot stand here");
	if (r->token == NUMBER || r->token == STRING) {
		r->kind = r->token == NUMBER ? HGT_CEL_NUMBER : is_bytes(r) ? HGT_CEL_ANY : HGT_CEL_STRING;
		advance(r);
		return true;
	}
	return fail(r, r->start, r->token == END ? "it ends too early" : "a value is missing before this");
}

static bool read_selector(struct reader *r, const char *owner, size_t owner_len)
{
	static const char *const keywords[] = {"in", "true", "false", "null", NULL};
	enum hgt_cel_kind kind = r->kind == HGT_CEL_PATH ? HGT_CEL_PATH : HGT_CEL_ANY;
	size_t start, size;

	if (take(r, "?"))
		kind = HGT_CEL_ANY;
	if (r->token != NAME || is_any(r, NAME, keywords))
		return fail(r, r->start, r->token == END ? "it ends too early" : "a name is missing behind the dot");
	start = r->start;
	size = r->size;
	advance(r);
	if (take(r, "("))
		return read_call(r, start, size);
	if (owner && r->names && r->names->member && r->text[start] != '`')
		r->names->member(r->names->ctx, owner, owner_len, r->text + start, size, start);
	r->kind = kind;
	return true;
}

/* Behind the opening bracket of value[key]. */
static bool read_index(struct reader *r)
{
	enum hgt_cel_kind kind = r->kind == HGT_CEL_PATH ? HGT_CEL_PATH : HGT_CEL_ANY;
	size_t path = r->path;

	if (take(r, "?"))
		kind = HGT_CEL_ANY;
	if (!read_expression(r) || !want(r, "]", "a closing bracket is missing"))
		return false;
	r->kind = kind;
	r->path = path;
	return true;
}

static bool read_member(struct reader *r)
{
	const char *owner;
	size_t owner_len = 0;

	if (!read_primary(r, &owner, &owner_len))
		return false;
	for (;; owner = NULL) {
		if (take(r, ".")) {
			if (!read_selector(r, owner, owner_len))
				return false;
		} else if (take(r, "[")) {
			if (!read_index(r))
				return false;
		} else if (take(r, "{")) {
			if (!comes_to(r, read_entries(r, true), HGT_CEL_OBJECT))
				return false;
		} else {
			return true;
		}
	}
}

static bool read_unary(struct reader *r)
{
	bool logic = is(r, SIGN, "!"), arithmetic = is(r, SIGN, "-");

	while (take(r, "!") || take(r, "-"))
		;
	if (!read_member(r))
		return false;
	if (logic)
		r->kind = HGT_CEL_BOOL;
	else if (arithmetic && r->kind != HGT_CEL_NUMBER)
		r->kind = HGT_CEL_SUM;
	return true;
}

/* Of a sum, by one of its terms. */
static enum hgt_cel_kind kind_of_sum(enum hgt_cel_kind before, enum hgt_cel_kind term)
{
	if (before != HGT_CEL_SUM)
		return before;
	return term == HGT_CEL_NUMBER || term == HGT_CEL_STRING || term == HGT_CEL_LIST ? term : HGT_CEL_SUM;
}

/*
 * Operators of one level each, from the tightest; between them only their order counts, which syntax does not ask about. What comes
 * of logic and comparisons is true or false, and else a sum.
 */
static bool read_operations(struct reader *r)
{
	static const char *const sums[] = {"*", "/", "%", "+", "-", NULL};
	static const char *const logic[] = {"<", "<=", ">", ">=", "==", "!=", "&&", "||", NULL};
	enum hgt_cel_kind sum = HGT_CEL_SUM;
	bool is_logic = false, is_sum = false;

	while (read_unary(r)) {
		sum = kind_of_sum(sum, r->kind);
		if (is_any(r, SIGN, logic) || is(r, NAME, "in")) {
			is_logic = true;
		} else if (is_any(r, SIGN, sums)) {
			is_sum = true;
		} else {
			r->kind = is_logic ? HGT_CEL_BOOL : is_sum ? sum : r->kind;
			return !r->wrong;
		}
		advance(r);
	}
	return false;
}

/* Behind the question mark of a ? b : c. */
static bool read_choice(struct reader *r)
{
	enum hgt_cel_kind kind;

	if (!read_operations(r) || !want(r, ":", "a colon is missing"))
		return false;
	kind = r->kind;
	if (!read_expression(r))
		return false;
	r->kind = kind == r->kind && kind != HGT_CEL_PATH ? kind : HGT_CEL_ANY;
	return true;
}

static bool read_expression(struct reader *r)
{
	bool good;

	if (r->depth == DEEPEST) {
		r->too_deep = true;
		return fail(r, r->start, "it is nested too deeply");
	}
	r->depth++;
	good = read_operations(r);
	if (good && take(r, "?"))
		good = read_choice(r);
	r->depth--;
	return good && !r->wrong;
}

bool hgt_cel_check(const char *text, size_t len, const struct hgt_cel_names *names, struct hgt_cel *cel)
{
	struct reader r = {.text = text, .len = len, .names = names};

	advance(&r);
	if (read_expression(&r) && r.token != END)
		fail(&r, r.start, "an operator is missing before this");
	*cel = (struct hgt_cel){.wrong = r.too_deep ? NULL : r.wrong, .at = r.at, .kind = r.wrong ? HGT_CEL_ANY : r.kind, .path = r.path};
	return !cel->wrong;
}
