/* The kinds of an API server. */
#include "agent/kubectl_kinds.h"

#include <stdio.h>

#include "doc/doc.h"

void kubectl_kinds_release(struct kubectl_kinds *kinds)
{
	hgt_map_release(&kinds->by_name);
	hgt_arena_release(&kinds->arena);
}

static int add(struct kubectl_kinds *kinds, const char *kind, size_t kind_len, const char *group, size_t group_len, bool namespaced,
	struct hgt_error *err)
{
	size_t len = kind_len + 1 + group_len;
	char *name = hgt_arena_bytes(&kinds->arena, len + 1);
	enum kubectl_place *place = hgt_arena_alloc(&kinds->arena, sizeof(*place));

	if (!name || !place)
		return hgt_error_nomem(err);
	*place = namespaced ? KUBECTL_IN_NAMESPACE : KUBECTL_IN_CLUSTER;
	memcpy(name, kind, kind_len);
	name[kind_len] = '.';
	memcpy(name + kind_len + 1, group, group_len);
	name[len] = '\0';
	return hgt_map_put(&kinds->by_name, name, len, place, NULL) < 0 ? hgt_error_nomem(err) : 0;
}

/* The word that ends at *end, which goes before it; its length. */
static size_t last_word(const char *line, size_t *end)
{
	size_t to = *end;

	while (to > 0 && line[to - 1] == ' ')
		to--;
	*end = to;
	while (*end > 0 && line[*end - 1] != ' ')
		--*end;
	return to - *end;
}

/* NAME SHORTNAMES APIVERSION NAMESPACED KIND, where SHORTNAMES may be empty. */
static int parse_line(struct kubectl_kinds *kinds, const char *line, size_t len, struct hgt_error *err)
{
	size_t kind_at = len, kind_len = last_word(line, &kind_at), is_at = kind_at, is_len = last_word(line, &is_at);
	size_t version_at = is_at, version_len = last_word(line, &version_at);
	const char *slash = memchr(line + version_at, '/', version_len);
	bool yes = is_len == 4 && memcmp(line + is_at, "true", 4) == 0, no = is_len == 5 && memcmp(line + is_at, "false", 5) == 0;

	if (!kind_len || !version_len || !(yes || no))
		return 0;
	return add(kinds, line + kind_at, kind_len, line + version_at, slash ? (size_t)(slash - line) - version_at : 0, yes, err);
}

int kubectl_kinds_parse(struct kubectl_kinds *kinds, const char *text, size_t len, struct hgt_error *err)
{
	const char *end = text + len;
	int code = 0;

	while (text < end && code == 0) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));

		if (!newline)
			newline = end;
		code = parse_line(kinds, text, (size_t)(newline - text), err);
		text = newline + 1;
	}
	return code;
}

int kubectl_kinds_define(struct kubectl_kinds *kinds, const struct hgt_node *crd, struct hgt_error *err)
{
	const struct hgt_node *spec = hgt_node_get(crd, "spec");
	const char *group = hgt_node_get_string(spec, "group"), *scope = hgt_node_get_string(spec, "scope");
	const char *kind = hgt_node_get_string(hgt_node_get(spec, "names"), "kind");

	if (!group || !scope || !kind)
		return 0;
	return add(kinds, kind, strlen(kind), group, strlen(group), strcmp(scope, "Namespaced") == 0, err);
}

enum kubectl_place kubectl_kinds_find(const struct kubectl_kinds *kinds, const struct kubectl_object *object)
{
	enum { MOST = 512 };	/* a group has at most 253 bytes, a kind 63 */
	const enum kubectl_place *found;
	char name[MOST];
	int len = snprintf(name, sizeof(name), "%s.%s", object->kind, object->group);

	found = len > 0 && len < MOST ? hgt_map_get(&kinds->by_name, name, (size_t)len) : NULL;
	return found ? *found : KUBECTL_UNKNOWN_KIND;
}
