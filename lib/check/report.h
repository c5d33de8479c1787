/* Findings as people and programs read them: the forms of docs/design.md, "Findings". */
#ifndef HEADGATE_CHECK_REPORT_H
#define HEADGATE_CHECK_REPORT_H

#include "base/buf.h"
#include "check/engine.h"

struct hgt_json;

struct hgt_report_style {
	bool color;
	bool excerpt;	/* the source line and the mark under it */
};

/*
 * Compiler-like lines, each finding:
 *
 *	apps/web/deploy.yaml:14:9: error: spec.replicas: expected integer, got string "two" [schema/type]
 *	    14 |   replicas: two
 *	                     ^~~
 *	  hint: write a number
 *
 * Path, message and excerpt escaped (base/escape.h). Findings without a line leave out line and column.
 */
void hgt_report_text(const struct hgt_findings *list, const struct hgt_report_style *style, struct hgt_buf *out);

/* "2 errors, 1 warning in 3 files" ("no findings in 3 files"). noun: "file", "changed file"... */
void hgt_report_summary(const struct hgt_findings *list, size_t files, const char *noun, struct hgt_buf *out);

/* {"summary":{"files","documents","errors","warnings"},"findings":[...]} and a newline. */
void hgt_report_json(const struct hgt_engine *engine, struct hgt_buf *out);

/*
 * SARIF 2.1.0 and a newline: one run, the rules of the table that occur, a result each finding. `complete`: whether all was
 * checked that was asked for; what is missing from an incomplete run is unknown, not mended. (report_sarif.c)
 */
void hgt_report_sarif(const struct hgt_engine *engine, bool complete, struct hgt_buf *out);

/*
 * JUnit XML as GitLab and Jenkins read it: a test case each file that something was found in; it fails where there are errors.
 * When nothing was found there is one case that passed: Jenkins takes a report without cases for a mistake. (report_junit.c)
 */
void hgt_report_junit(const struct hgt_engine *engine, struct hgt_buf *out);

/* Workflow commands of GitHub Actions, a line each finding, which become annotations of the files. (report_github.c) */
void hgt_report_github(const struct hgt_engine *engine, struct hgt_buf *out);

/* The array alone, into a message that is being written; at most `most` of them. */
void hgt_report_findings_json(const struct hgt_findings *list, size_t most, struct hgt_json *json);

#endif
