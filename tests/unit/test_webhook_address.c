/* lib/webhook/address and backoff: which addresses are which, and how long is waited. */
#include "webhook/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "tests/unit/unit.h"
#include "webhook/backoff.h"

static struct sockaddr_storage address_of(const char *text)
{
	struct sockaddr_storage storage = {0};
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
		memcpy(&storage, &in, sizeof(in));
	} else {
		assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
		memcpy(&storage, &in6, sizeof(in6));
	}
	return storage;
}

static void kinds_of_addresses(void **state)
{
	static const struct {
		const char *address;
		enum hgt_address_kind kind;
		const char *what;
	} cases[] = {
		{"8.8.8.8", HGT_ADDRESS_PUBLIC, "public"}, {"2606:4700::1111", HGT_ADDRESS_PUBLIC, "public"},
		{"172.15.255.255", HGT_ADDRESS_PUBLIC, "public"}, {"172.32.0.0", HGT_ADDRESS_PUBLIC, "public"},
		{"127.0.0.1", HGT_ADDRESS_PRIVATE, "loopback"}, {"127.255.0.1", HGT_ADDRESS_PRIVATE, "loopback"},
		{"::1", HGT_ADDRESS_PRIVATE, "loopback"}, {"10.1.2.3", HGT_ADDRESS_PRIVATE, "private"},
		{"172.16.0.1", HGT_ADDRESS_PRIVATE, "private"}, {"172.31.255.255", HGT_ADDRESS_PRIVATE, "private"},
		{"192.168.1.1", HGT_ADDRESS_PRIVATE, "private"}, {"100.64.0.1", HGT_ADDRESS_PRIVATE, "private"},
		{"fd12::1", HGT_ADDRESS_PRIVATE, "private"}, {"169.254.1.1", HGT_ADDRESS_SPECIAL, "link-local"},
		{"fe80::1", HGT_ADDRESS_SPECIAL, "link-local"}, {"169.254.169.254", HGT_ADDRESS_SPECIAL, "metadata"},
		{"100.100.100.200", HGT_ADDRESS_SPECIAL, "metadata"}, {"168.63.129.16", HGT_ADDRESS_SPECIAL, "metadata"},
		{"fd00:ec2::254", HGT_ADDRESS_SPECIAL, "metadata"}, {"224.0.0.1", HGT_ADDRESS_SPECIAL, "multicast"},
		{"239.255.255.255", HGT_ADDRESS_SPECIAL, "multicast"}, {"ff02::1", HGT_ADDRESS_SPECIAL, "multicast"},
		{"0.0.0.0", HGT_ADDRESS_SPECIAL, "unspecified"}, {"::", HGT_ADDRESS_SPECIAL, "unspecified"},
		{"255.255.255.255", HGT_ADDRESS_SPECIAL, "reserved"}, {"192.0.2.7", HGT_ADDRESS_SPECIAL, "documentation"},
		{"2001:db8::1", HGT_ADDRESS_SPECIAL, "documentation"}, {"4000::1", HGT_ADDRESS_SPECIAL, "reserved"},
		/* IPv4 in other clothes is what it carries. */
		{"::ffff:127.0.0.1", HGT_ADDRESS_PRIVATE, "loopback"}, {"::ffff:169.254.169.254", HGT_ADDRESS_SPECIAL, "metadata"},
		{"::ffff:8.8.8.8", HGT_ADDRESS_PUBLIC, "public"}, {"64:ff9b::10.0.0.1", HGT_ADDRESS_PRIVATE, "private"},
		{"64:ff9b::8.8.8.8", HGT_ADDRESS_PUBLIC, "public"}, {"2002:7f00:1::1", HGT_ADDRESS_PRIVATE, "loopback"},
		{"2002:a9fe:a9fe::", HGT_ADDRESS_SPECIAL, "metadata"}, {"::127.0.0.1", HGT_ADDRESS_PRIVATE, "loopback"},
		{"2001::1", HGT_ADDRESS_SPECIAL, "tunnelled"}, {"64:ff9b:1::1", HGT_ADDRESS_SPECIAL, "translated"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct sockaddr_storage address = address_of(cases[i].address);
		const char *what;

		if (hgt_address_kind((struct sockaddr *)&address, &what) != cases[i].kind || strcmp(what, cases[i].what) != 0)
			fail_msg("%s is %s", cases[i].address, what);
	}
	assert_int_equal(hgt_address_kind(&(struct sockaddr){.sa_family = AF_UNIX}, NULL), HGT_ADDRESS_SPECIAL);
}

static void ranges_of_addresses(void **state)
{
	static const struct {
		const char *range, *address;
		bool in;
	} cases[] = {
		{"10.1.0.0/16", "10.1.255.1", true}, {"10.1.0.0/16", "10.2.0.1", false}, {"10.1.2.3", "10.1.2.3", true},
		{"10.1.2.3", "10.1.2.2", false}, {"0.0.0.0/0", "8.8.8.8", true}, {"0.0.0.0/0", "::1", false}, {"::/0", "10.0.0.1", true},
		{"fd00:1::/32", "fd00:1:2::3", true}, {"fd00:1::/32", "fd00:2::3", false}, {"10.0.0.0/9", "10.127.0.1", true},
		{"10.0.0.0/9", "10.128.0.1", false}, {"10.0.0.0/8", "::ffff:10.0.0.1", true},
	};
	static const char *const bad[] = {"", "/8", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/", "10.0.0.0/-1", "example.org",
		"10.0.0.0/8 "};
	struct hgt_range range;

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct sockaddr_storage address = address_of(cases[i].address);

		assert_int_equal(hgt_range_parse(cases[i].range, &range, NULL), 0);
		if (hgt_address_is_in((struct sockaddr *)&address, &range, 1) != cases[i].in)
			fail_msg("%s in %s", cases[i].address, cases[i].range);
	}
	for (size_t i = 0; i < N_OF(bad); i++)
		if (hgt_range_parse(bad[i], &range, NULL) != HGT_EPARSE)
			fail_msg("%s is taken", bad[i]);
}

