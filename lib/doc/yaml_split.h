/*
 * The documents that kubectl cuts a text into (k8s.io/apimachinery, util/yaml).
 *
 * It does not ask a YAML parser for them. A text that begins with '{' is read as JSON values one after another for as long as
 * that goes; all else is cut at lines that begin with "---", wherever they stand, and of each piece only the first YAML document is
 * read. So it can see other documents than a YAML parser does, which knows nothing of pieces.
 *
 *	struct hgt_yaml_split split;
 *	hgt_yaml_split_init(&split, text, len);
 *	while (hgt_yaml_split_next(&split, &piece))
 *		read(&piece);
 *	if (split.stopped)
 *		...kubectl ends with an error there...
 */
#ifndef HEADGATE_DOC_YAML_SPLIT_H
#define HEADGATE_DOC_YAML_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hgt_yaml_piece {
	size_t start, end;	/* in the text; a line "---" that begins a piece may be a part of it */
	uint32_t line;		/* where it begins, from 1 */
	bool json;		/* one JSON value, as far as brackets and quotes tell: whether it is one is for the caller to find out */
};

struct hgt_yaml_split {
	const char *text;	/* borrowed */
	size_t len;
	size_t pos;		/* where the next piece begins */
	uint32_t line;		/* of pos */
	bool json;		/* still reading JSON values */
	bool stopped;		/* with an error, at pos on `line` */
	bool bad_separator;	/* because text follows "---"; else because JSON goes on as something else */
	unsigned values;	/* JSON values read */
};

void hgt_yaml_split_init(struct hgt_yaml_split *split, const char *text, size_t len);

/* The next piece; false when there is none, or kubectl has stopped. */
bool hgt_yaml_split_next(struct hgt_yaml_split *split, struct hgt_yaml_piece *piece);

/* The JSON piece that came last is no JSON value: kubectl goes back to where it began, and reads YAML from there. */
void hgt_yaml_split_no_json(struct hgt_yaml_split *split, const struct hgt_yaml_piece *piece);

/* Whether kubectl and a YAML parser must see the same documents. Costs a look at each line's first bytes; false on any doubt. */
bool hgt_yaml_split_is_plain(const char *text, size_t len);

#endif
