/* daemon/webhooks on a loop: reloads, what retention may take, tests of what cannot be reached. Deliveries to a real receiver are
 * in tests/e2e. */
#include "daemon/webhooks.h"

#include <sys/stat.h>

#include "base/io.h"
#include "daemon/hub.h"
#include "tests/unit/daemon_rig.h"
#include "tests/unit/unit.h"

/* Port 9 of loopback: nobody answers there, and no webhook without allow_private gets as far. */
#define URL "http://127.0.0.1:9/"
#define A "{name: a, url: '" URL "'}"
#define B "{name: b, url: '" URL "b', allow_private: true}"

static const char *const no_paths[] = {"x", NULL};
static const struct rig_move move = {"infra", "refs/heads/main", "0000000000000000000000000000000000000000",
	"1111111111111111111111111111111111111111", no_paths, false};

static struct hgt_config *config_of(struct rig *rig, const char *more)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_config *config;
	struct hgt_error err = {0};

	hgt_buf_addf(&text, "state: %s/state\nrepositories: {root: %s/git}\nlisten: []\n%s", rig->folder, rig->folder, more);
	if (hgt_config_parse(text.data, text.len, "test.yaml", &config, &err) < 0)
		fail_msg("%s", err.message);
	hgt_buf_release(&text);
	return config;
}

static void start(struct rig *rig, const char *more)
{
	struct hgt_error err = {0};

	rig_start(rig, more);
	if (webhooks_new(&rig->daemon, &rig->daemon.webhooks, &err) < 0)
		fail_msg("%s", err.message);
}

static bool is_drained(void *webhooks)
{
	return webhooks_drain(webhooks) == 1;
}

static void stop(struct rig *rig)
{
	assert_true(rig_until(rig, is_drained, rig->daemon.webhooks));
	webhooks_free(rig->daemon.webhooks);
	rig->daemon.webhooks = NULL;
	rig_stop(rig);
}

static bool has_failed(void *webhooks)
{
	struct webhooks_stats stats;

	webhooks_stats(webhooks, &stats);
	return stats.failed > 0;
}

static void nothing_without_webhooks(void **state)
{
	struct webhooks_stats stats;
	struct rig rig;

	(void)state;
	start(&rig, "");
	rig_publish(&rig, &move);
	webhooks_stats(rig.daemon.webhooks, &stats);
	assert_int_equal(stats.receivers, 0);
	assert_true(webhooks_needed(rig.daemon.webhooks) == UINT64_MAX);
	stop(&rig);
}

static void what_is_not_delivered_is_needed(void **state)
{
	struct webhooks_stats stats;
	struct rig rig;
	size_t pos = 0;

	(void)state;
	start(&rig, "webhooks: [" A "]\n");
	assert_int_equal(webhooks_needed(rig.daemon.webhooks), hub_head(rig.daemon.hub) + 1);
	rig_publish(&rig, &move);
	assert_true(rig_until(&rig, has_failed, rig.daemon.webhooks));
	rig_publish(&rig, &move);
	assert_int_equal(webhooks_needed(rig.daemon.webhooks), 1);
	assert_string_equal(webhooks_next(rig.daemon.webhooks, &pos, &stats), "a");
	assert_int_equal(stats.behind, 2);
	assert_int_equal(stats.delivered, 0);
	assert_null(webhooks_next(rig.daemon.webhooks, &pos, &stats));
	stop(&rig);
}

