/* What a pull does about each ref. */
#include "mirror/pull_plan.h"

#include "base/glob.h"
#include "git/update.h"

#define ACCEPT "headgate mirror sync --accept takes upstream's and keeps ours under " HGT_OWN_REFS "kept/"

static const char no_refs[] = "upstream has no refs any more; if that is meant, headgate mirror sync --accept";
static const char stranger[] = "upstream has no history in common with what is here: it may be another repository; "
	"if that is meant, " ACCEPT;

struct planner {
	const struct hgt_pull *pull;
	struct hgt_pull_plan *plan;
	size_t room;
	struct hgt_error *err;
};

bool hgt_pull_moves(const struct hgt_pull_item *item)
{
	return item->what == HGT_PULL_CREATE || item->what == HGT_PULL_FORWARD || item->what == HGT_PULL_FORCE ||
		item->what == HGT_PULL_DELETE;
}

int hgt_pull_leave(struct hgt_pull_plan *plan, struct hgt_pull_item *item, enum hgt_copy_ref_state state, const char *why,
	struct hgt_error *err)
{
	char *note = hgt_arena_strndup(&plan->arena, why, strlen(why));

	if (!note)
		return hgt_error_nomem(err);
	item->what = HGT_PULL_LEAVE;
	item->state = state;
	item->note = note;
	item->keep = item->by_rule = false;
	return 0;
}

static int leave(struct hgt_pull_item *item, enum hgt_copy_ref_state state, const char *literal)
{
	item->what = HGT_PULL_LEAVE;
	item->state = state;
	item->note = literal;
	return 0;
}

/* By on_force or on_delete. */
static int follow(const struct planner *p, struct hgt_pull_item *item, enum hgt_pull_what what, enum hgt_mirror_rule rule)
{
	if (rule == HGT_MIRROR_STOP && !p->pull->accept)
		return leave(item, HGT_COPY_REF_HELD, what == HGT_PULL_DELETE ?
			"upstream has deleted it, and on_delete says stop; " ACCEPT :
			"upstream has moved it away from what it was, and on_force says stop; " ACCEPT);
	item->what = what;
	item->by_rule = true;
	item->keep = rule != HGT_MIRROR_FOLLOW || p->pull->accept;
	return 0;
}

/* What is here was made here. */
static int settle(const struct planner *p, struct hgt_pull_item *item, enum hgt_pull_what what, const char *why)
{
	if (!p->pull->accept)
		return leave(item, HGT_COPY_REF_DIVERGED, why);
	item->what = what;
	item->keep = true;
	return 0;
}

/* Whether what is here is what upstream once had, by what is known or by what a turn has left that was cut. Negative: failed. */
static int ours_is_theirs(const struct planner *p, const struct hgt_pull_item *item)
{
	const struct hgt_pull_asks *asks = &p->pull->asks;

	return strcmp(item->ours, item->known) == 0 ? 1 : asks->came_from_there(asks->ctx, item->ours, p->err);
}

static int decide_gone(const struct planner *p, struct hgt_pull_item *item)
{
	int code;

	/* One that upstream never had is none of the mirror's business. */
	if (!*item->known) {
		item->what = HGT_PULL_IN_STEP;
		return 0;
	}
	code = ours_is_theirs(p, item);
	if (code < 0)
		return code;
	if (code)
		return follow(p, item, HGT_PULL_DELETE, p->pull->on_delete);
	return settle(p, item, HGT_PULL_DELETE, "upstream has deleted it, and here it has been moved; " ACCEPT);
}

static int decide_moved(const struct planner *p, struct hgt_pull_item *item)
{
	const struct hgt_pull_asks *asks = &p->pull->asks;
	int code = asks->contains(asks->ctx, item->theirs, item->ours, p->err);

	if (code < 0)
		return code;
	if (code) {
		item->what = HGT_PULL_FORWARD;
		return 0;
	}
	code = ours_is_theirs(p, item);
	if (code < 0)
		return code;
	if (code)
		return follow(p, item, HGT_PULL_FORCE, p->pull->on_force);
	return settle(p, item, HGT_PULL_FORCE, strcmp(item->theirs, item->known) == 0 ?
		"it has been moved here, and not by the mirror; " ACCEPT :
		"what is here is no part of what upstream has, and did not come from there; " ACCEPT);
}

static bool is_too_long(const char *ref)
{
	size_t part;

	if (strlen(ref) > HGT_PULL_REF_MAX)
		return true;
	for (; *ref; ref += part + (ref[part] == '/')) {
		part = strcspn(ref, "/");
		if (part > HGT_PULL_PART_MAX)
			return true;
	}
	return false;
}

static int decide_by_sides(const struct planner *p, struct hgt_pull_item *item)
{
	const struct hgt_pull_asks *asks = &p->pull->asks;
	const char *unfit;

	if (strcmp(item->theirs, item->ours) == 0) {
		item->what = *item->ours ? HGT_PULL_IN_STEP : HGT_PULL_FORGET;
		return 0;
	}
	if (!*item->theirs)
		return decide_gone(p, item);
	if (is_too_long(item->ref))
		return leave(item, HGT_COPY_REF_REFUSED, "its name is longer than a mirror can keep");
	unfit = asks->unfit(asks->ctx, item->ref, item->theirs);
	if (unfit)
		return leave(item, HGT_COPY_REF_REFUSED, unfit);
	if (*item->ours)
		return decide_moved(p, item);
	item->what = HGT_PULL_CREATE;
	return 0;
}

