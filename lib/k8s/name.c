/* k8s/name: names that the API server takes. */
#include "base/escape.h"
#include "base/utf8.h"
#include "k8s/k8s.h"

static const char rule[] = "k8s/name";

/* Kinds of names, as k8s.io/apimachinery has them. */
enum form { SUBDOMAIN, LABEL, LABEL_1035, PATH_SEGMENT };

static const struct {
	const char *what;
	const char *allowed;
	size_t most;
} forms[] = {
	[SUBDOMAIN] = {"a DNS name", "a-z, 0-9, \"-\" and \".\"", 253},
	[LABEL] = {"a DNS label", "a-z, 0-9 and \"-\"", 63},
	[LABEL_1035] = {"a DNS label", "a-z, 0-9 and \"-\", a letter first", 63},
	[PATH_SEGMENT] = {"a path segment", "all but \"/\" and \"%\"", 0},
};

/* Where the form is not a subdomain or the length is a special one. Groups match exactly, "*" any kind of
 * the group. */
static const struct {
	const char *group, *kind;
	enum form form;
	size_t most;	/* 0: the form's */
} kinds[] = {
	{"", "Event", PATH_SEGMENT, 0},
	{"", "Namespace", LABEL, 0},
	{"", "Service", LABEL_1035, 0},	/* until 1.35 */
	{"apps", "StatefulSet", LABEL, 0},
	{"batch", "CronJob", SUBDOMAIN, 52},
	{"apiregistration.k8s.io", "APIService", PATH_SEGMENT, 0},
	{"networking.k8s.io", "IPAddress", PATH_SEGMENT, 0},
	{"policy", "PodDisruptionBudget", PATH_SEGMENT, 0},
	{"rbac.authorization.k8s.io", "*", PATH_SEGMENT, 0},
	{"authorization.openshift.io", "*", PATH_SEGMENT, 0},
	{"image.openshift.io", "*", PATH_SEGMENT, 0},
	{"oauth.openshift.io", "*", PATH_SEGMENT, 0},
	{"user.openshift.io", "*", PATH_SEGMENT, 0},
	{"certificates.k8s.io", "CertificateSigningRequest", PATH_SEGMENT, 0},
	{"certificates.k8s.io", "ClusterTrustBundle", PATH_SEGMENT, 0},
};

static bool is_alnum(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* The offset of the first byte that the form does not allow where it stands; len when there is none. A
 * prefix, which the server completes, may end in a dash. */
static size_t first_bad(enum form form, const char *s, size_t len, bool prefix)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		bool first = i == 0 || (form == SUBDOMAIN && s[i - 1] == '.');
		bool last = (i + 1 == len && (!prefix || c != '-')) || (form == SUBDOMAIN && i + 1 < len && s[i + 1] == '.');

		if (form == PATH_SEGMENT) {
			if (c == '/' || c == '%')
				return i;
		} else if (form == LABEL_1035 && i == 0 && (c < 'a' || c > 'z')) {
			return i;
		} else if (!is_alnum(c) && ((c != '-' && (c != '.' || form != SUBDOMAIN)) || first || last)) {
			return i;
		}
	}
	return len;
}

/* A name like the wrong one that would do, as a hint; false when there is nothing left of it. */
static bool suggest(enum form form, const char *s, size_t len, size_t most, struct hgt_buf *hint)
{
	struct hgt_buf name = HGT_BUF_INIT;
	bool good;

	for (size_t i = 0; i < len && name.len < most; i++) {
		char c = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] - 'A' + 'a') : s[i];
		bool joined = !name.len || strchr("-.", name.data[name.len - 1]);

		if (form == LABEL_1035 && !name.len && (c < 'a' || c > 'z'))
			continue;
		if (is_alnum((unsigned char)c))
			hgt_buf_addc(&name, c);
		else if (!joined)
			hgt_buf_addc(&name, c == '.' && form == SUBDOMAIN ? '.' : '-');
	}
	while (name.len && strchr("-.", name.data[name.len - 1]))
		hgt_buf_truncate(&name, name.len - 1);
	good = name.len && !name.failed && form != PATH_SEGMENT && first_bad(form, name.data, name.len, false) == name.len;
	if (good)
		hgt_buf_addf(hint, "for example %s", name.data);
	hgt_buf_release(&name);
	return good && !hint->failed;
}

