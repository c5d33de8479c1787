/* A hook's stdin: whatever parses must be what its header promises. */
#include <assert.h>
#include <stdint.h>

#include "git/update.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hgt_arena arena = HGT_ARENA_INIT;
	struct hgt_updates updates = {0};
	struct hgt_error err = {0};
	int code = hgt_updates_parse((const char *)data, size, &arena, &updates, &err);

	assert(code == 0 || (code == err.code && err.message[0]));
	for (size_t i = 0; i < updates.n; i++) {
		const struct hgt_update *u = &updates.items[i];
		enum hgt_change change = hgt_update_change(u);

		assert(hgt_oid_is_valid(u->old_id) && hgt_oid_is_valid(u->new_id) && strlen(u->old_id) == HGT_OID_HEX);
		assert(strncmp(u->ref, "refs/", 5) == 0 && strlen(u->ref) <= 4096);
		assert((change == HGT_CHANGE_DELETE) == hgt_oid_is_zero(u->new_id));
	}
	hgt_arena_release(&arena);
	return 0;
}
