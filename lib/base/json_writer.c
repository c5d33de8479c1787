/* The one way JSON leaves Headgate. */
#include "base/json_writer.h"

#include <inttypes.h>

#include "base/utf8.h"

static void separate(struct hgt_json *json)
{
	if (json->need_comma)
		hgt_buf_addc(json->out, ',');
	json->need_comma = true;
}

static void begin(struct hgt_json *json, char c)
{
	separate(json);
	hgt_buf_addc(json->out, c);
	json->need_comma = false;
}

static void end(struct hgt_json *json, char c)
{
	hgt_buf_addc(json->out, c);
	json->need_comma = true;
}

void hgt_json_begin_object(struct hgt_json *json)
{
	begin(json, '{');
}

void hgt_json_end_object(struct hgt_json *json)
{
	end(json, '}');
}

void hgt_json_begin_array(struct hgt_json *json)
{
	begin(json, '[');
}

void hgt_json_end_array(struct hgt_json *json)
{
	end(json, ']');
}

static void quoted(struct hgt_buf *out, const char *s, size_t len)
{
	hgt_buf_addc(out, '"');
	for (size_t i = 0; i < len;) {
		unsigned char c = (unsigned char)s[i];
		size_t run = i;
		uint32_t cp;
		size_t n;

		while (run < len && (unsigned char)s[run] >= 0x20 && (unsigned char)s[run] < 0x7f && s[run] != '"' &&
			s[run] != '\\')
			run++;
		if (run > i) {
			hgt_buf_add(out, s + i, run - i);
			i = run;
			continue;
		}
		if (c == '"' || c == '\\') {
			hgt_buf_addc(out, '\\');
			hgt_buf_addc(out, (char)c);
			i++;
			continue;
		}
		if (c == '\n' || c == '\r' || c == '\t') {
			hgt_buf_adds(out, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
			i++;
			continue;
		}
		if (c < 0x20 || c == 0x7f) {
			hgt_buf_addf(out, "\\u%04x", c);
			i++;
			continue;
		}
		n = hgt_utf8_decode(s + i, len - i, &cp);
		if (n && cp < 0xa0)	/* C1: a terminal that shows the JSON may obey them as it does escapes */
			hgt_buf_addf(out, "\\u%04x", (unsigned)cp);
		else if (n)
			hgt_buf_add(out, s + i, n);
		else
			hgt_buf_adds(out, "\xef\xbf\xbd");
		i += n ? n : 1;
	}
	hgt_buf_addc(out, '"');
}

void hgt_json_key_len(struct hgt_json *json, const char *key, size_t len)
{
	separate(json);
	quoted(json->out, key, len);
	hgt_buf_addc(json->out, ':');
	json->need_comma = false;
}

void hgt_json_key(struct hgt_json *json, const char *key)
{
	hgt_json_key_len(json, key, strlen(key));
}

void hgt_json_string_len(struct hgt_json *json, const char *s, size_t len)
{
	separate(json);
	quoted(json->out, s, len);
}

void hgt_json_string(struct hgt_json *json, const char *s)
{
	if (s)
		hgt_json_string_len(json, s, strlen(s));
	else
		hgt_json_null(json);
}

void hgt_json_int(struct hgt_json *json, int64_t value)
{
	separate(json);
	hgt_buf_addf(json->out, "%" PRId64, value);
}

void hgt_json_uint(struct hgt_json *json, uint64_t value)
{
	separate(json);
	hgt_buf_addf(json->out, "%" PRIu64, value);
}

void hgt_json_bool(struct hgt_json *json, bool value)
{
	separate(json);
	hgt_buf_adds(json->out, value ? "true" : "false");
}

void hgt_json_null(struct hgt_json *json)
{
	separate(json);
	hgt_buf_adds(json->out, "null");
}

void hgt_json_raw(struct hgt_json *json, const char *text, size_t len)
{
	separate(json);
	hgt_buf_add(json->out, text, len);
}

void hgt_json_key_string(struct hgt_json *json, const char *key, const char *s)
{
	hgt_json_key(json, key);
	hgt_json_string(json, s);
}

void hgt_json_key_int(struct hgt_json *json, const char *key, int64_t value)
{
	hgt_json_key(json, key);
	hgt_json_int(json, value);
}

void hgt_json_key_uint(struct hgt_json *json, const char *key, uint64_t value)
{
	hgt_json_key(json, key);
	hgt_json_uint(json, value);
}

void hgt_json_key_bool(struct hgt_json *json, const char *key, bool value)
{
	hgt_json_key(json, key);
	hgt_json_bool(json, value);
}
