/* Quantities (1.5Gi, 500m, 2e3) as the API server reads them, oddities included: "Gi" is zero and "Pi" is none. */
#include <string.h>

#include "base/utf8.h"
#include "schema/format_kubernetes.h"

__extension__ typedef unsigned __int128 wide;

/* A quantity taken apart; whole and fraction are digits, the whole's leading zeros left out. */
struct parts {
	bool negative, binary;
	bool has_digits;
	const char *whole, *fraction;
	size_t n_whole, n_fraction;
	int32_t exponent;	/* of 10, of 2 when binary */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t digits_at(const char *s, const char *end)
{
	size_t n = 0;

	while (s + n < end && is_digit(s[n]))
		n++;
	return n;
}

/* "+12": a signed number of 64 bits, of which the server keeps 32. */
static bool read_exponent(const char *s, const char *end, int32_t *out)
{
	bool negative = s < end && *s == '-';
	uint64_t value = 0, most = (uint64_t)INT64_MAX + negative;

	if (s < end && (*s == '-' || *s == '+'))
		s++;
	if (s == end)
		return false;
	for (; s < end; s++) {
		uint64_t digit = (uint64_t)(*s - '0');

		if (!is_digit(*s) || value > (most - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	value &= UINT32_MAX;
	if (negative)
		value = (UINT64_C(1) << 32) - value;
	*out = (int32_t)(uint32_t)value;
	return true;
}

static bool read_suffix(const char *s, const char *end, struct parts *out)
{
	static const struct {
		char text[3];
		bool binary;
		int32_t exponent;
	} suffixes[] = {
		{"", false, 0}, {"n", false, -9}, {"u", false, -6}, {"m", false, -3}, {"k", false, 3}, {"M", false, 6},
		{"G", false, 9}, {"T", false, 12}, {"P", false, 15}, {"E", false, 18}, {"Ki", true, 10}, {"Mi", true, 20},
		{"Gi", true, 30}, {"Ti", true, 40}, {"Pi", true, 50}, {"Ei", true, 60},
	};
	size_t len = (size_t)(end - s);

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (strlen(suffixes[i].text) == len && memcmp(suffixes[i].text, s, len) == 0) {
			out->binary = suffixes[i].binary;
			out->exponent = suffixes[i].exponent;
			return true;
		}
	}
	return (*s == 'e' || *s == 'E') && read_exponent(s + 1, end, &out->exponent);
}

/* The server leaves out blanks around it, but those that JSON spells as escapes. */
static void trim(const char **s, const char **end)
{
	const char *first = *end, *last = *end;

	for (const char *p = *s; p < *end;) {
		uint32_t c = (unsigned char)*p;
		size_t width = hgt_utf8_decode(p, (size_t)(*end - p), &c);
		const char *next = p + (width ? width : 1);

		if (!hgt_is_go_space(c) || c < ' ' || c == 0x2028 || c == 0x2029) {
			if (first == *end)
				first = p;
			last = next;
		}
		p = next;
	}
	*s = first;
	*end = last;
}

static bool take_apart(const char *s, size_t len, struct parts *out)
{
	const char *end = s + len, *start;

	*out = (struct parts){0};
	trim(&s, &end);
	if (s == end)
		return false;
	if (*s == '-' || *s == '+')
		out->negative = *s++ == '-';
	start = s;
	while (s < end && *s == '0')
		s++;
	/* A bare sign is zero, too. */
	out->has_digits = s == end;
	out->whole = s;
	out->n_whole = digits_at(s, end);
	s += out->n_whole;
	out->has_digits = out->has_digits || s > start;
	if (s < end && *s == '.') {
		out->fraction = ++s;
		out->n_fraction = digits_at(s, end);
		s += out->n_fraction;
	}
	out->has_digits = out->has_digits || out->n_fraction;
	if (!read_suffix(s, end, out))
		return false;
	/* Where there are no digits at all, the server's fast path takes it for zero and its slow path refuses it. */
	return out->has_digits || (out->binary ? out->exponent <= 40 : out->exponent >= -9);
}

bool hgt_is_quantity(const char *s, size_t len)
{
	struct parts parts;

	return take_apart(s, len, &parts);
}

/* The digit that stands for ten to the power of -1 - place. */
static unsigned digit_of(const struct parts *p, int64_t place)
{
	int64_t i = place + (int64_t)p->n_whole;

	if (i < 0 || i >= (int64_t)(p->n_whole + p->n_fraction))
		return 0;
	return (unsigned)((place < 0 ? p->whole[i] : p->fraction[place]) - '0');
}

/* n digits from place on as a number, rounded up for what follows. */
static uint64_t fraction_of(const struct parts *p, int64_t place, unsigned n)
{
	int64_t all = (int64_t)p->n_fraction;
	uint64_t value = 0;

	for (unsigned i = 0; i < n; i++)
		value = value * 10 + digit_of(p, place + i);
	if (place + n < -(int64_t)p->n_whole)
		place = -(int64_t)p->n_whole - n;
	for (int64_t i = place + n; i < all; i++)
		if (digit_of(p, i))
			return value + 1;
	return value;
}

/* All digits before place as a number; UINT64_MAX when that is too large. */
static uint64_t whole_of(const struct parts *p, int64_t place)
{
	uint64_t value = 0;

	for (int64_t i = -(int64_t)p->n_whole; i < place; i++) {
		unsigned digit = digit_of(p, i);

		/* Nothing but zeros from here on. */
		if (!value && i >= (int64_t)p->n_fraction)
			break;
		if (value > (UINT64_MAX - digit) / 10)
			return UINT64_MAX;
		value = value * 10 + digit;
	}
	return value;
}

static void amount(wide whole, uint64_t nanos, uint64_t most, struct hgt_quantity *out)
{
	whole += nanos / 1000000000;
	nanos %= 1000000000;
	if (whole >= most) {
		whole = most;
		nanos = 0;
	}
	out->whole = (uint64_t)whole;
	out->nanos = (uint32_t)nanos;
}

bool hgt_quantity_parse(const char *s, size_t len, struct hgt_quantity *out)
{
	const uint64_t exa = UINT64_C(1000000000000000000);
	struct parts parts;

	if (!take_apart(s, len, &parts))
		return false;
	if (parts.binary) {
		wide fraction = (wide)fraction_of(&parts, 0, 18) << parts.exponent;

		amount(((wide)whole_of(&parts, 0) << parts.exponent) + fraction / exa,
			(uint64_t)((fraction % exa + 999999999) / 1000000000), INT64_MAX, out);
	} else {
		amount(whole_of(&parts, parts.exponent), fraction_of(&parts, parts.exponent, 9), UINT64_MAX, out);
	}
	out->negative = parts.negative && !hgt_quantity_is_zero(out);
	return true;
}

int hgt_quantity_compare(const struct hgt_quantity *a, const struct hgt_quantity *b)
{
	int order = a->whole != b->whole ? (a->whole < b->whole ? -1 : 1) : (a->nanos > b->nanos) - (a->nanos < b->nanos);

	if (a->negative != b->negative)
		return a->negative ? -1 : 1;
	return a->negative ? -order : order;
}
