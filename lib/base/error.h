/*
 * Error codes and the message that travels with them.
 *
 * A function that can fail returns 0 or a negative HGT_E* code (a positive value only where its header says so) and
 * takes a `struct hgt_error *err` as its last argument. Whoever first sees the failure writes the message; callers pass
 * the code on, and add context with hgt_error_prefix only at a program's edge. `err` may always be NULL.
 *
 *	struct hgt_error err = {0};
 *	if (hgt_read_file(path, limit, &buf, &err) < 0)
 *		fprintf(stderr, "headgate: %s\n", err.message);
 */
#ifndef HEADGATE_BASE_ERROR_H
#define HEADGATE_BASE_ERROR_H

#include <stdarg.h>

#include "base/banned.h"

enum hgt_code {
	HGT_OK = 0,
	HGT_EINVAL = -1,	/* the caller or its user asked for something that makes no sense */
	HGT_ENOMEM = -2,
	HGT_EIO = -3,
	HGT_ENOENT = -4,
	HGT_EEXIST = -5,
	HGT_ELIMIT = -6,	/* an input is over one of its limits */
	HGT_EPARSE = -7,	/* an input is malformed */
	HGT_EPERM = -8,
	HGT_EUNSUPPORTED = -9,	/* well-formed, but beyond what this version does */
	HGT_ETIMEOUT = -10,
	HGT_ECORRUPT = -11,	/* our own stored data does not add up */
	HGT_ECONFLICT = -12,	/* the state has moved on, or the name is taken */
	HGT_EUNAVAILABLE = -13,	/* the other side is not there */
};

/* The longest message kept, its terminator included; a longer one is cut and ends in "...". */
#define HGT_ERROR_MESSAGE_MAX 1024

struct hgt_error {
	int code;
	char message[HGT_ERROR_MESSAGE_MAX];
};

#define HGT_MUST_CHECK __attribute__((warn_unused_result))
#define HGT_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Set code and message; return the code. Text from outside in the arguments is escaped by whoever prints it. */
int hgt_error_set(struct hgt_error *err, int code, const char *fmt, ...) HGT_PRINTF(3, 4);

/* The same with ": <strerror(errno)>" appended; the code follows from errno, which is kept as it was. */
int hgt_error_set_errno(struct hgt_error *err, const char *fmt, ...) HGT_PRINTF(2, 3);

/* Out of memory, said the same way everywhere. */
int hgt_error_nomem(struct hgt_error *err);

/* Put "<context>: " before the message. */
void hgt_error_prefix(struct hgt_error *err, const char *fmt, ...) HGT_PRINTF(2, 3);

/* The HGT_E* code that stands for an errno value. */
int hgt_code_from_errno(int errnum);

#endif