/* What will be refused is none of what the guard counts. */
static int decide(const struct planner *p, struct hgt_pull_item *item)
{
	const struct hgt_pull_asks *asks = &p->pull->asks;
	int code = decide_by_sides(p, item);
	const char *why = code == 0 && hgt_pull_moves(item) ? asks->refused(asks->ctx, item) : NULL;

	if (why) {
		item->keep = item->by_rule = false;
		leave(item, HGT_COPY_REF_REFUSED, why);
	}
	return code;
}

static int add(struct planner *p, const struct hgt_pull_item *item)
{
	struct hgt_pull_plan *plan = p->plan;

	if (plan->n == p->room) {
		size_t room = p->room ? p->room * 2 : 64;
		struct hgt_pull_item *items = reallocarray(plan->items, room, sizeof(*items));

		if (!items)
			return hgt_error_nomem(p->err);
		plan->items = items;
		p->room = room;
	}
	plan->items[plan->n++] = *item;
	return 0;
}

static bool is_followed(const struct hgt_pull *pull, const char *ref)
{
	return !hgt_ref_is_own(ref) && hgt_glob_match_any(pull->refs->items, pull->refs->n, ref);
}

static const char *next_ref(const struct hgt_tips *tips, size_t at)
{
	return at < tips->n ? tips->items[at].ref : NULL;
}

static const char *take(const struct hgt_tips *tips, size_t *at, const char *ref)
{
	const char *next = next_ref(tips, *at);

	return next && strcmp(next, ref) == 0 ? tips->items[(*at)++].id : "";
}

/* The first in order of name; NULL when there is none left. */
static const char *first_of(const char *a, const char *b)
{
	return !a || (b && strcmp(b, a) < 0) ? b : a;
}

/* The three lists side by side. */
static int walk(struct planner *p)
{
	const struct hgt_pull *pull = p->pull;
	size_t theirs = 0, ours = 0, known = 0;
	const char *ref, *last = NULL;
	int code = 0;

	while (code == 0) {
		struct hgt_pull_item item = {.note = ""};

		ref = first_of(first_of(next_ref(pull->theirs, theirs), next_ref(pull->ours, ours)), next_ref(pull->known, known));
		if (!ref)
			break;
		item.ref = ref;
		if (last && strcmp(last, ref) == 0)
			return hgt_error_set(p->err, HGT_EPARSE, "upstream names %s twice", ref);
		last = ref;
		item.theirs = take(pull->theirs, &theirs, ref);
		item.ours = take(pull->ours, &ours, ref);
		item.known = take(pull->known, &known, ref);
		if (is_followed(pull, ref))
			code = decide(p, &item);
		else if (*item.known)
			item.what = HGT_PULL_FORGET;
		else
			continue;
		if (code == 0)
			code = add(p, &item);
	}
	return code;
}

static int by_ref(const void *key, const void *item)
{
	return strcmp(key, ((const struct hgt_pull_item *)item)->ref);
}

static const struct hgt_pull_item *find(const struct planner *p, const char *ref)
{
	return p->plan->n ? bsearch(ref, p->plan->items, p->plan->n, sizeof(*p->plan->items), by_ref) : NULL;
}

/* Whether the ref of that name, which is here, is in the way of one that is to be made. */
static bool is_in_the_way(const struct planner *p, const char *ref)
{
	const struct hgt_pull_item *item = find(p, ref);

	if (!item || item->what != HGT_PULL_DELETE)
		return true;
	p->plan->deletes_first = true;
	return false;
}

static int told_in_the_way(struct planner *p, struct hgt_pull_item *item, const char *whose, const char *ref)
{
	struct hgt_buf note = HGT_BUF_INIT;
	int code;

	hgt_buf_addf(&note, "%s has %.200s, and of two such names there can be one; rename or delete that", whose, ref);
	code = hgt_buf_check(&note, p->err);
	if (code == 0)
		code = hgt_pull_leave(p->plan, item, HGT_COPY_REF_DIVERGED, note.data, p->err);
	hgt_buf_release(&note);
	return code;
}

