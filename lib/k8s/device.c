/* k8s/device: claims of devices, and slices of them. */
#include "k8s/admission.h"
#include "k8s/kind_checks.h"
#include "k8s/parts.h"
#include "k8s/pod.h"

static const char rule[] = "k8s/device";

/* Tell of items of a list that have one name. */
static void check_names(struct hgt_subject *s, const struct hgt_field *list)
{
	struct hgt_seen seen = HGT_SEEN_INIT;

	HGT_EACH_ITEM(list, item) {
		struct hgt_field name = hgt_field_get(&item, "name");
		const char *text = hgt_field_string(&name);
		const struct hgt_node *first = text ? hgt_seen_before(s, &seen, name.node, "%s", text) : NULL;

		if (first)
			hgt_tell_again(s, rule, &name, first);
	}
	hgt_seen_release(&seen);
}

static void check_opaque(struct hgt_subject *s, const struct hgt_field *config)
{
	struct hgt_field opaque = hgt_field_get(config, "opaque");

	if (!hgt_field_is_map(config))
		return;
	if (!opaque.node)
		hgt_tell_field(s, rule, &opaque, "opaque: {driver: gpu.example.com, parameters: {...}}", "is missing");
}

static void check_selectors(struct hgt_subject *s, const struct hgt_field *holder)
{
	struct hgt_field selectors = hgt_field_get(holder, "selectors");

	HGT_EACH_ITEM(&selectors, selector) {
		struct hgt_field cel = hgt_field_get(&selector, "cel"), expression = hgt_field_get(&cel, "expression");

		if (!cel.node)
			hgt_tell_field(s, rule, &cel, "cel: {expression: ...}", "is missing");
		hgt_check_expression(s, rule, &expression, &(struct hgt_scope){.at = HGT_AT_DEVICE}, HGT_WANT_BOOL);
	}
}

/* What a request or one of its alternatives asks for. */
static void check_wish(struct hgt_subject *s, const struct hgt_field *wish)
{
	struct hgt_field mode = hgt_field_get(wish, "allocationMode"), count = hgt_field_get(wish, "count");
	struct hgt_field tolerations = hgt_field_get(wish, "tolerations");
	const char *word = hgt_field_text(&mode, "ExactCount");
	int64_t n;

	if (word && hgt_field_int(&count, &n)) {
		if (strcmp(word, "All") == 0 && n != 0)
			hgt_tell_key(s, rule, &count, "remove it", "does not go with allocationMode All");
		else if (strcmp(word, "ExactCount") == 0 && n < 0)
			hgt_tell_field(s, rule, &count, NULL, "must be greater than zero, is %" PRId64, n);
	}
	check_selectors(s, wish);
	HGT_EACH_ITEM(&tolerations, toleration) {
		struct hgt_field operator = hgt_field_get(&toleration, "operator"), value = hgt_field_get(&toleration, "value");

		if (hgt_field_equals(&operator, "Exists") && !hgt_field_is_empty(&value))
			hgt_tell_key(s, rule, &value, "remove it", "does not go with operator Exists");
	}
}

static void check_request(struct hgt_subject *s, const struct hgt_field *request)
{
	struct hgt_field exactly = hgt_field_get(request, "exactly"), first = hgt_field_get(request, "firstAvailable");

	if (!hgt_field_is_map(request))
		return;
	if (!exactly.node == hgt_field_is_empty(&first))
		hgt_tell_field(s, rule, request, "exactly: {deviceClassName: gpu.example.com}", "must have either exactly or firstAvailable");
	check_wish(s, &exactly);
	HGT_EACH_ITEM(&first, alternative)
		check_wish(s, &alternative);
}

/* Names of requests, and of their alternatives behind a slash. */
static void gather(struct hgt_subject *s, struct hgt_seen *seen, const struct hgt_field *requests)
{
	HGT_EACH_ITEM(requests, request) {
		struct hgt_field name = hgt_field_get(&request, "name"), first = hgt_field_get(&request, "firstAvailable");
		const char *text = hgt_field_string(&name);

		if (!text)
			continue;
		hgt_seen_before(s, seen, name.node, "%s", text);
		HGT_EACH_ITEM(&first, alternative) {
			struct hgt_field sub_name = hgt_field_get(&alternative, "name");
			const char *sub = hgt_field_string(&sub_name);

			if (sub)
				hgt_seen_before(s, seen, sub_name.node, "%s/%s", text, sub);
		}
	}
}

static void check_references(struct hgt_subject *s, const struct hgt_seen *names, const struct hgt_field *holder)
{
	struct hgt_field requests = hgt_field_get(holder, "requests");

	HGT_EACH_ITEM(&requests, request) {
		const char *text = hgt_field_string(&request);

		if (text && !hgt_seen_has(names, text))
			hgt_tell_field(s, rule, &request, "the name of a request; for an alternative a slash and its name behind that",
				"%s is no request of this claim", hgt_quote(text));
	}
}

