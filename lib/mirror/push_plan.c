/* What a push mirror has to do. */
#include "mirror/push_plan.h"

#define WAY_OUT "; headgate mirror sync --accept overwrites what is there"

/* One ref, from all three sides. */
struct view {
	const char *ref;
	const char *ours, *theirs, *base;	/* "" none */
	const struct hgt_push_known *known;	/* NULL */
};

static bool begins(const char *s, const char *start)
{
	return strncmp(s, start, strlen(start)) == 0;
}

bool hgt_push_is_own(const char *ref)
{
	static const char *const own[] = {"refs/headgate/", "refs/keep-around/", "refs/environments/", "refs/pipelines/", "refs/tmp/"};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (begins(ref, own[i]))
			return true;
	return false;
}

/* git push looks names up as a person would write them, so that of refs/heads/x and refs/heads/refs/heads/x it can push neither. */
static bool is_ambiguous(const char *ref)
{
	return begins(ref, "refs/heads/refs/") || begins(ref, "refs/tags/refs/") || begins(ref, "refs/remotes/refs/") ||
		begins(ref, "refs/refs/");
}

static struct hgt_push_item *add(struct hgt_push_plan *plan, const struct view *view)
{
	struct hgt_push_item *item;

	if (plan->n == plan->room) {
		size_t room = plan->room ? plan->room * 2 : 16;
		struct hgt_push_item *items = reallocarray(plan->items, room, sizeof(*items));

		if (!items)
			return NULL;
		plan->items = items;
		plan->room = room;
	}
	item = &plan->items[plan->n];
	*item = (struct hgt_push_item){.ref = strdup(view->ref), .note = "", .since_ms = view->known ? view->known->since_ms : 0};
	if (!item->ref)
		return NULL;
	snprintf(item->id, sizeof(item->id), "%s", view->base);
	snprintf(item->theirs, sizeof(item->theirs), "%s", view->theirs);
	snprintf(item->ours, sizeof(item->ours), "%s", view->ours);
	plan->n++;
	return item;
}

static void diverge(const struct hgt_push_sides *sides, const struct view *view, struct hgt_push_item *item, const char *note)
{
	bool told = view->known && view->known->state == HGT_COPY_REF_DIVERGED;
	bool as_told = told && !strcmp(view->known->theirs, view->theirs);

	item->state = HGT_COPY_REF_DIVERGED;
	item->note = note;
	if (sides->accept && as_told)
		item->what = item->ours[0] ? HGT_PUSH_FORCE : HGT_PUSH_DELETE;
	else if (sides->accept && told)
		item->note = "it has moved there since that was told; look at it again" WAY_OUT;
}

/* Both sides have it, and not the same. */
static int judge_both(const struct hgt_push_sides *sides, const struct view *view, struct hgt_push_item *item,
	struct hgt_error *err)
{
	int contained = sides->contains(sides->ctx, view->ours, view->theirs, err), ahead;

	if (contained < 0)
		return contained;
	item->state = HGT_COPY_REF_BEHIND;
	if (contained) {
		item->what = HGT_PUSH_FORWARD;
	} else if (!strcmp(view->theirs, view->base)) {
		item->what = HGT_PUSH_FORCE;
	} else {
		ahead = sides->contains(sides->ctx, view->theirs, view->ours, err);
		if (ahead < 0)
			return ahead;
		diverge(sides, view, item, ahead ? "it has gone on there from what is here" WAY_OUT :
			"there it has what is not here" WAY_OUT);
	}
	return 0;
}

static void judge_deleted(const struct hgt_push_sides *sides, const struct view *view, struct hgt_push_item *item)
{
	item->state = HGT_COPY_REF_BEHIND;
	if (!view->base[0]) {
		item->state = HGT_COPY_REF_IN_STEP;
		item->note = "only there, and never here: left as it is";
	} else if (!strcmp(view->theirs, view->base)) {
		item->what = HGT_PUSH_DELETE;
	} else {
		diverge(sides, view, item, "it was deleted here, and has moved there" WAY_OUT);
	}
}

static int judge(const struct hgt_push_sides *sides, const struct view *view, struct hgt_push_item *item, struct hgt_error *err)
{
	if (!sides->belongs(sides->ctx, view->ref) || (!view->ours[0] && !view->theirs[0])) {
		item->forget = true;
	} else if (!strcmp(view->ours, view->theirs)) {
		item->state = HGT_COPY_REF_IN_STEP;
		memcpy(item->id, item->ours, sizeof(item->id));
	} else if (is_ambiguous(view->ref)) {
		item->state = HGT_COPY_REF_HELD;
		item->note = "git push takes this name for another ref's; rename it";
	} else if (!view->ours[0]) {
		judge_deleted(sides, view, item);
	} else if (!view->theirs[0]) {
		item->state = HGT_COPY_REF_BEHIND;
		item->what = HGT_PUSH_MAKE;
	} else {
		return judge_both(sides, view, item, err);
	}
	return 0;
}

