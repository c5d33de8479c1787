/* What people read: outside text made safe, colour where it is wanted, times and ids in short. */
#ifndef HEADGATE_CLI_REMOTE_SHOW_H
#define HEADGATE_CLI_REMOTE_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* How a word is meant, which its colour shows. */
enum tint { TINT_NONE, TINT_GOOD, TINT_BUSY, TINT_BAD, TINT_FAINT };

/* Add text, escaped (NULL: "-"), tinted where color is true. */
void show_text(struct hgt_buf *out, const char *text, enum tint tint, bool color);

/* Add text that is escaped already, tinted where color is true. */
void show_tinted(struct hgt_buf *out, const char *escaped, enum tint tint, bool color);

/* Columns that text (escaped already) takes on a terminal. */
size_t show_width(const char *text);

/* "2026-01-02 03:04:05" in the local time of an RFC 3339 text; the text itself when it is none. */
void show_time(struct hgt_buf *out, const char *time);

/* "12s", "3m", "5h", "2d" since then; "-" for NULL. */
void show_age(struct hgt_buf *out, const char *time, int64_t now_ms);

/* The first 8 digits of an object id; "-" for NULL and for all zeros. */
void show_id(struct hgt_buf *out, const char *id);

#endif
