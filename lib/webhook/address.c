/* Which addresses a webhook may connect to. */
#include "webhook/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/io.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static void from_four(const unsigned char four[4], unsigned char out[16])
{
	memcpy(out, mapped, sizeof(mapped));
	memcpy(out + 12, four, 4);
}

int hgt_range_parse(const char *text, struct hgt_range *out, struct hgt_error *err)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	char host[INET6_ADDRSTRLEN];
	unsigned char four[4];
	struct hgt_range cidr;
	uint64_t bits = 0;
	unsigned most;

	if (!len || len >= sizeof(host))
		goto bad;
	memcpy(host, text, len);
	host[len] = '\0';
	if (inet_pton(AF_INET, host, four) == 1) {
		from_four(four, cidr.address);
		most = 32;
	} else if (inet_pton(AF_INET6, host, cidr.address) == 1) {
		most = 128;
	} else {
		goto bad;
	}
	bits = most;
	if (slash && hgt_parse_u64(slash + 1, most, &bits) < 0)
		goto bad;
	cidr.bits = (unsigned)bits + (128 - most);
	*out = cidr;
	return 0;
bad:
	return hgt_error_set(err, HGT_EPARSE, "expected an address or a range, such as 10.1.2.0/24 or fd00:1::/64");
}

static bool starts_with(const unsigned char address[16], const unsigned char range[16], unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	return memcmp(address, range, whole) == 0 && (!rest || ((address[whole] ^ range[whole]) & (0xff << (8 - rest) & 0xff)) == 0);
}

static bool read_address(const struct sockaddr *address, unsigned char out[16])
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, address, sizeof(in));
		from_four((const unsigned char *)&in.sin_addr, out);
		return true;
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, address, sizeof(in6));
		memcpy(out, &in6.sin6_addr, 16);
		return true;
	}
	return false;
}

/* Networks that carry IPv4 addresses, and where: they are judged by those. */
static const struct {
	unsigned char prefix[16];
	unsigned bits, at;
} carriers[] = {
	{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 96, 12},				/* ::/96, IPv4-compatible (RFC 4291) */
	{{0x00, 0x64, 0xff, 0x9b}, 96, 12},						/* 64:ff9b::/96, NAT64 (RFC 6052) */
	{{0x20, 0x02}, 16, 2},								/* 2002::/16, 6to4 (RFC 3056) */
	{{0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, 12},				/* ::ffff:0:0:0/96, IPv4-translated (RFC 2765) */
};

/* The registries of special-purpose addresses (RFC 6890 and what was added since); the first range that fits counts. */
struct range {
	const char *text;
	enum hgt_address_kind kind;
	const char *what;
};

static const struct range ranges[] = {
	{"169.254.169.254/32", HGT_ADDRESS_SPECIAL, "metadata"},
	{"169.254.170.2/32", HGT_ADDRESS_SPECIAL, "metadata"},
	{"100.100.100.200/32", HGT_ADDRESS_SPECIAL, "metadata"},
	{"168.63.129.16/32", HGT_ADDRESS_SPECIAL, "metadata"},
	{"192.0.0.192/32", HGT_ADDRESS_SPECIAL, "metadata"},
	{"fd00:ec2::254/128", HGT_ADDRESS_SPECIAL, "metadata"},
	{"fd20:ce::254/128", HGT_ADDRESS_SPECIAL, "metadata"},
	{"127.0.0.0/8", HGT_ADDRESS_PRIVATE, "loopback"},
	{"::1/128", HGT_ADDRESS_PRIVATE, "loopback"},
	{"10.0.0.0/8", HGT_ADDRESS_PRIVATE, "private"},
	{"172.16.0.0/12", HGT_ADDRESS_PRIVATE, "private"},
	{"192.168.0.0/16", HGT_ADDRESS_PRIVATE, "private"},
	{"100.64.0.0/10", HGT_ADDRESS_PRIVATE, "private"},
	{"fc00::/7", HGT_ADDRESS_PRIVATE, "private"},
	{"169.254.0.0/16", HGT_ADDRESS_SPECIAL, "link-local"},
	{"fe80::/10", HGT_ADDRESS_SPECIAL, "link-local"},
	{"fec0::/10", HGT_ADDRESS_SPECIAL, "link-local"},
	{"224.0.0.0/4", HGT_ADDRESS_SPECIAL, "multicast"},
	{"ff00::/8", HGT_ADDRESS_SPECIAL, "multicast"},
	{"0.0.0.0/8", HGT_ADDRESS_SPECIAL, "unspecified"},
	{"::/128", HGT_ADDRESS_SPECIAL, "unspecified"},
	{"192.0.0.0/24", HGT_ADDRESS_SPECIAL, "reserved"},
	{"192.0.2.0/24", HGT_ADDRESS_SPECIAL, "documentation"},
	{"198.51.100.0/24", HGT_ADDRESS_SPECIAL, "documentation"},
	{"203.0.113.0/24", HGT_ADDRESS_SPECIAL, "documentation"},
	{"2001:db8::/32", HGT_ADDRESS_SPECIAL, "documentation"},
	{"3fff::/20", HGT_ADDRESS_SPECIAL, "documentation"},
	{"198.18.0.0/15", HGT_ADDRESS_SPECIAL, "benchmarking"},
	{"2001:2::/48", HGT_ADDRESS_SPECIAL, "benchmarking"},
	{"192.88.99.0/24", HGT_ADDRESS_SPECIAL, "reserved"},
	{"240.0.0.0/4", HGT_ADDRESS_SPECIAL, "reserved"},
	{"64:ff9b:1::/48", HGT_ADDRESS_SPECIAL, "translated"},
	{"2001::/32", HGT_ADDRESS_SPECIAL, "tunnelled"},
	{"100::/64", HGT_ADDRESS_SPECIAL, "reserved"},
	{"5f00::/16", HGT_ADDRESS_SPECIAL, "reserved"},
	{"::ffff:0:0/96", HGT_ADDRESS_PUBLIC, "public"},
	{"2000::/3", HGT_ADDRESS_PUBLIC, "public"},
};

enum hgt_address_kind hgt_address_kind(const struct sockaddr *address, const char **what)
{
	unsigned char bytes[16], plain[16];
	static const unsigned char loopback[16] = {[15] = 1}, unspecified[16] = {0};

	if (what)
		*what = "not an IP address";
	if (!read_address(address, bytes))
		return HGT_ADDRESS_SPECIAL;
	memcpy(plain, bytes, sizeof(plain));
	if (memcmp(bytes, loopback, 16) != 0 && memcmp(bytes, unspecified, 16) != 0)
		for (size_t i = 0; i < COUNT(carriers); i++)
			if (starts_with(bytes, carriers[i].prefix, carriers[i].bits))
				from_four(bytes + carriers[i].at, plain);
	for (size_t i = 0; i < COUNT(ranges); i++) {
		struct hgt_range cidr;

		if (hgt_range_parse(ranges[i].text, &cidr, NULL) < 0 || !starts_with(plain, cidr.address, cidr.bits))
			continue;
		if (what)
			*what = ranges[i].what;
		return ranges[i].kind;
	}
	if (what)
		*what = "reserved";
	return HGT_ADDRESS_SPECIAL;
}

bool hgt_address_is_in(const struct sockaddr *address, const struct hgt_range *allowed, size_t n)
{
	unsigned char bytes[16];

	if (!read_address(address, bytes))
		return false;
	for (size_t i = 0; i < n; i++)
		if (starts_with(bytes, allowed[i].address, allowed[i].bits))
			return true;
	return false;
}
