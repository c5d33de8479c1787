/* One file of `headgate check`: read ahead of its turn, on whatever thread, and judged when it has come. */
#ifndef HEADGATE_CLI_CHECK_FILE_H
#define HEADGATE_CLI_CHECK_FILE_H

#include "check/reading.h"
#include "cli/check_input.h"

enum check_source {
	CHECK_NAMED,	/* a path that was asked for */
	CHECK_FOUND,	/* one out of a folder: what was a file then must not be a symbolic link now */
	CHECK_STDIN,	/* path is only what it is called */
};

struct check_file {
	const struct check_input *input;
	struct hgt_buf path;
	enum check_source source;
	/* What came of it: 0, or HGT_E* with its message; HGT_ELIMIT for more bytes than are checked. A complaint instead of a file has
	 * this from the beginning. */
	int code;
	struct hgt_error why;
	uint64_t size;		/* with HGT_ELIMIT */
	bool put_back;		/* to its turn: large, or standard input */
	struct hgt_buf text;
	struct hgt_reading reading;
};

void check_file_init(struct check_file *file, const struct check_input *input);
void check_file_release(struct check_file *file);

/* The two halves, as lib/base/ahead wants them; ctx is the input. finish: 0 or HGT_ENOMEM. */
void check_file_prepare(void *file);
int check_file_finish(void *input, void *file, struct hgt_error *err) HGT_MUST_CHECK;

#endif
