/* The driver terraform: what a plan holds, from `show -json`. */
#include <string.h>

#include "agent/terraform_private.h"
#include "agent/tool.h"
#include "base/json_writer.h"
#include "doc/doc.h"

#define VALUE_MAX 1000	/* bytes of one value in a diff */
#define ADDRESS_MAX 300

/* A value with what the plan says of it: which parts are sensitive; of the new one also which are not known yet. */
struct side {
	const struct hgt_node *value, *sensitive;
};

struct difference {
	struct side before, after;
	const struct hgt_node *unknown;
};

struct writer {
	struct hgt_buf path;	/* of the attribute that is looked at */
	struct hgt_buf out;
	uint64_t redacted;
};

static bool is_true(const struct hgt_node *node)
{
	return node && node->type == HGT_NODE_BOOL && node->v.boolean;
}

static bool is_there(const struct hgt_node *node)
{
	return node && node->type != HGT_NODE_NULL;
}

static bool is_collection(const struct hgt_node *node)
{
	return node && (node->type == HGT_NODE_MAP || node->type == HGT_NODE_SEQ);
}

static const struct hgt_node *item(const struct hgt_node *node, size_t i)
{
	return node && node->type == HGT_NODE_SEQ && i < node->v.seq.n ? node->v.seq.items[i] : NULL;
}

static bool equal(const struct hgt_node *a, const struct hgt_node *b)
{
	if (!is_there(a) || !is_there(b))
		return !is_there(a) && !is_there(b);
	if (a->type != b->type)
		return false;
	if (a->type == HGT_NODE_SEQ) {
		for (size_t i = 0; i < a->v.seq.n && a->v.seq.n == b->v.seq.n; i++)
			if (!equal(a->v.seq.items[i], b->v.seq.items[i]))
				return false;
		return a->v.seq.n == b->v.seq.n;
	}
	if (a->type == HGT_NODE_MAP) {
		for (size_t i = 0; i < a->v.map.n && a->v.map.n == b->v.map.n; i++)
			if (!equal(a->v.map.pairs[i].value, hgt_node_get(b, a->v.map.pairs[i].key->text)))
				return false;
		return a->v.map.n == b->v.map.n;
	}
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

/* Every scalar of a value that is sensitive. */
static void collect_all(const struct hgt_node *value, struct secrets *secrets)
{
	if (!value)
		return;
	if (value->type == HGT_NODE_MAP)
		for (size_t i = 0; i < value->v.map.n; i++)
			collect_all(value->v.map.pairs[i].value, secrets);
	else if (value->type == HGT_NODE_SEQ)
		for (size_t i = 0; i < value->v.seq.n; i++)
			collect_all(value->v.seq.items[i], secrets);
	else if (value->type != HGT_NODE_NULL && value->type != HGT_NODE_BOOL)
		secrets_add(secrets, value->text, value->len);
}

static void collect(const struct hgt_node *value, const struct hgt_node *sensitive, struct secrets *secrets)
{
	if (!value || !sensitive)
		return;
	if (is_true(sensitive))
		collect_all(value, secrets);
	else if (sensitive->type == HGT_NODE_MAP)
		for (size_t i = 0; i < sensitive->v.map.n; i++)
			collect(hgt_node_get(value, sensitive->v.map.pairs[i].key->text), sensitive->v.map.pairs[i].value, secrets);
	else if (sensitive->type == HGT_NODE_SEQ)
		for (size_t i = 0; i < sensitive->v.seq.n; i++)
			collect(item(value, i), sensitive->v.seq.items[i], secrets);
}

static void collect_change(const struct hgt_node *change, struct secrets *secrets)
{
	collect(hgt_node_get(change, "before"), hgt_node_get(change, "before_sensitive"), secrets);
	collect(hgt_node_get(change, "after"), hgt_node_get(change, "after_sensitive"), secrets);
}

static void collect_changes(const struct hgt_node *list, struct secrets *secrets)
{
	for (size_t i = 0; list && list->type == HGT_NODE_SEQ && i < list->v.seq.n; i++)
		collect_change(hgt_node_get(list->v.seq.items[i], "change"), secrets);
}

static void collect_variables(const struct hgt_node *plan, struct secrets *secrets)
{
	const struct hgt_node *module = hgt_node_get(hgt_node_get(plan, "configuration"), "root_module");
	const struct hgt_node *declared = hgt_node_get(module, "variables"), *values = hgt_node_get(plan, "variables");

	for (size_t i = 0; declared && declared->type == HGT_NODE_MAP && i < declared->v.map.n; i++)
		if (is_true(hgt_node_get(declared->v.map.pairs[i].value, "sensitive")))
			collect_all(hgt_node_get(hgt_node_get(values, declared->v.map.pairs[i].key->text), "value"), secrets);
}

static void collect_plan(const struct hgt_node *plan, struct secrets *secrets)
{
	const struct hgt_node *outputs = hgt_node_get(plan, "output_changes");

	collect_variables(plan, secrets);
	collect_changes(hgt_node_get(plan, "resource_changes"), secrets);
	collect_changes(hgt_node_get(plan, "resource_drift"), secrets);
	for (size_t i = 0; outputs && outputs->type == HGT_NODE_MAP && i < outputs->v.map.n; i++)
		collect_change(outputs->v.map.pairs[i].value, secrets);
}

/* A line of the diff. NULL: what the value is, is not known yet. */
static void write_line(struct writer *w, char sign, const struct hgt_node *value, bool hidden)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&text);

	if (hidden)
		hgt_buf_adds(&text, SECRETS_HIDDEN);
	else if (value)
		hgt_node_write_json(value, &json);
	else
		hgt_buf_adds(&text, "(known after apply)");
	hgt_buf_addf(&w->out, "%c%s = ", sign, w->path.data);
	if (text.len > VALUE_MAX) {
		size_t cut = VALUE_MAX;

		while (cut > 0 && ((unsigned char)text.data[cut] & 0xc0) == 0x80)
			cut--;
		hgt_buf_truncate(&text, cut);
		hgt_buf_adds(&text, "... (cut)");
	}
	hgt_buf_add(&w->out, text.data, text.len);
	hgt_buf_addc(&w->out, '\n');
	w->out.failed |= text.failed;
	hgt_buf_release(&text);
}

