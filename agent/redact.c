/* Values that look like secrets. */
#include "agent/redact.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Whether word[0..len) is in the name, '-' and '_' taken for the same. */
static bool name_has(const char *name, size_t len, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= len; i++) {
		size_t k = 0;

		while (k < n && (tolower((unsigned char)name[i + k]) == word[k] || (word[k] == '_' && name[i + k] == '-')))
			k++;
		if (k == n)
			return true;
	}
	return false;
}

static bool is_secret(const char *name, size_t len)
{
	static const char *const words[] = {"password", "passwd", "passphrase", "secret", "token", "credential", "private_key", "privatekey",
		"api_key", "apikey", "access_key", "accesskey", "authorization"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (name_has(name, len, words[i]))
			return true;
	return false;
}

static bool is_of_name(char c)
{
	return isalnum((unsigned char)c) || strchr("_-.", c);
}

static bool is_marked(const char *value, size_t len)
{
	size_t quote = len > 0 && strchr("\"'", value[0]) ? 1 : 0, n = strlen(REDACTED) - 1;

	return len - quote >= n && memcmp(value + quote, REDACTED, n) == 0;
}

/* Where the value of a secret's name begins in the line, or len. */
static size_t find_value(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		size_t end = i, at;

		while (end > 0 && (line[end - 1] == ' ' || line[end - 1] == '\t'))
			end--;
		if ((line[i] != ':' && line[i] != '=') || end == 0)
			continue;
		end -= strchr("\"'", line[end - 1]) ? 1 : 0;
		at = end;
		while (at > 0 && is_of_name(line[at - 1]))
			at--;
		if (!is_secret(line + at, end - at))
			continue;
		for (at = i + 1; at < len && strchr(" \t=>", line[at]);)
			at++;
		/* What has been taken out already keeps its mark. */
		return is_marked(line + at, len - at) ? len : at;
	}
	return len;
}

/* scheme://user:password@host */
static size_t find_userinfo(const char *line, size_t len, size_t *end)
{
	const char *scheme = memmem(line, len, "://", 3), *at, *stop;

	if (!scheme)
		return len;
	stop = scheme + 3;
	while (stop < line + len && !strchr("/ \t\"'", *stop))
		stop++;
	at = memrchr(scheme + 3, '@', (size_t)(stop - scheme - 3));
	if (!at || !memchr(scheme + 3, ':', (size_t)(at - scheme - 3)))
		return len;
	*end = (size_t)(at - line);
	return (size_t)(scheme + 3 - line);
}

/* The number of a value; without memory all that are new share the next one. */
static size_t number_of(struct redactor *r, const char *value, size_t len)
{
	unsigned char digest[HGT_SHA256_SIZE], (*seen)[HGT_SHA256_SIZE];

	hgt_sha256(value, len, digest);
	for (size_t i = 0; i < r->n_seen; i++)
		if (memcmp(r->seen[i], digest, sizeof(digest)) == 0)
			return i + 1;
	seen = reallocarray(r->seen, r->n_seen + 1, sizeof(*seen));
	if (!seen)
		return r->n_seen + 1;
	r->seen = seen;
	memcpy(seen[r->n_seen], digest, sizeof(digest));
	return ++r->n_seen;
}

static void put(struct redactor *r, const char *line, size_t from, size_t to, size_t len, struct hgt_buf *out)
{
	hgt_buf_add(out, line, from);
	hgt_buf_addf(out, REDACTED "%zu]", number_of(r, line + from, to - from));
	hgt_buf_add(out, line + to, len - to);
	r->redacted++;
}

static bool has(const char *line, size_t len, const char *a, const char *b)
{
	const char *found = memmem(line, len, a, strlen(a));

	return found && memmem(found, len - (size_t)(found - line), b, strlen(b));
}

static void redact_line(struct redactor *r, const char *line, size_t len, struct hgt_buf *out)
{
	size_t mark = len > 0 && strchr("+- ", line[0]) ? 1 : 0, at, end = len;

	if (r->in_key) {
		r->in_key = !has(line, len, "-----END", "PRIVATE KEY");
		if (r->in_key)
			put(r, line, mark, len, len, out);
		else
			hgt_buf_add(out, line, len);
		return;
	}
	r->in_key = has(line, len, "-----BEGIN", "PRIVATE KEY") && !has(line, len, "-----END", "PRIVATE KEY");
	if (has(line, len, "-----BEGIN", "PRIVATE KEY")) {
		/* On one line, or where it begins. Its dashes are no mark of a diff. */
		put(r, line, line == (const char *)memmem(line, len, "-----BEGIN", 10) ? 0 : mark, len, len, out);
		return;
	}
	at = find_value(line, len);
	if (at == len)
		at = find_userinfo(line, len, &end);
	else
		end = len;
	if (at < len)
		put(r, line, at, end, len, out);
	else
		hgt_buf_add(out, line, len);
}

void redact_lines(struct redactor *r, const char *text, size_t len, struct hgt_buf *out)
{
	const char *end = text + len;

	while (text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));
		size_t n = eol ? (size_t)(eol - text) : (size_t)(end - text);

		redact_line(r, text, n, out);
		if (eol)
			hgt_buf_addc(out, '\n');
		text += n + (eol != NULL);
	}
}

void redact_release(struct redactor *r)
{
	free(r->seen);
	*r = (struct redactor){0};
}
