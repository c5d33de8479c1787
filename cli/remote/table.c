/* A table for a terminal. */
#include "cli/remote/table.h"

struct cell {
	const char *text;	/* escaped */
	size_t width;
	enum tint tint;
};

void table_init(struct table *table, const char *const *heads, size_t columns)
{
	*table = (struct table){.arena = HGT_ARENA_INIT, .cells = HGT_BUF_INIT, .columns = columns};
	for (size_t i = 0; i < columns; i++)
		table_add(table, heads[i], TINT_FAINT);
}

void table_release(struct table *table)
{
	hgt_arena_release(&table->arena);
	hgt_buf_release(&table->cells);
}

void table_add(struct table *table, const char *text, enum tint tint)
{
	struct hgt_buf escaped = HGT_BUF_INIT;
	struct cell cell = {.tint = tint};

	show_text(&escaped, text, TINT_NONE, false);
	cell.text = escaped.failed ? NULL : hgt_arena_strndup(&table->arena, escaped.data, escaped.len);
	if (cell.text) {
		cell.width = show_width(cell.text);
		hgt_buf_add(&table->cells, &cell, sizeof(cell));
	} else {
		table->failed = true;
	}
	hgt_buf_release(&escaped);
}

/* How wide each column is: its widest cell. */
static size_t *column_widths(const struct cell *cells, size_t n, size_t columns)
{
	size_t *widths = calloc(columns, sizeof(*widths));

	for (size_t i = 0; widths && i < n; i++)
		if (cells[i].width > widths[i % columns])
			widths[i % columns] = cells[i].width;
	return widths;
}

int table_write(const struct table *table, bool color, struct hgt_buf *out, struct hgt_error *err)
{
	const struct cell *cells = (const struct cell *)(const void *)table->cells.data;
	size_t n = table->cells.len / sizeof(*cells);
	size_t *widths = table->failed || table->cells.failed ? NULL : column_widths(cells, n, table->columns);

	if (!widths)
		return hgt_error_nomem(err);
	for (size_t i = 0; i < n; i++) {
		size_t column = i % table->columns;
		bool last = column == table->columns - 1;

		show_tinted(out, cells[i].text, cells[i].tint, color);
		for (size_t pad = cells[i].width; !last && pad < widths[column] + 2; pad++)
			hgt_buf_addc(out, ' ');
		if (last)
			hgt_buf_addc(out, '\n');
	}
	free(widths);
	return hgt_buf_check(out, err);
}
