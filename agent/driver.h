/*
 * What a driver is: it answers two questions about a target, what differs and make it so. Both block and run on a worker, one at a
 * time for a target. drivers.c has the table; docs/drivers.md tells what each does.
 *
 * A driver that works from a folder of files (`from_checkout`) is given one that holds the tree: in the agent's state, by the tree's
 * id, made whole before it has its name, and kept while it is the one that was applied. It is not to be written to.
 */
#ifndef HEADGATE_AGENT_DRIVER_H
#define HEADGATE_AGENT_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "config/config.h"

struct driver_order {
	const struct hgt_agent_target *target;
	const struct hgt_agent_config *config;	/* of all targets; NULL where there are no others to be looked at */
	const char *folder;	/* <state>/targets/<name>: what the driver keeps is here, in files of its own */
	const char *checkout;	/* from_checkout, and `preview`: the folder with the tree; else NULL */
	const char *revision;	/* the commit that the tree is of: apply, the wanted one; compare, the applied one */
	int stop_fd;		/* readable when a command that runs is to be ended (job.h); -1: never */
	int leave_fd;		/* readable when the agent is to stop: an apply still ends well, but waits for nothing any more; -1: never */
	bool unfinished;	/* apply: an earlier one was begun whose end was not heard */

	/* Apply, of a driver with `watch`: to be called when all is done and before the last look; NULL: nobody watches. */
	void (*before_look)(void *ctx);
	void *ctx;

	/* Of the files driver, which reads the archive itself. Apply. */
	int archive;		/* verified, at its beginning; borrowed */
	const char *tree;	/* the id of the tree that is wanted; NULL or "" when it is not known */
	const char *from;	/* the tree that the archive tells the differences to; NULL or "" for a whole one */
};

struct driver_resource {
	char *name;		/* "apps/v1/Deployment default/web" */
	const char *sync;	/* "Synced", "OutOfSync", "Missing", "Extra", "Unknown" */
	const char *health;	/* a word of the report, or NULL */
	char *message;		/* or NULL */
};

struct driver_ignored {
	char *rule;		/* as the config has it */
	uint64_t hits;
};

struct driver_result {
	/* Of an apply. */
	uint64_t added, modified, removed;
	bool want_whole;	/* it failed with nothing touched, since these differences cannot be applied here: the whole may be */
	bool permanent;		/* the same again would fail again, whatever the state of this machine */
	bool restored;		/* it failed, and what was there before is there again */
	bool ran;		/* a command ran to its end: exit_status is its */
	int exit_status;
	struct hgt_buf output;	/* the end of what a command said that failed */
	bool output_cut;

	/* How the target differs: how many things, and a sentence that names the first; "" when it does not. After an apply too. */
	uint64_t differing;
	struct hgt_buf difference;

	/* What else a look has told; all may be left as driver_result_init makes it. */
	const char *health;	/* a word of the report; NULL: what `differing` implies */
	struct hgt_buf diff;	/* unified; secrets have been taken out */
	bool diff_cut;		/* the driver has left out some of it */
	uint64_t redacted;	/* values that were taken out */
	bool has_coverage;
	uint64_t checked, unchecked;	/* things that could be compared, and that could not */
	struct driver_resource *resources;
	size_t n_resources;
	uint64_t resources_total;	/* what there is in truth; 0: as many as are listed */
	struct driver_ignored *ignored;
	size_t n_ignored;
	struct hgt_buf version;	/* of the tool; "" for the agent's own */
};

/* How many resources and ignore rules a result takes; what is beyond is counted alone. */
#define DRIVER_RESOURCES_MAX 2000
#define DRIVER_IGNORED_MAX 32
#define DRIVER_DIFF_MAX (256 * 1024)	/* of which a report tells what it has room for */

void driver_result_init(struct driver_result *result);
void driver_result_release(struct driver_result *result);

/* One thing differs; `how` follows its name in the sentence: "is missing". */
void driver_differs(struct driver_result *result, const char *name, const char *how);

/* The sentence about all that differs, once the last has been told: ", and 3 more". */
int driver_difference_end(struct driver_result *result, struct hgt_error *err) HGT_MUST_CHECK;

/* Texts are copied; message may be NULL. */
int driver_add_resource(struct driver_result *result, const char *name, const char *sync, const char *health, const char *message,
	struct hgt_error *err) HGT_MUST_CHECK;
int driver_add_ignored(struct driver_result *result, const char *rule, uint64_t hits, struct hgt_error *err) HGT_MUST_CHECK;

/* More of the diff; past DRIVER_DIFF_MAX it is cut at a line. */
void driver_add_diff(struct driver_result *result, const char *text, size_t len);

struct driver {
	const char *name;
	bool takes_differences;	/* archives with `from`; whole ones are always taken */
	bool from_checkout;

	/* Where the target is, in words that change when it is another place: what was stored about one says nothing of another. */
	void (*place)(const struct hgt_agent_target *target, struct hgt_buf *out);

	/* The target has another place than what is kept in the folder was about. May be NULL. */
	void (*forget)(const struct driver_order *order);

	/*
	 * Put watches (inotify(7)) on the target, so that a change made by hand is seen at once: on all that a look would look at, also where
	 * they are already. May be NULL: then it is seen when it is time to compare. HGT_ELIMIT and others: it cannot be watched.
	 */
	int (*watch)(const struct driver_order *order, int inotify, struct hgt_error *err);
	const char *own_names;	/* how the names begin of what an apply still removes after its last look */

	/* Whether what is kept in the folder is of order->tree. Where it is not, the agent died between keeping that and noting the revision, and
	 * the target is one of which nothing is known. NULL: nothing is kept that could be of another tree. */
	bool (*is_of)(const struct driver_order *order);

	/* 0 when it could be told; `differing` tells. Changes nothing on the target. */
	int (*compare)(const struct driver_order *order, struct driver_result *result, struct hgt_error *err);

	/* Compare, and tell in the result's diff what differs line by line; order->archive holds the applied tree, whole. NULL where compare
	 * tells that by itself. */
	int (*explain)(const struct driver_order *order, struct driver_result *result, struct hgt_error *err);

	/* What an apply of the tree in order->checkout would change, in all that a look tells and in added, modified, removed; changes nothing. NULL
	 * with from_checkout, where compare tells that. */
	int (*preview)(const struct driver_order *order, struct driver_result *result, struct hgt_error *err);

	/* 0 when the target now is as the tree says (look at `differing`: something may have changed it since). */
	int (*apply)(const struct driver_order *order, struct driver_result *result, struct hgt_error *err);
};

/* By its name in the config, which has been checked: never NULL. */
const struct driver *driver_find(const char *name);

extern const struct driver files_driver, kubectl_driver, ansible_driver, terraform_driver, exec_driver;

#endif
