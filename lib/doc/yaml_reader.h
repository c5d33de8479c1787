/* What the two halves of the YAML reader share: yaml.c walks the text, yaml_events.c builds the tree. Private to lib/doc. */
#ifndef HEADGATE_DOC_YAML_READER_H
#define HEADGATE_DOC_YAML_READER_H

#include <yaml.h>

#include "doc/tree.h"

/* How far libyaml's marks have been followed in the text. */
struct hgt_yaml_cursor {
	size_t index;		/* code points from the stretch's beginning, as libyaml counts */
	size_t offset;
	struct hgt_place place;
};

/* One stretch of the text. libyaml counts code points and lines from its beginning. */
struct hgt_yaml_stretch {
	size_t start, end;
	uint32_t line;		/* the line in the text where it starts */
	size_t doc;		/* where the document in hand began */
	size_t begun;		/* past its "---", which directives may stand before */
	bool open_end;		/* its last line has no line break */
	struct hgt_yaml_cursor cursor;
};

struct hgt_yaml_reader {
	struct hgt_tree tree;
	const char *text;
	size_t len;
	size_t start;		/* past a byte order mark */
	bool ascii;		/* so an index is an offset */
	bool odd_breaks;	/* YAML breaks lines where nobody else does, so libyaml's lines are not the text's */
	struct hgt_yaml_stretch now;
};

/* Take one event of the stretch into the tree. */
int hgt_yaml_take(struct hgt_yaml_reader *reader, const yaml_event_t *event) HGT_MUST_CHECK;

/* libyaml gave up: tell why. *at is the offset where it did. */
int hgt_yaml_complain(struct hgt_yaml_reader *reader, const yaml_parser_t *parser, size_t *at) HGT_MUST_CHECK;

#endif