static void check_claim(struct hgt_subject *s, const struct hgt_field *spec)
{
	struct hgt_field devices = hgt_field_get(spec, "devices"), requests = hgt_field_get(&devices, "requests");
	struct hgt_field constraints = hgt_field_get(&devices, "constraints"), configs = hgt_field_get(&devices, "config");
	struct hgt_seen names = HGT_SEEN_INIT;

	gather(s, &names, &requests);
	HGT_EACH_ITEM(&requests, request)
		check_request(s, &request);
	HGT_EACH_ITEM(&constraints, constraint) {
		struct hgt_field match = hgt_field_get(&constraint, "matchAttribute"), distinct = hgt_field_get(&constraint, "distinctAttribute");

		check_references(s, &names, &constraint);
		if (hgt_field_is_map(&constraint) && !match.node && !distinct.node)
			hgt_tell_field(s, rule, &constraint, NULL, "must have matchAttribute or distinctAttribute");
	}
	HGT_EACH_ITEM(&configs, config) {
		check_references(s, &names, &config);
		check_opaque(s, &config);
	}
	hgt_seen_release(&names);
}

/* Before v1beta2 a request was flat; only the form of v1 is judged. */
static bool is_old(struct hgt_subject *s)
{
	struct hgt_gvk gvk;

	return !hgt_k8s_gvk(s->object, &gvk) || strcmp(gvk.version, "v1") != 0;
}

void hgt_check_k8s_resource_claim(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec");

	if (!is_old(s))
		check_claim(s, &spec);
}

void hgt_check_k8s_resource_claim_template(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec"), claim = hgt_field_get(&spec, "spec");
	struct hgt_field metadata = hgt_field_get(&spec, "metadata");

	hgt_check_labels(s, &metadata);
	if (!is_old(s))
		check_claim(s, &claim);
}

void hgt_check_k8s_device_class(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec"), configs = hgt_field_get(&spec, "config");

	check_selectors(s, &spec);
	HGT_EACH_ITEM(&configs, config)
		check_opaque(s, &config);
}

/* How many of the ways to say on which nodes a device is are taken; one that is set to false is told of. */
static size_t count_places(struct hgt_subject *s, const struct hgt_field *holder, const char *const *names)
{
	size_t n = 0;
	bool on;

	for (; *names; names++) {
		struct hgt_field field = hgt_field_get(holder, *names);

		n += !hgt_field_is_empty(&field);
		if (hgt_field_bool(&field, &on) && !on) {
			hgt_tell_field(s, rule, &field, "remove it", "may only be true");
			n--;
		}
	}
	return n;
}

static void check_attributes(struct hgt_subject *s, const struct hgt_field *device)
{
	static const char *const values[] = {"bool", "int", "string", "version", "bools", "ints", "strings", "versions"};
	struct hgt_field attributes = hgt_field_get(device, "attributes");

	HGT_EACH_MEMBER(&attributes, attribute) {
		size_t n = 0;

		for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
			struct hgt_field value = hgt_field_get(&attribute, values[i]);

			n += value.node != NULL;
		}
		if (hgt_field_is_map(&attribute) && n != 1)
			hgt_tell_field(s, rule, &attribute, "string, int, bool or version, or a list of them", "must have one value, has %zu", n);
	}
}

void hgt_check_k8s_resource_slice(struct hgt_subject *s)
{
	static const char *const places[] = {"nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection", NULL};
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec"), devices = hgt_field_get(&spec, "devices");
	struct hgt_field counters = hgt_field_get(&spec, "sharedCounters"), each = hgt_field_get(&spec, "perDeviceNodeSelection");

	if (is_old(s) || !hgt_field_is_map(&spec))
		return;
	if (count_places(s, &spec, places) != 1)
		hgt_tell_field(s, rule, &spec, NULL, "must have one of nodeName, nodeSelector, allNodes and perDeviceNodeSelection");
	if (devices.node && counters.node)
		hgt_tell_field(s, rule, &spec, "put them into slices of their own", "may not have both devices and sharedCounters");
	check_names(s, &devices);
	HGT_EACH_ITEM(&devices, device) {
		size_t n = 0;

		if (!hgt_field_is_map(&device))
			continue;
		check_attributes(s, &device);
		for (size_t i = 0; i < 3; i++) {
			struct hgt_field place = hgt_field_get(&device, places[i]);

			n += place.node != NULL;
		}
		if (n && !hgt_field_is_true(&each))
			hgt_tell_field(s, rule, &device, "set perDeviceNodeSelection: true in the slice",
				"may only say on which nodes it is when perDeviceNodeSelection is true");
		else if (n != 1 && hgt_field_is_true(&each))
			hgt_tell_field(s, rule, &device, NULL, "must have one of nodeName, nodeSelector and allNodes");
	}
}
