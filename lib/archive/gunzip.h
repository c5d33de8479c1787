/* A gzip file (RFC 1952) read as the bytes it holds: one member, nothing behind it. */
#ifndef HEADGATE_ARCHIVE_GUNZIP_H
#define HEADGATE_ARCHIVE_GUNZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <zlib.h>

#include "base/error.h"

#define HGT_GUNZIP_CHUNK (64 * 1024)

struct hgt_gunzip {
	int fd;		/* borrowed */
	z_stream z;
	bool input_over, output_over;
	unsigned char in[HGT_GUNZIP_CHUNK];
};

/* Read fd from where it is. */
int hgt_gunzip_init(struct hgt_gunzip *gz, int fd, struct hgt_error *err) HGT_MUST_CHECK;
void hgt_gunzip_release(struct hgt_gunzip *gz);

/* At most len bytes into out; *got is less only at the end. HGT_EPARSE when it is no gzip file, or cut short. */
int hgt_gunzip_some(struct hgt_gunzip *gz, void *out, size_t len, size_t *got, struct hgt_error *err) HGT_MUST_CHECK;

/* Exactly len bytes. */
int hgt_gunzip_read(struct hgt_gunzip *gz, void *out, size_t len, struct hgt_error *err) HGT_MUST_CHECK;

/* At the end: whether the file ends there too; HGT_EPARSE when it does not. */
int hgt_gunzip_end(struct hgt_gunzip *gz, struct hgt_error *err) HGT_MUST_CHECK;

#endif