static void write_difference(struct writer *w, const struct difference *d);

static struct difference member(const struct difference *d, const char *key)
{
	return (struct difference){
		.before = {hgt_node_get(d->before.value, key), is_true(d->before.sensitive) ? d->before.sensitive :
			hgt_node_get(d->before.sensitive, key)},
		.after = {hgt_node_get(d->after.value, key), is_true(d->after.sensitive) ? d->after.sensitive :
			hgt_node_get(d->after.sensitive, key)},
		.unknown = hgt_node_get(d->unknown, key),
	};
}

static void write_member(struct writer *w, const struct difference *d, const char *key)
{
	struct difference inner = member(d, key);
	size_t len = w->path.len;

	hgt_buf_addf(&w->path, "%s%s", len ? "." : "", key);
	write_difference(w, &inner);
	hgt_buf_truncate(&w->path, len);
}

/* Each key that one of them has, once. */
static void write_members(struct writer *w, const struct difference *d)
{
	const struct hgt_node *maps[] = {d->before.value, d->after.value, d->unknown};

	for (size_t m = 0; m < 3; m++)
		for (size_t i = 0; maps[m] && maps[m]->type == HGT_NODE_MAP && i < maps[m]->v.map.n; i++) {
			const char *key = maps[m]->v.map.pairs[i].key->text;
			bool told = false;

			for (size_t before = 0; before < m; before++)
				told |= hgt_node_pair(maps[before], key) != NULL;
			if (!told)
				write_member(w, d, key);
		}
}

static size_t length(const struct hgt_node *node)
{
	return node && node->type == HGT_NODE_SEQ ? node->v.seq.n : 0;
}

static void write_items(struct writer *w, const struct difference *d)
{
	size_t n = length(d->before.value), len = w->path.len;

	n = length(d->after.value) > n ? length(d->after.value) : n;
	n = length(d->unknown) > n ? length(d->unknown) : n;
	for (size_t i = 0; i < n; i++) {
		struct difference inner = {.before = {item(d->before.value, i), item(d->before.sensitive, i)},
			.after = {item(d->after.value, i), item(d->after.sensitive, i)}, .unknown = item(d->unknown, i)};

		hgt_buf_addf(&w->path, "[%zu]", i);
		write_difference(w, &inner);
		hgt_buf_truncate(&w->path, len);
	}
}