/* What is wrong with the byte at `bad`: what comes before it and after it in the sentence. */
static void explain(enum form form, const char *s, size_t len, size_t bad, const char **before, const char **after)
{
	bool joint = s[bad] == '-' || (s[bad] == '.' && form == SUBDOMAIN);

	*before = "";
	*after = " is not allowed";
	if (bad == 0 && (joint || (form == LABEL_1035 && s[0] >= '0' && s[0] <= '9'))) {
		*before = "it begins with ";
		*after = "";
	} else if (joint && bad + 1 == len) {
		*before = "it ends with ";
		*after = "";
	} else if (joint) {
		*after = " stands beside a dot";
	}
}

static void tell_character(struct hgt_subject *s, const struct hgt_node *node, enum form form, size_t most, size_t bad,
	const char *name, const char *pointer)
{
	struct hgt_buf hint = HGT_BUF_INIT;
	uint32_t cp;
	size_t width = hgt_utf8_decode(node->text + bad, node->len - bad, &cp);
	bool hinted = suggest(form, node->text, node->len, most ? most : forms[form].most, &hint);
	const char *before, *after;

	explain(form, node->text, node->len, bad, &before, &after);
	hgt_tell(s, rule, hgt_span_in(node, bad), pointer, hinted ? hint.data : NULL, "%s %s is not %s: %s%s%s (allowed: %s)",
		name, hgt_quote_text(node->text, node->len).text, forms[form].what, before,
		hgt_quote_text(node->text + bad, width ? width : 1).text, after, forms[form].allowed);
	hgt_buf_release(&hint);
}

static void check_name(struct hgt_subject *s, const struct hgt_node *node, enum form form, size_t most, bool prefix,
	const char *name, const char *pointer)
{
	size_t bad, limit = most ? most : forms[form].most;

	/* What is no string or empty is k8s/type-meta's business; what is filled in later cannot be judged. */
	if (!node || node->type != HGT_NODE_STRING || !node->len || hgt_k8s_has_placeholder(node->text))
		return;
	bad = first_bad(form, node->text, node->len, prefix);
	if (bad < node->len)
		tell_character(s, node, form, most, bad, name, pointer);
	else if (form == PATH_SEGMENT && (strcmp(node->text, ".") == 0 || strcmp(node->text, "..") == 0))
		hgt_tell(s, rule, hgt_span_of(node), pointer, NULL, "%s cannot be %s", name, hgt_quote(node->text));
	else if (limit && node->len > limit)
		hgt_tell(s, rule, hgt_span_in(node, limit), pointer, NULL, "%s has %zu characters, and %zu are the most", name,
			node->len, limit);
}

void hgt_check_k8s_name(struct hgt_subject *s)
{
	const struct hgt_node *metadata = hgt_node_get(s->object, "metadata");
	enum form form = SUBDOMAIN;
	size_t most = 0;
	struct hgt_gvk gvk;

	if (!hgt_k8s_gvk(s->object, &gvk))
		return;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!hgt_k8s_group_is(&gvk, kinds[i].group) ||
			(strcmp(kinds[i].kind, "*") != 0 && strcmp(kinds[i].kind, gvk.kind) != 0))
			continue;
		form = kinds[i].form == LABEL_1035 && s->kubernetes >= 36 ? LABEL : kinds[i].form;
		most = kinds[i].most;
		break;
	}
	check_name(s, hgt_node_get(metadata, "name"), form, most, false, "metadata.name", "/metadata/name");
	/* The server adds five characters to a prefix, and cuts the prefix where the name would get too long. */
	check_name(s, hgt_node_get(metadata, "generateName"), form, most, true, "metadata.generateName", "/metadata/generateName");
	check_name(s, hgt_node_get(metadata, "namespace"), LABEL, 0, false, "metadata.namespace", "/metadata/namespace");
}
