/* Formats of addresses, names and URIs. */
#include <arpa/inet.h>

#include "schema/format.h"
#include "schema/uri.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static bool is_hex(char c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* An address as inet_pton reads it, which takes no leading zeros and no zone. */
static bool is_address(int family, const char *s, size_t len)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr room;

	if (len >= sizeof(text) || memchr(s, '\0', len))
		return false;
	memcpy(text, s, len);
	text[len] = '\0';
	return inet_pton(family, text, &room) == 1;
}

bool hgt_is_ipv4(const char *s, size_t len)
{
	return is_address(AF_INET, s, len);
}

bool hgt_is_ipv6(const char *s, size_t len)
{
	return is_address(AF_INET6, s, len);
}

bool hgt_is_cidr(const char *s, size_t len)
{
	const char *slash = memchr(s, '/', len);
	size_t address, digits;
	unsigned bits = 0, max;

	if (!slash)
		return false;
	address = (size_t)(slash - s);
	digits = len - address - 1;
	if (hgt_is_ipv4(s, address))
		max = 32;
	else if (hgt_is_ipv6(s, address))
		max = 128;
	else
		return false;
	if (!digits || digits > 3 || (digits > 1 && slash[1] == '0'))
		return false;
	for (size_t i = 1; i <= digits; i++) {
		if (!is_digit(slash[i]))
			return false;
		bits = bits * 10 + (unsigned)(slash[i] - '0');
	}
	return bits <= max;
}

bool hgt_is_hostname(const char *s, size_t len)
{
	size_t label = 0;

	if (!len || len > 253)
		return false;
	for (size_t i = 0; i <= len; i++) {
		if (i < len && s[i] != '.') {
			if (!is_alnum(s[i]) && s[i] != '-')
				return false;
			continue;
		}
		if (i == label || i - label > 63 || s[label] == '-' || s[i - 1] == '-')
			return false;
		label = i + 1;
	}
	return true;
}

static bool is_quoted_local(const char *s, size_t len)
{
	if (len < 2 || s[0] != '"' || s[len - 1] != '"')
		return false;
	for (size_t i = 1; i + 1 < len; i++) {
		if (s[i] == '\\' && ++i + 1 == len)
			return false;
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f || (s[i] == '"' && s[i - 1] != '\\'))
			return false;
	}
	return true;
}

static bool is_dot_atom(const char *s, size_t len)
{
	if (!len || s[0] == '.' || s[len - 1] == '.')
		return false;
	for (size_t i = 0; i < len; i++)
		if (s[i] == '.' ? s[i - 1] == '.' : !s[i] || (!is_alnum(s[i]) && !strchr("!#$%&'*+-/=?^_`{|}~", s[i])))
			return false;
	return true;
}

/* A mailbox of RFC 5321: its domain is a host name or an address in brackets. */
bool hgt_is_email(const char *s, size_t len)
{
	const char *at = memrchr(s, '@', len), *domain;
	size_t local, rest;

	if (!at)
		return false;
	domain = at + 1;
	local = (size_t)(at - s);
	rest = len - local - 1;
	if (!is_dot_atom(s, local) && !is_quoted_local(s, local))
		return false;
	if (rest < 2 || domain[0] != '[')
		return hgt_is_hostname(domain, rest);
	if (domain[rest - 1] != ']')
		return false;
	if (rest > 7 && memcmp(domain + 1, "IPv6:", 5) == 0)
		return hgt_is_ipv6(domain + 6, rest - 7);
	return hgt_is_ipv4(domain + 1, rest - 2);
}

/* Whether all of the part is of characters that may be in it: unreserved, sub-delims, escapes, and those in `more`. */
static bool is_made_of(struct hgt_span part, const char *more)
{
	for (size_t i = 0; i < part.len; i++) {
		char c = part.text[i];

		if (c == '%') {
			if (part.len - i < 3 || !is_hex(part.text[i + 1]) || !is_hex(part.text[i + 2]))
				return false;
			i += 2;
		} else if (!c || (!is_alnum(c) && !strchr("-._~!$&'()*+,;=", c) && !strchr(more, c))) {
			return false;
		}
	}
	return true;
}

static bool is_scheme(struct hgt_span scheme)
{
	for (size_t i = 0; i < scheme.len; i++)
		if (!is_alnum(scheme.text[i]) && (i == 0 || !strchr("+-.", scheme.text[i]) || !scheme.text[i]))
			return false;
	return scheme.len && !is_digit(scheme.text[0]);
}

static bool is_authority(struct hgt_span authority)
{
	const char *at = memrchr(authority.text, '@', authority.len), *end = authority.text + authority.len;
	struct hgt_span host = authority, user = {authority.text, 0};
	const char *p;

	if (at) {
		user.len = (size_t)(at - authority.text);
		host.text = at + 1;
		host.len = (size_t)(end - at) - 1;
	}
	if (host.len && host.text[0] == '[') {
		p = memchr(host.text, ']', host.len);
		if (!p || !hgt_is_ipv6(host.text + 1, (size_t)(p - host.text) - 1))
			return false;
		p++;
	} else {
		for (p = host.text; p < end && *p != ':'; p++)
			;
		host.len = (size_t)(p - host.text);
		if (!is_made_of(host, ""))
			return false;
	}
	if (p < end && *p++ != ':')
		return false;
	while (p < end && is_digit(*p))
		p++;
	return p == end && is_made_of(user, ":");
}

static bool check_uri(const char *s, size_t len, bool absolute)
{
	struct hgt_uri uri;

	hgt_uri_split(s, len, &uri);
	if (uri.scheme.text ? !is_scheme(uri.scheme) : absolute || (len && s[0] == ':'))
		return false;
	return (!uri.authority.text || is_authority(uri.authority)) && is_made_of(uri.path, ":@/") &&
		(!uri.query.text || is_made_of(uri.query, ":@/?")) && (!uri.fragment.text || is_made_of(uri.fragment, ":@/?"));
}

bool hgt_is_uri(const char *s, size_t len)
{
	return check_uri(s, len, true);
}

bool hgt_is_uri_reference(const char *s, size_t len)
{
	return check_uri(s, len, false);
}
