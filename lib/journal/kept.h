/*
 * The refs whose last move is among the rows that retention has removed: no row tells any more that they are where they are. A
 * sum over them stands in for it: of the SHA-256 of each, modulo 2^256, so that one can be added or taken out alone. meta has
 * it as 'kept'.
 */
#ifndef HEADGATE_JOURNAL_KEPT_H
#define HEADGATE_JOURNAL_KEPT_H

#include "base/digest.h"
#include "base/error.h"

struct hgt_journal;

struct hgt_journal_kept {
	uint64_t cut;	/* rows up to this one have been removed */
	uint64_t n;
	unsigned char sum[HGT_SHA256_SIZE];
};

void hgt_kept_add(struct hgt_journal_kept *kept, const char *repo, const char *ref, const char *id, uint64_t seq);
void hgt_kept_take(struct hgt_journal_kept *kept, const char *repo, const char *ref, const char *id, uint64_t seq);

/* As meta has it, and where the rows have been cut. */
int hgt_kept_load(struct hgt_journal *journal, struct hgt_journal_kept *out, struct hgt_error *err) HGT_MUST_CHECK;
int hgt_kept_store(struct hgt_journal *journal, const struct hgt_journal_kept *kept, struct hgt_error *err) HGT_MUST_CHECK;

/* Whether it is what the table says; HGT_ECORRUPT when not. */
int hgt_kept_verify(struct hgt_journal *journal, struct hgt_error *err) HGT_MUST_CHECK;

#endif
