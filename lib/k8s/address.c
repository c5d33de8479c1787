/* Addresses and blocks of them in the fields of kinds. */
#include "k8s/parts.h"

/* Before Kubernetes 1.36 the server took leading zeros, IPv4 within IPv6, and blocks with bits beyond the prefix. */
static bool is_strict(const struct hgt_subject *s)
{
	return s->kubernetes >= 36;
}

static const char *odd_spelling(const struct hgt_ip *ip)
{
	return ip->has_zeros ? "has a number with a leading zero" : ip->is_mapped ? "is an IPv4 address written as IPv6" : NULL;
}

bool hgt_check_ip(struct hgt_subject *s, const char *rule, const struct hgt_field *field, struct hgt_ip *out)
{
	const char *text = hgt_field_string(field), *wrong = "is not an IP address";
	struct hgt_ip ip;

	if (!text)
		return false;
	if (hgt_ip_parse(text, field->node->len, &ip))
		wrong = is_strict(s) ? odd_spelling(&ip) : NULL;
	if (wrong)
		hgt_tell_field(s, rule, field, "for example 10.9.8.7 or 2001:db8::1", "%s %s", hgt_quote(text), wrong);
	else
		*out = ip;
	return !wrong;
}

bool hgt_check_block_text(struct hgt_subject *s, const char *rule, const struct hgt_field *field, const char *text, size_t len,
	struct hgt_block *out)
{
	const char *wrong = "is not a block of IP addresses";
	struct hgt_block block;

	if (hgt_cidr_parse(text, len, &block.ip, &block.bits)) {
		wrong = is_strict(s) ? odd_spelling(&block.ip) : NULL;
		if (is_strict(s) && !wrong && !hgt_is_strict_cidr(text, len))
			wrong = "has bits set beyond its prefix";
	}
	if (wrong)
		hgt_tell_field(s, rule, field, "for example 10.9.8.0/24 or 2001:db8::/64", "%s %s", hgt_quote_text(text, len).text, wrong);
	else
		*out = block;
	return !wrong;
}

bool hgt_check_block(struct hgt_subject *s, const char *rule, const struct hgt_field *field, struct hgt_block *out)
{
	const char *text = hgt_field_string(field);

	return text && hgt_check_block_text(s, rule, field, text, field->node->len, out);
}

/* Whether all bytes but the last are 0 and that is `last`. */
static bool is_number(const struct hgt_ip *ip, size_t from, unsigned char last)
{
	for (size_t i = from; i < 15; i++)
		if (ip->bytes[i])
			return false;
	return ip->bytes[15] == last;
}

const char *hgt_ip_not_reachable(const struct hgt_ip *ip)
{
	const unsigned char *b = ip->v4 ? ip->bytes + 12 : ip->bytes;

	if (is_number(ip, ip->v4 ? 12 : 0, 0))
		return "is the unspecified address";
	if (ip->v4 ? b[0] == 127 : is_number(ip, 0, 1))
		return "is a loopback address";
	if (ip->v4 ? b[0] == 169 && b[1] == 254 : b[0] == 0xfe && (b[1] & 0xc0) == 0x80)
		return "is a link-local address";
	if (ip->v4 ? b[0] == 224 && !b[1] && !b[2] : b[0] == 0xff && (b[1] & 0x0f) == 2)
		return "is a link-local multicast address";
	return NULL;
}

bool hgt_block_is_within(const struct hgt_block *inner, const struct hgt_block *outer)
{
	size_t from = outer->ip.v4 ? 12 : 0;

	if (outer->ip.v4 != inner->ip.v4 || outer->bits >= inner->bits)
		return false;
	for (unsigned bit = 0; bit < outer->bits && from + bit / 8 < 16; bit++)
		if ((outer->ip.bytes[from + bit / 8] ^ inner->ip.bytes[from + bit / 8]) & (0x80U >> bit % 8))
			return false;
	return true;
}
