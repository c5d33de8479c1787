/* Regular expressions of schemas: ECMA-262's syntax as far as PCRE2 has it, searched for with a limit on the work. For lib/schema and lib/pack. */
#ifndef HEADGATE_SCHEMA_PATTERN_H
#define HEADGATE_SCHEMA_PATTERN_H

#include <stddef.h>

#include "base/error.h"

struct hgt_pattern;

/* HGT_EPARSE says what is wrong with the pattern and where. */
int hgt_pattern_new(const char *text, size_t len, struct hgt_pattern **out, struct hgt_error *err) HGT_MUST_CHECK;
void hgt_pattern_free(struct hgt_pattern *pattern);

/* Whether the pattern is somewhere in the text: 1 or 0; HGT_ELIMIT when that takes more than `steps` steps, HGT_ENOMEM. Text
 * that is no UTF-8 has no pattern in it. */
int hgt_pattern_search(const struct hgt_pattern *pattern, const char *text, size_t len, unsigned steps,
	struct hgt_error *err) HGT_MUST_CHECK;

#endif