/* Of different types, or one is not there: what was goes, what will be comes. */
static void write_apart(struct writer *w, const struct difference *d)
{
	struct difference gone = {.before = d->before}, come = {.after = d->after, .unknown = d->unknown};

	if (is_collection(d->before.value) && is_collection(d->after.value)) {
		write_difference(w, &gone);
		write_difference(w, &come);
		return;
	}
	if (is_collection(d->before.value))
		write_difference(w, &gone);
	else if (is_there(d->before.value))
		write_line(w, '-', d->before.value, false);
	if (is_collection(d->after.value))
		write_difference(w, &come);
	else if (is_there(d->after.value))
		write_line(w, '+', d->after.value, false);
}

static void write_difference(struct writer *w, const struct difference *d)
{
	const struct hgt_node *before = d->before.value, *after = d->after.value;
	bool hidden = is_true(d->before.sensitive) || is_true(d->after.sensitive), unknown = is_true(d->unknown);

	if (!unknown && !is_collection(d->unknown) && equal(before, after))
		return;
	if (hidden) {
		w->redacted++;
		if (is_there(before))
			write_line(w, '-', before, true);
		if (unknown || is_there(after))
			write_line(w, '+', unknown ? NULL : after, !unknown);
		return;
	}
	if (unknown) {
		struct difference gone = {.before = d->before};

		write_difference(w, &gone);
		write_line(w, '+', NULL, false);
		return;
	}
	if ((before && before->type == HGT_NODE_MAP && (!is_there(after) || after->type == HGT_NODE_MAP)) ||
		(!is_there(before) && ((after && after->type == HGT_NODE_MAP) || (d->unknown && d->unknown->type == HGT_NODE_MAP))))
		write_members(w, d);
	else if ((before && before->type == HGT_NODE_SEQ && (!is_there(after) || after->type == HGT_NODE_SEQ)) ||
		(!is_there(before) && ((after && after->type == HGT_NODE_SEQ) || (d->unknown && d->unknown->type == HGT_NODE_SEQ))))
		write_items(w, d);
	else
		write_apart(w, d);
}

/* What a resource's actions mean. */
struct meaning {
	const char *sync, *words;
};

static struct meaning meaning_of(const struct hgt_node *change)
{
	const struct hgt_node *actions = hgt_node_get(change, "actions"), *first = item(actions, 0);
	const char *word = first && first->type == HGT_NODE_STRING ? first->text : "";

	if (length(actions) > 1)
		return (struct meaning){"OutOfSync", "would be replaced"};
	if (strcmp(word, "create") == 0)
		return (struct meaning){"Missing", "would be created"};
	if (strcmp(word, "update") == 0)
		return (struct meaning){"OutOfSync", "would be updated"};
	if (strcmp(word, "delete") == 0)
		return (struct meaning){"Extra", "would be destroyed"};
	if (strcmp(word, "forget") == 0)
		return (struct meaning){"Extra", "would be forgotten"};
	if (strcmp(word, "no-op") == 0)
		return (struct meaning){"Synced", NULL};
	return (struct meaning){"Unknown", "is read when the plan is applied"};
}

static bool has_drifted(const struct hgt_node *plan, const char *address)
{
	const struct hgt_node *list = hgt_node_get(plan, "resource_drift");

	for (size_t i = 0; i < length(list); i++) {
		const char *other = hgt_node_get_string(list->v.seq.items[i], "address");

		if (other && strcmp(other, address) == 0)
			return true;
	}
	return false;
}

static int add_row(const struct hgt_node *plan, const struct hgt_node *resource, struct meaning meaning, struct driver_result *result,
	struct hgt_error *err)
{
	const char *address = hgt_node_get_string(resource, "address");
	bool drifted = address && has_drifted(plan, address), moves = hgt_node_get_string(resource, "previous_address") != NULL;
	struct hgt_buf message = HGT_BUF_INIT, name = HGT_BUF_INIT;
	int code;

