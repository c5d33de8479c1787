/* Decimal numbers of any length, read from their text where it stands. */
#include "schema/number.h"

#include <inttypes.h>
#include <math.h>

/* Exponents are held within this, so that sums of them do not overflow; no double's text comes near. */
#define POWER_MAX ((int64_t)1 << 40)

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Whether text is a number as JSON writes them. */
static bool is_json_number(const char *text, size_t len)
{
	const char *p = text, *end = text + len;

	p += p < end && *p == '-';
	if (p >= end || !is_digit(*p) || (*p == '0' && end - p > 1 && is_digit(p[1])))
		return false;
	while (p < end && is_digit(*p))
		p++;
	if (p < end && *p == '.') {
		if (end - ++p < 1 || !is_digit(*p))
			return false;
		while (p < end && is_digit(*p))
			p++;
	}
	if (p < end && (*p | 0x20) == 'e') {
		p++;
		p += p < end && (*p == '+' || *p == '-');
		if (p >= end || !is_digit(*p))
			return false;
		while (p < end && is_digit(*p))
			p++;
	}
	return p == end;
}

const char *hgt_decimal_text(const struct hgt_node *node, char room[32], size_t *len)
{
	if (is_json_number(node->text, node->len)) {
		*len = node->len;
		return node->text;
	}
	/* YAML's own ways: 0x1f, 1_000, .5, .inf */
	if (node->type == HGT_NODE_INT)
		snprintf(room, 32, node->is_unsigned ? "%" PRIu64 : "%" PRId64, node->v.integer);
	else if (!isfinite(node->v.number))
		snprintf(room, 32, "%s1e%" PRId64, signbit(node->v.number) && !isnan(node->v.number) ? "-" : "", POWER_MAX);
	else
		snprintf(room, 32, "%.17g", node->v.number);
	*len = strlen(room);
	return room;
}

static int64_t read_exponent(const char *p, const char *end)
{
	bool negative = p < end && *p == '-';
	int64_t value = 0;

	p += p < end && (*p == '-' || *p == '+');
	for (; p < end && is_digit(*p); p++) {
		value = value * 10 + (*p - '0');
		if (value > POWER_MAX)
			value = POWER_MAX;
	}
	return negative ? -value : value;
}

void hgt_decimal_from_text(struct hgt_decimal *d, const char *text, size_t len)
{
	const char *p = text, *end = text + len, *point = NULL, *stop;

	d->negative = p < end && *p == '-';
	p += d->negative;
	for (stop = p; stop < end && (is_digit(*stop) || *stop == '.'); stop++)
		if (*stop == '.' && !point)
			point = stop;
	d->power = stop < end ? read_exponent(stop + 1, end) : 0;
	d->power += (point ? point : stop) - p;
	/* Each zero cut at the beginning moves the point; the point itself, once passed, does not count. */
	for (; p < stop && (*p == '0' || *p == '.'); p++)
		d->power -= *p == '0';
	while (stop > p && (stop[-1] == '0' || stop[-1] == '.'))
		stop--;
	d->first = p;
	d->last = stop;
	if (p == stop) {
		d->negative = false;
		d->power = 0;
	}
}

void hgt_decimal_from_node(struct hgt_decimal *decimal, const struct hgt_node *node)
{
	size_t len;
	const char *text = hgt_decimal_text(node, decimal->room, &len);

	hgt_decimal_from_text(decimal, text, len);
}

/* The next digit, the point skipped; 0 beyond the end. */
static int next_digit(const char **p, const char *last)
{
	if (*p < last && **p == '.')
		++*p;
	return *p < last ? *(*p)++ - '0' : 0;
}

static int compare_magnitude(const struct hgt_decimal *a, const struct hgt_decimal *b)
{
	const char *p = a->first, *q = b->first;

	if (a->first == a->last || b->first == b->last)
		return (a->first != a->last) - (b->first != b->last);
	if (a->power != b->power)
		return a->power < b->power ? -1 : 1;
	while (p < a->last || q < b->last) {
		int x = next_digit(&p, a->last), y = next_digit(&q, b->last);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

int hgt_decimal_compare(const struct hgt_decimal *a, const struct hgt_decimal *b)
{
	if (a->negative != b->negative)
		return a->negative ? -1 : 1;
	return a->negative ? compare_magnitude(b, a) : compare_magnitude(a, b);
}

size_t hgt_decimal_digits(const struct hgt_decimal *d)
{
	size_t n = 0;

	for (const char *p = d->first; p < d->last; p++)
		n += *p != '.';
	return n;
}

bool hgt_decimal_is_whole(const struct hgt_decimal *d)
{
	return d->first == d->last || (d->power > 0 && (uint64_t)d->power >= hgt_decimal_digits(d));
}

uint64_t hgt_decimal_hash(const struct hgt_decimal *d)
{
	uint64_t hash = 14695981039346656037u ^ (uint64_t)d->power ^ d->negative;

	for (const char *p = d->first; p < d->last; p++)
		if (*p != '.')
			hash = (hash ^ (unsigned char)*p) * 1099511628211u;
	return hash;
}

bool hgt_decimal_is_multiple(const struct hgt_decimal *a, const struct hgt_decimal *b)
{
	/* a = A * 10^i, b = B * 10^j with whole A and B, neither of which ends in a zero. */
	int64_t i = a->power - (int64_t)hgt_decimal_digits(a), j = b->power - (int64_t)hgt_decimal_digits(b);
	uint64_t divisor = 0, rest = 0, factor = 10;

	if (a->first == a->last)
		return true;
	if (i < j)
		return false;
	for (const char *p = b->first; p < b->last;)
		divisor = divisor * 10 + (uint64_t)next_digit(&p, b->last);
	if (!divisor)
		return false;
	for (const char *p = a->first; p < a->last;)
		rest = (uint64_t)(((unsigned __int128)rest * 10 + (unsigned)next_digit(&p, a->last)) % divisor);
	/* rest * 10^(i - j) modulo the divisor, by squaring */
	factor %= divisor;
	for (uint64_t n = (uint64_t)(i - j); n; n >>= 1) {
		if (n & 1)
			rest = (uint64_t)((unsigned __int128)rest * factor % divisor);
		factor = (uint64_t)((unsigned __int128)factor * factor % divisor);
	}
	return rest == 0;
}
