/*
 * Fields of a JSON object from outside, each read with what it has to be. Strings live where the document does. A failure is HGT_EPARSE
 * or HGT_ELIMIT with a message that names the field.
 */
#ifndef HEADGATE_DAEMON_FIELDS_H
#define HEADGATE_DAEMON_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "doc/doc.h"

#define FIELD_TEXT_MAX 256	/* bytes of a name, version, address */

/* The text as one JSON object. */
int field_object(const char *text, size_t len, struct hgt_doc_set *set, const struct hgt_node **out, struct hgt_error *err) HGT_MUST_CHECK;

/* A string of at most max bytes without NUL; NULL in *out when it is not there (or null) and not required. */
int field_string(const struct hgt_node *map, const char *key, size_t max, bool required, const char **out,
	struct hgt_error *err) HGT_MUST_CHECK;

/* One of the words, of which NULL is the end. */
int field_word(const struct hgt_node *map, const char *key, const char *const *words, bool required, const char **out,
	struct hgt_error *err) HGT_MUST_CHECK;

/* A name as agents and targets have them (config.h); required. */
int field_name(const struct hgt_node *map, const char *key, const char **out, struct hgt_error *err) HGT_MUST_CHECK;

/* Commits and times are optional: NULL when they are not there. */
int field_commit(const struct hgt_node *map, const char *key, const char **out, struct hgt_error *err) HGT_MUST_CHECK;
int field_time(const struct hgt_node *map, const char *key, const char **out, struct hgt_error *err) HGT_MUST_CHECK;

/* *out stays as it is when there is none. */
int field_int(const struct hgt_node *map, const char *key, int64_t min, bool *there, int64_t *out, struct hgt_error *err) HGT_MUST_CHECK;
int field_bool(const struct hgt_node *map, const char *key, bool *out, struct hgt_error *err) HGT_MUST_CHECK;

/* Required; of at most max items. */
int field_array(const struct hgt_node *map, const char *key, size_t max, const struct hgt_node **out, struct hgt_error *err) HGT_MUST_CHECK;

#endif
