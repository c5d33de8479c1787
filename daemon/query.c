/* The query of a URL, bounded and decoded. */
#include "daemon/query.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int query_decode(const char *text, size_t len, char *out, struct hgt_error *err)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '%') {
			int high = len - i > 2 ? hex_digit(text[i + 1]) : -1;
			int low = len - i > 2 ? hex_digit(text[i + 2]) : -1;

			if (high < 0 || low < 0)
				return hgt_error_set(err, HGT_EPARSE, "the URL has a %% that two hex digits do not follow");
			c = (unsigned char)(high << 4 | low);
			i += 2;
		}
		if (c < 0x20 || c == 0x7f)
			return hgt_error_set(err, HGT_EPARSE, "the URL has a control character");
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return 0;
}

/* One `name=value` of len bytes, decoded to *room, which moves on. */
static int parse_item(const char *item, size_t len, char **room, struct query *out, struct hgt_error *err)
{
	const char *equals = memchr(item, '=', len);
	size_t name_len = equals ? (size_t)(equals - item) : len;
	char *name = *room, *value;
	int code;

	if (out->n == QUERY_ITEMS_MAX)
		return hgt_error_set(err, HGT_ELIMIT, "the URL has more than %d parameters", QUERY_ITEMS_MAX);
	code = query_decode(item, name_len, name, err);
	if (code < 0)
		return code;
	value = name + strlen(name) + 1;
	code = query_decode(equals ? equals + 1 : "", equals ? len - name_len - 1 : 0, value, err);
	if (code < 0)
		return code;
	if (query_get(out, name))
		return hgt_error_set(err, HGT_EPARSE, "parameter \"%s\" is given twice", name);
	out->items[out->n].name = name;
	out->items[out->n].value = value;
	out->n++;
	*room = value + strlen(value) + 1;
	return 0;
}

int query_parse(const char *text, struct query *out, struct hgt_error *err)
{
	size_t len = text ? strlen(text) : 0;
	char *room;

	*out = (struct query){0};
	if (!len)
		return 0;
	if (len > QUERY_BYTES_MAX)
		return hgt_error_set(err, HGT_ELIMIT, "the URL's query is longer than %d bytes", QUERY_BYTES_MAX);
	/* Decoding never lengthens; each item needs a terminator for its name and one for its value, of which one replaces '&'
	 * or '=' at most. */
	out->text = room = malloc(len + 2 * QUERY_ITEMS_MAX);
	if (!room)
		return hgt_error_nomem(err);
	while (*text) {
		size_t n = strcspn(text, "&");
		int code = n ? parse_item(text, n, &room, out, err) : 0;

		if (code < 0)
			return code;
		text += n;
		if (*text)
			text++;
	}
	return 0;
}

void query_release(struct query *query)
{
	free(query->text);
	*query = (struct query){0};
}

const char *query_get(const struct query *query, const char *name)
{
	for (size_t i = 0; i < query->n; i++)
		if (!strcmp(query->items[i].name, name))
			return query->items[i].value;
	return NULL;
}

const char *query_unknown(const struct query *query, const char *const *known)
{
	for (size_t i = 0; i < query->n; i++) {
		const char *const *k = known;

		while (*k && strcmp(*k, query->items[i].name) != 0)
			k++;
		if (!*k)
			return query->items[i].name;
	}
	return NULL;
}
