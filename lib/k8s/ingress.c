/* k8s/ingress: Ingress and IngressClass, beyond their single fields. */
#include "k8s/kind_checks.h"
#include "k8s/parts.h"

static const char rule[] = "k8s/ingress";

/* Where a service's port is named: by name or by number. */
static void check_service_port(struct hgt_subject *s, const struct hgt_field *backend, const struct hgt_field *service)
{
	struct hgt_field port = hgt_field_get(service, "port");
	struct hgt_field name = hgt_field_get(&port, "name"), number = hgt_field_get(&port, "number");
	const char *text = hgt_field_text(&name, NULL);
	int64_t n;

	if (port.node && !hgt_field_is_map(&port))
		return;
	if (!hgt_field_is_empty(&name) && hgt_field_is_number(&number))
		hgt_tell_field(s, rule, backend, "remove service.port.name or service.port.number",
			"a service's port is given by name or by number, not by both");
	else if (text && !hgt_is_port_name(text, strlen(text)))
		hgt_tell_field(s, rule, &name, text[strspn(text, "0123456789")] ? "a-z, 0-9 and \"-\", at most 15 characters" :
			"write number: in place of name:", "%s is not a port's name", hgt_quote(text));
	else if (hgt_field_int(&number, &n) && n != 0 && (n < 1 || n > 65535))
		hgt_tell_field(s, rule, &number, NULL, "must be from 1 to 65535, is %" PRId64, n);
	else if (hgt_field_is_empty(&name) && (!number.node || (hgt_field_int(&number, &n) && n == 0)))
		hgt_tell_field(s, rule, backend, "add service.port.number or service.port.name", "the service's port is missing");
}

static void check_service(struct hgt_subject *s, const struct hgt_field *backend, const struct hgt_field *service)
{
	struct hgt_field name = hgt_field_get(service, "name");
	const char *text = hgt_field_text(&name, NULL);
	bool good;

	if (!hgt_field_is_map(service))
		return;
	if (text) {
		/* Since 1.36 a service's name may begin with a digit. */
		good = s->kubernetes >= 36 ? hgt_is_short_name(text, strlen(text)) : hgt_is_dns_1035_label(text, strlen(text));
		if (!good)
			hgt_tell_field(s, rule, &name, "a-z, 0-9 and \"-\", at most 63 characters", "%s is not a service's name", hgt_quote(text));
	}
	check_service_port(s, backend, service);
}

static void check_backend(struct hgt_subject *s, const struct hgt_field *backend)
{
	struct hgt_field service = hgt_field_get(backend, "service"), resource = hgt_field_get(backend, "resource");

	if (backend->node && !hgt_field_is_map(backend))
		return;
	if (service.node && resource.node)
		hgt_tell_field(s, rule, backend, "remove one of the two", "leads to a service or to a resource, not to both");
	else if (service.node)
		check_service(s, backend, &service);
	else if (!resource.node)
		hgt_tell_field(s, rule, backend, "service: {name: web, port: {number: 80}}", "has neither service nor resource");
}

static void check_path_text(struct hgt_subject *s, const struct hgt_field *path, const char *text)
{
	static const char *const sequences[] = {"//", "/./", "/../", "%2f", "%2F"};
	static const char *const endings[] = {"/..", "/."};
	size_t len = strlen(text);

	for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
		const char *found = strstr(text, sequences[i]);

		if (found)
			hgt_tell_field_at(s, rule, path, (size_t)(found - text), NULL, "must not have %s in it", hgt_quote(sequences[i]));
	}
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t n = strlen(endings[i]);

		if (len >= n && strcmp(text + len - n, endings[i]) == 0)
			hgt_tell_field(s, rule, path, NULL, "must not end with %s", hgt_quote(endings[i]));
	}
}

static void check_path(struct hgt_subject *s, const struct hgt_field *item)
{
	static const char *const types[] = {"Exact", "Prefix", "ImplementationSpecific", NULL};
	struct hgt_field type = hgt_field_get(item, "pathType"), path = hgt_field_get(item, "path");
	struct hgt_field backend = hgt_field_get(item, "backend");
	const char *word = hgt_field_text(&type, ""), *text = hgt_field_text(&path, "");
	bool own_way;

	if (!type.node)
		return;
	if (backend.node)
		check_backend(s, &backend);
	if (!word || !text || !hgt_is_one_of(word, types))
		return;
	own_way = strcmp(word, "ImplementationSpecific") == 0;
	if (text[0] != '/' && (*text || !own_way))
		hgt_tell_field(s, rule, &path, "begin it with a slash", *text ? "%s does not begin with a slash" : "is missing%s",
			*text ? hgt_quote(text) : "");
	if (!own_way)
		check_path_text(s, &path, text);
}

