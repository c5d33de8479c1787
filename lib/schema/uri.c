/* URI references (RFC 3986). */
#include "schema/uri.h"

static struct hgt_span span(const char *text, size_t len)
{
	return (struct hgt_span){text, len};
}

void hgt_uri_split(const char *text, size_t len, struct hgt_uri *uri)
{
	const char *end = text + len, *p = memchr(text, '#', len);

	*uri = (struct hgt_uri){0};
	if (p) {
		uri->fragment = span(p + 1, (size_t)(end - p) - 1);
		end = p;
	}
	p = memchr(text, '?', (size_t)(end - text));
	if (p) {
		uri->query = span(p + 1, (size_t)(end - p) - 1);
		end = p;
	}
	for (p = text; p < end && *p != ':' && *p != '/'; p++)
		;
	if (p < end && *p == ':' && p > text) {
		uri->scheme = span(text, (size_t)(p - text));
		text = p + 1;
	}
	if (end - text >= 2 && text[0] == '/' && text[1] == '/') {
		text += 2;
		for (p = text; p < end && *p != '/'; p++)
			;
		uri->authority = span(text, (size_t)(p - text));
		text = p;
	}
	uri->path = span(text, (size_t)(end - text));
}

/* Take "." and ".." out of what stands in out from `start` on (section 5.2.4). */
static void remove_dots(struct hgt_buf *out, size_t start)
{
	size_t read = start, write = start, end = out->len;
	char *s = out->data;

	while (read < end) {
		size_t segment = read, len;

		/* A segment and the slash before it. */
		read += s[read] == '/';
		while (read < end && s[read] != '/')
			read++;
		len = read - segment;
		if ((len == 2 && memcmp(s + segment, "/.", 2) == 0) || (len == 1 && s[segment] == '.') ||
			(len == 2 && memcmp(s + segment, "..", 2) == 0)) {
			if (read == end && len == 2 && s[segment] == '/')
				s[write++] = '/';
			continue;
		}
		if (len == 3 && memcmp(s + segment, "/..", 3) == 0) {
			while (write > start && s[--write] != '/')
				;
			if (read == end)
				s[write++] = '/';
			continue;
		}
		memmove(s + write, s + segment, len);
		write += len;
	}
	hgt_buf_truncate(out, write);
}

static void add_path(const struct hgt_uri *base, const struct hgt_uri *reference, struct hgt_buf *out)
{
	size_t start = out->len, keep = base->path.len;

	if (reference->path.len && reference->path.text[0] != '/') {
		while (keep && base->path.text[keep - 1] != '/')
			keep--;
		hgt_buf_add(out, base->path.text, keep);
		if (base->authority.text && !base->path.len)
			hgt_buf_addc(out, '/');
	}
	hgt_buf_add(out, reference->path.text, reference->path.len);
	if (!out->failed)
		remove_dots(out, start);
}

void hgt_uri_resolve(const char *base_text, const char *text, size_t len, struct hgt_buf *out)
{
	struct hgt_uri base, reference;
	const struct hgt_span *scheme, *authority, *query = &reference.query;

	hgt_uri_split(base_text, strlen(base_text), &base);
	hgt_uri_split(text, len, &reference);
	scheme = reference.scheme.text ? &reference.scheme : &base.scheme;
	authority = reference.scheme.text || reference.authority.text ? &reference.authority : &base.authority;
	if (scheme->text) {
		hgt_buf_add(out, scheme->text, scheme->len);
		hgt_buf_addc(out, ':');
	}
	if (authority->text) {
		hgt_buf_adds(out, "//");
		hgt_buf_add(out, authority->text, authority->len);
	}
	if (reference.scheme.text) {
		/* An opaque path (urn:...) has no dots that mean anything. */
		size_t start = out->len;

		hgt_buf_add(out, reference.path.text, reference.path.len);
		if (!out->failed && reference.path.len && reference.path.text[0] == '/')
			remove_dots(out, start);
	} else if (reference.authority.text || reference.path.len) {
		add_path(&base, &reference, out);
	} else {
		hgt_buf_add(out, base.path.text, base.path.len);
		if (!query->text)
			query = &base.query;
	}
	if (query->text) {
		hgt_buf_addc(out, '?');
		hgt_buf_add(out, query->text, query->len);
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void hgt_uri_decode(const char *text, size_t len, struct hgt_buf *out)
{
	for (size_t i = 0; i < len; i++) {
		int high = text[i] == '%' && len - i > 2 ? hex_digit(text[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(text[i + 2]) : -1;

		if (low < 0) {
			hgt_buf_addc(out, text[i]);
			continue;
		}
		hgt_buf_addc(out, (char)(high << 4 | low));
		i += 2;
	}
}
