/* Text from outside, made safe to show. */
#include "base/escape.h"

#include <stdint.h>

#include "base/utf8.h"

static bool hidden(uint32_t cp)
{
	return (cp >= 0x80 && cp <= 0x9f) || cp == 0xad || cp == 0x61c || (cp >= 0x200b && cp <= 0x200f) ||
		(cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2060 && cp <= 0x206f) || cp == 0xfeff ||
		(cp >= 0xfff9 && cp <= 0xfffb) || (cp >= 0xe0000 && cp <= 0xe007f);
}

static void escape_byte(struct hgt_buf *out, unsigned char c)
{
	switch (c) {
	case '\n':
		hgt_buf_adds(out, "\\n");
		break;
	case '\r':
		hgt_buf_adds(out, "\\r");
		break;
	case '\t':
		hgt_buf_adds(out, "\\t");
		break;
	case 0x1b:
		hgt_buf_adds(out, "\\e");
		break;
	case '\\':
		hgt_buf_adds(out, "\\\\");
		break;
	default:
		hgt_buf_addf(out, "\\x%02x", c);
	}
}

void hgt_escape_text(struct hgt_buf *out, const char *s, size_t len)
{
	size_t i = 0;

	while (i < len) {
		unsigned char c = (unsigned char)s[i];
		size_t run = i;
		uint32_t cp;
		size_t n;

		while (run < len && (unsigned char)s[run] >= 0x20 && (unsigned char)s[run] < 0x7f && s[run] != '\\')
			run++;
		if (run > i) {
			hgt_buf_add(out, s + i, run - i);
			i = run;
			continue;
		}
		n = c < 0x80 ? 0 : hgt_utf8_decode(s + i, len - i, &cp);
		if (!n) {
			escape_byte(out, c);
			n = 1;
		} else if (hidden(cp)) {
			hgt_buf_addf(out, "\\u{%x}", cp);
		} else {
			hgt_buf_add(out, s + i, n);
		}
		i += n;
	}
}

void hgt_escape_str(struct hgt_buf *out, const char *s)
{
	size_t start = out->len;
	size_t len = strlen(s);

	hgt_escape_text(out, s, len);
	if (out->failed || out->len - start == len)
		return;
	hgt_buf_truncate(out, start);
	hgt_buf_addc(out, '"');
	hgt_escape_text(out, s, len);
	hgt_buf_addc(out, '"');
}

void hgt_escape_url(struct hgt_buf *out, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
			c == '_' || c == '~')
			hgt_buf_addc(out, (char)c);
		else
			hgt_buf_addf(out, "%%%02X", c);
	}
}

/* The entity of a byte that has to be one, NULL for the rest. */
static const char *xml_entity(unsigned char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\n':
		return "&#10;";
	case '\r':
		return "&#13;";
	case '\t':
		return "&#9;";
	default:
		return NULL;
	}
}

void hgt_escape_xml(struct hgt_buf *out, const char *s, size_t len)
{
	for (size_t i = 0, n; i < len; i += n) {
		unsigned char c = (unsigned char)s[i];
		const char *entity = xml_entity(c);
		uint32_t cp = c;

		n = c < 0x80 ? 1 : hgt_utf8_decode(s + i, len - i, &cp);
		if (entity)
			hgt_buf_adds(out, entity);
		else if (!n || cp < 0x20 || cp == 0xfffe || cp == 0xffff)
			hgt_buf_adds(out, "\xef\xbf\xbd");
		else if (cp >= 0x7f && cp < 0xa0)
			hgt_buf_addf(out, "&#%u;", (unsigned)cp);
		else
			hgt_buf_add(out, s + i, n);
		n += !n;
	}
}
