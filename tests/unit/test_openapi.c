/* docs/openapi.yaml against the program's table of routes: each operation is in both, with the same parameters. */
#include <ctype.h>

#include "base/io.h"
#include "daemon/routes.h"
#include "doc/doc.h"
#include "tests/unit/unit.h"

static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"};

struct page {
	struct hgt_doc_set set;
	const struct hgt_node *root, *paths;
};

static int open_page(void **state)
{
	struct page *page = calloc(1, sizeof(*page));
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_error err = {0};

	assert_non_null(page);
	hgt_doc_set_init(&page->set);
	if (hgt_read_file("docs/openapi.yaml", 1024 * 1024, &text, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(hgt_yaml_parse(text.data, text.len, &hgt_doc_default_limits, &page->set, &err), 0);
	hgt_buf_release(&text);
	if (page->set.n_problems)
		fail_msg("line %u: %s", page->set.problems[0].line, page->set.problems[0].message);
	page->root = page->set.docs[0].root;
	page->paths = hgt_node_get(page->root, "paths");
	assert_non_null(page->paths);
	*state = page;
	return 0;
}

static int close_page(void **state)
{
	struct page *page = *state;

	hgt_doc_set_release(&page->set);
	free(page);
	return 0;
}

static const struct hgt_node *operation(const struct page *page, const char *path, const char *method)
{
	const struct hgt_node *item = hgt_node_get(page->paths, path);
	char lower[16];
	size_t i = 0;

	for (; method[i]; i++)
		lower[i] = (char)tolower((unsigned char)method[i]);
	lower[i] = '\0';
	return item ? hgt_node_get(item, lower) : NULL;
}

/* What a parameter is, where it may be a reference to one of components. */
static const struct hgt_node *resolve(const struct page *page, const struct hgt_node *parameter)
{
	static const char prefix[] = "#/components/parameters/";
	const char *reference = hgt_node_get_string(parameter, "$ref");

	if (!reference)
		return parameter;
	assert_int_equal(strncmp(reference, prefix, strlen(prefix)), 0);
	parameter = hgt_node_get(hgt_node_get(hgt_node_get(page->root, "components"), "parameters"), reference + strlen(prefix));
	assert_non_null(parameter);
	return parameter;
}

/* Whether the operation has that parameter in its query; with name NULL, how many it has there. */
static size_t query_parameters(const struct page *page, const struct hgt_node *operation, const char *name)
{
	const struct hgt_node *list = hgt_node_get(operation, "parameters");
	size_t n = 0;

	for (size_t i = 0; list && i < list->v.seq.n; i++) {
		const struct hgt_node *parameter = resolve(page, list->v.seq.items[i]);

		if (strcmp(hgt_node_get_string(parameter, "in"), "query") == 0 &&
			(!name || strcmp(hgt_node_get_string(parameter, "name"), name) == 0))
			n++;
	}
	return n;
}

static void every_route_is_described(void **state)
{
	const struct page *page = *state;

	assert_true(routes_n() >= 12);
	for (unsigned route = 1; route <= routes_n(); route++) {
		const char *first, *path;

		routes_describe(route, &first, &path);
		for (size_t i = 0; i < N_OF(methods); i++) {
			const struct hgt_node *found = operation(page, path, methods[i]);
			size_t n = 0;

			if (!routes_takes(route, methods[i]))
				continue;
			if (!found)
				fail_msg("%s %s is not in docs/openapi.yaml", methods[i], path);
			for (const char *const *p = routes_params(route); *p; p++, n++)
				if (query_parameters(page, found, *p) != 1)
					fail_msg("%s %s: its parameter %s is not in docs/openapi.yaml", methods[i], path, *p);
			if (query_parameters(page, found, NULL) != n)
				fail_msg("%s %s: docs/openapi.yaml has parameters that it does not take", methods[i], path);
		}
	}
}

static bool is_routed(const char *path, const char *method)
{
	for (unsigned route = 1; route <= routes_n(); route++) {
		const char *first, *own;

		routes_describe(route, &first, &own);
		if (strcmp(own, path) == 0 && routes_takes(route, method))
			return true;
	}
	return false;
}

static void every_operation_is_routed(void **state)
{
	const struct page *page = *state;

	for (size_t i = 0; i < page->paths->v.map.n; i++) {
		const char *path = page->paths->v.map.pairs[i].key->text;
		size_t operations = 0;

		for (size_t k = 0; k < N_OF(methods); k++) {
			if (!operation(page, path, methods[k]))
				continue;
			operations++;
			if (!is_routed(path, methods[k]))
				fail_msg("docs/openapi.yaml has %s %s, which is no route", methods[k], path);
		}
		assert_int_equal(operations, page->paths->v.map.pairs[i].value->v.map.n);
	}
}

static void operations_say_what_counts(void **state)
{
	const struct page *page = *state;

	for (size_t i = 0; i < page->paths->v.map.n; i++) {
		const struct hgt_node *item = page->paths->v.map.pairs[i].value;

		for (size_t k = 0; k < item->v.map.n; k++) {
			const struct hgt_node *one = item->v.map.pairs[k].value, *responses = hgt_node_get(one, "responses");

			assert_non_null(hgt_node_get_string(one, "operationId"));
			assert_non_null(hgt_node_get_string(one, "summary"));
			assert_non_null(hgt_node_get(one, "tags"));
			assert_non_null(responses);
			assert_non_null(hgt_node_get(responses, "default"));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_route_is_described, open_page, close_page),
		cmocka_unit_test_setup_teardown(every_operation_is_routed, open_page, close_page),
		cmocka_unit_test_setup_teardown(operations_say_what_counts, open_page, close_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
