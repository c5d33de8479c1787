/*
 * The machine behind the config: a table of options is all that says what a file may hold. It validates, fills the struct, and
 * prints the reference.
 */
#ifndef HEADGATE_CONFIG_TABLE_H
#define HEADGATE_CONFIG_TABLE_H

#include "base/buf.h"
#include "config/config.h"
#include "doc/doc.h"

enum option_type {
	OPTION_STRING,		/* const char *: not empty, no control bytes */
	OPTION_PATH,		/* const char *: absolute */
	OPTION_BOOL,		/* bool */
	OPTION_COUNT,		/* unsigned: min..max */
	OPTION_SIZE,		/* uint64_t: bytes, "10MiB" */
	OPTION_SECONDS,		/* uint32_t: "60s", "5m", "1h" */
	OPTION_STRINGS,		/* struct hgt_strings */
	OPTION_GLOBS,		/* struct hgt_strings, each a pattern of base/glob.h */
	OPTION_SECTION,		/* an embedded struct, or one reached at offset 0 of its own table */
	OPTION_LIST,		/* T *items; size_t n next to it: a list of maps */
	OPTION_CUSTOM,		/* parse decides */
	OPTION_VARIANT,		/* the section of `variants` that another key of the same map names, read into the same struct */
	OPTION_LATER,		/* a key of docs/design.md that this version does not serve: refused as such */
};

struct section;
struct reader;
struct variant;

struct option {
	const char *key;
	enum option_type type;
	size_t offset;			/* of the field in the section's struct */
	bool required;
	uint64_t min, max;		/* COUNT, SIZE, SECONDS */
	const char *fallback;		/* YAML text of the default, or NULL: the zero value */
	const char *shape;		/* in the reference: "glob list", "never | allow"; NULL: the type's own */
	const char *help;
	const struct section *section;	/* SECTION, LIST */
	int (*parse)(struct reader *reader, const struct hgt_node *node, void *field);	/* CUSTOM */
	const struct variant *variants;	/* VARIANT; a NULL word at the end */
	const char *select;		/* VARIANT: the key whose value is the word. It is read before this one */
};

struct variant {
	const char *word;
	const struct section *section;
};

struct section {
	const char *name;
	size_t size;		/* of its struct */
	const struct option *options;
	size_t n;
	size_t line_offset;	/* of a uint32_t that gets the line the section begins on, or SIZE_MAX */
	/* Called when all options are read; may refuse. NULL for none. */
	int (*complete)(struct reader *reader, const struct hgt_node *node, void *base);
};

struct reader {
	const char *path;
	struct hgt_arena *arena;
	struct hgt_error *err;
};

/* Refuse the value at node: "<path>:<line>:<column>: <message>". Returns HGT_EPARSE. */
int reader_refuse(struct reader *reader, const struct hgt_node *node, const char *fmt, ...) HGT_PRINTF(3, 4);

/* The variant of this word; NULL when there is none. */
const struct section *variant_find(const struct variant *variants, const char *word);

int reader_read_strings(struct reader *reader, const struct hgt_node *node, struct hgt_strings *out) HGT_MUST_CHECK;

/* What every config struct begins with. */
struct config_head {
	struct hgt_arena arena;
	const char *path;
};

/* Parse text as YAML and read it as `section` into a new struct of its size; *out (a pointer to a pointer to one that begins as
 * struct config_head does) gets it. */
int config_parse(const struct section *section, const char *text, size_t len, const char *path, void *out, struct hgt_error *err)
	HGT_MUST_CHECK;
int config_load(const struct section *section, const char *path, void *out, struct hgt_error *err) HGT_MUST_CHECK;

/* NULL is fine. */
void config_free(void *config);

/* The section's options as mdoc items, nested keys dotted below prefix. */
void section_reference(const struct section *section, const char *prefix, struct hgt_buf *out);

#endif
