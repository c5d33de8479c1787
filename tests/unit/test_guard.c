/* daemon/guard: connections, requests and guesses of addresses, in a bounded table. */
#include "daemon/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "config/config.h"
#include "tests/unit/unit.h"

static const struct sockaddr *address_of(const char *text)
{
	static struct sockaddr_in6 six;
	static struct sockaddr_in four;

	four = (struct sockaddr_in){.sin_family = AF_INET};
	six = (struct sockaddr_in6){.sin6_family = AF_INET6};
	if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
		return (const struct sockaddr *)&four;
	assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
	return (const struct sockaddr *)&six;
}

struct rig {
	struct hgt_config config;
	const struct hgt_config *in_force;
	struct guard *guard;
};

static int start(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	rig->config.limits.address_connections = 3;
	rig->config.limits.address_requests = 2;
	rig->config.limits.client_open = 2;
	rig->config.limits.client_requests = 1;
	rig->config.limits.wrong_tokens = 4;
	rig->config.limits.wrong_window = 60;
	rig->config.limits.lockout = 10;
	rig->config.limits.lockout_most = 35;
	rig->in_force = &rig->config;
	assert_int_equal(guard_new(&rig->in_force, &rig->guard, NULL), 0);
	*state = rig;
	return 0;
}

static int stop(void **state)
{
	struct rig *rig = *state;

	guard_free(rig->guard);
	free(rig);
	return 0;
}

static struct peer *peer_of(struct rig *rig, const char *text)
{
	struct peer *peer = guard_peer(rig->guard, address_of(text));

	assert_non_null(peer);
	return peer;
}

static void test_addresses(void **state)
{
	struct rig *rig = *state;
	struct peer *one = peer_of(rig, "192.0.2.1"), *six = peer_of(rig, "2001:db8:1:2:3::4");
	const struct sockaddr unix_socket = {.sa_family = AF_UNIX};

	assert_ptr_equal(peer_of(rig, "192.0.2.1"), one);
	assert_ptr_not_equal(peer_of(rig, "192.0.2.2"), one);
	assert_ptr_equal(peer_of(rig, "::ffff:192.0.2.1"), one);
	assert_ptr_equal(peer_of(rig, "2001:db8:1:2::9"), six);
	assert_ptr_not_equal(peer_of(rig, "2001:db8:1:3::9"), six);
	assert_null(guard_peer(rig->guard, &unix_socket));
	assert_ptr_equal(guard_peer_text(rig->guard, "192.0.2.1"), one);
	assert_ptr_equal(guard_peer_text(rig->guard, "192.0.2.1:99"), one);
	assert_ptr_equal(guard_peer_text(rig->guard, "[2001:db8:1:2::1]:99"), six);
	assert_ptr_equal(guard_peer_text(rig->guard, "2001:db8:1:2::1"), six);
	assert_null(guard_peer_text(rig->guard, "unknown"));
	assert_null(guard_peer_text(rig->guard, ""));
	assert_null(guard_peer_text(rig->guard, "1111111111111111111111111111111111111111111111111111111111111111"));
}

static void test_connections(void **state)
{
	struct rig *rig = *state;
	struct peer *one = peer_of(rig, "192.0.2.1"), *home = peer_of(rig, "127.0.0.1"), *home6 = peer_of(rig, "::1");
	struct guard_stats stats;

	for (int i = 0; i < 3; i++)
		assert_true(guard_connect(rig->guard, one));
	assert_false(guard_connect(rig->guard, one));
	assert_true(guard_connect(rig->guard, peer_of(rig, "192.0.2.2")));
	guard_disconnect(rig->guard, one);
	assert_true(guard_connect(rig->guard, one));
	/* This machine's own are not limited, nor is who has no address. */
	for (int i = 0; i < 10; i++) {
		assert_true(guard_connect(rig->guard, home));
		assert_true(guard_connect(rig->guard, home6));
		assert_true(guard_connect(rig->guard, NULL));
	}
	guard_stats(rig->guard, &stats);
	assert_int_equal(stats.connections_refused, 1);
	for (int i = 0; i < 3; i++)
		guard_disconnect(rig->guard, one);
	guard_disconnect(rig->guard, peer_of(rig, "192.0.2.2"));
	for (int i = 0; i < 10; i++) {
		guard_disconnect(rig->guard, home);
		guard_disconnect(rig->guard, home6);
		guard_disconnect(rig->guard, NULL);
	}
	/* 0: no limit. */
	rig->config.limits.address_connections = 0;
	for (int i = 0; i < 10; i++)
		assert_true(guard_connect(rig->guard, one));
	for (int i = 0; i < 10; i++)
		guard_disconnect(rig->guard, one);
}

