/* hooks/announce: the lines themselves, and every way in which the daemon can fail to take them. */
#include "hooks/announce.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/io.h"
#include "base/timing.h"
#include "doc/doc.h"
#include "headgate/protocol.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define Z "0000000000000000000000000000000000000000"

static char *folder;	/* of the tests, and the current one */

static int enter_folder(void **state)
{
	if (unit_folder_make(state) < 0)
		return -1;
	folder = *state;
	return chdir(folder);
}

static int remove_folder(void **state)
{
	return chdir("/") < 0 ? -1 : unit_folder_remove(state);
}

static struct hgt_update updates[] = {{Z, A, "refs/heads/\xff\n"}, {A, Z, "refs/tags/v1"}};
static const char *options[] = {"ci.skip", "a=\"b\""};

static void fill_hook(struct hook *hook)
{
	hook_init(hook);
	hook->repo_path = strdup("/srv/git/infra.git");
	hook->updates = (struct hgt_updates){updates, 2};
	hook->actor = (struct hgt_actor){.name = "al\x1bice", .server = "ssh", .remote = "192.0.2.7", .protocol = "ssh"};
	hook->options = options;
	hook->n_options = 2;
	memcpy(hook->push, "0123456789abcdef0123456789abcdef", HOOK_PUSH_ID_HEX + 1);
}

/* The line as the daemon reads it: one line, and JSON. */
static const struct hgt_node *parse_line(const struct hgt_buf *line, struct hgt_doc_set *set)
{
	struct hgt_error err = {0};

	assert_ptr_equal(memchr(line->data, '\n', line->len), line->data + line->len - 1);
	hgt_doc_set_init(set);
	if (hgt_json_parse_message(line->data, line->len, set, &err) < 0)
		fail_msg("%s: %s", err.message, line->data);
	return set->docs[0].root;
}

static void writes_what_the_daemon_reads(void **state)
{
	static const struct hgt_finding finding = {.severity = HGT_SEVERITY_ERROR, .rule = "yaml/syntax", .path = "a.yaml",
		.line = 3, .column = 4, .pointer = "", .message = "bad"};
	const struct hgt_node *root, *list;
	struct hgt_buf line = HGT_BUF_INIT;
	struct hgt_findings found;
	struct hgt_doc_set set;
	struct hook hook;
	int64_t number;

	(void)state;
	fill_hook(&hook);
	assert_int_equal(announce_received(&hook, &line, NULL), 0);
	root = parse_line(&line, &set);
	assert_true(hgt_node_get_int(root, "v", &number) && number == HGT_HOOK_VERSION);
	assert_string_equal(hgt_node_get_string(root, "type"), "received");
	assert_string_equal(hgt_node_get_string(root, "repo"), "/srv/git/infra.git");
	assert_string_equal(hgt_node_get_string(root, "push"), hook.push);
	assert_int_equal(hgt_time_parse(hgt_node_get_string(root, "time"), &number, NULL), 0);
	assert_string_equal(hgt_node_get_string(hgt_node_get(root, "actor"), "name"), "al\x1bice");
	assert_int_equal(hgt_node_get(hgt_node_get(root, "actor"), "id")->type, HGT_NODE_NULL);
	list = hgt_node_get(root, "updates");
	assert_int_equal(list->v.seq.n, 2);
	assert_string_equal(hgt_node_get_string(list->v.seq.items[0], "ref"), "refs/heads/\xef\xbf\xbd\n");
	assert_string_equal(hgt_node_get_string(list->v.seq.items[1], "old"), A);
	assert_string_equal(hgt_node_get_string(list->v.seq.items[1], "new"), Z);
	list = hgt_node_get(root, "options");
	assert_int_equal(list->v.seq.n, 2);
	assert_string_equal(list->v.seq.items[1]->text, "a=\"b\"");
	hgt_doc_set_release(&set);

	hgt_findings_init(&found, 50);
	assert_int_equal(hgt_findings_add(&found, &finding, NULL), 0);
	found.warnings = 7;
	hgt_buf_reset(&line);
	assert_int_equal(announce_refused(&hook, &found, &line, NULL), 0);
	root = parse_line(&line, &set);
	assert_string_equal(hgt_node_get_string(root, "type"), "refused");
	assert_true(hgt_node_get_int(root, "errors", &number) && number == 1);
	assert_true(hgt_node_get_int(root, "warnings", &number) && number == 7);
	list = hgt_node_get(root, "findings");
	assert_int_equal(list->v.seq.n, 1);
	assert_string_equal(hgt_node_get_string(list->v.seq.items[0], "rule"), "yaml/syntax");
	hgt_doc_set_release(&set);
	hgt_findings_release(&found);
	hgt_buf_release(&line);
	hook_release(&hook);
}

