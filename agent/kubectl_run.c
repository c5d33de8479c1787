/* Running kubectl for a target. */
#include "agent/kubectl_run.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/kubectl_diff.h"
#include "agent/files_tree.h"
#include "base/io.h"
#include "doc/doc.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum {
	ARGS_MAX = 256,		/* of one run */
	OLDEST_MINOR = 20,	/* the first whose diff --server-side and api-resources are as they are now */
	REQUEST_SECONDS = 60,	/* one request to the server */
};

int kubectl_init(struct kubectl *k, const struct driver_order *order, struct driver_result *result, struct hgt_error *err)
{
	const struct hgt_agent_target *t = order->target;
	int code;

	*k = (struct kubectl){.order = order, .options = &t->kubectl, .result = result, .selector = HGT_BUF_INIT, .source = HGT_BUF_INIT};
	hgt_buf_addf(&k->selector, KUBECTL_LABEL "=%s", t->name);
	hgt_buf_addf(&k->source, "%s:%s:%s%s%s:%s", t->repo, t->ref, t->path, *t->path && *t->kubectl.folder ? "/" : "", t->kubectl.folder,
		t->kubectl.namespace);
	code = hgt_buf_check(&k->selector, err);
	return code < 0 ? code : hgt_buf_check(&k->source, err);
}

void kubectl_release(struct kubectl *k)
{
	hgt_buf_release(&k->selector);
	hgt_buf_release(&k->source);
}

void kubectl_run_release(struct kubectl_run *run)
{
	hgt_buf_release(&run->out);
	hgt_buf_release(&run->job.output);
}

/* What is printed, up to the limit. */
struct printed {
	struct hgt_buf *out;
	uint64_t limit;
	const char *command;
};

static int take(void *ctx, const char *data, size_t len, struct hgt_error *err)
{
	struct printed *p = ctx;

	if (len > p->limit - p->out->len)
		return hgt_error_set(err, HGT_ELIMIT, "%s printed more than %llu bytes and was killed; raise output_limit if that is in order",
			p->command, (unsigned long long)p->limit);
	hgt_buf_add(p->out, data, len);
	return hgt_buf_check(p->out, err);
}