static void test_requests(void **state)
{
	struct rig *rig = *state;
	struct peer *one = peer_of(rig, "192.0.2.1");
	int64_t now = 1000;

	for (int i = 0; i < 20; i++)
		assert_true(guard_spend(rig->guard, one, now));
	assert_false(guard_spend(rig->guard, one, now));
	assert_true(guard_spend(rig->guard, peer_of(rig, "192.0.2.2"), now));
	assert_true(guard_spend(rig->guard, NULL, now));
	now += 500;
	assert_true(guard_spend(rig->guard, one, now));
	assert_false(guard_spend(rig->guard, one, now));
	/* No more is saved up than may come at once. */
	now += 3600 * 1000;
	for (int i = 0; i < 20; i++)
		assert_true(guard_spend(rig->guard, one, now));
	assert_false(guard_spend(rig->guard, one, now));
	rig->config.limits.address_requests = 0;
	assert_true(guard_spend(rig->guard, one, now));
}

static void test_clients(void **state)
{
	struct rig *rig = *state;
	struct client_load load = {0};

	for (int i = 0; i < 10; i++)
		assert_true(guard_ask(rig->guard, &load, 1000));
	assert_false(guard_ask(rig->guard, &load, 1000));
	assert_true(guard_ask(rig->guard, &load, 2000));
	load.open = 2;
	assert_false(guard_ask(rig->guard, &load, 10000));
	load.open = 1;
	assert_true(guard_ask(rig->guard, &load, 10000));
}

static void test_lockout(void **state)
{
	struct rig *rig = *state;
	struct peer *one = peer_of(rig, "192.0.2.1");
	struct guard_stats stats;
	int64_t now = 1000;
	uint64_t token = 2;

	/* 10, 20 and then 35 seconds. */
	for (int i = 0; i < 4; i++) {
		static const unsigned seconds[] = {10, 20, 35, 35};

		for (int k = 0; k < 3; k++)
			assert_false(guard_wrong_token(rig->guard, one, token += 2, now));
		assert_int_equal(guard_locked(one, now), 0);
		assert_true(guard_wrong_token(rig->guard, one, token += 2, now));
		assert_int_equal(guard_locked(one, now), seconds[i]);
		now += seconds[i] * 1000 - 1;
		assert_int_equal(guard_locked(one, now), 1);
		now++;
		assert_int_equal(guard_locked(one, now), 0);
	}
	assert_int_equal(guard_locked(peer_of(rig, "192.0.2.2"), 1001), 0);
	assert_int_equal(guard_locked(NULL, 1001), 0);
	guard_stats(rig->guard, &stats);
	assert_int_equal(stats.lockouts, 4);
	assert_int_equal(stats.wrong_tokens, 16);
	/* After a long quiet it begins anew. */
	now += 35 * 1000;
	for (int k = 0; k < 4; k++)
		guard_wrong_token(rig->guard, one, token += 2, now);
	assert_int_equal(guard_locked(one, now), 10);
}

static void test_no_guess(void **state)
{
	struct rig *rig = *state;
	struct peer *one = peer_of(rig, "192.0.2.1");
	int64_t now = 1000;
	uint64_t token = 2;

	/* The same wrong token again and again, those of several agents behind one address too. */
	for (int i = 0; i < 100; i++)
		assert_false(guard_wrong_token(rig->guard, one, 2 + 2 * (uint64_t)(i % 3), now += 100));
	/* Different ones, but slowly. */
	one = peer_of(rig, "192.0.2.2");
	for (int i = 0; i < 100; i++)
		assert_false(guard_wrong_token(rig->guard, one, token += 10, now += 20 * 1000));
	rig->config.limits.wrong_tokens = 0;
	for (int i = 0; i < 100; i++)
		assert_false(guard_wrong_token(rig->guard, one, token += 10, now));
}

static void test_bounded(void **state)
{
	struct rig *rig = *state;
	struct peer *one = peer_of(rig, "192.0.2.1");
	struct guard_stats stats;
	char text[32];

	/* Who is connected stays, whatever the crowd. */
	assert_true(guard_connect(rig->guard, one));
	for (unsigned i = 0; i < GUARD_PEERS_MAX + 100; i++) {
		snprintf(text, sizeof(text), "10.%u.%u.1", i / 256, i % 256);
		peer_of(rig, text);
	}
	guard_stats(rig->guard, &stats);
	assert_int_equal(stats.peers, GUARD_PEERS_MAX + 1);
	assert_ptr_equal(peer_of(rig, "192.0.2.1"), one);
	guard_disconnect(rig->guard, one);
	guard_stats(rig->guard, &stats);
	assert_int_equal(stats.peers, GUARD_PEERS_MAX);
}

static void test_proxies(void **state)
{
	struct rig *rig = *state;
	char *proxies[] = {(char *)"127.0.0.1", (char *)"2001:db8:0::1"};

	assert_false(guard_is_proxy(rig->guard, address_of("127.0.0.1")));
	rig->config.proxies = (struct hgt_strings){proxies, 2};
	assert_true(guard_is_proxy(rig->guard, address_of("127.0.0.1")));
	assert_false(guard_is_proxy(rig->guard, address_of("127.0.0.2")));
	assert_true(guard_is_proxy(rig->guard, address_of("2001:db8::1")));
	assert_false(guard_is_proxy(rig->guard, address_of("2001:db8::2")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_addresses), TEST(test_connections), TEST(test_requests), TEST(test_clients), TEST(test_lockout), TEST(test_no_guess),
		TEST(test_bounded), TEST(test_proxies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
