/* The log beside the database after a crash (https://www.sqlite.org/fileformat2.html, section 4). */
#include "journal/wal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

/*
 * The header: magic, format, page size, sequence, two salts, two checksum words. A frame: page number, the database's size
 * after a commit (else 0), the salts, two checksum words, the page. Numbers are big-endian; the words that are summed are so
 * where the magic is odd.
 */
enum { HEADER = 32, HEADER_SUMMED = 24, FRAME_HEADER = 24, FRAME_SUMMED = 8, PAGE_MIN = 512, PAGE_MAX = 65536 };
#define MAGIC 0x377f0682u

struct log {
	FILE *file;
	unsigned char header[HEADER];
	unsigned char *frame;	/* header and page */
	size_t page;
	bool big_endian;
	uint32_t sum[2];
};

static uint32_t big(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t word(const struct log *log, const unsigned char *p)
{
	return log->big_endian ? big(p) : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static void add(const struct log *log, const unsigned char *p, size_t len, uint32_t sum[2])
{
	for (size_t i = 0; i + 8 <= len; i += 8) {
		sum[0] += word(log, p + i) + sum[1];
		sum[1] += word(log, p + i + 4) + sum[0];
	}
}

static bool header_fits(struct log *log)
{
	uint32_t magic = big(log->header);

	log->page = big(log->header + 8);
	log->big_endian = magic & 1;
	add(log, log->header, HEADER_SUMMED, log->sum);
	return (magic & ~1u) == MAGIC && log->page >= PAGE_MIN && log->page <= PAGE_MAX && !(log->page & (log->page - 1)) &&
		log->sum[0] == big(log->header + 24) && log->sum[1] == big(log->header + 28);
}

static bool is_of_log(const struct log *log)
{
	return memcmp(log->frame + 8, log->header + 16, 8) == 0;
}

/* The frame's sums when it goes on from `from`. */
static void sum_frame(const struct log *log, const uint32_t from[2], uint32_t out[2])
{
	out[0] = from[0];
	out[1] = from[1];
	add(log, log->frame, FRAME_SUMMED, out);
	add(log, log->frame + FRAME_HEADER, log->page, out);
}

/* Whether the frame goes on from `from`; *sum gets what it says of itself, *due what it should say then. */
static bool goes_on(const struct log *log, const uint32_t from[2], uint32_t sum[2], uint32_t due[2])
{
	sum_frame(log, from, due);
	sum[0] = big(log->frame + 16);
	sum[1] = big(log->frame + 20);
	return sum[0] == due[0] && sum[1] == due[1];
}

static bool read_frame(struct log *log)
{
	size_t size = FRAME_HEADER + log->page;

	return fread(log->frame, 1, size, log->file) == size;
}

/*
 * Commits from the first frame on that SQLite would not take (*bad gets its number): the most in one run of frames that go on
 * from each other. A frame goes on from what the one before says of itself, or from what the bad one should have said.
 */
static uint64_t count_lost(struct log *log, uint64_t *bad)
{
	uint64_t n = 0, run = 0, most = 0;
	uint32_t said[2] = {log->sum[0], log->sum[1]}, due[2] = {0};

	*bad = 0;
	while (read_frame(log)) {
		uint32_t sum[2], from_said[2], from_due[2];
		bool fits = goes_on(log, said, sum, from_said), mends, ours;

		n++;
		if (!*bad && fits && is_of_log(log)) {
			memcpy(said, sum, sizeof(said));
			continue;
		}
		mends = *bad && n == *bad + 1 && goes_on(log, due, sum, from_due);
		/* Frames of an earlier round of the log have other salts, whatever they go on from; but one that goes on from the last good one
		 * is of this round, and its salts are what is damaged. */
		ours = is_of_log(log) || (!*bad && fits);
		if (!ours || (!fits && !mends))
			run = 0;
		run += ours && big(log->frame + 4);
		most = run > most ? run : most;
		if (!*bad) {
			*bad = n;
			memcpy(due, from_said, sizeof(due));
		}
		memcpy(said, sum, sizeof(said));
	}
	return most;
}

static int check(struct log *log, const char *path, struct hgt_error *err)
{
	uint64_t bad, lost;

	if (fread(log->header, 1, HEADER, log->file) != HEADER)
		return 0;	/* it had just been begun */
	if (!header_fits(log)) {
		if (getc(log->file) == EOF)
			return 0;
		return hgt_error_set(err, HGT_ECORRUPT, "journal: the beginning of %s is damaged, and all commits in it would be lost; headgate audit"
			" backup saves what the database has", path);
	}
	log->frame = malloc(FRAME_HEADER + log->page);
	if (!log->frame)
		return hgt_error_nomem(err);
	lost = count_lost(log, &bad);
	if (lost > 1)
		return hgt_error_set(err, HGT_ECORRUPT, "journal: %s is damaged at frame %" PRIu64 ", and %" PRIu64 " commits from there on would be lost;"
			" headgate audit backup saves what is before them", path, bad, lost);
	return 0;
}

int hgt_wal_check(const char *path, struct hgt_error *err)
{
	struct hgt_buf name = HGT_BUF_INIT;
	struct log log = {0};
	int code;

	hgt_buf_addf(&name, "%s-wal", path);
	code = hgt_buf_check(&name, err);
	if (code < 0)
		goto out;
	log.file = fopen(name.data, "re");
	if (!log.file) {
		code = errno == ENOENT ? 0 : hgt_error_set_errno(err, "cannot open %s", name.data);
		goto out;
	}
	code = check(&log, name.data, err);
	if (code == 0 && ferror(log.file))
		code = hgt_error_set_errno(err, "cannot read %s", name.data);
	fclose(log.file);
out:
	free(log.frame);
	hgt_buf_release(&name);
	return code;
}
