/* What drivers tell, and which there are. */
#include "agent/driver.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void driver_result_init(struct driver_result *result)
{
	memset(result, 0, sizeof(*result));
	hgt_buf_init(&result->output);
	hgt_buf_init(&result->difference);
	hgt_buf_init(&result->diff);
	hgt_buf_init(&result->version);
}

void driver_result_release(struct driver_result *result)
{
	for (size_t i = 0; i < result->n_resources; i++) {
		free(result->resources[i].name);
		free(result->resources[i].message);
	}
	for (size_t i = 0; i < result->n_ignored; i++)
		free(result->ignored[i].rule);
	free(result->resources);
	free(result->ignored);
	hgt_buf_release(&result->output);
	hgt_buf_release(&result->difference);
	hgt_buf_release(&result->diff);
	hgt_buf_release(&result->version);
	driver_result_init(result);
}

void driver_differs(struct driver_result *result, const char *name, const char *how)
{
	if (result->differing++ == 0)
		hgt_buf_addf(&result->difference, "%s %s", name, how);
}

int driver_difference_end(struct driver_result *result, struct hgt_error *err)
{
	if (result->differing > 1)
		hgt_buf_addf(&result->difference, ", and %" PRIu64 " more", result->differing - 1);
	return hgt_buf_check(&result->difference, err);
}

int driver_add_resource(struct driver_result *result, const char *name, const char *sync, const char *health, const char *message,
	struct hgt_error *err)
{
	struct driver_resource *items, *item;

	result->resources_total++;
	if (result->n_resources == DRIVER_RESOURCES_MAX)
		return 0;
	items = reallocarray(result->resources, result->n_resources + 1, sizeof(*items));
	if (!items)
		return hgt_error_nomem(err);
	result->resources = items;
	item = &items[result->n_resources];
	*item = (struct driver_resource){.name = strdup(name), .sync = sync, .health = health, .message = message ? strdup(message) : NULL};
	result->n_resources++;
	return item->name && (item->message || !message) ? 0 : hgt_error_nomem(err);
}

int driver_add_ignored(struct driver_result *result, const char *rule, uint64_t hits, struct hgt_error *err)
{
	struct driver_ignored *items;

	if (result->n_ignored == DRIVER_IGNORED_MAX)
		return 0;
	items = reallocarray(result->ignored, result->n_ignored + 1, sizeof(*items));
	if (!items)
		return hgt_error_nomem(err);
	result->ignored = items;
	items[result->n_ignored] = (struct driver_ignored){.rule = strdup(rule), .hits = hits};
	return items[result->n_ignored++].rule ? 0 : hgt_error_nomem(err);
}

void driver_add_diff(struct driver_result *result, const char *text, size_t len)
{
	size_t room = DRIVER_DIFF_MAX - result->diff.len;

	if (result->diff_cut)
		return;
	if (len > room) {
		const char *end = memrchr(text, '\n', room);

		len = end ? (size_t)(end - text) + 1 : 0;
		result->diff_cut = true;
	}
	hgt_buf_add(&result->diff, text, len);
}

const struct driver *driver_find(const char *name)
{
	static const struct driver *const drivers[] = {&files_driver, &kubectl_driver, &ansible_driver, &terraform_driver, &exec_driver};

	for (size_t i = 0; i < sizeof(drivers) / sizeof(*drivers); i++)
		if (strcmp(drivers[i]->name, name) == 0)
			return drivers[i];
	return NULL;
}