/* A host: a DNS name, with an asterisk for its first label or without. */
static void check_host(struct hgt_subject *s, const struct hgt_field *host, bool may_be_ip)
{
	const char *text = hgt_field_text(host, NULL);
	struct hgt_ip ip;

	if (!text)
		return;
	if (!may_be_ip && hgt_ip_parse(text, strlen(text), &ip))
		hgt_tell_field(s, rule, host, NULL, "%s is an IP address, and a host is a DNS name", hgt_quote(text));
	else if (strchr(text, '*') && !hgt_is_wildcard_name(text, strlen(text)))
		hgt_tell_field(s, rule, host, "for example *.example.org", "%s: an asterisk stands for the first part, alone",
			hgt_quote(text));
	else if (!strchr(text, '*') && !hgt_is_long_name(text, strlen(text)))
		hgt_tell_field(s, rule, host, "small letters, digits, \"-\" and \".\"; no port, no https://", "%s is not a DNS name",
			hgt_quote(text));
}

static void check_rule(struct hgt_subject *s, const struct hgt_field *item)
{
	struct hgt_field host = hgt_field_get(item, "host"), http = hgt_field_get(item, "http");
	struct hgt_field paths = hgt_field_get(&http, "paths");

	check_host(s, &host, false);
	if (!hgt_field_is_map(&http))
		return;
	HGT_EACH_ITEM(&paths, path)
		if (hgt_field_is_map(&path))
			check_path(s, &path);
}

static void check_class_annotation(struct hgt_subject *s, const struct hgt_field *object, const struct hgt_field *spec)
{
	struct hgt_field metadata = hgt_field_get(object, "metadata"), annotations = hgt_field_get(&metadata, "annotations");
	struct hgt_field annotation = hgt_field_get(&annotations, "kubernetes.io/ingress.class");
	struct hgt_field class = hgt_field_get(spec, "ingressClassName");
	const char *old = hgt_field_string(&annotation), *new = hgt_field_string(&class);

	if (old && new && strcmp(old, new) != 0)
		hgt_tell_field(s, rule, &annotation, "remove the annotation, which ingressClassName has replaced",
			"must be the same as spec.ingressClassName, %s, when both are there", hgt_quote(new));
}

void hgt_check_k8s_ingress(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec");
	struct hgt_field rules = hgt_field_get(&spec, "rules"), backend = hgt_field_get(&spec, "defaultBackend");
	struct hgt_field tls = hgt_field_get(&spec, "tls");

	if (spec.node && !hgt_field_is_map(&spec))
		return;
	if (hgt_field_is_empty(&rules) && !backend.node)
		hgt_tell_field(s, rule, &spec, NULL, "must have rules or a defaultBackend");
	if (backend.node)
		check_backend(s, &backend);
	HGT_EACH_ITEM(&rules, item)
		check_rule(s, &item);
	HGT_EACH_ITEM(&tls, item) {
		struct hgt_field hosts = hgt_field_get(&item, "hosts");

		HGT_EACH_ITEM(&hosts, host)
			check_host(s, &host, true);
	}
	check_class_annotation(s, &object, &spec);
}

/* A DNS name, a slash, a path: k8s.io/ingress-nginx. */
static bool is_prefixed_path(const char *text)
{
	const char *slash = strchr(text, '/');

	if (!slash || !slash[1] || !hgt_is_long_name(text, (size_t)(slash - text)))
		return false;
	for (const char *c = slash + 1; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9')) && !strchr("/-._~%!$&'()*+,;=:", *c))
			return false;
	return true;
}

void hgt_check_k8s_ingress_class(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec");
	struct hgt_field controller = hgt_field_get(&spec, "controller"), parameters = hgt_field_get(&spec, "parameters");
	struct hgt_field scope = hgt_field_get(&parameters, "scope"), namespace = hgt_field_get(&parameters, "namespace");
	const char *text = hgt_field_text(&controller, NULL), *word = hgt_field_text(&scope, "Cluster");

	if (spec.node && !hgt_field_is_map(&spec))
		return;
	hgt_check_required(s, rule, &controller, "for example k8s.io/ingress-nginx");
	if (text && !is_prefixed_path(text))
		hgt_tell_field(s, rule, &controller, "for example k8s.io/ingress-nginx", "%s is not a DNS name and a path", hgt_quote(text));
	if (!hgt_field_is_map(&parameters) || !word)
		return;
	if (strcmp(word, "Namespace") == 0)
		hgt_check_required(s, rule, &namespace, "scope is Namespace");
	else if (strcmp(word, "Cluster") == 0)
		hgt_check_forbidden(s, rule, &namespace, "scope is Namespace");
}