static void reloads(void **state)
{
	struct hgt_config *second, *third, *bad, *none;
	struct hgt_error err = {0};
	struct rig rig;

	(void)state;
	start(&rig, "webhooks: [" A "]\n");
	rig_publish(&rig, &move);
	assert_true(rig_until(&rig, has_failed, rig.daemon.webhooks));
	second = config_of(&rig, "webhooks: [" A ", " B "]\n");
	assert_int_equal(webhooks_reload(rig.daemon.webhooks, second, &err), 0);
	assert_true(webhooks_has(rig.daemon.webhooks, "a") && webhooks_has(rig.daemon.webhooks, "b"));
	assert_int_equal(webhooks_needed(rig.daemon.webhooks), 1);	/* a goes on where it was; b begins at the head */

	bad = config_of(&rig, "webhooks: [{name: c, url: '" URL "', secret_file: /nonexistent/secret}]\n");
	assert_int_equal(webhooks_reload(rig.daemon.webhooks, bad, &err), HGT_ENOENT);
	assert_string_equal(err.message, "webhook c: cannot open /nonexistent/secret: No such file or directory");
	assert_true(webhooks_has(rig.daemon.webhooks, "a") && !webhooks_has(rig.daemon.webhooks, "c"));
	hgt_config_free(bad);

	third = config_of(&rig, "webhooks: [" B "]\n");
	assert_int_equal(webhooks_reload(rig.daemon.webhooks, third, &err), 0);
	hgt_config_free(second);
	assert_false(webhooks_has(rig.daemon.webhooks, "a"));
	rig_settle(&rig);
	assert_int_equal(webhooks_needed(rig.daemon.webhooks), 2);
	rig_publish(&rig, &move);
	assert_true(rig_until(&rig, has_failed, rig.daemon.webhooks));

	none = config_of(&rig, "");
	assert_int_equal(webhooks_reload(rig.daemon.webhooks, none, &err), 0);
	hgt_config_free(third);
	assert_true(webhooks_needed(rig.daemon.webhooks) == UINT64_MAX);
	rig_settle(&rig);
	stop(&rig);
	hgt_config_free(none);
}

static void the_api(void **state)
{
	struct client c;
	struct rig rig;

	(void)state;
	start(&rig, "webhooks: [" A "]\n");
	c = client_get(&rig, "/v1/webhooks", "");
	client_until(&c, "\"state\":\"idle\"");
	client_close(&c);
	c = client_request(&rig, "POST", "/v1/webhooks/test", "", "{\"webhook\":\"a\"}");
	client_until(&c, "\"taken\":false");
	client_until(&c, "127.0.0.1 is a loopback address");
	client_close(&c);
	c = client_request(&rig, "POST", "/v1/webhooks/test", "", "{\"webhook\":\"z\"}");
	client_until(&c, "404 Not Found");
	client_close(&c);
	c = client_request(&rig, "POST", "/v1/webhooks/replay", "", "{\"webhook\":\"a\",\"parked\":true,\"after\":\"0\"}");
	client_until(&c, "400 Bad Request");
	client_close(&c);
	c = client_request(&rig, "POST", "/v1/webhooks/replay", "", "{\"webhook\":\"a\",\"after\":\"0123456789abcdef.7\"}");
	client_until(&c, "this cursor is not of this journal");
	client_close(&c);
	c = client_request(&rig, "POST", "/v1/webhooks/replay", "", "{\"webhook\":\"a\",\"parked\":true}");
	client_until(&c, "nothing of this webhook is parked");
	client_close(&c);
	c = client_get(&rig, "/v1/webhooks/deliveries?state=lost", "");
	client_until(&c, "state is waiting, delivered, parked or queued");
	client_close(&c);
	c = client_get(&rig, "/v1/webhooks/deliveries?webhook=a&limit=1", "");
	client_until(&c, "{\"deliveries\":[]}");
	client_close(&c);
	/* A client that goes while its test runs leaves nothing behind. */
	c = client_request(&rig, "POST", "/v1/webhooks/test", "", "{\"webhook\":\"a\"}");
	client_close(&c);
	rig_settle(&rig);
	stop(&rig);
}

static void a_secret_that_does_not_fit_its_format(void **state)
{
	struct hgt_config *config;
	struct hgt_error err = {0};
	struct hgt_buf more = HGT_BUF_INIT;
	struct rig rig;

	(void)state;
	start(&rig, "");
	free(rig_sh(&rig, "umask 077; printf 'two words' >secret"));
	hgt_buf_addf(&more, "webhooks: [{name: g, url: 'https://example.org', format: gitlab, secret_file: %s/secret}]\n", rig.folder);
	config = config_of(&rig, more.data);
	assert_int_equal(webhooks_reload(rig.daemon.webhooks, config, &err), HGT_EINVAL);
	assert_non_null(strstr(err.message, "printable ASCII"));
	hgt_config_free(config);
	hgt_buf_release(&more);
	stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_without_webhooks), cmocka_unit_test(what_is_not_delivered_is_needed), cmocka_unit_test(reloads),
		cmocka_unit_test(the_api), cmocka_unit_test(a_secret_that_does_not_fit_its_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
