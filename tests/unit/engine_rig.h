/* What tests of the engine share: an engine of its own for a text, and tables of texts with the findings that each makes. */
#ifndef HEADGATE_TESTS_ENGINE_RIG_H
#define HEADGATE_TESTS_ENGINE_RIG_H

#include "base/buf.h"
#include "check/engine.h"

/* Never NULL. */
struct hgt_engine *rig_engine(const struct hgt_engine_options *options);

/* Judge a text that ends where its room ends, so that a sanitizer sees what reads past it. */
void rig_judge(struct hgt_engine *engine, const char *path, const char *text, size_t len, enum hgt_class cls);

/* "line:column-end rule pointer" of each finding, one a line. */
void rig_describe(const struct hgt_engine *engine, struct hgt_buf *out);

struct judged {
	const char *path;	/* NULL: a.yaml */
	const char *text;
	const char *expect;	/* as rig_describe() tells it */
	const char *message;	/* of the first finding, NULL: any */
	enum hgt_class cls;
};

/* Judge each by itself; the test fails at the first that is told otherwise. */
void judge_table(const struct judged *cases, size_t n);

#endif