/* The index of the first of our tips that does not come before `ref`. */
static size_t lower_bound(const struct hgt_tips *tips, const char *ref)
{
	size_t from = 0, to = tips->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (strcmp(tips->items[middle].ref, ref) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* refs/heads/a and refs/heads/a/b cannot both be: a file and a folder of one name. */
static int check_name(struct planner *p, struct hgt_pull_item *item)
{
	const struct hgt_tips *ours = p->pull->ours;
	struct hgt_buf name = HGT_BUF_INIT;
	int code = 0;

	for (const char *slash = strchr(item->ref + strlen("refs/"), '/'); slash && code == 0 && item->what == HGT_PULL_CREATE;
		slash = strchr(slash + 1, '/')) {
		const struct hgt_pull_item *above;

		hgt_buf_reset(&name);
		hgt_buf_add(&name, item->ref, (size_t)(slash - item->ref));
		code = hgt_buf_check(&name, p->err);
		above = code == 0 ? find(p, name.data) : NULL;
		if (above && above->what == HGT_PULL_CREATE)
			code = told_in_the_way(p, item, "upstream", name.data);
		else if (code == 0 && hgt_tips_find(ours, name.data) && is_in_the_way(p, name.data))
			code = told_in_the_way(p, item, "this side", name.data);
	}
	hgt_buf_reset(&name);
	hgt_buf_addf(&name, "%s/", item->ref);
	if (code == 0)
		code = hgt_buf_check(&name, p->err);
	for (size_t i = code == 0 ? lower_bound(ours, name.data) : ours->n;
		i < ours->n && code == 0 && item->what == HGT_PULL_CREATE && strncmp(ours->items[i].ref, name.data, name.len) == 0; i++)
		if (is_in_the_way(p, ours->items[i].ref))
			code = told_in_the_way(p, item, "this side", ours->items[i].ref);
	hgt_buf_release(&name);
	return code;
}

/* Nothing moves. */
static int hold(struct planner *p, const char *why)
{
	struct hgt_pull_plan *plan = p->plan;

	plan->held = hgt_arena_strndup(&plan->arena, why, strlen(why));
	if (!plan->held)
		return hgt_error_nomem(p->err);
	for (size_t i = 0; i < plan->n; i++) {
		struct hgt_pull_item *item = &plan->items[i];

		if (!hgt_pull_moves(item))
			continue;
		leave(item, HGT_COPY_REF_HELD, plan->held);
		item->keep = item->by_rule = false;
	}
	plan->deletes_first = false;
	return 0;
}

/* Whether it may be that another repository has come in the place of upstream's: nothing of what is there was here. */
static int is_stranger(const struct planner *p)
{
	const struct hgt_pull_asks *asks = &p->pull->asks;
	const struct hgt_pull_plan *plan = p->plan;
	const char **ids = plan->n ? calloc(plan->n * 2, sizeof(*ids)) : NULL;
	const char **ours = ids ? ids + plan->n : NULL;
	size_t n_theirs = 0, n_ours = 0;
	int code = 0;

	if (plan->n && !ids)
		return hgt_error_nomem(p->err);
	for (size_t i = 0; i < plan->n; i++) {
		const struct hgt_pull_item *item = &plan->items[i];

		if (item->what == HGT_PULL_FORWARD || (*item->theirs && strcmp(item->theirs, item->ours) == 0))
			goto out;
		if (*item->theirs && item->what != HGT_PULL_FORGET && !(item->what == HGT_PULL_LEAVE && item->state == HGT_COPY_REF_REFUSED))
			ids[n_theirs++] = item->theirs;
		if (*item->ours && item->what != HGT_PULL_FORGET)
			ours[n_ours++] = item->ours;
	}
	if (n_theirs && n_ours)
		code = asks->related(asks->ctx, ids, n_theirs, ours, n_ours, p->err);
	else
		code = 1;
	code = code < 0 ? code : !code;
out:
	free(ids);
	return code;
}

/* What no rule of refs decides: how much goes at once. */
static int guard(struct planner *p)
{
	size_t followed = 0, lost = 0, theirs = 0;
	char why[160];
	int code;

	for (size_t i = 0; i < p->plan->n; i++) {
		const struct hgt_pull_item *item = &p->plan->items[i];

		followed += *item->known && *item->ours && item->what != HGT_PULL_FORGET;
		lost += item->by_rule;
		theirs += *item->theirs && item->what != HGT_PULL_FORGET;
	}
	if (followed && !theirs)
		return hold(p, no_refs);
	code = is_stranger(p);
	if (code < 0)
		return code;
	if (code)
		return hold(p, stranger);
	if (lost < 2 || lost * 100 <= (size_t)p->pull->guard * followed)
		return 0;
	snprintf(why, sizeof(why), "%zu of %zu refs would be deleted or forced, and the guard lets %u percent; if that is meant, "
		"headgate mirror sync --accept", lost, followed, p->pull->guard);
	return hold(p, why);
}

int hgt_pull_plan_make(const struct hgt_pull *pull, struct hgt_pull_plan *plan, struct hgt_error *err)
{
	struct planner p = {.pull = pull, .plan = plan, .err = err};
	int code;

	*plan = (struct hgt_pull_plan){0};
	code = walk(&p);
	for (size_t i = 0; i < plan->n && code == 0; i++)
		if (plan->items[i].what == HGT_PULL_CREATE)
			code = check_name(&p, &plan->items[i]);
	if (code == 0 && !pull->accept)
		code = guard(&p);
	return code;
}

void hgt_pull_plan_release(struct hgt_pull_plan *plan)
{
	hgt_arena_release(&plan->arena);
	free(plan->items);
	*plan = (struct hgt_pull_plan){0};
}
