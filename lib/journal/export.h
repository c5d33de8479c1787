/*
 * A journal as lines of JSON, from which an outside copy can be kept and verified without the database:
 *
 *	{"journal":"<id>","seq":<n>,"hash":"<hex>"}		the row before the first: its seq, its hash, the id that the journal had then
 *	{"seq":<n>,"hash":"<hex>","event":<body>}		each row; body is exactly the bytes that the hash covers
 *	{"journal":"<id>","events":<count>,"seq":<n>,"hash":"<hex>"}	the end: the journal's id, how many, the last row
 *
 * hash(n) = SHA-256(hash(n-1) || body(n)) with the hashes as bytes.
 */
#ifndef HEADGATE_JOURNAL_EXPORT_H
#define HEADGATE_JOURNAL_EXPORT_H

#include "base/digest.h"
#include "journal/journal.h"

/* Takes a whole line, its line feed included; a negative return stops and is passed on. */
typedef int (*hgt_export_cb)(void *ctx, const char *line, size_t len);

/* The rows after `after` (NULL: all that are held) up to the head, in small reads. HGT_ENOENT when the cursor is not of this
 * journal, or the rows after it are no longer held. */
int hgt_journal_export(const char *path, const struct hgt_cursor *after, hgt_export_cb cb, void *ctx, struct hgt_error *err) HGT_MUST_CHECK;

/* Verifying one, line by line. */
struct hgt_export_check {
	uint64_t line, rows, seq;	/* lines seen, rows that hold, and the last of them */
	unsigned char hash[HGT_SHA256_SIZE];
	char id[HGT_JOURNAL_ID_HEX + 1];
	bool ended;
};

/* The next line, without its line feed. HGT_ECORRUPT with a message that names the line and the row. */
int hgt_export_check_line(struct hgt_export_check *check, const char *line, size_t len, struct hgt_error *err) HGT_MUST_CHECK;

/* After the last line: HGT_ECORRUPT when the end is missing. */
int hgt_export_check_end(const struct hgt_export_check *check, struct hgt_error *err) HGT_MUST_CHECK;

#endif
