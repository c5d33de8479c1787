/*
 * What kubectl prints, which a cluster's objects and anyone's manifests are in: the first byte chooses who reads the rest. What
 * is shown of a diff is one of lines; a line of a manifest is one object, the same as it was.
 */
#include <assert.h>
#include <stdint.h>

#include "agent/kubectl_diff.h"
#include "agent/kubectl_health.h"
#include "agent/kubectl_prune.h"
#include "doc/doc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct rig {
	struct hgt_agent_target target;
	struct driver_order order;
	struct driver_result result;
	struct kubectl k;
	struct kubectl_rules rules;
	struct kubectl_verdict verdict;
};

static int on_change(void *ctx, const struct kubectl_change *change, struct hgt_error *err)
{
	struct rig *rig = ctx;
	const struct hgt_buf *diff = &rig->verdict.diff;
	int code = kubectl_diff_judge(change, &rig->rules, &rig->verdict, err);

	assert(code == 0);
	assert((diff->len > 0) == (rig->verdict.places > 0));
	assert(diff->len == 0 || diff->data[diff->len - 1] == '\n');
	for (const char *line = diff->data; *line; line = strchr(line, '\n') + 1) {
		assert(strchr(" -+@", *line));
		/* A NUL would end the loop before its time. */
		if (!strchr(line, '\n'))
			break;
	}
	return 0;
}

static void read_manifests(struct rig *rig, const char *text, size_t size)
{
	struct kubectl_manifests m = KUBECTL_MANIFESTS_INIT;
	struct kubectl_kinds kinds = KUBECTL_KINDS_INIT;
	struct hgt_doc_set set;

	hgt_doc_set_init(&set);
	if (kubectl_manifests_parse(&rig->k, &kinds, text, size, &m, NULL) == 0)
		for (size_t i = 0; i < m.n; i++) {
			struct hgt_arena arena = HGT_ARENA_INIT;
			struct kubectl_object o;
			int code = hgt_json_parse_message(m.items[i]->json, m.items[i]->len, &set, NULL);

			assert(code == 0);
			code = kubectl_object_read(set.docs[0].root, &arena, &o, NULL);
			assert(code == 0 && kubectl_manifests_find(&m, &o) == m.items[i]);
			assert(memchr(m.items[i]->json, '\n', m.items[i]->len) == m.items[i]->json + m.items[i]->len - 1);
			hgt_arena_release(&arena);
		}
	hgt_doc_set_release(&set);
	kubectl_kinds_release(&kinds);
	kubectl_manifests_release(&m);
}

static void read_live(struct rig *rig, const char *text, size_t size)
{
	struct kubectl_lives lives = KUBECTL_LIVES_INIT;

	if (kubectl_lives_parse(&rig->k, text, size, &lives, NULL) == 0)
		for (size_t i = 0; i < lives.n; i++)
			assert(*lives.items[i].object.name && *kubectl_health_word((enum kubectl_health)lives.items[i].health) &&
				kubectl_fate_of(&rig->k, &lives.items[i]) <= KUBECTL_NOT_OURS);
	kubectl_lives_release(&lives);
}

static void read_words(const char *text, size_t size)
{
	struct kubectl_kinds kinds = KUBECTL_KINDS_INIT;
	struct hgt_buf out = HGT_BUF_INIT;
	int code = kubectl_kinds_parse(&kinds, text, size, NULL);

	assert(code == 0);
	kubectl_sentence(text, size, &out);
	assert(!memchr(out.data, '\n', out.len));
	hgt_buf_reset(&out);
	assert((kubectl_parse_version(text, size, &out) > 0) == (out.len > 0));
	assert(kubectl_trouble_of(text, size) <= KUBECTL_TROUBLE_NO_DIFF);
	hgt_buf_release(&out);
	kubectl_kinds_release(&kinds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *pointers[] = {(char *)(uintptr_t)"/spec/*/image", (char *)(uintptr_t)"/metadata/labels"};
	struct hgt_kubectl_rule rule = {"*", "*", "*", "*", {pointers, 2}};
	struct rig rig = {.target = {.name = "web", .repo = "infra", .ref = "refs/heads/main", .path = "", .prune = true,
		.kubectl = {.command = "x",
		.namespace = "shop", .folder = "", .timeout = 1, .output_limit = 1 << 20, .ignore = &rule, .n_ignore = 1}}};
	const char *text = (const char *)data + 1;
	int code;

	if (size == 0)
		return 0;
	rig.order = (struct driver_order){.target = &rig.target, .folder = "/nonexistent", .revision = "", .stop_fd = -1, .leave_fd = -1,
		.archive = -1};
	driver_result_init(&rig.result);
	kubectl_verdict_init(&rig.verdict);
	code = kubectl_init(&rig.k, &rig.order, &rig.result, NULL);
	assert(code == 0);
	code = kubectl_rules_init(&rig.rules, &rig.target, NULL);
	assert(code == 0);
	if (data[0] == 'd')
		(void)(kubectl_diff_parse(text, size - 1, on_change, &rig, NULL) == 0);
	else if (data[0] == 'm')
		read_manifests(&rig, text, size - 1);
	else if (data[0] == 'l')
		read_live(&rig, text, size - 1);
	else
		read_words(text, size - 1);
	kubectl_rules_release(&rig.rules);
	kubectl_verdict_release(&rig.verdict);
	kubectl_release(&rig.k);
	driver_result_release(&rig.result);
	return 0;
}
