/* Addresses and blocks of them as the API server reads them: leniently in old fields, strictly since 1.36, or canonically. */
#include <stdio.h>
#include <string.h>

#include "schema/format_kubernetes.h"

struct cursor {
	const char *at, *end;
};

static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

static int digit_of(char c, unsigned base)
{
	int digit = c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;

	return digit < (int)base ? digit : -1;
}

/* A number of any length up to most, the count of its digits in *digits. */
static bool read_number(struct cursor *c, unsigned base, unsigned most, unsigned *out, size_t *digits)
{
	const char *start = c->at;
	unsigned value = 0;
	int digit;

	for (; c->at < c->end && (digit = digit_of(*c->at, base)) >= 0; c->at++) {
		value = value * base + (unsigned)digit;
		if (value > most)
			return false;
	}
	*out = value;
	*digits = (size_t)(c->at - start);
	return *digits;
}

static bool skip(struct cursor *c, char what)
{
	if (c->at == c->end || *c->at != what)
		return false;
	c->at++;
	return true;
}

/* All that is left. */
static bool read_v4(struct cursor *c, unsigned char *out, bool *has_zeros)
{
	for (int i = 0; i < 4; i++) {
		unsigned octet;
		size_t digits;
		const char *start;

		if (i && !skip(c, '.'))
			return false;
		start = c->at;
		if (!read_number(c, 10, 255, &octet, &digits))
			return false;
		if (digits > 1 && *start == '0')
			*has_zeros = true;
		out[i] = (unsigned char)octet;
	}
	return c->at == c->end;
}

/* Put the bytes behind the "::" at the end. */
static bool fill(unsigned char *bytes, int n, int gap)
{
	if (gap < 0)
		return n == 16;
	if (n == 16)
		return false;
	memmove(bytes + 16 - (n - gap), bytes + gap, (size_t)(n - gap));
	memset(bytes + gap, 0, (size_t)(16 - n));
	return true;
}

/* Whether there is a group to read after the one before, with "::" noted. */
static bool next_group(struct cursor *c, int n, int *gap, bool *more)
{
	*more = c->at < c->end;
	if (!*more)
		return true;
	if (!skip(c, ':') || c->at == c->end)
		return false;
	if (*c->at == ':') {
		if (*gap >= 0)
			return false;
		*gap = n;
		c->at++;
		*more = c->at < c->end;
	}
	return true;
}

static bool read_v6(struct cursor *c, unsigned char *out, bool *has_zeros)
{
	int n = 0, gap = -1;
	bool more = true;

	if (c->end - c->at >= 2 && c->at[0] == ':' && c->at[1] == ':') {
		gap = 0;
		c->at += 2;
		more = c->at < c->end;
	}
	while (more && n < 16) {
		const char *start = c->at;
		unsigned group;
		size_t digits;

		if (!read_number(c, 16, 0xffff, &group, &digits))
			return false;
		if (c->at < c->end && *c->at == '.') {
			c->at = start;
			if ((gap < 0 && n != 12) || n > 12 || !read_v4(c, out + n, has_zeros))
				return false;
			n += 4;
			break;
		}
		if (digits > 4)
			*has_zeros = true;
		out[n++] = (unsigned char)(group >> 8);
		out[n++] = (unsigned char)group;
		if (!next_group(c, n, &gap, &more))
			return false;
	}
	return c->at == c->end && fill(out, n, gap);
}

static bool parse(const char *s, size_t len, struct hgt_ip *out)
{
	struct cursor c = {s, s + len};
	const char *colon = len ? memchr(s, ':', len) : NULL, *dot = len ? memchr(s, '.', len) : NULL;

	*out = (struct hgt_ip){.v4 = dot && (!colon || dot < colon)};
	if (out->v4) {
		memcpy(out->bytes, mapped, sizeof(mapped));
		return read_v4(&c, out->bytes + 12, &out->has_zeros);
	}
	if (!colon || !read_v6(&c, out->bytes, &out->has_zeros))
		return false;
	out->is_mapped = out->v4 = memcmp(out->bytes, mapped, sizeof(mapped)) == 0;
	return true;
}

