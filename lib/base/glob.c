/* Path patterns: a set of states is carried over the path, so no pattern can make it backtrack. */
#include "base/glob.h"

#include <stdint.h>

#include "base/buf.h"

#define ANY_SEPARATOR '\x1f'	/* between alternatives */
#define BOTH_SEPARATOR '\x1e'	/* between groups of alternatives, each of which must match */

enum token_kind { TOKEN_BYTE, TOKEN_ANY, TOKEN_CLASS, TOKEN_STAR, TOKEN_STARSTAR, TOKEN_FOLDERS, TOKEN_END };

/* One element of a pattern; start and len say where its text lies. */
struct token {
	enum token_kind kind;
	const char *start;
	size_t len;
};

/* The token at p; len 0 when the pattern is malformed there. */
static struct token next_token(const char *p, const char *pattern)
{
	struct token t = {TOKEN_BYTE, p, 1};

	if (*p == '\0') {
		t.kind = TOKEN_END;
	} else if (*p == '\\') {
		t.len = p[1] ? 2 : 0;
	} else if (*p == '?') {
		t.kind = TOKEN_ANY;
	} else if (*p == '*' && p[1] == '*') {
		bool at_folder = p == pattern || p[-1] == '/';

		t.kind = at_folder && p[2] == '/' ? TOKEN_FOLDERS : TOKEN_STARSTAR;
		t.len = t.kind == TOKEN_FOLDERS ? 3 : 2;
	} else if (*p == '*') {
		t.kind = TOKEN_STAR;
	} else if (*p == '[') {
		const char *q = p + 1;

		t.kind = TOKEN_CLASS;
		if (*q == '!' || *q == '^')
			q++;
		if (*q == ']')
			q++;
		while (*q && *q != ']')
			q++;
		t.len = *q ? (size_t)(q - p) + 1 : 0;
	}
	return t;
}

static bool class_has(const struct token *t, unsigned char c)
{
	const char *p = t->start + 1;
	const char *end = t->start + t->len - 1;
	bool negated = *p == '!' || *p == '^';
	bool found = false;

	if (c == '/')
		return false;
	if (negated)
		p++;
	while (p < end) {
		unsigned char lo = (unsigned char)*p++;
		unsigned char hi = lo;

		if (p + 1 < end && *p == '-') {
			hi = (unsigned char)p[1];
			p += 2;
		}
		if (c >= lo && c <= hi)
			found = true;
	}
	return found != negated;
}

int hgt_glob_check(const char *pattern, struct hgt_error *err)
{
	if (!*pattern)
		return hgt_error_set(err, HGT_EPARSE, "empty pattern");
	if (strlen(pattern) > HGT_GLOB_MAX)
		return hgt_error_set(err, HGT_ELIMIT, "pattern longer than %d bytes", HGT_GLOB_MAX);
	for (const char *p = pattern; *p;) {
		struct token t = next_token(p, pattern);

		if (!t.len)
			return hgt_error_set(err, HGT_EPARSE,
				*p == '[' ? "pattern has '[' without ']'" : "pattern ends in a lone '\\'");
		p += t.len;
	}
	return 0;
}

/*
 * Mark token i (1), and those reachable from it without reading a byte. A TOKEN_FOLDERS that is in the middle of a folder's
 * name is marked 2: it goes on itself, and what follows it does not.
 */
static void mark(const struct token *tokens, unsigned char *set, size_t i)
{
	for (;; i++) {
		if (set[i] & 1)
			return;
		set[i] = 1;
		if (tokens[i].kind != TOKEN_STAR && tokens[i].kind != TOKEN_STARSTAR && tokens[i].kind != TOKEN_FOLDERS)
			return;
	}
}

static void step(const struct token *tokens, size_t n, const unsigned char *now, unsigned char *next, unsigned char c)
{
	for (size_t i = 0; i < n; i++) {
		const struct token *t = &tokens[i];

		if (!now[i])
			continue;
		switch (t->kind) {
		case TOKEN_BYTE:
			if ((unsigned char)t->start[t->len - 1] == c)
				mark(tokens, next, i + 1);
			break;
		case TOKEN_ANY:
			if (c != '/')
				mark(tokens, next, i + 1);
			break;
		case TOKEN_CLASS:
			if (class_has(t, c))
				mark(tokens, next, i + 1);
			break;
		case TOKEN_STAR:
			if (c != '/')
				mark(tokens, next, i);
			break;
		case TOKEN_STARSTAR:
			mark(tokens, next, i);
			break;
		case TOKEN_FOLDERS:
			/* Inside a folder's name only this token holds (2); a '/' frees the rest of the pattern. */
			if (c == '/')
				mark(tokens, next, i);
			else if (!next[i])
				next[i] = 2;
			break;
		case TOKEN_END:
			break;
		}
	}
}

static bool match_one(const char *pattern, const char *path)
{
	struct token tokens[HGT_GLOB_MAX + 1];
	unsigned char sets[2][HGT_GLOB_MAX + 2] = {{0}};
	size_t n = 0;
	int now = 0;

	if (hgt_glob_check(pattern, NULL) < 0)
		return false;
	for (const char *p = pattern;; n++) {
		tokens[n] = next_token(p, pattern);
		if (tokens[n].kind == TOKEN_END)
			break;
		p += tokens[n].len;
	}
	mark(tokens, sets[now], 0);
	for (; *path; path++) {
		memset(sets[!now], 0, n + 2);
		step(tokens, n, sets[now], sets[!now], (unsigned char)*path);
		now = !now;
	}
	return sets[now][n] != 0;
}

/* A pattern that was joined: every group must have an alternative that matches. */
static bool match_joined(const char *pattern, const char *path)
{
	char one[HGT_GLOB_MAX + 1];
	bool any = false;

	for (;;) {
		size_t len = strcspn(pattern, (const char[]){ANY_SEPARATOR, BOTH_SEPARATOR, '\0'});

		if (len > HGT_GLOB_MAX)
			return false;
		if (!any) {
			memcpy(one, pattern, len);
			one[len] = '\0';
			any = match_one(one, path);
		}
		pattern += len;
		if (*pattern != ANY_SEPARATOR) {
			if (!any || !*pattern)
				return any;
			any = false;
		}
		pattern++;
	}
}

bool hgt_glob_match(const char *pattern, const char *path)
{
	if (strpbrk(pattern, (const char[]){ANY_SEPARATOR, BOTH_SEPARATOR, '\0'}))
		return match_joined(pattern, path);
	return match_one(pattern, path);
}

void hgt_glob_join_any(char *const *patterns, size_t n, struct hgt_buf *out)
{
	for (size_t i = 0; i < n; i++) {
		if (i)
			hgt_buf_addc(out, ANY_SEPARATOR);
		hgt_buf_adds(out, patterns[i]);
	}
}

void hgt_glob_join_both(const char *a, const char *b, struct hgt_buf *out)
{
	hgt_buf_adds(out, a);
	hgt_buf_addc(out, BOTH_SEPARATOR);
	hgt_buf_adds(out, b);
}

bool hgt_glob_match_any(char *const *patterns, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (hgt_glob_match(patterns[i], path))
			return true;
	return false;
}
