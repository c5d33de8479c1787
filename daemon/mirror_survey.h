/*
 * The refs that a mirror's repositories have here, read from the repositories themselves on a worker: what two peers compare before one
 * cedes to the other.
 */
#ifndef HEADGATE_DAEMON_MIRROR_SURVEY_H
#define HEADGATE_DAEMON_MIRROR_SURVEY_H

#include "base/arena.h"
#include "base/digest.h"
#include "daemon/daemon.h"

struct hgt_json;
struct hgt_node;

struct survey_ref {
	struct survey_ref *next;
	const char *ref, *id;
};

struct survey_place {
	char *repo, *path;
	size_t refs;
	char digest[HGT_SHA256_HEX];	/* over "<id> <ref>\n" of each in order of name; "" of none */
	struct survey_ref *tips;	/* where they are wanted */
};

struct survey {
	struct daemon *daemon;
	const struct hgt_config *config;	/* a reference */
	const struct hgt_config_mirror *mirror;
	struct survey_place *places;	/* in order of repo */
	size_t n;
	struct hgt_arena arena;
	bool wait_for_pushes;		/* nothing is read while pushes into them are under way: `busy` says which */
	bool tips;
	struct hgt_buf busy;		/* "a push into infra/prod (process 4711)"; "" none */
	struct hgt_error err;
	int code;
	/* On the loop; the survey is the listener's to free. */
	void (*done)(void *ctx, struct survey *survey);
	void *ctx;
};

/* Of all repositories that the mirror has here now. Set wait_for_pushes and tips, then start it. */
int survey_new(struct daemon *daemon, const struct hgt_config *config, const struct hgt_config_mirror *mirror, struct survey **out,
	struct hgt_error *err) HGT_MUST_CHECK;
int survey_start(struct survey *survey, struct hgt_error *err) HGT_MUST_CHECK;
void survey_free(struct survey *survey);	/* one that runs ends first: it is freed by its `done`. NULL is fine */

/* [{"repo","refs","digest"}] of those that have refs */
void survey_write(const struct survey *survey, struct hgt_json *json);

/* How it differs from what the other side wrote: 0 in nothing. cb is told each repository that does. */
typedef void (*survey_differs_cb)(void *ctx, const char *repo);
int survey_compare(const struct survey *survey, const struct hgt_node *theirs, survey_differs_cb cb, void *ctx, size_t *n,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Whether two of the same mirror have seen the same. */
bool survey_is_same(const struct survey *a, const struct survey *b);

#endif
