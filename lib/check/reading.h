/*
 * What is made of a file before it is the engine's turn. Nothing here has state of its own, so that several threads
 * may read at once.
 */
#ifndef HEADGATE_CHECK_READING_H
#define HEADGATE_CHECK_READING_H

#include "check/engine.h"
#include "doc/doc.h"

struct hgt_reading {
	const char *path, *data;	/* borrowed */
	size_t len;
	enum hgt_class cls;		/* as name, wish and text say; OTHER: it is not looked at */
	bool forced;			/* it was asked for */
	bool binary;			/* no text at all */
	struct hgt_doc_set set;		/* of a text whose class is parsed */
};

void hgt_reading_init(struct hgt_reading *reading);
void hgt_reading_release(struct hgt_reading *reading);

/* Read one file, in place of what was read before, whose memory is used again. 0 or HGT_ENOMEM. */
int hgt_reading_read(struct hgt_reading *reading, const char *path, const char *data, size_t len, enum hgt_class wanted,
	const struct hgt_doc_limits *limits, struct hgt_error *err) HGT_MUST_CHECK;

/* Parse a text whose class is known. */
int hgt_reading_parse(const char *path, const char *data, size_t len, enum hgt_class cls, const struct hgt_doc_limits *limits,
	struct hgt_doc_set *set, struct hgt_error *err) HGT_MUST_CHECK;

#endif