static void waits_grow(void **state)
{
	const struct hgt_backoff backoff = {.first_ms = 1000, .most_ms = 10000};
	static const struct {
		unsigned attempts;
		uint64_t bound;
	} cases[] = {{1, 1000}, {2, 2000}, {3, 4000}, {4, 8000}, {5, 10000}, {6, 10000}, {4000000000u, 10000}};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		/* The dice reach the bound, and never past it. */
		assert_int_equal(hgt_backoff_ms(&backoff, cases[i].attempts, cases[i].bound, 0), cases[i].bound);
		assert_int_equal(hgt_backoff_ms(&backoff, cases[i].attempts, cases[i].bound + 1, 0), HGT_BACKOFF_LEAST_MS);
		for (uint64_t dice = 0; dice < 100000; dice += 777) {
			int64_t wait = hgt_backoff_ms(&backoff, cases[i].attempts, dice, 0);

			assert_true(wait >= HGT_BACKOFF_LEAST_MS && wait <= (int64_t)cases[i].bound);
		}
	}
	assert_int_equal(hgt_backoff_ms(&backoff, 1, UINT64_MAX, 0), UINT64_MAX % 1001 < 100 ? 100 : UINT64_MAX % 1001);
}

static void retry_after_is_honoured(void **state)
{
	const struct hgt_backoff backoff = {.first_ms = 1000, .most_ms = 10000};

	(void)state;
	assert_int_equal(hgt_backoff_ms(&backoff, 1, 500, 30000), 30000);
	assert_int_equal(hgt_backoff_ms(&backoff, 3, 4000, 1000), 4000);
	assert_int_equal(hgt_backoff_ms(&backoff, 1, 0, 100 * 3600 * 1000LL), HGT_RETRY_AFTER_MOST_MS);
	assert_false(hgt_backoff_is_over(1000, 500, 1500));
	assert_true(hgt_backoff_is_over(1000, 501, 1500));
	assert_true(hgt_backoff_is_over(1500, 0, 1500));
	assert_true(hgt_backoff_is_over(2000, 100, 1500));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_of_addresses),
		cmocka_unit_test(ranges_of_addresses),
		cmocka_unit_test(waits_grow),
		cmocka_unit_test(retry_after_is_honoured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
