/* Inside lib/check: the text of a file by its lines, for excerpts. */
#ifndef HEADGATE_CHECK_SOURCE_H
#define HEADGATE_CHECK_SOURCE_H

#include <stddef.h>
#include <stdint.h>

struct hgt_finding;

struct hgt_source {
	const char *data;	/* borrowed */
	size_t len;
	uint32_t line;		/* where the last search ended: findings come mostly in order */
	size_t offset;
};

void hgt_source_init(struct hgt_source *source, const char *data, size_t len);

/* Put the line of the finding into it, borrowed from the text; of a very long line the part around the column. */
void hgt_source_excerpt(struct hgt_source *source, struct hgt_finding *finding);

/* Line and column of the byte at `offset`. */
void hgt_source_position(const struct hgt_source *source, size_t offset, uint32_t *line, uint32_t *column);

#endif
