/*
 * Running kubectl (or oc, which takes the same words) for a target: always with the target's kubeconfig and context, a cache and
 * temporary files of the target's own, and limits of time and output. Blocks.
 */
#ifndef HEADGATE_AGENT_KUBECTL_RUN_H
#define HEADGATE_AGENT_KUBECTL_RUN_H

#include "agent/driver.h"
#include "agent/job.h"

/* The label that all objects of a target carry, with the target's name; the annotation that says by what they live and where,
 * which tells them from those of another agent's target of that name: "repo:ref:path:namespace". */
#define KUBECTL_LABEL "headgate.io/target"
#define KUBECTL_SOURCE "headgate.io/source"
#define KUBECTL_PRUNE "headgate.io/prune"	/* an annotation: "never" */
#define KUBECTL_MANAGER "headgate"		/* of the fields that are applied */

struct kubectl {
	const struct driver_order *order;
	const struct hgt_kubectl_options *options;
	struct driver_result *result;
	struct hgt_buf selector;	/* label=name */
	struct hgt_buf source;
	unsigned minor;			/* of version 1.minor; 0: not asked */
};

/* Why a run has failed, as far as its words tell. */
enum kubectl_trouble {
	KUBECTL_TROUBLE_OTHER,
	KUBECTL_TROUBLE_AWAY,		/* nobody answers, or does not let us in: nothing can be told */
	KUBECTL_TROUBLE_NO_KIND,	/* the server has no such kind */
	KUBECTL_TROUBLE_NO_NAMESPACE,
	KUBECTL_TROUBLE_NO_DIFF,	/* the program diff is not there */
};

/* A run: what is to be said, and what came of it. */
struct kubectl_run {
	const char *const *args;	/* behind the command and the options that all have; NULL at the end */
	const char *input;		/* stdin, or NULL */
	size_t input_len;
	struct hgt_buf out;		/* what it printed */
	struct job_result job;		/* how it ended, and what it said on stderr */
	struct hgt_error judged;	/* its end in a sentence, unless it ended with status 0 */
};

#define KUBECTL_RUN_INIT {.out = HGT_BUF_INIT, .job = {.output = HGT_BUF_INIT}}

int kubectl_init(struct kubectl *k, const struct driver_order *order, struct driver_result *result,
	struct hgt_error *err) HGT_MUST_CHECK;
void kubectl_release(struct kubectl *k);

/* Ask the program for its version: HGT_ENOENT when it is not there, HGT_EUNSUPPORTED when it is too old. */
int kubectl_ask_version(struct kubectl *k, struct hgt_error *err) HGT_MUST_CHECK;

/* Run it. 0 however it ended on its own: look at run->job.exit_status. Negative when it could not be run, took too long, printed
 * too much or was stopped; err says so. */
int kubectl_run(struct kubectl *k, struct kubectl_run *run, struct hgt_error *err) HGT_MUST_CHECK;
void kubectl_run_release(struct kubectl_run *run);

/* It has failed: an error that says what failed in the server's words, the rest of these into the result's output.
 * HGT_EUNAVAILABLE for KUBECTL_TROUBLE_AWAY, else HGT_ECONFLICT. */
int kubectl_fail(struct kubectl *k, const struct kubectl_run *run, const char *doing, struct hgt_error *err);

enum kubectl_trouble kubectl_trouble_of(const char *text, size_t len);

/* Append the line of what it said that tells the most: an error of the server before one of its own before any other. */
void kubectl_sentence(const char *text, size_t len, struct hgt_buf *out);

/* Take out of what it said the values that it quotes from manifests: they may be a Secret's. */
void kubectl_clean(struct hgt_buf *said);

/* The minor version out of `kubectl version --client -o json`, its text into `out`; 0 when it cannot be read. */
unsigned kubectl_parse_version(const char *text, size_t len, struct hgt_buf *out);

#endif
