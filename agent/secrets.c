/* What must not leave this host, taken out of texts. */
#include "agent/secrets.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_writer.h"

#define SECRET_MIN 3
#define PART_OF_A_WORD 6	/* shorter ones count only where they are a word of their own */

static void add_item(struct secrets *secrets, const char *value, size_t len)
{
	struct hgt_buf *items;

	if (len < SECRET_MIN)
		return;
	for (size_t i = 0; i < secrets->n; i++)
		if (secrets->items[i].len == len && memcmp(secrets->items[i].data, value, len) == 0)
			return;
	items = secrets->n < SECRETS_MAX ? reallocarray(secrets->items, secrets->n + 1, sizeof(*items)) : NULL;
	if (!items) {
		secrets->failed = true;
		return;
	}
	secrets->items = items;
	hgt_buf_init(&items[secrets->n]);
	hgt_buf_add(&items[secrets->n], value, len);
	secrets->failed |= items[secrets->n].failed;
	secrets->n++;
	secrets->sorted = false;
}

/* As it stands in JSON too, which is how tools show it. */
static void add_forms(struct secrets *secrets, const char *value, size_t len)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&text);

	add_item(secrets, value, len);
	hgt_json_string_len(&json, value, len);
	secrets->failed |= text.failed;
	if (!text.failed && text.len >= 2)
		add_item(secrets, text.data + 1, text.len - 2);
	hgt_buf_release(&text);
}

void secrets_add(struct secrets *secrets, const char *value, size_t len)
{
	add_forms(secrets, value, len);
	if (!memchr(value, '\n', len))
		return;
	for (size_t at = 0; at < len;) {
		const char *end = memchr(value + at, '\n', len - at);
		size_t to = end ? (size_t)(end - value) : len, next = to + 1;

		while (at < to && isspace((unsigned char)value[at]))
			at++;
		while (at < to && isspace((unsigned char)value[to - 1]))
			to--;
		add_forms(secrets, value + at, to - at);
		at = next;
	}
}

void secrets_release(struct secrets *secrets)
{
	for (size_t i = 0; i < secrets->n; i++)
		hgt_buf_release(&secrets->items[i]);
	free(secrets->items);
	redact_release(&secrets->names);
	*secrets = (struct secrets)SECRETS_INIT;
}

static int by_length(const void *a, const void *b)
{
	size_t x = ((const struct hgt_buf *)a)->len, y = ((const struct hgt_buf *)b)->len;

	return x < y ? 1 : x > y ? -1 : 0;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* The longest known value that stands at text[at]; 0 for none. */
static size_t known_at(const struct secrets *secrets, const char *text, size_t at, size_t len)
{
	for (size_t i = 0; i < secrets->n; i++) {
		const struct hgt_buf *item = &secrets->items[i];

		if (item->data[0] != text[at] || item->len > len - at || memcmp(text + at, item->data, item->len) != 0)
			continue;
		if (item->len < PART_OF_A_WORD && ((at > 0 && is_word(text[at - 1]) && is_word(text[at])) ||
			(at + item->len < len && is_word(text[at + item->len]) && is_word(item->data[item->len - 1]))))
			continue;
		return item->len;
	}
	return 0;
}

static void hide_values(struct secrets *secrets, const char *text, size_t len, struct hgt_buf *out, uint64_t *count)
{
	bool begins[256] = {false};
	size_t from = 0;

	if (!secrets->sorted)
		qsort(secrets->items, secrets->n, sizeof(*secrets->items), by_length);
	secrets->sorted = true;
	for (size_t i = 0; i < secrets->n; i++)
		begins[(unsigned char)secrets->items[i].data[0]] = true;
	for (size_t at = 0; at < len;) {
		size_t n = begins[(unsigned char)text[at]] ? known_at(secrets, text, at, len) : 0;

		if (!n) {
			at++;
			continue;
		}
		hgt_buf_add(out, text + from, at - from);
		hgt_buf_adds(out, SECRETS_HIDDEN);
		++*count;
		/* One of several lines keeps their number. */
		for (size_t i = at; i < at + n; i++)
			if (text[i] == '\n')
				hgt_buf_addc(out, '\n');
		from = at += n;
	}
	hgt_buf_add(out, text + from, len - from);
}

int secrets_hide(struct secrets *secrets, const char *text, size_t len, struct hgt_buf *out, uint64_t *count, struct hgt_error *err)
{
	struct redactor own = {0}, *names = secrets ? &secrets->names : &own;
	struct hgt_buf between = HGT_BUF_INIT;
	uint64_t before = names->redacted;
	int code;

	if (secrets && secrets->failed)
		return hgt_error_set(err, HGT_ENOMEM, "not all that is secret could be kept in mind, so nothing of it is shown");
	if (secrets && secrets->n > 0)
		hide_values(secrets, text, len, &between, count);
	else
		hgt_buf_add(&between, text, len);
	names->in_key = false;
	redact_lines(names, between.data, between.len, out);
	*count += names->redacted - before;
	code = hgt_buf_check(&between, err);
	hgt_buf_release(&between);
	redact_release(&own);
	return code < 0 ? code : hgt_buf_check(out, err);
}

int secrets_hide_in(struct secrets *secrets, struct hgt_buf *text, uint64_t *count, struct hgt_error *err)
{
	struct hgt_buf out = HGT_BUF_INIT;
	int code = hgt_buf_check(text, err);

	if (code == 0)
		code = secrets_hide(secrets, text->data, text->len, &out, count, err);
	if (code < 0) {
		hgt_buf_release(&out);
		/* What may have a secret in it is not kept either. */
		hgt_buf_reset(text);
		return code;
	}
	hgt_buf_release(text);
	*text = out;
	return 0;
}
