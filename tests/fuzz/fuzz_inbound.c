/* Webhooks that come in: the first byte chooses the forge; then header lines, an empty line, and the body. What is taken is a ref
 * and ids and nothing else, and no signature fits that nobody made. */
#include <assert.h>
#include <stdint.h>

#include "doc/doc.h"
#include "webhook/inbound.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEADERS_MAX 8

struct headers {
	const char *names[HEADERS_MAX], *values[HEADERS_MAX];
	size_t n;
};

static const char *get(void *ctx, const char *name)
{
	const struct headers *headers = ctx;

	for (size_t i = 0; i < headers->n; i++)
		if (!strcasecmp(headers->names[i], name))
			return headers->values[i];
	return NULL;
}

/* Cut the lines; where the body begins. */
static char *cut_headers(char *text, struct headers *headers)
{
	while (*text && *text != '\n') {
		char *end = strchr(text, '\n'), *colon = strstr(text, ": ");

		if (!end)
			return text;
		*end = '\0';
		if (colon && colon < end && headers->n < HEADERS_MAX) {
			*colon = '\0';
			headers->names[headers->n] = text;
			headers->values[headers->n++] = colon + 2;
		}
		text = end + 1;
	}
	return *text ? text + 1 : text;
}

static void check_id(const char *id)
{
	assert((strlen(id) == 40 || strlen(id) == 64) && strspn(id, "0123456789abcdef") == strlen(id));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct hgt_secret secret = {(char *)"a secret that no input knows", 28};
	enum hgt_webhook_format kind;
	struct hgt_inbound_push push;
	struct headers headers = {0};
	struct hgt_error err = {0};
	struct hgt_doc_set set;
	struct hgt_buf text = HGT_BUF_INIT;
	char *body;
	size_t len;
	int code;

	if (!size)
		return 0;
	kind = (enum hgt_webhook_format)(data[0] % HGT_WEBHOOK_FORMATS);
	hgt_buf_add(&text, data + 1, size - 1);
	body = cut_headers(text.data, &headers);
	len = text.len - (size_t)(body - text.data);
	assert(!hgt_inbound_verify(kind, &secret, get, &headers, body, len));
	hgt_doc_set_init(&set);
	code = hgt_inbound_read(kind, get, &headers, body, len, &set, &push, &err);
	assert(code >= 0 || (code == err.code && err.message[0]));
	if (code == 1) {
		assert(strncmp(push.ref, "refs/", 5) == 0 && strlen(push.ref) <= HGT_INBOUND_REF_MAX && !strstr(push.ref, ".."));
		for (const char *p = push.ref; *p; p++)
			assert((unsigned char)*p > ' ' && *p != 0x7f);
		check_id(push.new_id);
		if (push.old_id)
			check_id(push.old_id);
		assert(!push.delivery || (push.delivery[0] && strlen(push.delivery) <= HGT_INBOUND_DELIVERY_MAX));
	}
	hgt_doc_set_release(&set);
	hgt_buf_release(&text);
	return 0;
}
