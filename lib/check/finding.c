/* Findings and the list that collects them. */
#include "check/finding.h"

static const char *const severity_names[] = {
	[HGT_SEVERITY_OFF] = "off",
	[HGT_SEVERITY_INFO] = "info",
	[HGT_SEVERITY_WARNING] = "warning",
	[HGT_SEVERITY_ERROR] = "error",
};

enum { N_SEVERITIES = sizeof(severity_names) / sizeof(severity_names[0]) };

const char *hgt_severity_name(enum hgt_severity severity)
{
	return severity_names[severity];
}

int hgt_severity_parse(const char *name)
{
	for (int i = 0; i < N_SEVERITIES; i++)
		if (strcmp(name, severity_names[i]) == 0)
			return i;
	return -1;
}

void hgt_findings_init(struct hgt_findings *list, size_t limit)
{
	*list = (struct hgt_findings){.arena = HGT_ARENA_INIT, .limit = limit};
}

void hgt_findings_release(struct hgt_findings *list)
{
	hgt_arena_release(&list->arena);
	free(list->items);
	hgt_findings_init(list, list->limit);
}

static size_t *counter(struct hgt_findings *list, enum hgt_severity severity)
{
	return severity == HGT_SEVERITY_ERROR ? &list->errors :
		severity == HGT_SEVERITY_WARNING ? &list->warnings : &list->infos;
}

/* A copy of s; NULL stays NULL, which `failed` tells from a failure. */
static const char *keep(struct hgt_arena *arena, const char *s, bool *failed)
{
	const char *copy = s ? hgt_arena_strndup(arena, s, strlen(s)) : NULL;

	if (s && !copy)
		*failed = true;
	return copy;
}

static int copy_finding(struct hgt_arena *arena, const struct hgt_finding *from, struct hgt_finding *to,
	struct hgt_error *err)
{
	struct hgt_finding copy = *from;
	bool failed = false;

	copy.rule = keep(arena, from->rule ? from->rule : "", &failed);
	copy.path = keep(arena, from->path ? from->path : "", &failed);
	copy.pointer = keep(arena, from->pointer ? from->pointer : "", &failed);
	copy.message = keep(arena, from->message ? from->message : "", &failed);
	copy.hint = keep(arena, from->hint, &failed);
	if (from->excerpt) {
		copy.excerpt = hgt_arena_strndup(arena, from->excerpt, from->excerpt_len);
		failed |= !copy.excerpt;
	}
	if (failed)
		return hgt_error_nomem(err);
	*to = copy;
	return 0;
}

/*
 * Where the list is full: the last of the least severe, when it is less severe than this; NULL: nothing gives way. What has given way
 * is more severe from then on, so the next of its severity lies before it: all searches together pass over the list once a severity.
 */
static struct hgt_finding *giving_way(struct hgt_findings *list, enum hgt_severity severity)
{
	for (unsigned least = HGT_SEVERITY_INFO; least < severity; least++)
		for (size_t *end = &list->searched[least]; *end < list->n; ++*end)
			if (list->items[list->n - 1 - *end].severity == least)
				return &list->items[list->n - 1 - *end];
	return NULL;
}

bool hgt_findings_keeps(struct hgt_findings *list, enum hgt_severity severity)
{
	return severity != HGT_SEVERITY_OFF && (list->n < list->limit || giving_way(list, severity));
}

int hgt_findings_add(struct hgt_findings *list, const struct hgt_finding *finding, struct hgt_error *err)
{
	struct hgt_finding *slot;
	int code;

	if (finding->severity == HGT_SEVERITY_OFF)
		return 0;
	if (list->n < list->limit) {
		if (list->n == list->cap) {
			size_t cap = list->cap ? list->cap * 2 : 8;
			struct hgt_finding *items;

			if (cap > SIZE_MAX / sizeof(*items))
				return hgt_error_nomem(err);
			items = realloc(list->items, cap * sizeof(*items));
			if (!items)
				return hgt_error_nomem(err);
			list->items = items;
			list->cap = cap;
		}
		slot = &list->items[list->n];
	} else {
		slot = giving_way(list, finding->severity);
	}
	if (slot) {
		code = copy_finding(&list->arena, finding, slot, err);
		if (code < 0)
			return code;
	}
	if (list->n < list->limit)
		list->n++;
	else
		list->cut = true;
	++*counter(list, finding->severity);
	return 0;
}

static int compare_u32(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int compare(const void *left, const void *right)
{
	const struct hgt_finding *a = left, *b = right;
	int order = strcmp(a->path, b->path);

	if (!order)
		order = compare_u32(a->line, b->line);
	if (!order)
		order = compare_u32(a->column, b->column);
	if (!order)
		order = strcmp(a->rule, b->rule);
	if (!order)
		order = strcmp(a->message, b->message);
	if (!order)
		order = strcmp(a->pointer, b->pointer);
	return order;
}

void hgt_findings_sort(struct hgt_findings *list)
{
	size_t kept = 0;

	if (list->n)
		qsort(list->items, list->n, sizeof(*list->items), compare);
	for (size_t i = 0; i < list->n; i++) {
		if (kept && compare(&list->items[kept - 1], &list->items[i]) == 0) {
			--*counter(list, list->items[i].severity);
			continue;
		}
		list->items[kept++] = list->items[i];
	}
	list->n = kept;
}
