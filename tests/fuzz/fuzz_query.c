/* The query of a URL: whatever parses holds no control byte, no name twice, and no more than its header says. */
#include <assert.h>
#include <stdint.h>

#include "base/buf.h"
#include "daemon/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *s)
{
	for (; *s; s++)
		assert((unsigned char)*s >= 0x20 && *s != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_error err = {0};
	struct query query;
	int code;

	hgt_buf_add(&text, data, size);
	code = query_parse(text.data, &query, &err);
	assert(code == 0 || (code == err.code && err.message[0]));
	assert(query.n <= QUERY_ITEMS_MAX);
	for (size_t i = 0; i < query.n; i++) {
		check_text(query.items[i].name);
		check_text(query.items[i].value);
		/* The first of its name is the only one. */
		assert(query_get(&query, query.items[i].name) == query.items[i].value);
	}
	query_release(&query);
	hgt_buf_release(&text);
	return 0;
}
