/*
 * The driver ansible. ansible-playbook is given a callback plugin (ansible_events.py) that tells as lines of JSON what becomes of each
 * task on each host; ansible_report.c makes a result of them, ansible_driver.c calls the tool.
 */
#ifndef HEADGATE_AGENT_ANSIBLE_PRIVATE_H
#define HEADGATE_AGENT_ANSIBLE_PRIVATE_H

#include "agent/driver.h"
#include "agent/secrets.h"

#define ANSIBLE_MARK "headgate-ansible "	/* what a line with an event begins with */
#define ANSIBLE_LINE_MAX (1024 * 1024)
#define ANSIBLE_PLUGIN "headgate_events"
#define ANSIBLE_OLDEST "2.14"			/* the plugin has it too */

/* The plugin's text. */
extern const char ansible_events[], ansible_events_end[];

/* What has been told of a run so far. */
struct ansible_run {
	struct driver_result *result;
	bool check;		/* nothing is changed: the run is a comparison */
	struct secrets secrets;	/* what looks like one; what a vault held the plugin has taken out */
	bool started, old, ended;
	uint64_t hosts;		/* that took part */
	uint64_t failures;	/* tasks that failed on a host, or could not reach it */
	struct hgt_buf failure;	/* a sentence about the first */
	struct hgt_buf running;	/* the task that has begun last; "" for none */
	struct hgt_buf trouble;	/* why not all could be told; "" when it could */
};

void ansible_run_init(struct ansible_run *run, bool check, struct driver_result *result);
void ansible_run_release(struct ansible_run *run);

/* One line of stdout; what is no event is left alone. `ctx` is the run. Negative, with err set, when it cannot be kept. */
int ansible_line(void *ctx, const char *line, size_t len, struct hgt_error *err);

/*
 * What the whole run says, once it has ended in a way of its own: the tool's status counts no less than what it told. 0, or an error whose
 * message tells why the target is not known to be as it should be. `said`: the tool's own last word, or "".
 */
int ansible_judge_check(struct ansible_run *run, int exit_status, const char *said, struct hgt_error *err) HGT_MUST_CHECK;
int ansible_judge_apply(struct ansible_run *run, int exit_status, const char *said, struct hgt_error *err) HGT_MUST_CHECK;

#endif