/* Whether the row says all of that already. What is refused or behind is told by what becomes of the push. */
static bool is_known(const struct hgt_push_item *item, const struct hgt_push_known *known)
{
	if (item->forget || item->what != HGT_PUSH_NOTHING)
		return item->forget && !known;
	return known && known->state == item->state && !strcmp(known->id, item->id) && !strcmp(known->theirs, item->theirs) &&
		!strcmp(known->ours, item->ours);
}

/* What waits for a person is told by the turn as well. */
static int note_waiting(struct hgt_push_plan *plan, const struct hgt_push_item *item)
{
	if (item->forget || item->what != HGT_PUSH_NOTHING || (item->state != HGT_COPY_REF_DIVERGED && item->state != HGT_COPY_REF_HELD))
		return 0;
	if (!plan->waiting++) {
		plan->first = strdup(item->ref);
		plan->first_note = item->note;
	}
	return plan->first ? 0 : HGT_ENOMEM;
}

static int take(const struct hgt_push_sides *sides, const struct view *view, struct hgt_push_plan *plan, struct hgt_error *err)
{
	const struct hgt_push_known *known = view->known;
	struct hgt_push_item *item;
	int code;

	/* What most refs are, at once. */
	if (known && known->state == HGT_COPY_REF_IN_STEP && view->ours[0] && !strcmp(view->ours, view->theirs) &&
		!strcmp(view->ours, known->id) && sides->belongs(sides->ctx, view->ref))
		return 0;
	item = add(plan, view);
	if (!item)
		return hgt_error_nomem(err);
	code = judge(sides, view, item, err);
	if (code < 0)
		return code;
	if (note_waiting(plan, item) < 0)
		return hgt_error_nomem(err);
	item->again = known && known->state == HGT_COPY_REF_REFUSED && !strcmp(known->ours, item->ours) &&
		!strcmp(known->theirs, item->theirs);
	if (is_known(item, known)) {
		free(item->ref);
		plan->n--;
	}
	return 0;
}

static const char *least(const char *a, const char *b)
{
	return !a ? b : !b ? a : strcmp(a, b) <= 0 ? a : b;
}

static const char *at(const struct hgt_tips *tips, size_t i)
{
	return tips && i < tips->n ? tips->items[i].ref : NULL;
}

int hgt_push_plan_make(const struct hgt_push_sides *sides, struct hgt_push_plan *plan, struct hgt_error *err)
{
	struct hgt_push_plan made = HGT_PUSH_PLAN_INIT;
	size_t o = 0, t = 0, k = 0;
	int code = 0;

	while (code == 0) {
		const char *ours = at(sides->ours, o), *theirs = at(sides->theirs, t);
		const char *known = k < sides->n_known ? sides->known[k].ref : NULL;
		struct view view = {.ref = least(least(ours, theirs), known), .ours = "", .theirs = "", .base = ""};

		if (!view.ref)
			break;
		if (known && !strcmp(known, view.ref)) {
			view.known = &sides->known[k++];
			view.base = view.known->id;
			if (!sides->theirs)
				view.theirs = view.known->theirs;
		}
		if (ours && !strcmp(ours, view.ref))
			view.ours = sides->ours->items[o++].id;
		if (theirs && !strcmp(theirs, view.ref))
			view.theirs = sides->theirs->items[t++].id;
		code = take(sides, &view, &made, err);
	}
	if (code < 0) {
		hgt_push_plan_release(&made);
		return code;
	}
	hgt_push_plan_release(plan);
	*plan = made;
	return 0;
}

void hgt_push_plan_release(struct hgt_push_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		free(plan->items[i].ref);
	free(plan->items);
	free(plan->first);
	*plan = (struct hgt_push_plan)HGT_PUSH_PLAN_INIT;
}

bool hgt_push_must_ask(const struct hgt_push_known *known, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (known[i].state == HGT_COPY_REF_DIVERGED)
			return true;
	return false;
}

/*
 * Without a lease git sends a branch only where it forwards what it sees there, and any ref where it sees none; and it sends along
 * what it saw, so the other side takes it only if it is so still. Nothing that is not ours to overwrite can be overwritten by that.
 */
void hgt_push_lease(const struct hgt_push_item *item, struct hgt_buf *out)
{
	bool own_rule = item->what == HGT_PUSH_MAKE || (item->what == HGT_PUSH_FORWARD && begins(item->ref, "refs/heads/"));

	if (!own_rule)
		hgt_buf_addf(out, "--force-with-lease=%s:%s", item->ref, item->theirs);
}

/* "^{object}" because a bare id would be looked up as the name of a branch first, and there can be one of that name. */
void hgt_push_refspec(const struct hgt_push_item *item, struct hgt_buf *out)
{
	if (item->what != HGT_PUSH_DELETE)
		hgt_buf_addf(out, "%s^{object}", item->ours);
	hgt_buf_addf(out, ":%s", item->ref);
}