/* An empty folder for its temporary files: what a killed one has left there goes. */
static int make_room(const struct kubectl *k, struct hgt_buf *tmp, struct hgt_error *err)
{
	int fd, code;

	hgt_buf_addf(tmp, "%s/tmp", k->order->folder);
	code = hgt_buf_check(tmp, err);
	if (code == 0)
		code = hgt_make_folders(k->order->folder, 0700, err);
	if (code < 0)
		return code;
	fd = open(k->order->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return hgt_error_set_errno(err, "cannot open folder %s", k->order->folder);
	code = tree_remove(fd, "tmp", err);
	if (code == 0 && mkdirat(fd, "tmp", 0700) < 0)
		code = hgt_error_set_errno(err, "cannot make folder %s", tmp->data);
	close(fd);
	return code;
}

/* "--name=value" into the arguments; the text is the buffer's. */
static void option(struct hgt_buf *text, const char **argv, size_t *n, const char *name, const char *value)
{
	if (!value)
		return;
	hgt_buf_addf(text, "--%s=%s", name, value);
	argv[(*n)++] = text->data;
}

static int run_with(struct kubectl *k, struct kubectl_run *run, char *const *argv, const char *tmp, struct hgt_error *err)
{
	struct printed printed = {&run->out, k->options->output_limit, k->options->command};
	struct hgt_buf folder = HGT_BUF_INIT;
	const char *env[] = {"KUBECTL_EXTERNAL_DIFF=" KUBECTL_DIFF_PROGRAM, "LC_ALL=C", "KUBERC=off", NULL, NULL};
	struct job job = {.argv = argv, .env = (char *const *)env, .input = run->input, .input_len = run->input_len,
		.limit_ms = (int)k->options->timeout * 1000, .stop_fd = k->order->stop_fd, .take = take, .ctx = &printed};
	int code;

	hgt_buf_addf(&folder, "TMPDIR=%s", tmp);
	env[3] = folder.data;
	code = hgt_buf_check(&folder, err);
	if (code == 0)
		code = job_run(&job, &run->job, err);
	kubectl_clean(&run->job.output);
	if (code == 0) {
		int judged = job_judge(&job, &run->job, &run->judged);

		/* What ended by itself has said why; all else is told here. */
		if (judged < 0 && (run->job.stopped || run->job.timed_out || run->job.exit_status == JOB_NOT_FOUND ||
			run->job.exit_status == JOB_NOT_RUN || run->job.exit_status > 128)) {
			*(err ? err : &run->judged) = run->judged;
			code = judged;
		}
	}
	k->result->ran = code == 0;
	k->result->exit_status = run->job.exit_status;
	hgt_buf_release(&folder);
	return code;
}

int kubectl_run(struct kubectl *k, struct kubectl_run *run, struct hgt_error *err)
{
	const char *argv[ARGS_MAX + 8] = {k->options->command};
	struct hgt_buf texts[4] = {HGT_BUF_INIT, HGT_BUF_INIT, HGT_BUF_INIT, HGT_BUF_INIT}, tmp = HGT_BUF_INIT;
	char seconds[16];
	size_t n = 1;
	int code = 0;

	snprintf(seconds, sizeof(seconds), "%us", k->options->timeout < REQUEST_SECONDS ? k->options->timeout : REQUEST_SECONDS);
	option(&texts[0], argv, &n, "kubeconfig", k->options->kubeconfig);
	option(&texts[1], argv, &n, "context", k->options->context);
	option(&texts[2], argv, &n, "request-timeout", seconds);
	hgt_buf_addf(&texts[3], "--cache-dir=%s/cache", k->order->folder);
	argv[n++] = texts[3].data;
	for (size_t i = 0; run->args[i] && code == 0; i++) {
		if (i == ARGS_MAX)
			code = hgt_error_set(err, HGT_ELIMIT, "too many arguments for one run of %s", k->options->command);
		else
			argv[n++] = run->args[i];
	}
	for (size_t i = 0; i < COUNT(texts) && code == 0; i++)
		code = hgt_buf_check(&texts[i], err);
	if (code == 0)
		code = make_room(k, &tmp, err);
	if (code == 0)
		code = run_with(k, run, (char *const *)argv, tmp.data, err);
	for (size_t i = 0; i < COUNT(texts); i++)
		hgt_buf_release(&texts[i]);
	hgt_buf_release(&tmp);
	return code;
}

void kubectl_clean(struct hgt_buf *said)
{
	/* "Object 'Kind' is missing in '{...}'"; ".stringData.password: expected string, got &value.valueUnstructured{Value:...}" */
	static const char *const before[] = {" is missing in '", ", got &"};
	static const char next[] = "\nError from server";	/* a value may have line ends, so the end of the line is not the end of it */
	struct hgt_buf out = HGT_BUF_INIT;
	const char *at = said->data, *end = said->data + said->len;

	while (at < end) {
		const char *first = NULL, *over;

		for (size_t i = 0; i < COUNT(before); i++) {
			const char *found = memmem(at, (size_t)(end - at), before[i], strlen(before[i]));

			if (found && (!first || found < first))
				first = found;
		}
		hgt_buf_add(&out, at, (size_t)((first ? first : end) - at));
		if (!first)
			break;
		hgt_buf_adds(&out, " (the value is left out)");
		over = memmem(first, (size_t)(end - first), next, sizeof(next) - 1);
		if (!over)
			hgt_buf_addc(&out, '\n');
		at = over ? over : end;
	}
	hgt_buf_reset(said);
	hgt_buf_add(said, out.data, out.len);
	said->failed |= out.failed;
	hgt_buf_release(&out);
}

static bool has(const char *text, size_t len, const char *word)
{
	return memmem(text, len, word, strlen(word)) != NULL;
}

enum kubectl_trouble kubectl_trouble_of(const char *text, size_t len)
{
	static const char *const away[] = {"connection refused", "was refused - did you specify", "Unable to connect to the server",
		"no route to host", "network is unreachable", "i/o timeout", "TLS handshake timeout", "no such host", "connection reset by peer",
		"context deadline exceeded", "Client.Timeout exceeded", "server is currently unable to handle the request", "unexpected EOF",
		"must be logged in to the server", "asked for the client to provide credentials", "Unauthorized", "http2: client connection lost",
		"failed to verify certificate", "etcdserver:", "does not exist: no configuration has been provided", "apiserver not ready",
		"invalid configuration", "net/http: request canceled", "failed to download openapi",
		"couldn't get current server API group list"};

	/* A kind that is not there comes first: kubectl tells of a group that does not answer in passing. */
	if (has(text, len, "no matches for kind") || has(text, len, "the server doesn't have a resource type"))
		return KUBECTL_TROUBLE_NO_KIND;
	for (size_t i = 0; i < COUNT(away); i++)
		if (has(text, len, away[i]))
			return KUBECTL_TROUBLE_AWAY;
	if (has(text, len, "(NotFound): namespaces \""))
		return KUBECTL_TROUBLE_NO_NAMESPACE;
	if (has(text, len, "failed to run \"diff\""))
		return KUBECTL_TROUBLE_NO_DIFF;
	return KUBECTL_TROUBLE_OTHER;
}

/* "E1126 00:04:45.111586   25249 memcache.go:381] ": the log of kubectl's own parts. */
static bool is_log(const char *line, size_t len)
{
	if (len <= 6 || !memchr("IWEF", line[0], 4) || line[5] != ' ')
		return false;
	for (size_t i = 1; i <= 4; i++)
		if (line[i] < '0' || line[i] > '9')
			return false;
	return true;
}

static bool begins(const char *line, size_t len, const char *with)
{
	return len >= strlen(with) && memcmp(line, with, strlen(with)) == 0;
}

/* How much a line tells; 0: nothing. */
static int weight(const char *line, size_t len)
{
	if (!len || begins(line, len, "Warning:"))
		return 0;
	if (is_log(line, len))
		return 1;
	if (begins(line, len, "Error from server") || begins(line, len, "The ") || begins(line, len, "Apply failed"))
		return 4;
	return begins(line, len, "error:") || begins(line, len, "Error:") ? 3 : 2;
}

void kubectl_sentence(const char *text, size_t len, struct hgt_buf *out)
{
	enum { MOST = 600 };
	const char *best = NULL, *end = text + len;
	size_t best_len = 0;
	int best_weight = 0;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((newline ? newline : end) - text);

		if (weight(text, n) > best_weight) {
			best = text;
			best_len = n;
			best_weight = weight(text, n);
		}
		text = newline ? newline + 1 : end;
	}
	if (!best)
		return;
	if (begins(best, best_len, "error: ") || begins(best, best_len, "Error: ")) {
		best += 7;
		best_len -= 7;
	}
	hgt_buf_add(out, best, best_len < MOST ? best_len : MOST);
}

