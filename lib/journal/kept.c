/* The refs whose last move has been removed, as one sum. */
#include "journal/kept.h"

#include <inttypes.h>
#include <limits.h>

#include "base/io.h"
#include "journal/database.h"

static void hash_ref(const char *repo, const char *ref, const char *id, uint64_t seq, unsigned char out[HGT_SHA256_SIZE])
{
	struct hgt_sha256 sha;
	char number[24];

	snprintf(number, sizeof(number), "%" PRIu64, seq);
	hgt_sha256_init(&sha);
	hgt_sha256_update(&sha, repo, strlen(repo) + 1);
	hgt_sha256_update(&sha, ref, strlen(ref) + 1);
	hgt_sha256_update(&sha, id, strlen(id) + 1);
	hgt_sha256_update(&sha, number, strlen(number));
	hgt_sha256_final(&sha, out);
}

void hgt_kept_add(struct hgt_journal_kept *kept, const char *repo, const char *ref, const char *id, uint64_t seq)
{
	unsigned char hash[HGT_SHA256_SIZE];
	unsigned carry = 0;

	hash_ref(repo, ref, id, seq, hash);
	for (int i = HGT_SHA256_SIZE - 1; i >= 0; i--) {
		carry += (unsigned)kept->sum[i] + hash[i];
		kept->sum[i] = (unsigned char)carry;
		carry >>= 8;
	}
	kept->n++;
}

void hgt_kept_take(struct hgt_journal_kept *kept, const char *repo, const char *ref, const char *id, uint64_t seq)
{
	unsigned char hash[HGT_SHA256_SIZE];
	unsigned borrow = 0;

	hash_ref(repo, ref, id, seq, hash);
	for (int i = HGT_SHA256_SIZE - 1; i >= 0; i--) {
		unsigned low = (unsigned)kept->sum[i] - hash[i] - borrow;

		kept->sum[i] = (unsigned char)low;
		borrow = low > UCHAR_MAX;
	}
	kept->n--;
}

int hgt_kept_load(struct hgt_journal *j, struct hgt_journal_kept *out, struct hgt_error *err)
{
	struct hgt_journal_kept kept = {0};
	struct hgt_journal_start start;
	struct hgt_buf text = HGT_BUF_INIT;
	size_t len;
	int code = hgt_journal_get_start(j, &start, err);

	if (code == 0)
		code = hgt_journal_meta_find(j, "kept", &text, err);
	if (code < 0)
		goto out;
	kept.cut = start.chain.seq;
	len = strcspn(text.data, " ");
	if (text.len) {
		bool good = text.len == len + HGT_SHA256_HEX && hgt_unhex(text.data + len + 1, kept.sum, sizeof(kept.sum));

		text.data[len] = '\0';
		if (!good || hgt_parse_u64(text.data, INT64_MAX, &kept.n) < 0)
			code = hgt_error_set(err, HGT_ECORRUPT, "journal: the sum of the refs that %s keeps is damaged", j->path);
	}
	if (code == 0)
		*out = kept;
out:
	hgt_buf_release(&text);
	return code;
}

int hgt_kept_store(struct hgt_journal *j, const struct hgt_journal_kept *kept, struct hgt_error *err)
{
	struct hgt_buf text = HGT_BUF_INIT;
	char sum[HGT_SHA256_HEX];
	int code;

	hgt_hex(kept->sum, sizeof(kept->sum), sum);
	hgt_buf_addf(&text, "%" PRIu64 " %s", kept->n, sum);
	code = hgt_buf_check(&text, err);
	if (code == 0)
		code = hgt_journal_meta_set(j, "kept", text.data, err);
	hgt_buf_release(&text);
	return code;
}

static int add_old(void *ctx, const char *repo, const char *ref, const char *id, uint64_t seq)
{
	struct hgt_journal_kept *kept = ctx;

	if (seq <= kept->cut)
		hgt_kept_add(kept, repo, ref, id, seq);
	return 0;
}

int hgt_kept_verify(struct hgt_journal *j, struct hgt_error *err)
{
	struct hgt_journal_kept said, have = {0};
	int code = hgt_kept_load(j, &said, err);

	if (code < 0)
		return code;
	have.cut = said.cut;
	code = hgt_journal_refs(j, NULL, add_old, &have, err);
	if (code == 0 && (have.n != said.n || memcmp(have.sum, said.sum, sizeof(have.sum)) != 0))
		code = hgt_error_set(err, HGT_ECORRUPT, "journal: the refs whose last move was row %" PRIu64 " or one before it are not what they were",
			said.cut);
	return code;
}