	if (drifted && meaning.words)
		hgt_buf_addf(&message, "was changed outside of it, and %s", meaning.words);
	else if (drifted)
		hgt_buf_adds(&message, "was changed outside of it, in what the configuration leaves open");
	else if (meaning.words || moves)
		hgt_buf_adds(&message, meaning.words ? meaning.words : "would be moved");
	if (moves && !meaning.words)
		meaning.sync = "OutOfSync";
	tool_phrase(&name, address ? address : "", address ? strlen(address) : 0, ADDRESS_MAX);
	code = hgt_buf_check(&message, err);
	if (code == 0)
		code = hgt_buf_check(&name, err);
	if (code == 0)
		code = driver_add_resource(result, name.data, meaning.sync, NULL, message.len ? message.data : NULL, err);
	hgt_buf_release(&message);
	hgt_buf_release(&name);
	return code;
}

static int add_diff(const struct hgt_node *resource, struct meaning meaning, struct secrets *secrets, struct driver_result *result,
	struct hgt_error *err)
{
	const struct hgt_node *change = hgt_node_get(resource, "change");
	const char *address = hgt_node_get_string(resource, "address");
	struct difference d = {.before = {hgt_node_get(change, "before"), hgt_node_get(change, "before_sensitive")},
		.after = {hgt_node_get(change, "after"), hgt_node_get(change, "after_sensitive")}, .unknown = hgt_node_get(change, "after_unknown")};
	struct writer w = {.path = HGT_BUF_INIT, .out = HGT_BUF_INIT};
	int code;

	/* Where not all that is secret is known, nothing is shown. */
	result->diff_cut |= secrets->failed;
	if (result->diff_cut)
		return 0;
	hgt_buf_addf(&w.out, "--- %s\n+++ %s\n@@ %s @@\n", address ? address : "", address ? address : "", meaning.words);
	write_difference(&w, &d);
	w.out.failed |= w.path.failed;
	code = secrets_hide_in(secrets, &w.out, &w.redacted, err);
	if (code == 0)
		driver_add_diff(result, w.out.data, w.out.len);
	result->redacted += w.redacted;
	hgt_buf_release(&w.out);
	hgt_buf_release(&w.path);
	return code == 0 ? hgt_buf_check(&result->diff, err) : code;
}

/* A check block that fails says that something is amiss, though nothing is to be changed. */
static void look_at_checks(const struct hgt_node *plan, struct driver_result *result)
{
	const struct hgt_node *checks = hgt_node_get(plan, "checks");

	for (size_t i = 0; i < length(checks); i++) {
		const char *status = hgt_node_get_string(checks->v.seq.items[i], "status");

		if (status && (strcmp(status, "fail") == 0 || strcmp(status, "error") == 0))
			result->health = "Degraded";
	}
}

static int read_resources(const struct hgt_node *plan, bool diff, struct secrets *secrets, struct driver_result *result,
	struct hgt_error *err)
{
	const struct hgt_node *list = hgt_node_get(plan, "resource_changes");
	int code = 0;

	for (size_t i = 0; i < length(list) && code == 0; i++) {
		const struct hgt_node *resource = list->v.seq.items[i];
		struct meaning meaning = meaning_of(hgt_node_get(resource, "change"));

		if (strcmp(meaning.sync, "Unknown") == 0)
			result->unchecked++;
		else
			result->checked++;
		code = add_row(plan, resource, meaning, result, err);
		if (code == 0 && diff && meaning.words && strcmp(meaning.sync, "Unknown") != 0)
			code = add_diff(resource, meaning, secrets, result, err);
	}
	return code;
}

int terraform_read_plan(const char *text, size_t len, bool diff, struct secrets *secrets, struct driver_result *result,
	struct hgt_error *err)
{
	struct hgt_doc_set set;
	int code;

	hgt_doc_set_init(&set);
	code = hgt_json_parse_message(text, len, &set, err);
	if (code == 0 && set.docs[0].root->type != HGT_NODE_MAP)
		code = hgt_error_set(err, HGT_EPARSE, "what it shows of the plan is no object");
	if (code == 0) {
		const struct hgt_node *plan = set.docs[0].root;

		collect_plan(plan, secrets);
		result->has_coverage = true;
		result->unchecked += length(hgt_node_get(plan, "deferred_changes"));
		look_at_checks(plan, result);
		code = read_resources(plan, diff, secrets, result, err);
	}
	hgt_doc_set_release(&set);
	return code;
}
