/*
 * A table for a terminal: all cells are added row by row, then it is written, aligned by what is seen. A
 * failure on the way shows when it is written.
 */
#ifndef HEADGATE_CLI_REMOTE_TABLE_H
#define HEADGATE_CLI_REMOTE_TABLE_H

#include "base/arena.h"
#include "cli/remote/show.h"

struct table {
	struct hgt_arena arena;
	struct hgt_buf cells;	/* of struct cell */
	size_t columns;
	bool failed;
};

/* The first row are the heads. */
void table_init(struct table *table, const char *const *heads, size_t columns);
void table_release(struct table *table);

/* The next cell, row by row. Text is escaped here; NULL is "-". */
void table_add(struct table *table, const char *text, enum tint tint);

/* Lines into out, each column as wide as its widest cell, the last one ragged. */
int table_write(const struct table *table, bool color, struct hgt_buf *out, struct hgt_error *err) HGT_MUST_CHECK;

#endif
