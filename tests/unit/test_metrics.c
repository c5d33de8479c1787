/* daemon/metrics: what is counted of events and answers, that labels stay bounded and escaped, that each family is whole. */
#include "daemon/metrics.h"

#include "daemon/routes.h"
#include "headgate/protocol.h"
#include "tests/unit/daemon_rig.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

static void count(struct metrics *metrics, uint64_t seq, const char *type, const char *body)
{
	metrics_event(metrics, &(struct hgt_journal_row){.seq = seq, .type = type, .subject = "", .repo = "", .ref = "", .body = body,
		.body_len = strlen(body)});
}

/* The daemon's answer to GET /metrics, to be freed. */
static char *scrape(struct rig *rig)
{
	struct client client = client_get(rig, "/metrics", "Connection: close\r\n");
	char *text;

	client_until_end(&client);
	text = strdup(client.got.data);
	assert_non_null(text);
	client_close(&client);
	return text;
}

static void has(const char *text, const char *line)
{
	if (!strstr(text, line))
		fail_msg("not there: %s", line);
}

static void lacks(const char *text, const char *line)
{
	if (strstr(text, line))
		fail_msg("there, and should not be: %s", line);
}

static void moves_by_who_told(void **state)
{
	struct rig rig;
	char *text;

	(void)state;
	rig_start(&rig, "");
	count(rig.daemon.metrics, 1, HGT_EVENT_REF_UPDATED, "{\"source\":\"/headgate/t\",\"data\":{\"actor\":null,\"source\":\"watch\"}}");
	/* An actor who would like to be another source. */
	count(rig.daemon.metrics, 2, HGT_EVENT_REF_UPDATED,
		"{\"source\":\"/headgate/t\",\"data\":{\"actor\":\"\\\"source\\\":\\\"spool\\\"\",\"source\":\"hook\"}}");
	count(rig.daemon.metrics, 3, HGT_EVENT_REF_UPDATED, "{\"source\":\"/headgate/t\",\"data\":{\"source\":\"elsewhere\"}}");
	count(rig.daemon.metrics, 4, HGT_EVENT_REF_UPDATED, "{\"source\":\"");
	text = scrape(&rig);
	has(text, "headgate_ref_moves_total{source=\"hook\"} 1\n");
	has(text, "headgate_ref_moves_total{source=\"spool\"} 0\n");
	has(text, "headgate_ref_moves_total{source=\"watch\"} 1\n");
	has(text, "headgate_events_total{type=\"ref.updated\"} 4\n");
	free(text);
	rig_stop(&rig);
}

static void refused_pushes_by_rule(void **state)
{
	struct rig rig;
	char *text;

	(void)state;
	rig_start(&rig, "");
	/* Two findings of one rule are one push; a rule that is none is "other", whatever it says. */
	count(rig.daemon.metrics, 1, HGT_EVENT_PUSH_REFUSED, "{\"findings\":[{\"rule\":\"yaml/syntax\"},{\"rule\":\"yaml/syntax\"},"
		"{\"rule\":\"no/such\"},{\"rule\":\"yaml/syntax-and-more\"},{\"rule\":\"\"}]}");
	count(rig.daemon.metrics, 2, HGT_EVENT_PUSH_REFUSED, "{\"findings\":[{\"rule\":\"yaml/syntax\",\"message\":\"\\\"rule\\\":\\\"policy/force\\\"\"}]}");
	count(rig.daemon.metrics, 3, HGT_EVENT_PUSH_REFUSED, "{\"findings\":[{\"rule\":\"never ends");
	text = scrape(&rig);
	has(text, "headgate_refused_pushes_total{rule=\"yaml/syntax\"} 2\n");
	has(text, "headgate_refused_pushes_total{rule=\"other\"} 1\n");
	lacks(text, "rule=\"no/such\"");
	lacks(text, "rule=\"policy/force\"");
	free(text);
	rig_stop(&rig);
}

static void labels_stay_bounded(void **state)
{
	struct rig rig;
	size_t n = 0;
	char *text;

	(void)state;
	rig_start(&rig, "");
	for (int i = 0; i < 200; i++) {
		char type[64];

		snprintf(type, sizeof(type), "io.headgate.made.up%d.v1", i);
		count(rig.daemon.metrics, (uint64_t)i + 1, type, "{}");
		for (unsigned route = 0; route < 40; route++)
			metrics_answer(rig.daemon.metrics, route % (routes_n() + 1), 200 + i);
	}
	text = scrape(&rig);
	for (const char *at = text; (at = strstr(at, "\nheadgate_events_total{")); at++)
		n++;
	assert_int_equal(n, 65);
	has(text, "headgate_events_total{type=\"made.up0\"} 1\n");
	has(text, "headgate_events_total{type=\"other\"}");
	n = 0;
	for (const char *at = text; (at = strstr(at, "\nheadgate_http_requests_total{")); at++)
		n++;
	assert_int_equal(n, 513);
	has(text, "headgate_http_requests_total{method=\"other\",route=\"other\",code=\"other\"}");
	free(text);
	rig_stop(&rig);
}

static void answers_by_route(void **state)
{
	struct rig rig;
	struct client client;
	char *text;

	(void)state;
	rig_start(&rig, "");
	client = client_get(&rig, "/healthz", "");
	client_until(&client, "ok\n");
	client_close(&client);
	client = client_get(&rig, "/v1/events?last=1", "Accept: text/event-stream\r\n");
	client_until(&client, "bookmark");
	text = scrape(&rig);
	has(text, "headgate_http_requests_total{method=\"GET\",route=\"/healthz\",code=\"200\"} 1\n");
	has(text, "headgate_http_requests_total{method=\"GET\",route=\"/v1/events\",code=\"200\"} 1\n");
	has(text, "headgate_streams 1\n");
	client_close(&client);
	free(text);
	rig_stop(&rig);
}

static void reloads(void **state)
{
	struct rig rig;
	char *text;

	(void)state;
	rig_start(&rig, "");
	text = scrape(&rig);
	has(text, "headgate_config_last_reload_successful 1\n");
	free(text);
	metrics_reload(rig.daemon.metrics, true);
	metrics_reload(rig.daemon.metrics, false);
	text = scrape(&rig);
	has(text, "headgate_config_reloads_total{result=\"ok\"} 1\n");
	has(text, "headgate_config_reloads_total{result=\"refused\"} 1\n");
	has(text, "headgate_config_last_reload_successful 0\n");
	free(text);
	rig_stop(&rig);
	/* Without an object nothing is counted, and nothing goes wrong. */
	metrics_reload(NULL, true);
	metrics_answer(NULL, 1, 200);
	count(NULL, 1, HGT_EVENT_REF_UPDATED, "{}");
}

static void without_memory(void **state)
{
	(void)state;
	for (long n = 1;; n++) {
		struct metrics *metrics = NULL;
		struct hgt_error err = {0};
		int code;

		fail_alloc_at(n);
		code = metrics_new(&metrics, &err);
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			metrics_free(metrics);
			break;
		}
		assert_int_equal(code, HGT_ENOMEM);
		assert_null(metrics);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moves_by_who_told), cmocka_unit_test(refused_pushes_by_rule), cmocka_unit_test(labels_stay_bounded),
		cmocka_unit_test(answers_by_route), cmocka_unit_test(reloads), cmocka_unit_test(without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
