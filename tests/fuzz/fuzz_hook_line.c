/* The line of the hook socket and the spool: whatever is taken has only what the daemon counts on. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "daemon/hook_line.h"
#include "headgate/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hook_line *line = NULL;
	struct hgt_error err = {0};
	int code = hook_line_parse((const char *)data, size, &line, &err);

	if (code < 0) {
		assert(!line && err.message[0]);
		return 0;
	}
	assert(line->repo[0] == '/' && strlen(line->push) == 32 && line->actor[0]);
	assert(line->n_updates > 0 && line->n_updates <= HGT_HOOK_UPDATES_MAX);
	for (size_t i = 0; i < line->n_updates; i++) {
		const struct hgt_update *update = &line->updates[i];

		assert(strlen(update->old_id) == HGT_OID_HEX && strlen(update->new_id) == HGT_OID_HEX);
		assert(strncmp(update->ref, "refs/", 5) == 0 && strcspn(update->ref, " \n\t\x1b\x7f") == strlen(update->ref));
	}
	assert(!line->findings || line->findings->type == HGT_NODE_SEQ);
	hook_line_free(line);
	return 0;
}