static void has_a_longest_line(void **state)
{
	enum { MANY = 100000, REF = 200 };
	struct hgt_update *many = calloc(MANY, sizeof(*many));
	struct hgt_buf line = HGT_BUF_INIT;
	char ref[REF + 1] = "";
	struct hook hook;

	(void)state;
	assert_non_null(many);
	memset(ref, 'r', REF);
	for (size_t i = 0; i < MANY; i++)
		many[i] = (struct hgt_update){Z, A, ref};
	fill_hook(&hook);
	hook.updates = (struct hgt_updates){many, MANY};
	assert_int_equal(announce_received(&hook, &line, NULL), HGT_ELIMIT);
	hgt_buf_reset(&line);
	hook.updates.n = MANY / 4;
	assert_int_equal(announce_received(&hook, &line, NULL), 0);
	hgt_buf_release(&line);
	hook_release(&hook);
	free(many);
}

/* A daemon for one connection. */
struct daemon {
	bool reads;		/* the line, before it answers */
	size_t junk;		/* bytes without a newline, before the answer */
	const char *answer[2];	/* in pieces; NULL for none */
	bool holds;		/* says no more, and keeps the connection until the other side lets go */
	int fd;
	size_t got;
};

static void *serve(void *ctx)
{
	struct daemon *daemon = ctx;
	struct pollfd gone = {.fd = accept(daemon->fd, NULL, NULL), .events = POLLRDHUP};
	char buf[65536];
	ssize_t n = 1;

	while (daemon->reads && (n = read(gone.fd, buf, sizeof(buf))) > 0) {
		daemon->got += (size_t)n;
		if (buf[n - 1] == '\n')
			break;
	}
	memset(buf, 'x', sizeof(buf));
	for (size_t left = daemon->junk; left > 0 && n > 0; left -= (size_t)n)
		n = send(gone.fd, buf, left < sizeof(buf) ? left : sizeof(buf), MSG_NOSIGNAL);
	for (size_t i = 0; i < 2 && daemon->answer[i]; i++)
		n = send(gone.fd, daemon->answer[i], strlen(daemon->answer[i]), MSG_NOSIGNAL);
	if (daemon->holds)
		poll(&gone, 1, 30000);
	close(gone.fd);
	return NULL;
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void hands_over(void **state)
{
	static const char ok[] = "{\"ok\":true,\"cursor\":\"0123.7\"}\n";
	static const struct {
		struct daemon daemon;
		size_t line;	/* bytes */
		int patience_ms, code;
		const char *says;
	} cases[] = {
		{{.reads = true, .answer = {ok}}, 100, 30000, 0, NULL},
		{{.reads = true, .answer = {ok}}, HGT_HOOK_LINE_MAX, 30000, 0, NULL},
		{{.reads = true, .answer = {"{\"ok\":true,", "\"cursor\":\"0123.7\"}\n"}}, 100, 30000, 0, NULL},
		{{.reads = true, .answer = {ok, "{\"ok\":false}\n"}}, 100, 30000, 0, NULL},
		{{.reads = true, .answer = {"{\"ok\":false,\"error\":\"journal: disk full\"}\n"}}, 100, 30000, HGT_EUNAVAILABLE,
			"journal: disk full"},
		{{.reads = true, .answer = {"{\"ok\":1}\n"}}, 100, 30000, HGT_EUNAVAILABLE, "no reason given"},
		{{.reads = true, .answer = {"[]\n"}}, 100, 30000, HGT_EUNAVAILABLE, "no reason given"},
		{{.reads = true, .answer = {"yes\n"}}, 100, 30000, HGT_EPARSE, NULL},
		{{.reads = true, .answer = {"\n"}}, 100, 30000, HGT_EPARSE, NULL},
		{{.reads = true}, 100, 30000, HGT_EUNAVAILABLE, "hung up"},
		{{.reads = true, .answer = {"{\"ok\":true"}}, 100, 30000, HGT_EUNAVAILABLE, "hung up"},
		{{.reads = true, .junk = 1000000, .holds = true}, 100, 30000, HGT_ELIMIT, "does not end"},
		{{.reads = true, .holds = true}, 100, 50, HGT_ETIMEOUT, "does not answer"},
		{{.holds = true}, HGT_HOOK_LINE_MAX, 50, HGT_ETIMEOUT, "does not answer"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct daemon daemon = cases[i].daemon;
		struct hgt_buf line = HGT_BUF_INIT;
		struct hgt_error err = {0};
		pthread_t thread;
		char *room;

		room = hgt_buf_reserve(&line, cases[i].line);
		assert_non_null(room);
		memset(room, 'a', cases[i].line);
		room[cases[i].line - 1] = '\n';
		hgt_buf_grown(&line, cases[i].line);
		daemon.fd = listen_at("socket");
		assert_int_equal(pthread_create(&thread, NULL, serve, &daemon), 0);
		assert_int_equal(announce_send("socket", &line, cases[i].patience_ms, &err), cases[i].code);
		pthread_join(thread, NULL);
		if (cases[i].says)
			assert_non_null(strstr(err.message, cases[i].says));
		if (daemon.reads)
			assert_int_equal(daemon.got, cases[i].line);
		close(daemon.fd);
		assert_int_equal(unlink("socket"), 0);
		hgt_buf_release(&line);
	}
}

static void finds_nobody(void **state)
{
	struct hgt_buf line = HGT_BUF_INIT;
	struct hgt_error err = {0};
	char path[200] = "";

	(void)state;
	hgt_buf_adds(&line, "{}\n");
	assert_int_equal(announce_send("nothing", &line, 30000, &err), HGT_ENOENT);
	close(listen_at("stale"));
	assert_int_equal(announce_send("stale", &line, 30000, &err), HGT_EUNAVAILABLE);
	memset(path, 'p', sizeof(path) - 1);
	assert_int_equal(announce_send(path, &line, 30000, &err), HGT_EINVAL);
	assert_non_null(strstr(err.message, "longer than 107 bytes"));
	hgt_buf_release(&line);
}

static void spools(void **state)
{
	static const char text[] = "repositories: {root: /srv/git}\nstate: ";
	struct hgt_buf config = HGT_BUF_INIT, line = HGT_BUF_INIT;
	struct hgt_error err = {0};
	mode_t mask = umask(0077);
	struct hook hook;
	struct stat st;
	FILE *list;
	char name[200] = "";

	(void)state;
	hgt_buf_addf(&config, "%s%s/state\n", text, folder);
	hgt_buf_adds(&line, "{}\n");
	fill_hook(&hook);
	assert_int_equal(hgt_config_parse(config.data, config.len, "test.yaml", &hook.config, &err), 0);
	assert_int_equal(announce_spool(&hook, &line, &err), 0);
	assert_int_equal(umask(mask), 0077);
	list = popen("echo state/spool/*", "re");
	assert_non_null(list);
	assert_non_null(fgets(name, sizeof(name), list));
	pclose(list);
	name[strcspn(name, "\n")] = '\0';
	assert_non_null(strstr(name, "-0123456789abcdef0123456789abcdef.json"));
	assert_int_equal(stat(name, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(st.st_size, 3);

	/* no folder can be made below a file */
	hook.config->state = "test.file";
	assert_int_equal(hgt_write_file("test.file", "", 0, 0600, NULL), 0);
	assert_int_equal(announce_spool(&hook, &line, &err), HGT_ENOENT);
	hgt_buf_release(&line);
	hgt_buf_release(&config);
	hook_release(&hook);
}

static void survives_want_of_memory(void **state)
{
	struct hook hook;

	(void)state;
	fill_hook(&hook);
	for (long n = 1;; n++) {
		struct hgt_buf line = HGT_BUF_INIT;
		int code;

		fail_alloc_at(n);
		code = announce_received(&hook, &line, NULL);
		hgt_buf_release(&line);
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			break;
		}
		assert_int_equal(code, HGT_ENOMEM);
	}
	hook_release(&hook);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_what_the_daemon_reads), cmocka_unit_test(has_a_longest_line), cmocka_unit_test(hands_over),
		cmocka_unit_test(finds_nobody), cmocka_unit_test(spools), cmocka_unit_test(survives_want_of_memory),
	};

	return cmocka_run_group_tests(tests, enter_folder, remove_folder);
}
