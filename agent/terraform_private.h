/*
 * The driver terraform, which serves tofu as well. In the target's folder of the agent's state it has
 *
 *	terraform/work		the tree by symbolic links, with a file or two of its own beside: nothing is written into the tree
 *	terraform/data		TF_DATA_DIR: modules, providers, what is known of the backend
 *	terraform/plugins	the cache of providers
 *	terraform/lock.hcl	which providers were chosen, where the tree does not say
 *	terraform/ready		for what `init` was run last
 *	terraform/plan		the saved plan, while one is being made and applied
 *
 * terraform_events.c reads what a run tells, terraform_plan.c what a plan holds, terraform_work.c has the folders, terraform_driver.c the
 * steps.
 */
#ifndef HEADGATE_AGENT_TERRAFORM_PRIVATE_H
#define HEADGATE_AGENT_TERRAFORM_PRIVATE_H

#include "agent/driver.h"
#include "agent/secrets.h"

#define TERRAFORM_LINE_MAX (1024 * 1024)
#define TERRAFORM_LOCK ".terraform.lock.hcl"
#define TERRAFORM_OVERRIDE "headgate_override.tf.json"

/* What a run with -json has told so far. */
struct terraform_run {
	uint64_t planned;		/* resources that the plan would change */
	struct hgt_buf first;		/* of those: its address */
	const char *first_action;	/* what would become of it: "would be updated" */
	uint64_t drifted;		/* resources that were changed outside of it */
	uint64_t added, changed, removed;	/* by an apply */
	bool summed_up;			/* it has told so itself; else they were counted one by one */
	uint64_t errors;
	struct hgt_buf error;		/* the first: its address and summary */
	struct hgt_buf detail;		/* and what more was said of it; may show a secret */
};

void terraform_run_init(struct terraform_run *run);
void terraform_run_release(struct terraform_run *run);

/* One line of stdout; `ctx` is the run. */
int terraform_line(void *ctx, const char *line, size_t len, struct hgt_error *err);

/* A sentence about the first error: with its detail unless that cannot be freed of secrets; "" when there was none. */
void terraform_sentence(const struct terraform_run *run, struct secrets *secrets, struct hgt_buf *out);

/*
 * What a plan (the text of `show -json`) holds: rows, coverage and health into the result; the values that it marks as sensitive into
 * secrets; where `diff` is set, how attributes would change. HGT_EPARSE when it is none.
 */
int terraform_read_plan(const char *text, size_t len, bool diff, struct secrets *secrets, struct driver_result *result,
	struct hgt_error *err) HGT_MUST_CHECK;

/* The folders of a target, as paths. */
struct terraform_place {
	struct hgt_buf base, work, module, data, plugins, lock, ready, plan;
	bool locked;		/* the tree says which providers */
};

void terraform_place_init(struct terraform_place *place);
void terraform_place_release(struct terraform_place *place);

/* Make the folders, the working one anew. HGT_ENOENT, HGT_ECONFLICT: the tree is not fit for it. */
int terraform_make_place(const struct driver_order *order, struct terraform_place *place, struct hgt_error *err) HGT_MUST_CHECK;

/* After `init`: keep its choice of providers. */
int terraform_keep_lock(const struct terraform_place *place, struct hgt_error *err) HGT_MUST_CHECK;

/* After `init`: HGT_EUNSUPPORTED when the state would be in a folder that the next revision replaces. */
int terraform_check_backend(const struct driver_order *order, const struct terraform_place *place, struct hgt_error *err) HGT_MUST_CHECK;

#endif
