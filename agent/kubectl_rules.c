/* Rules of the kubectl driver about places in objects. */
#include "agent/kubectl_rules.h"

#include <stdlib.h>

#include "base/glob.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

int kubectl_rules_init(struct kubectl_rules *rules, const struct hgt_agent_target *target, struct hgt_error *err)
{
	*rules = (struct kubectl_rules){.ignore = target->kubectl.ignore, .n_ignore = target->kubectl.n_ignore,
		.redact = target->kubectl.redact, .n_redact = target->kubectl.n_redact};
	rules->hits = calloc(rules->n_ignore + 1, sizeof(*rules->hits));
	return rules->hits ? 0 : hgt_error_nomem(err);
}

void kubectl_rules_release(struct kubectl_rules *rules)
{
	free(rules->hits);
	rules->hits = NULL;
}

bool kubectl_pointer_is(const char *place, const char *pointer)
{
	while (*place == '/' && *pointer == '/') {
		size_t a = strcspn(++place, "/"), b = strcspn(++pointer, "/");

		if (!(a == 1 && *place == '*') && (a != b || memcmp(place, pointer, a) != 0))
			return false;
		place += a;
		pointer += b;
	}
	return !*place && !*pointer;
}

/* What is empty is so on purpose: the core group, or no namespace. */
static bool matches(const char *pattern, const char *text)
{
	return *pattern ? hgt_glob_match(pattern, text) : !*text;
}

static bool is_about(const struct hgt_kubectl_rule *rule, const struct kubectl_object *o)
{
	return matches(rule->group, o->group) && matches(rule->kind, o->kind) && matches(rule->namespace, o->namespace) &&
		matches(rule->name, o->name);
}

static int find(const struct hgt_kubectl_rule *rules, size_t n, const struct kubectl_object *object, const char *pointer)
{
	for (size_t i = 0; i < n; i++) {
		const struct hgt_strings *places = &rules[i].pointers;

		for (size_t k = 0; k < places->n; k++)
			if (kubectl_pointer_is(places->items[k], pointer) && is_about(&rules[i], object))
				return (int)i;
	}
	return -1;
}

int kubectl_rules_ignores(const struct kubectl_rules *rules, const struct kubectl_object *object, const char *pointer)
{
	return find(rules->ignore, rules->n_ignore, object, pointer);
}

static bool is_one_of(const char *const *places, size_t n, const char *pointer)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(places[i], pointer) == 0)
			return true;
	return false;
}

bool kubectl_rules_is_noise(const char *pointer)
{
	static const char *const noise[] = {"/metadata/generation", "/metadata/resourceVersion", "/metadata/managedFields",
		"/metadata/uid", "/metadata/creationTimestamp", "/metadata/selfLink"};

	return is_one_of(noise, COUNT(noise), pointer);
}

bool kubectl_rules_redacts(const struct kubectl_rules *rules, const struct kubectl_object *object, const char *pointer)
{
	/* What kubectl apply without --server-side leaves behind holds all the data once more. */
	static const char *const secret[] = {"/data", "/stringData",
		"/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration"};

	if (strcmp(object->kind, "Secret") == 0 && !*object->group && is_one_of(secret, COUNT(secret), pointer))
		return true;
	return find(rules->redact, rules->n_redact, object, pointer) >= 0;
}

void kubectl_rule_write(const struct hgt_kubectl_rule *rule, struct hgt_buf *out)
{
	if (strcmp(rule->group, "*") != 0)
		hgt_buf_addf(out, "%s/", rule->group);
	hgt_buf_adds(out, rule->kind);
	if (strcmp(rule->namespace, "*") != 0)
		hgt_buf_addf(out, " %s/%s", rule->namespace, rule->name);
	else if (strcmp(rule->name, "*") != 0)
		hgt_buf_addf(out, " %s", rule->name);
	for (size_t i = 0; i < rule->pointers.n; i++)
		hgt_buf_addf(out, "%s%s", i ? ", " : ": ", rule->pointers.items[i]);
}
