/* Git objects that nobody vouches for. The first byte chooses: a commit, whose payload and signature come from its own bytes; a tree; a proof. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "object/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_commit(const char *text, size_t len)
{
	struct hgt_raw_commit commit;

	if (hgt_commit_parse(text, len, &commit, NULL) == 0) {
		assert(hgt_oid_is_valid(commit.tree) && commit.payload.len + commit.signature.len <= len);
		assert(commit.signature.len > 0 || commit.payload.len == len || memmem(text, len, "gpgsig", 6));
	}
	hgt_raw_commit_release(&commit);
}

static void take_tree(const char *text, size_t len)
{
	char id[HGT_OID_HEX + 1];
	unsigned mode;

	if (hgt_tree_find(text, len, "hosts", 5, &mode, id, NULL) == 0)
		assert(hgt_oid_is_valid(id));
}

/* Behind the first 40 bytes, which are the revision. */
static void take_proof(const char *text, size_t len)
{
	char revision[HGT_OID_HEX + 1] = "";
	struct hgt_proof proof;

	if (len < HGT_OID_HEX)
		return;
	memcpy(revision, text, HGT_OID_HEX);
	if (hgt_proof_check(text + HGT_OID_HEX, len - HGT_OID_HEX, revision, "hosts/web", &proof, NULL) == 0)
		assert(hgt_oid_is_valid(proof.tree));
	hgt_proof_release(&proof);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;

	if (size == 0)
		return 0;
	if (data[0] == 'c')
		take_commit(text, size - 1);
	else if (data[0] == 't')
		take_tree(text, size - 1);
	else
		take_proof(text, size - 1);
	return 0;
}
