/* Journals for the tests of lib/journal: of the repository infra, at a time of their own. Whatever goes wrong fails the test. */
#ifndef HEADGATE_TESTS_JOURNAL_RIG_H
#define HEADGATE_TESTS_JOURNAL_RIG_H

#include "base/buf.h"
#include "journal/backup.h"
#include "journal/retention.h"

#define ZERO "0000000000000000000000000000000000000000"
#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DAY 86400000LL
#define NOW (20000 * DAY)
#define NOBODY UINT64_MAX

void journal_well(int code, const struct hgt_error *err);
struct hgt_journal *journal_open(const char *path, enum hgt_journal_mode mode);

/* Without the care of hgt_write_file, which waits for the disk. */
void journal_put_file(const char *path, const struct hgt_buf *text);

/* Within a batch: one more row, of `padding` bytes more. */
int journal_move(struct hgt_journal *j, const char *ref, int64_t time_ms, size_t padding, uint64_t *seq, struct hgt_error *err);

/* A batch of n rows, each of a ref of its own, the times given (NULL: all now). */
void journal_rows(struct hgt_journal *j, int n, const int64_t *times, size_t padding);

/* The last row that is too many when so many are kept. */
uint64_t journal_all_but(struct hgt_journal *j, uint64_t keep);

/* One step of retention, in a batch of its own; the second takes all that the limits let go, without a limit of time. */
int journal_compact(struct hgt_journal *j, const struct hgt_retention *limits, struct hgt_compaction *out, struct hgt_error *err);
struct hgt_compaction journal_compacted(struct hgt_journal *j, struct hgt_retention limits);

/* Rows that were proven. */
uint64_t journal_verified(const char *path);

/* As the daemon does at its start, in a batch of its own. */
int journal_take_over(struct hgt_journal *j, bool *is_copy, struct hgt_error *err);

/* Past the journal's own ways: run a statement; one that has a number as its answer. */
void journal_exec(const char *path, const char *sql);
int64_t journal_number(const char *path, const char *sql);

#endif
