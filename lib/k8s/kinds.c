/* Which checks a kind has beyond its schema. */
#include "k8s/k8s.h"

/* By group and kind, whatever the version; sorted, for a search. */
static const struct {
	const char *group, *kind;
	void (*check)(struct hgt_subject *subject);
} kinds[] = {
	{"", "Namespace", NULL},
};

static int compare(const struct hgt_gvk *gvk, const char *group, const char *kind)
{
	size_t len = strlen(group), common = len < gvk->group_len ? len : gvk->group_len;
	int order = memcmp(gvk->group, group, common);

	if (!order)
		order = gvk->group_len < len ? -1 : gvk->group_len > len;
	return order ? order : strcmp(gvk->kind, kind);
}

void hgt_check_k8s_kind(struct hgt_subject *s)
{
	size_t low = 0, high = sizeof(kinds) / sizeof(kinds[0]);
	struct hgt_gvk gvk;

	if (!hgt_k8s_gvk(s->object, &gvk))
		return;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(&gvk, kinds[middle].group, kinds[middle].kind);

		if (!order) {
			if (kinds[middle].check)
				kinds[middle].check(s);
			return;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
}
