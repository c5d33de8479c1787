/* daemon/http: routes, methods, limits, connections, at the admin socket. */
#include "daemon/http.h"

#include "daemon/hub.h"
#include "headgate/protocol.h"
#include "tests/unit/daemon_rig.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

static int start(void **state)
{
	*state = malloc(sizeof(struct rig));
	assert_non_null(*state);
	rig_start(*state, "");
	return 0;
}

static int stop(void **state)
{
	rig_stop(*state);
	free(*state);
	return 0;
}

static void test_routes(void **state)
{
	static const struct {
		const char *method, *path, *body, *status, *says;
	} cases[] = {
		{"GET", "/healthz", NULL, "200 OK", "ok\n"},
		{"GET", "/readyz", NULL, "200 OK", "ok\n"},
		{"GET", "/", NULL, "200 OK", "<!doctype html>"},
		{"GET", "/?x=1", NULL, "400 Bad Request", "unknown parameter"},
		{"GET", "/dashboard/app.js", NULL, "200 OK", "Content-Type: text/javascript; charset=utf-8\r\n"},
		{"GET", "/dashboard/", NULL, "404 Not Found", "\"error\":\"not-found\""},
		{"GET", "/dashboard/none.js", NULL, "404 Not Found", "the dashboard has no such file"},
		{"POST", "/dashboard/app.js", "{}", "405 Method Not Allowed", "Allow: GET, HEAD\r\n"},
		{"GET", "/x", NULL, "404 Not Found", "\"error\":\"not-found\""},
		{"GET", "/v1/history?limit=x", NULL, "400 Bad Request", "\\\"limit\\\" is to be a number from 1 to 200"},
		{"GET", "/v1/history", NULL, "200 OK", "\"events\":["},
		{"GET", "/v1/repositories", NULL, "200 OK", "\"repositories\":[]"},
		{"GET", "/v1", NULL, "404 Not Found", "\"error\":\"not-found\""},
		{"GET", "/v1/status/", NULL, "404 Not Found", "\"error\":\"not-found\""},
		{"GET", "/v1/status?x=1", NULL, "400 Bad Request", "unknown parameter"},
		{"GET", "/v1/status", NULL, "200 OK", "\"site\":\"test\""},
		{"POST", "/v1/status", "{}", "405 Method Not Allowed", "Allow: GET\r\n"},
		{"PATCH", "/v1/agents", "{}", "405 Method Not Allowed", "Allow: GET, POST\r\n"},
		{"OPTIONS", "/v1/agents/x", NULL, "405 Method Not Allowed", "Allow: GET, DELETE\r\n"},
		{"DELETE", "/v1/agents/self", NULL, "405 Method Not Allowed", "Allow: PUT\r\n"},
		{"DELETE", "/v1/agents/nobody", NULL, "404 Not Found", "there is no agent nobody"},
		{"DELETE", "/v1/agents/no%0abody", NULL, "400 Bad Request", "control"},
		{"DELETE", "/v1/agents/a/b", NULL, "404 Not Found", "nothing at this path"},
		{"PUT", "/v1/agents/self", "{}", "403 Forbidden", "\"error\":\"forbidden\""},
		{"GET", "/v1/agents/self/events", NULL, "403 Forbidden", "\"error\":\"forbidden\""},
		{"POST", "/v1/agents/self/reports", "{}", "403 Forbidden", "\"error\":\"forbidden\""},
		{"POST", "/v1/agents", "{\"name\":", "400 Bad Request", "\"error\":\"bad-request\""},
		{"POST", "/v1/agents", NULL, "400 Bad Request", "\"error\":\"bad-request\""},
		{"POST", "/v1/agents", "{\"name\":\"a\",\"kind\":\"host\",\"allow\":[\"**\"]}", "201 Created", "\"token\":\"hga_"},
		{"POST", "/v1/agents", "{\"name\":\"a\",\"kind\":\"host\",\"allow\":[\"**\"]}", "409 Conflict", "\"error\":\"conflict\""},
		{"GET", "/v1/agents", NULL, "200 OK", "\"agents\":[{\"name\":\"a\""},
		{"GET", "/v1/agents/a", NULL, "200 OK", "{\"name\":\"a\""},
		{"GET", "/v1/agents/self", NULL, "405 Method Not Allowed", "Allow: PUT\r\n"},
		{"DELETE", "/v1/agents/%61", NULL, "204 No Content", "\r\n\r\n"},
		{"GET", "/v1/archive", NULL, "400 Bad Request", "\\\"repo\\\" and \\\"rev\\\""},
		{"GET", "/v1/archive?repo=a&rev=main", NULL, "400 Bad Request", "whole commit id"},
		{"GET", "/v1/archive?repo=a&rev=1111111111111111111111111111111111111111", NULL, "404 Not Found",
		 "\"error\":\"repository-not-found\""},
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < N_OF(cases); i++) {
		struct client c = client_request(rig, cases[i].method, cases[i].path, "", cases[i].body);
		char line[64];

		snprintf(line, sizeof(line), "HTTP/1.1 %s\r\n", cases[i].status);
		client_until(&c, line);
		client_until(&c, cases[i].says);
		client_close(&c);
	}
}

