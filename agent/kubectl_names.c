/* Runs of kubectl about objects that are named in its call. */
#include "agent/kubectl_names.h"

#include <assert.h>

int kubectl_run_named(struct kubectl *k, struct kubectl_run *run, const char *const *verb, const struct kubectl_set *set, size_t from,
	size_t to, struct hgt_error *err)
{
	const char *args[KUBECTL_VERB_MAX + 3 + KUBECTL_NAMES_MAX + 1] = {NULL}, *namespace = set->items[from]->namespace;
	struct hgt_buf names[KUBECTL_NAMES_MAX];
	size_t n = 0;
	int code = 0;

	assert(to - from <= KUBECTL_NAMES_MAX);
	for (; verb[n]; n++)
		args[n] = verb[n];
	assert(n <= KUBECTL_VERB_MAX);
	if (*namespace) {
		args[n++] = "-n";
		args[n++] = namespace;
	}
	args[n++] = "--";
	for (size_t i = 0; i < to - from; i++) {
		hgt_buf_init(&names[i]);
		kubectl_object_write_type(set->items[from + i], &names[i]);
		hgt_buf_addf(&names[i], "/%s", set->items[from + i]->name);
		args[n++] = names[i].data;
		if (code == 0)
			code = hgt_buf_check(&names[i], err);
	}
	run->args = args;
	if (code == 0)
		code = kubectl_run(k, run, err);
	run->args = NULL;
	for (size_t i = 0; i < to - from; i++)
		hgt_buf_release(&names[i]);
	return code;
}
