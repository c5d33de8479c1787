/* lib/k8s/config_data: what ConfigMaps and Secrets hold. */
#include "tests/unit/kind_rig.h"
#include "tests/unit/unit.h"

static void checks_config_maps(void **state)
{
	static const struct kind_case cases[] = {
		{"data: {a.b-c_D: x}\n", "", 0},
		{"data: {a b: x}\n", "data[\"a b\"]: is not a key that data can have", 0},
		{"data: {a/b: x}\n", "data[\"a/b\"]: is not a key that data can have", 0},
		{"data: {\"..\": x, .: x, ..a: x, .a: x}\n",
			"data[\"..\"]: is not a key that data can have\ndata[\".\"]: is not a key that data can have\ndata[\"..a\"]: is "
			"not a key that data can have", 0},
		{"data: {\"${KEY}\": x}\n", "", 0},
		{"data: {a: x}\nbinaryData: {a: eA==}\n", "data.a: the key stands in binaryData too", 0},
		{"data: {a: x}\nbinaryData: {b: eA==}\n", "", 0},
		{"binaryData: {b: eA=}\n", "binaryData.b: is not base64: it ends too early", 0},
		{"binaryData: {b: plain text}\n", "binaryData.b: is not base64: \" \" at offset 5", 0},
		{"binaryData: {b: \"${DATA}\"}\n", "", 0},
		{"data: {a: ~}\n", "", 0},
		{"data: [a]\n", "", 0},
		{"immutable: true\n", "", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n", cases, "k8s/config-data");
}

static void checks_secrets(void **state)
{
	static const struct kind_case cases[] = {
		{"data: {a: eA==}\n", "", 0},
		{"data: {a: \"eHl6\\n\"}\n", "", 0},
		{"data: {a: hunter2!}\n", "data.a: is not base64: \"!\" at offset 7", 0},
		{"data: {a: eA}\n", "data.a: is not base64: it ends too early", 0},
		{"data: {a: e===}\n", "data.a: is not base64: \"=\" at offset 1", 0},
		{"data: {a: eA==eA==}\n", "data.a: is not base64: \"e\" at offset 4", 0},
		{"data: {a: \"\"}\n", "", 0},
		{"stringData: {a: hunter2!}\n", "", 0},
		{"data: {\"a b\": eA==}\n", "data[\"a b\"]: is not a key that data can have", 0},
		{"stringData: {\"a b\": x}\n", "stringData[\"a b\"]: is not a key that data can have", 0},
		{"data: {a: \"ENC[AES256_GCM,data:x]\"}\n", "", 0},
		{"type: Opaque\n", "", 0},
		{"type: example.com/own\n", "", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: v1\nkind: Secret\nmetadata: {name: web}\n", cases, "k8s/secret-data");
}

static void checks_types(void **state)
{
	static const struct kind_case cases[] = {
		{"metadata: {name: web}\ntype: kubernetes.io/tls\ndata: {tls.crt: eA==, tls.key: \"\"}\n", "", 0},
		{"metadata: {name: web}\ntype: kubernetes.io/tls\ndata: {tls.crt: eA==}\n",
			"data[\"tls.key\"]: is missing, and a Secret of type \"kubernetes.io/tls\" has it", 0},
		{"metadata: {name: web}\ntype: kubernetes.io/tls\nstringData: {tls.key: x}\n",
			"data[\"tls.crt\"]: is missing, and a Secret of type \"kubernetes.io/tls\" has it", 0},
		{"metadata: {name: web}\ntype: kubernetes.io/ssh-auth\ndata: {ssh-privatekey: eA==}\n", "", 0},
		{"metadata: {name: web}\ntype: kubernetes.io/ssh-auth\ndata: {ssh-privatekey: \"\"}\n",
			"data[\"ssh-privatekey\"]: is missing, and a Secret of type \"kubernetes.io/ssh-auth\" has it", 0},
		{"metadata: {name: web}\ntype: kubernetes.io/ssh-auth\n",
			"data[\"ssh-privatekey\"]: is missing, and a Secret of type \"kubernetes.io/ssh-auth\" has it", 0},
		{"metadata: {name: web}\ntype: kubernetes.io/basic-auth\ndata: {password: eA==}\n", "", 0},
		{"metadata: {name: web}\ntype: kubernetes.io/basic-auth\ndata: {pass: eA==}\n",
			"data.username: is missing, and a Secret of type \"kubernetes.io/basic-auth\" has it", 0},
		{"metadata: {name: web}\ntype: kubernetes.io/dockerconfigjson\ndata: {.dockerconfigjson: eyJhdXRocyI6IHt9fQ==}\n",
			"", 0},
		{"metadata: {name: web}\ntype: kubernetes.io/dockerconfigjson\ndata: {.dockerconfigjson: eyJhdXRocyI6IHt9}\n",
			"data[\".dockerconfigjson\"]: is not the text of a JSON object, as a Secret of type "
			"\"kubernetes.io/dockerconfigjson\" has it", 0},
		{"metadata: {name: web}\ntype: kubernetes.io/dockerconfigjson\nstringData: {.dockerconfigjson: \"[]\"}\n",
			"stringData[\".dockerconfigjson\"]: is not the text of a JSON object, as a Secret of type "
			"\"kubernetes.io/dockerconfigjson\" has it", 0},
		{"metadata: {name: web}\ntype: kubernetes.io/dockerconfigjson\nstringData: {.dockerconfigjson: \"null\"}\n",
			"", 0},
		{"metadata: {name: web}\ntype: kubernetes.io/dockerconfigjson\nstringData: {.dockerconfigjson: \"{{ .Values.auth "
			"}}\"}\n",
			"", 0},
		{"metadata: {name: web}\ntype: kubernetes.io/dockerconfigjson\n",
			"data[\".dockerconfigjson\"]: is missing, and a Secret of type \"kubernetes.io/dockerconfigjson\" has it", 0},
		{"metadata: {name: web}\ntype: kubernetes.io/dockercfg\ndata: {.dockercfg: eA==}\n",
			"data[\".dockercfg\"]: is not the text of a JSON object, as a Secret of type \"kubernetes.io/dockercfg\" has it", 0},
		{"metadata: {name: web}\ntype: kubernetes.io/dockercfg\ndata: {.dockercfg: e30=}\n", "", 0},
		{"metadata: {name: web}\ntype: kubernetes.io/service-account-token\n",
			"metadata.annotations[\"kubernetes.io/service-account.name\"]: is missing", 0},
		{"metadata: {name: web, annotations: {kubernetes.io/service-account.name: builder}}\ntype: "
			"kubernetes.io/service-account-token\n",
			"", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: v1\nkind: Secret\n", cases, "k8s/secret-data");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_config_maps),
		cmocka_unit_test(checks_secrets),
		cmocka_unit_test(checks_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