int kubectl_fail(struct kubectl *k, const struct kubectl_run *run, const char *doing, struct hgt_error *err)
{
	const struct hgt_buf *said = &run->job.output;
	enum kubectl_trouble trouble = kubectl_trouble_of(said->data, said->len);
	struct hgt_buf why = HGT_BUF_INIT;
	int code = trouble == KUBECTL_TROUBLE_AWAY ? HGT_EUNAVAILABLE : HGT_ECONFLICT;

	kubectl_sentence(said->data, said->len, &why);
	if (!why.len)
		hgt_buf_adds(&why, run->judged.message);
	if (trouble == KUBECTL_TROUBLE_AWAY)
		hgt_error_set(err, code, "the API server cannot be asked: %s", why.data);
	else
		hgt_error_set(err, code, "%s: %s", doing, why.data);
	hgt_buf_reset(&k->result->output);
	hgt_buf_add(&k->result->output, said->data, said->len);
	k->result->output_cut = run->job.cut;
	hgt_buf_release(&why);
	return code;
}

unsigned kubectl_parse_version(const char *text, size_t len, struct hgt_buf *out)
{
	struct hgt_doc_set set;
	const struct hgt_node *client;
	const char *git, *major, *minor;
	unsigned found = 0;

	hgt_doc_set_init(&set);
	if (hgt_json_parse_message(text, len, &set, NULL) < 0) {
		hgt_doc_set_release(&set);
		return 0;
	}
	client = hgt_node_get(set.docs[0].root, "clientVersion");
	git = hgt_node_get_string(client, "gitVersion");
	major = hgt_node_get_string(client, "major");
	minor = hgt_node_get_string(client, "minor");
	if (git) {
		const char *number = git + (git[0] == 'v');
		char *end;
		unsigned long first = strtoul(number, &end, 10);

		/* oc tells OpenShift's version, whose 4.n is made from Kubernetes 1.(n + 13). */
		if (end > number && *end == '.' && (first == 1 || first == 4))
			found = (unsigned)strtoul(end + 1, NULL, 10) + (first == 4 ? 13 : 0);
	}
	/* "32+": one that was built elsewhere. */
	if (!found && major && minor && strcmp(major, "1") == 0)
		found = (unsigned)strtoul(minor, NULL, 10);
	if (found)
		hgt_buf_adds(out, git ? git : minor);
	hgt_doc_set_release(&set);
	return found < 1000 ? found : 0;
}

int kubectl_ask_version(struct kubectl *k, struct hgt_error *err)
{
	static const char *const args[] = {"version", "--client", "-o", "json", NULL};
	struct kubectl_run run = KUBECTL_RUN_INIT;
	int code;

	run.args = args;
	code = kubectl_run(k, &run, err);
	if (code == HGT_ENOENT)
		hgt_error_set(err, HGT_ENOENT, "%s is not there: install it, or name its place with the option command", k->options->command);
	if (code == 0) {
		k->minor = kubectl_parse_version(run.out.data, run.out.len, &k->result->version);
		if (!k->minor)
			code = hgt_error_set(err, HGT_EUNSUPPORTED, "%s does not tell its version as kubectl does; name another with the option command",
				k->options->command);
		else if (k->minor < OLDEST_MINOR)
			code = hgt_error_set(err, HGT_EUNSUPPORTED, "%s is %s, and kubectl 1.%d or later is needed, for diff --server-side: "
				"install a newer one, or name it with the option command", k->options->command, k->result->version.data, OLDEST_MINOR);
	}
	kubectl_run_release(&run);
	return code;
}
