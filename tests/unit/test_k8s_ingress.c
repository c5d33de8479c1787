/* lib/k8s/ingress: hosts, paths, backends, classes. */
#include "tests/unit/kind_rig.h"
#include "tests/unit/unit.h"

static void checks_rules(void **state)
{
	static const struct kind_case cases[] = {
		{"spec: {}\n", "spec: must have rules or a defaultBackend", 0},
		{"spec: {rules: []}\n", "spec: must have rules or a defaultBackend", 0},
		{"spec: {rules: [{host: web.example.com}]}\n", "", 0},
		{"spec: {rules: [{host: web.example.com:8080}]}\n",
			"spec.rules[0].host: \"web.example.com:8080\" is not a DNS name", 0},
		{"spec: {rules: [{host: 10.0.0.1}]}\n",
			"spec.rules[0].host: \"10.0.0.1\" is an IP address, and a host is a DNS name", 0},
		{"spec: {rules: [{host: \"*.example.com\"}, {host: \"*\"}, {host: \"a.*.com\"}, {host: \"${HOST}\"}]}\n",
			"spec.rules[1].host: \"*\": an asterisk stands for the first part, alone\nspec.rules[2].host: \"a.*.com\": an "
			"asterisk stands for the first part, alone", 0},
		{"spec: {rules: [{host: a}], tls: [{hosts: [10.0.0.1, \"*.a.com\", \"https://a\", \"*\"]}]}\n",
			"spec.tls[0].hosts[2]: \"https://a\" is not a DNS name\nspec.tls[0].hosts[3]: \"*\": an asterisk stands for the "
			"first part, alone", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\n", cases, "k8s/ingress");
}

static void checks_paths(void **state)
{
	static const struct kind_case cases[] = {
		{"spec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: "
			"80}}}}]}}]}\n",
			"", 0},
		{"spec: {rules: [{http: {paths: [{path: api, pathType: Prefix, backend: {service: {name: web, port: {number: "
			"80}}}}]}}]}\n",
			"spec.rules[0].http.paths[0].path: \"api\" does not begin with a slash", 0},
		{"spec: {rules: [{http: {paths: [{pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}\n",
			"spec.rules[0].http.paths[0].path: is missing", 0},
		{"spec: {rules: [{http: {paths: [{pathType: ImplementationSpecific, backend: {service: {name: web, port: {number: "
			"80}}}}]}}]}\n",
			"", 0},
		{"spec: {rules: [{http: {paths: [{path: api, pathType: ImplementationSpecific, backend: {service: {name: web, "
			"port: {number: 80}}}}]}}]}\n",
			"spec.rules[0].http.paths[0].path: \"api\" does not begin with a slash", 0},
		{"spec: {rules: [{http: {paths: [{path: /a//b, pathType: Exact, backend: {service: {name: web, port: {number: "
			"80}}}}]}}]}\n",
			"spec.rules[0].http.paths[0].path: must not have \"//\" in it", 0},
		{"spec: {rules: [{http: {paths: [{path: /a/../b, pathType: Exact, backend: {service: {name: web, port: {number: "
			"80}}}}]}}]}\n",
			"spec.rules[0].http.paths[0].path: must not have \"/../\" in it", 0},
		{"spec: {rules: [{http: {paths: [{path: /a/./b/%2f, pathType: Prefix, backend: {service: {name: web, port: "
			"{number: 80}}}}]}}]}\n",
			"spec.rules[0].http.paths[0].path: must not have \"/./\" in it\nspec.rules[0].http.paths[0].path: must not have "
			"\"%2f\" in it", 0},
		{"spec: {rules: [{http: {paths: [{path: /a/.., pathType: Exact, backend: {service: {name: web, port: {number: "
			"80}}}}]}}]}\n",
			"spec.rules[0].http.paths[0].path: must not end with \"/..\"", 0},
		{"spec: {rules: [{http: {paths: [{path: /a/., pathType: Exact, backend: {service: {name: web, port: {number: "
			"80}}}}]}}]}\n",
			"spec.rules[0].http.paths[0].path: must not end with \"/.\"", 0},
		{"spec: {rules: [{http: {paths: [{path: /a//b, pathType: ImplementationSpecific, backend: {service: {name: web, "
			"port: {number: 80}}}}]}}]}\n",
			"", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\n", cases, "k8s/ingress");
}

static void checks_backends(void **state)
{
	static const struct kind_case cases[] = {
		{"spec: {defaultBackend: {service: {name: web, port: {name: http}}}}\n", "", 0},
		{"spec: {defaultBackend: {service: {name: web, port: {number: 80, name: http}}}}\n",
			"spec.defaultBackend: a service's port is given by name or by number, not by both", 0},
		{"spec: {defaultBackend: {service: {name: web}}}\n", "spec.defaultBackend: the service's port is missing", 0},
		{"spec: {defaultBackend: {service: {name: web, port: {}}}}\n",
			"spec.defaultBackend: the service's port is missing", 0},
		{"spec: {defaultBackend: {service: {name: web, port: {number: 0}}}}\n",
			"spec.defaultBackend: the service's port is missing", 0},
		{"spec: {defaultBackend: {service: {name: web, port: {number: 65535}}}}\n", "", 0},
		{"spec: {defaultBackend: {service: {name: web, port: {number: 65536}}}}\n",
			"spec.defaultBackend.service.port.number: must be from 1 to 65535, is 65536", 0},
		{"spec: {defaultBackend: {service: {name: web, port: {name: \"80\"}}}}\n",
			"spec.defaultBackend.service.port.name: \"80\" is not a port's name", 0},
		{"spec: {defaultBackend: {service: {name: web, port: {name: http_1}}}}\n",
			"spec.defaultBackend.service.port.name: \"http_1\" is not a port's name", 0},
		{"spec: {defaultBackend: {service: {name: Web, port: {number: 80}}}}\n",
			"spec.defaultBackend.service.name: \"Web\" is not a service's name", 0},
		{"spec: {defaultBackend: {service: {name: 1web, port: {number: 80}}}}\n", "", 0},
		{"spec: {defaultBackend: {service: {name: 1web, port: {number: 80}}}}\n",
			"spec.defaultBackend.service.name: \"1web\" is not a service's name", 35},
		{"spec: {defaultBackend: {resource: {kind: Bucket, name: a}}}\n", "", 0},
		{"spec: {defaultBackend: {resource: {kind: Bucket, name: a}, service: {name: web, port: {number: 80}}}}\n",
			"spec.defaultBackend: leads to a service or to a resource, not to both", 0},
		{"spec: {defaultBackend: {}}\n", "spec.defaultBackend: has neither service nor resource", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\n", cases, "k8s/ingress");
}

static void checks_class(void **state)
{
	static const struct kind_case cases[] = {
		{"metadata: {name: web, annotations: {kubernetes.io/ingress.class: nginx}}\nspec: {ingressClassName: traefik, "
			"rules: [{host: a}]}\n",
			"metadata.annotations[\"kubernetes.io/ingress.class\"]: must be the same as spec.ingressClassName, \"traefik\", "
			"when both are there", 0},
		{"metadata: {name: web, annotations: {kubernetes.io/ingress.class: nginx}}\nspec: {ingressClassName: nginx, "
			"rules: [{host: a}]}\n",
			"", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: networking.k8s.io/v1\nkind: Ingress\n", cases, "k8s/ingress");
}

static void checks_ingress_classes(void **state)
{
	static const struct kind_case cases[] = {
		{"spec: {controller: k8s.io/ingress-nginx}\n", "", 0},
		{"spec: {controller: nginx}\n", "spec.controller: \"nginx\" is not a DNS name and a path", 0},
		{"spec: {controller: K8s.io/x}\n", "spec.controller: \"K8s.io/x\" is not a DNS name and a path", 0},
		{"spec: {controller: k8s.io/}\n", "spec.controller: \"k8s.io/\" is not a DNS name and a path", 0},
		{"spec: {controller: k8s.io/a b}\n", "spec.controller: \"k8s.io/a b\" is not a DNS name and a path", 0},
		{"spec: {}\n", "spec.controller: is missing", 0},
		{"spec: {controller: a.b/c, parameters: {kind: A, name: a, scope: Namespace}}\n",
			"spec.parameters.namespace: is missing", 0},
		{"spec: {controller: a.b/c, parameters: {kind: A, name: a, scope: Namespace, namespace: x}}\n", "", 0},
		{"spec: {controller: a.b/c, parameters: {kind: A, name: a, namespace: x}}\n",
			"spec.parameters.namespace: may only be set when scope is Namespace", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: web}\n", cases, "k8s/ingress");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_rules),
		cmocka_unit_test(checks_paths),
		cmocka_unit_test(checks_backends),
		cmocka_unit_test(checks_class),
		cmocka_unit_test(checks_ingress_classes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