static void test_head_has_no_body(void **state)
{
	struct rig *rig = *state;
	struct client c = client_request(rig, "HEAD", "/healthz", "Connection: close\r\n", NULL);

	client_until_end(&c);
	assert_non_null(strstr(c.got.data, "HTTP/1.1 200 OK\r\n"));
	assert_string_equal(c.got.data + c.got.len - 4, "\r\n\r\n");
	client_close(&c);
}

static void test_ready(void **state)
{
	struct rig *rig = *state;
	struct client c;

	rig->daemon.ready = false;
	c = client_get(rig, "/readyz", "");
	client_until(&c, "503 Service Unavailable");
	client_close(&c);
}

static void test_several_on_a_connection(void **state)
{
	struct rig *rig = *state;
	struct client c = client_open(rig);

	for (size_t i = 1; i <= 3; i++) {
		client_send(&c, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
		client_until_count(&c, "not-found", i);
		assert_int_equal(client_count(&c, "HTTP/1.1 200 OK"), i);
	}
	client_close(&c);
}

static void test_too_large(void **state)
{
	struct rig *rig = *state;
	struct hgt_buf text = HGT_BUF_INIT;
	struct client c;

	/* A body by its announced length, one by its chunks, and headers. */
	c = client_open(rig);
	hgt_buf_addf(&text, "POST /v1/agents HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", HGT_BODY_MAX + 1);
	for (int i = 0; i < HGT_BODY_MAX + 1; i++)
		hgt_buf_addc(&text, 'x');
	client_send(&c, text.data);
	client_until(&c, " 413 ");
	client_until_end(&c);
	client_close(&c);

	c = client_open(rig);
	client_send(&c, "POST /v1/agents HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n");
	client_until(&c, " 413 ");
	client_close(&c);

	c = client_open(rig);
	hgt_buf_reset(&text);
	hgt_buf_adds(&text, "GET /healthz HTTP/1.1\r\nX: ");
	for (int i = 0; i < 40 * 1024; i++)
		hgt_buf_addc(&text, 'x');
	hgt_buf_adds(&text, "\r\n\r\n");
	client_send(&c, text.data);
	client_until(&c, " 400 ");
	client_until_end(&c);
	client_close(&c);
	hgt_buf_release(&text);
}

static void test_no_http(void **state)
{
	static const char *const texts[] = {
		"\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9.9\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < N_OF(texts); i++) {
		struct client c = client_open(rig);

		client_send(&c, texts[i]);
		client_until_end(&c);
		assert_null(strstr(c.got.data, " 200 "));
		client_close(&c);
	}
}

static bool no_jobs(void *ctx)
{
	struct rig *rig = ctx;

	return http_drain(rig->daemon.http) == 1;
}

/* A client that goes while its answer waits for the disk. */
static void test_gone_before_the_answer(void **state)
{
	struct rig *rig = *state;
	uint64_t head = hub_head(rig->daemon.hub);

	for (int i = 0; i < 8; i++) {
		char body[128];
		struct client c;

		snprintf(body, sizeof(body), "{\"name\":\"a%d\",\"kind\":\"host\",\"allow\":[\"**\"]}", i);
		c = client_request(rig, "POST", "/v1/agents", "", body);
		if (i % 2)
			rig_turn(rig);
		client_close(&c);
	}
	rig_settle(rig);
	for (int i = 0; i < 100 && hub_head(rig->daemon.hub) < head + 8; i++)
		rig_turn(rig);
	assert_int_equal(hub_head(rig->daemon.hub), head + 8);
	assert_true(rig_until(rig, no_jobs, rig));
}

static void test_drain(void **state)
{
	struct rig *rig = *state;
	struct client stream = client_get(rig, "/v1/events?last=0", "Accept: text/event-stream\r\n"), idle = client_open(rig);

	client_send(&idle, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
	client_until(&idle, "ok\n");
	client_until(&stream, "text/event-stream");
	assert_true(rig_until(rig, no_jobs, rig));
	client_until_end(&stream);
	client_send(&idle, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
	client_until(&idle, "503 Service Unavailable");
	client_until_end(&idle);
	client_close(&idle);
	client_close(&stream);
}

/* More connections than may be without a request: those who ask are served, the oldest of the rest go. */
static void test_crowd(void **state)
{
	enum { CROWD = 520 };
	struct client known, *crowd = calloc(CROWD, sizeof(*crowd)), late;
	struct rig own, *rig = &own;

	(void)state;
	rig_start(rig, "limits: {streams: 300}\n");
	known = client_open(rig);
	assert_non_null(crowd);
	client_send(&known, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
	client_until(&known, "ok\n");
	for (int i = 0; i < CROWD; i++)
		crowd[i] = client_open(rig);
	for (int i = 0; i < 20; i++)
		rig_turn(rig);
	late = client_get(rig, "/healthz", "");
	client_until(&late, "ok\n");
	client_until_end(&crowd[0]);
	client_send(&known, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
	client_until_count(&known, "ok\n", 2);
	for (int i = 0; i < CROWD; i++)
		client_close(&crowd[i]);
	client_close(&late);
	client_close(&known);
	free(crowd);
	rig_stop(rig);
}

static bool answered_or_closed(void *ctx)
{
	struct client *c = ctx;

	client_read(c);
	return c->ended || strstr(c->got.data, "\r\n\r\n");
}

/* Each allocation of a request fails in turn: whoever asked is answered or let go, and the next one is served as ever. */
static void test_no_memory(void **state)
{
	static const struct {
		const char *method, *path, *headers, *body;
	} cases[] = {
		{"GET", "/v1/status", "", NULL},
		{"GET", "/v1/events?cursor=0&path=x", "", NULL},
		{"GET", "/v1/events", "", NULL},
		{"GET", "/v1/events?cursor=0&path=x", "Accept: text/event-stream\r\n", NULL},
		{"GET", "/v1/events?repo=a", "Accept: text/event-stream\r\n", NULL},
		{"GET", "/v1/events?wait=1&last=0", "", NULL},
		{"POST", "/v1/agents", "", "{\"name\":\"a\",\"kind\":\"host\",\"allow\":[\"**\"]}"},
		{"DELETE", "/v1/agents/a", "", NULL},
		{"GET", "/v1/archive?repo=r&rev=", "", NULL},
	};
	struct rig *rig = *state;
	char *head;

	free(rig_sh(rig, "git init -q --bare git/r.git; git init -q w; cd w; echo 1 >f; git add .; git commit -qm one; "
		"git push -q ../git/r.git HEAD:refs/heads/main"));
	head = rig_sh(rig, "git -C w rev-parse HEAD");
	rig_restart(rig);
	rig_publish_many(rig, 3, "x", 10);
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf path = HGT_BUF_INIT;
		bool failed = true;

		hgt_buf_addf(&path, "%s%s", cases[i].path, strstr(cases[i].path, "rev=") ? head : "");
		for (long n = 1; failed; n++) {
			struct client c = client_request_failing(rig, cases[i].method, path.data, cases[i].headers, cases[i].body, n);

			if (!rig_until(rig, answered_or_closed, &c))
				fail_msg("%s %s was never answered when allocation %ld failed", cases[i].method, path.data, n);
			rig_settle(rig);
			failed = fail_alloc_off();
			client_close(&c);
			c = client_get(rig, "/healthz", "");
			client_until(&c, "ok\n");
			client_close(&c);
		}
		hgt_buf_release(&path);
	}
	free(head);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_routes), TEST(test_head_has_no_body), TEST(test_ready), TEST(test_several_on_a_connection),
		TEST(test_too_large), TEST(test_no_http), TEST(test_gone_before_the_answer), TEST(test_drain), TEST(test_crowd),
		TEST(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
