/* Fields of what comes as JSON. */
#include "daemon/fields.h"

#include "base/timing.h"
#include "git/update.h"
#include "headgate/protocol.h"

/* A string field; NULL in *out when it is not there (or null) and not required. */
int field_string(const struct hgt_node *map, const char *key, size_t max, bool required, const char **out,
	struct hgt_error *err)
{
	const struct hgt_node *node = hgt_node_get(map, key);

	*out = NULL;
	if (!node || node->type == HGT_NODE_NULL)
		return required ? hgt_error_set(err, HGT_EPARSE, "field \"%s\" is missing", key) : 0;
	if (node->type != HGT_NODE_STRING)
		return hgt_error_set(err, HGT_EPARSE, "field \"%s\" is to be a string, not %s", key, hgt_node_type_name(node->type));
	if (node->len > max)
		return hgt_error_set(err, HGT_ELIMIT, "field \"%s\" is longer than %zu bytes", key, max);
	if (memchr(node->text, '\0', node->len))
		return hgt_error_set(err, HGT_EPARSE, "field \"%s\" has a NUL character", key);
	*out = node->text;
	return 0;
}

int field_word(const struct hgt_node *map, const char *key, const char *const *words, bool required, const char **out,
	struct hgt_error *err)
{
	int code = field_string(map, key, FIELD_TEXT_MAX, required, out, err);

	if (code < 0 || !*out)
		return code;
	for (size_t i = 0; words[i]; i++)
		if (!strcmp(*out, words[i]))
			return 0;
	return hgt_error_set(err, HGT_EPARSE, "field \"%s\" cannot be \"%s\"", key, *out);
}

int field_name(const struct hgt_node *map, const char *key, const char **out, struct hgt_error *err)
{
	int code = field_string(map, key, FIELD_TEXT_MAX, true, out, err);

	if (code < 0)
		return code;
	if (!hgt_name_is_valid(*out))
		return hgt_error_set(err, HGT_EPARSE, "field \"%s\" is no name: 1 to %d of a-z 0-9 - . _, the first and last a "
			"letter or digit", key, HGT_NAME_MAX);
	return 0;
}

/* Commits and other things that are optional: a string of the right kind, or NULL. */
int field_commit(const struct hgt_node *map, const char *key, const char **out, struct hgt_error *err)
{
	int code = field_string(map, key, FIELD_TEXT_MAX, false, out, err);

	if (code < 0 || !*out)
		return code;
	if (!hgt_oid_is_valid(*out))
		return hgt_error_set(err, HGT_EPARSE, "field \"%s\" is no commit id", key);
	return 0;
}

int field_time(const struct hgt_node *map, const char *key, const char **out, struct hgt_error *err)
{
	int64_t ms;
	int code = field_string(map, key, FIELD_TEXT_MAX, false, out, err);

	if (code < 0 || !*out)
		return code;
	if (hgt_time_parse(*out, &ms, NULL) < 0)
		return hgt_error_set(err, HGT_EPARSE, "field \"%s\" is no time (RFC 3339)", key);
	return 0;
}

int field_int(const struct hgt_node *map, const char *key, int64_t min, bool *there, int64_t *out, struct hgt_error *err)
{
	const struct hgt_node *node = hgt_node_get(map, key);

	*there = false;
	if (!node || node->type == HGT_NODE_NULL)
		return 0;
	if (node->type != HGT_NODE_INT || node->is_unsigned)
		return hgt_error_set(err, HGT_EPARSE, "field \"%s\" is to be an integer, not %s", key, hgt_node_type_name(node->type));
	if (node->v.integer < min)
		return hgt_error_set(err, HGT_EPARSE, "field \"%s\" is below %lld", key, (long long)min);
	*there = true;
	*out = node->v.integer;
	return 0;
}

int field_bool(const struct hgt_node *map, const char *key, bool *out, struct hgt_error *err)
{
	const struct hgt_node *node = hgt_node_get(map, key);

	if (!node || node->type == HGT_NODE_NULL)
		return 0;
	if (node->type != HGT_NODE_BOOL)
		return hgt_error_set(err, HGT_EPARSE, "field \"%s\" is to be true or false, not %s", key,
			hgt_node_type_name(node->type));
	*out = node->v.boolean;
	return 0;
}

/* An array under key, which is required; its length at most max. */
int field_array(const struct hgt_node *map, const char *key, size_t max, const struct hgt_node **out, struct hgt_error *err)
{
	const struct hgt_node *node = hgt_node_get(map, key);

	if (!node || node->type == HGT_NODE_NULL)
		return hgt_error_set(err, HGT_EPARSE, "field \"%s\" is missing", key);
	if (node->type != HGT_NODE_SEQ)
		return hgt_error_set(err, HGT_EPARSE, "field \"%s\" is to be an array, not %s", key, hgt_node_type_name(node->type));
	if (node->v.seq.n > max)
		return hgt_error_set(err, HGT_ELIMIT, "field \"%s\" has more than %zu items", key, max);
	*out = node;
	return 0;
}

int field_object(const char *text, size_t len, struct hgt_doc_set *set, const struct hgt_node **out, struct hgt_error *err)
{
	int code = hgt_json_parse_message(text, len, set, err);

	if (code < 0)
		return code;
	*out = set->docs[0].root;
	if (!*out || (*out)->type != HGT_NODE_MAP)
		return hgt_error_set(err, HGT_EPARSE, "the body is to be a JSON object");
	return 0;
}