bool hgt_ip_parse(const char *s, size_t len, struct hgt_ip *out)
{
	return parse(s, len, out);
}

bool hgt_cidr_parse(const char *s, size_t len, struct hgt_ip *out, unsigned *bits)
{
	const char *slash = len ? memchr(s, '/', len) : NULL;
	struct cursor c = {slash ? slash + 1 : s, s + len};
	size_t digits;

	if (!slash || !parse(s, (size_t)(slash - s), out))
		return false;
	if (!read_number(&c, 10, out->v4 && !out->is_mapped ? 32 : 128, bits, &digits) || c.at < c.end)
		return false;
	if (digits > 1 && slash[1] == '0')
		out->has_zeros = true;
	return true;
}

/* As RFC 5952 has it: small letters, no leading zeros, the first of the longest runs of zeros as "::". */
static void spell(const struct hgt_ip *ip, char out[48])
{
	const unsigned char *b = ip->bytes;
	int best = -1, longest = 1;
	size_t n = 0;

	if (ip->v4) {
		snprintf(out, 48, "%u.%u.%u.%u", b[12], b[13], b[14], b[15]);
		return;
	}
	for (int i = 0; i < 8; i++) {
		int run = 0;

		while (i + run < 8 && !b[2 * (i + run)] && !b[2 * (i + run) + 1])
			run++;
		if (run > longest) {
			longest = run;
			best = i;
		}
	}
	for (int i = 0; i < 8; i++) {
		if (i == best) {
			n += (size_t)snprintf(out + n, 48 - n, "::");
			i += longest - 1;
		} else {
			n += (size_t)snprintf(out + n, 48 - n, "%s%x", i && out[n - 1] != ':' ? ":" : "",
				(unsigned)(b[2 * i] << 8 | b[2 * i + 1]));
		}
	}
}

static bool is_spelled(const struct hgt_ip *ip, const char *s, size_t len)
{
	char text[48];

	spell(ip, text);
	return strlen(text) == len && memcmp(text, s, len) == 0;
}

bool hgt_is_sloppy_ip(const char *s, size_t len)
{
	struct hgt_ip ip;

	return parse(s, len, &ip);
}

bool hgt_is_strict_ip(const char *s, size_t len)
{
	struct hgt_ip ip;

	return parse(s, len, &ip) && !ip.has_zeros && !ip.is_mapped;
}

bool hgt_is_canonical_ip(const char *s, size_t len)
{
	struct hgt_ip ip;

	return parse(s, len, &ip) && !ip.has_zeros && !ip.is_mapped && is_spelled(&ip, s, len);
}

bool hgt_is_sloppy_cidr(const char *s, size_t len)
{
	struct hgt_ip ip;
	unsigned bits;

	return hgt_cidr_parse(s, len, &ip, &bits);
}

/* Whether all bits behind the prefix are zero. */
static bool is_masked(const struct hgt_ip *ip, unsigned bits)
{
	for (unsigned i = bits + (ip->v4 ? 96 : 0); i < 128; i++)
		if (ip->bytes[i / 8] & (0x80 >> i % 8))
			return false;
	return true;
}

bool hgt_is_strict_cidr(const char *s, size_t len)
{
	struct hgt_ip ip;
	unsigned bits;

	return hgt_cidr_parse(s, len, &ip, &bits) && !ip.has_zeros && !ip.is_mapped && is_masked(&ip, bits);
}

bool hgt_is_canonical_cidr(const char *s, size_t len)
{
	struct hgt_ip ip;
	unsigned bits;

	return hgt_is_strict_cidr(s, len) && hgt_cidr_parse(s, len, &ip, &bits) &&
		is_spelled(&ip, s, (size_t)((const char *)memchr(s, '/', len) - s));
}
