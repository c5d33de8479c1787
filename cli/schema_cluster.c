/*
 * What a cluster serves, asked for through kubectl, which knows how to reach it: its CustomResourceDefinitions, which say most
 * about their kinds, then its OpenAPI v3, one document a group and version.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "cli/schema.h"

enum {
	ANSWER_MAX = 256 * 1024 * 1024,
	DOCUMENTS_MAX = 2000,
	ARGUMENTS = 8,
};

#define CRDS "customresourcedefinitions.apiextensions.k8s.io"
#define OPENAPI "/openapi/v3"

/* Its standard output is the pipe, its complaints go where ours go. */
static int spawn_kubectl(char **argv, int out, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	int failed = posix_spawn_file_actions_init(&files);

	if (failed)
		return failed;
	failed = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!failed)
		failed = posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	if (!failed)
		failed = posix_spawnp(pid, argv[0], &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	return failed;
}

static int wait_for(pid_t pid, const char *what, struct hgt_error *err)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return hgt_error_set_errno(err, "cannot wait for kubectl");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return hgt_error_set(err, HGT_EUNAVAILABLE, "kubectl could not get %s", what);
}

/* `kubectl get` of something: its answer in place of what is in out. */
static int kubectl(const char *context, const char *what, const char *how, struct hgt_buf *out, struct hgt_error *err)
{
	char *argv[ARGUMENTS] = {(char *)"kubectl", (char *)"get", (char *)"--request-timeout=60s"};
	struct hgt_buf chosen = HGT_BUF_INIT;
	int ends[2], n = 3, code, failed;
	pid_t pid;

	hgt_buf_reset(out);
	if (context) {
		hgt_buf_addf(&chosen, "--context=%s", context);
		if (chosen.failed)
			return hgt_error_nomem(err);
		argv[n++] = chosen.data;
	}
	argv[n++] = (char *)how;
	argv[n++] = (char *)what;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		hgt_buf_release(&chosen);
		return hgt_error_set_errno(err, "cannot make a pipe");
	}
	failed = spawn_kubectl(argv, ends[1], &pid);
	close(ends[1]);
	if (failed) {
		errno = failed;
		code = hgt_error_set_errno(err, "cannot run kubectl");
	} else {
		code = hgt_read_fd(ends[0], "kubectl's answer", ANSWER_MAX, out, err);
	}
	/* One that is not read any more ends by SIGPIPE. */
	close(ends[0]);
	if (!failed) {
		int ended = wait_for(pid, what, code ? NULL : err);

		code = code ? code : ended;
	}
	hgt_buf_release(&chosen);
	return code;
}

static int add_definitions(struct hgt_importer *importer, const char *context, struct hgt_buf *text, struct hgt_error *err)
{
	int code = kubectl(context, CRDS, "-ojson", text, err);

	if (code == 0)
		code = hgt_importer_add_text(importer, "the cluster's " CRDS, text->data, text->len, err);
	return code < 0 ? code : 0;
}

/* "api/v1", "apis/apps/v1": what has kinds, other than "apis/apps" and "version". */
static bool has_kinds(const char *path)
{
	size_t slashes = 0;

	for (const char *p = path; *p; p++)
		slashes += *p == '/';
	return (strncmp(path, "api/", 4) == 0 && slashes == 1) || (strncmp(path, "apis/", 5) == 0 && slashes == 2);
}

/* One group and version. */
static int add_document(struct hgt_importer *importer, const char *context, const struct hgt_pair *pair, struct hgt_buf *text,
	struct hgt_error *err)
{
	const char *url = hgt_node_get_string(pair->value, "serverRelativeURL");
	struct hgt_buf where = HGT_BUF_INIT;
	int code;

	if (!url || strncmp(url, OPENAPI "/", strlen(OPENAPI "/")) != 0)
		return hgt_error_set(err, HGT_EPARSE, "the cluster does not say where the OpenAPI document of %s is", pair->key->text);
	code = kubectl(context, url, "--raw", text, err);
	hgt_buf_addf(&where, "the cluster's %s", pair->key->text);
	if (code == 0)
		code = hgt_buf_check(&where, err);
	if (code == 0)
		code = hgt_importer_add_text(importer, where.data, text->data, text->len, err);
	hgt_buf_release(&where);
	return code < 0 ? code : 0;
}

static int order_pairs(const void *a, const void *b)
{
	return strcmp((*(const struct hgt_pair *const *)a)->key->text, (*(const struct hgt_pair *const *)b)->key->text);
}

static int add_documents(struct hgt_importer *importer, const char *context, const struct hgt_node *paths, struct hgt_buf *text,
	struct hgt_error *err)
{
	const struct hgt_pair **list;
	size_t n = 0;
	int code = 0;

	if (!paths || paths->type != HGT_NODE_MAP || paths->v.map.n > DOCUMENTS_MAX)
		return hgt_error_set(err, HGT_EPARSE, "the cluster's answer to " OPENAPI " is no list of documents");
	list = reallocarray(NULL, paths->v.map.n + 1, sizeof(const struct hgt_pair *));
	if (!list)
		return hgt_error_nomem(err);
	for (size_t i = 0; i < paths->v.map.n; i++)
		if (has_kinds(paths->v.map.pairs[i].key->text))
			list[n++] = &paths->v.map.pairs[i];
	qsort(list, n, sizeof(*list), order_pairs);
	for (size_t i = 0; i < n && code == 0; i++)
		code = add_document(importer, context, list[i], text, err);
	free(list);
	return code;
}

int schema_add_cluster(struct hgt_importer *importer, const char *context, struct hgt_error *err)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_doc_set set;
	int code;

	hgt_doc_set_init(&set);
	code = add_definitions(importer, context, &text, err);
	if (code == 0)
		code = kubectl(context, OPENAPI, "--raw", &text, err);
	if (code == 0)
		code = hgt_json_parse_message(text.data, text.len, &set, err);
	/* The definitions' kinds are published as OpenAPI too, with less in it. */
	hgt_importer_expect_doubles(importer, true);
	if (code == 0)
		code = add_documents(importer, context, hgt_node_get(set.docs[0].root, "paths"), &text, err);
	hgt_importer_expect_doubles(importer, false);
	hgt_doc_set_release(&set);
	hgt_buf_release(&text);
	return code;
}
