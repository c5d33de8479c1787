/* Files that a driver's options name: of the target's tree, or absolute. */
#include <string.h>

#include "config/agent_private.h"

#define EXPECTED "expected a file of the target's tree, such as site.yml, or an absolute path"

bool is_tree_file(const char *name)
{
	const char *p = name;

	if (*p == '/')
		return true;
	while (*p) {
		size_t n = strcspn(p, "/");

		if (!n || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
			return false;
		p += n;
		if (*p == '/' && !*++p)
			return false;
	}
	return p > name;
}

int parse_tree_file(struct reader *r, const struct hgt_node *node, void *field)
{
	char *copy;

	if (node->type != HGT_NODE_STRING || memchr(node->text, '\0', node->len) || !is_tree_file(node->text))
		return reader_refuse(r, node, EXPECTED);
	copy = hgt_arena_strndup(r->arena, node->text, node->len);
	if (!copy)
		return hgt_error_nomem(r->err);
	*(const char **)field = copy;
	return 0;
}

int parse_tree_files(struct reader *r, const struct hgt_node *node, void *field)
{
	struct hgt_strings *strings = field;
	int code = reader_read_strings(r, node, strings);

	for (size_t i = 0; i < strings->n && code == 0; i++)
		if (!is_tree_file(strings->items[i]))
			code = reader_refuse(r, node, EXPECTED ", got \"%s\"", strings->items[i]);
	return code;
}
