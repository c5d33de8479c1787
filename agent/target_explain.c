/*
 * How a target differs, line by line, where the driver cannot tell from what it keeps: the archive of what was applied is fetched once
 * more, and held against the target, before the difference is told. What was found is kept while nothing is heard of a change.
 */
#include "agent/target_private.h"
#include "base/log.h"
#include "base/timing.h"

bool target_may_explain(const struct target *t)
{
	return t->driver->explain && t->runner->up && !t->runner->once && !t->runner->stopping && *t->saved.tree;
}

void target_fetch_explain(struct target *t)
{
	t->puzzled = false;
	snprintf(t->fetch.revision, sizeof(t->fetch.revision), "%s", t->saved.applied);
	snprintf(t->fetch.ref, sizeof(t->fetch.ref), "%s", t->desired);
	t->fetch.request[0] = '\0';
	t->fetch.explain = true;
	target_fetch_archive(t);
}

/* Then it is told without. */
void target_explain_failed(struct target *t, const char *reason)
{
	hgt_log(HGT_LOG_INFO, "target", "what differs cannot be shown line by line", HGT_S("target", t->config->name),
		HGT_S("reason", reason));
	t->puzzled = false;
	t->unexplained = true;
	t->compare_at = 0;
}

/* Whether the explanation that there is is one of this. */
static bool is_explained(const struct target *t, const struct driver_result *result)
{
	return t->explained.differing == result->differing && strcmp(t->explained.difference.data, result->difference.data) == 0 &&
		t->watch.fd >= 0 && !t->watch.heard;
}

bool target_is_puzzled(struct target *t, struct driver_result *result)
{
	bool tried = t->unexplained;

	t->unexplained = false;
	if (is_explained(t, result)) {
		hgt_buf_add(&result->diff, t->explained.diff.data, t->explained.diff.len);
		result->diff_cut = t->explained.cut;
		result->redacted = t->explained.redacted;
		return false;
	}
	t->puzzled = !tried && target_may_explain(t);
	return t->puzzled;
}

void target_explain_keep(struct target *t, const struct driver_result *result)
{
	target_explain_forget(t);
	hgt_buf_add(&t->explained.difference, result->difference.data, result->difference.len);
	hgt_buf_add(&t->explained.diff, result->diff.data, result->diff.len);
	t->explained.cut = result->diff_cut;
	t->explained.redacted = result->redacted;
	if (!t->explained.difference.failed && !t->explained.diff.failed)
		t->explained.differing = result->differing;
}

void target_explain_forget(struct target *t)
{
	t->explained.differing = 0;
	hgt_buf_release(&t->explained.difference);
	hgt_buf_release(&t->explained.diff);
}
