/*
 * What a YAML scalar means, as go-yaml v2 (and so Kubernetes) resolves it: YAML 1.1 with Go's number syntax.
 */
#include "doc/scalar.h"

#include <float.h>
#include <math.h>

#define TAG_PREFIX "tag:yaml.org,2002:"

/* The longest text that is looked at as a number. Go has no such bound; past it only endless digits are to be had. */
enum { NUMBER_MAX = 4096 };

bool hgt_tag_is(const char *tag, const char *name)
{
	return strncmp(tag, TAG_PREFIX, sizeof(TAG_PREFIX) - 1) == 0 && strcmp(tag + sizeof(TAG_PREFIX) - 1, name) == 0;
}

static bool is(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && memcmp(text, word, len) == 0;
}

static bool is_any(const char *text, size_t len, const char *const *words)
{
	for (; *words; words++)
		if (is(text, len, *words))
			return true;
	return false;
}

/* The words of YAML 1.1, by their length. */
static const struct {
	char lower[6];
	enum hgt_node_type type;
	bool value;
} words[][2] = {
	{{"", HGT_NODE_NULL, false}, {"", HGT_NODE_NULL, false}},
	{{"y", HGT_NODE_BOOL, true}, {"n", HGT_NODE_BOOL, false}},
	{{"no", HGT_NODE_BOOL, false}, {"on", HGT_NODE_BOOL, true}},
	{{"yes", HGT_NODE_BOOL, true}, {"off", HGT_NODE_BOOL, false}},
	{{"true", HGT_NODE_BOOL, true}, {"null", HGT_NODE_NULL, false}},
	{{"false", HGT_NODE_BOOL, false}, {"false", HGT_NODE_BOOL, false}},
};

/* Whether text is the word in small letters, in capitals, or with a capital first. */
static bool is_word(const char *text, size_t len, const char *lower)
{
	bool small = true, capital = true;

	if (len && (text[0] | 0x20) != lower[0])
		return false;
	for (size_t i = 1; i < len; i++) {
		small &= text[i] == lower[i];
		capital &= text[i] == lower[i] - 0x20;
	}
	return small || (capital && text[0] != lower[0]);
}

static bool resolve_word(struct hgt_node *node, const char *text, size_t len)
{
	if (len >= sizeof(words) / sizeof(words[0]))
		return false;
	if (len == 1 && *text == '~') {
		node->type = HGT_NODE_NULL;
		return true;
	}
	for (size_t i = 0; i < 2; i++) {
		if (!is_word(text, len, words[len][i].lower))
			continue;
		node->type = words[len][i].type;
		node->v.boolean = words[len][i].value;
		return true;
	}
	return false;
}

static bool resolve_special_float(struct hgt_node *node, const char *text, size_t len)
{
	static const char *const infinities[] = {".inf", ".Inf", ".INF", NULL};
	static const char *const nans[] = {".nan", ".NaN", ".NAN", NULL};
	bool sign = len && (text[0] == '+' || text[0] == '-');

	if (is_any(text + sign, len - sign, infinities))
		node->v.number = text[0] == '-' ? -INFINITY : INFINITY;
	else if (is_any(text, len, nans))
		node->v.number = NAN;
	else
		return false;
	node->type = HGT_NODE_FLOAT;
	return true;
}

bool hgt_scalar_set_integer(struct hgt_node *node, bool negative, uint64_t value)
{
	if (negative) {
		if (value > (uint64_t)INT64_MAX + 1)
			return false;
		node->v.integer = value > INT64_MAX ? INT64_MIN : -(int64_t)value;
	} else if (value > INT64_MAX) {
		node->is_unsigned = true;
		node->v.uinteger = value;
	} else {
		node->v.integer = (int64_t)value;
	}
	node->type = HGT_NODE_INT;
	return true;
}

bool hgt_scalar_parse_digits(const char *s, unsigned base, uint64_t *out)
{
	uint64_t value = 0;

	for (; *s; s++) {
		unsigned digit = *s >= '0' && *s <= '9' ? (unsigned)(*s - '0')
			: (*s | 0x20) >= 'a' && (*s | 0x20) <= 'f' ? (unsigned)((*s | 0x20) - 'a') + 10 : 16;

		if (digit >= base || __builtin_mul_overflow(value, (uint64_t)base, &value) ||
			__builtin_add_overflow(value, (uint64_t)digit, &value))
			return false;
	}
	*out = value;
	return true;
}

/* Go's strconv.ParseInt and ParseUint with base 0. */
static bool resolve_integer(struct hgt_node *node, const char *s)
{
	bool sign = *s == '+' || *s == '-';
	bool negative = *s == '-';
	unsigned base = 10;
	uint64_t value;

	s += sign;
	if (!*s)
		return false;
	if (*s == '0') {
		char prefix = s[1] && s[2] ? (char)(s[1] | 0x20) : '\0';

		base = prefix == 'x' ? 16 : prefix == 'b' ? 2 : 8;
		s += base != 8 || prefix == 'o' ? 2 : 1;
	}
	/* Of the numbers above INT64_MAX Go takes only those without a sign. */
	return hgt_scalar_parse_digits(s, base, &value) && (!sign || negative || value <= INT64_MAX) &&
		hgt_scalar_set_integer(node, negative, value);
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool is_float(const char *s)
{
	size_t whole, part = 0;

	s += *s == '+' || *s == '-';
	whole = strspn(s, "0123456789");
	s += whole;
	if (*s == '.') {
		part = strspn(s + 1, "0123456789");
		s += 1 + part;
	}
	if (!whole && !part)
		return false;
	if (*s == 'e' || *s == 'E') {
		s++;
		s += *s == '+' || *s == '-';
		if (!strspn(s, "0123456789"))
			return false;
		s += strspn(s, "0123456789");
	}
	return !*s;
}

static bool resolve_float(struct hgt_node *node, const char *s)
{
	double value;

	if (!is_float(s))
		return false;
	value = strtod(s, NULL);
	if (!isfinite(value))
		return false;
	node->type = HGT_NODE_FLOAT;
	node->v.number = value;
	return true;
}

/* go-yaml's own reading of 0b, which lets a sign follow: 0b-1. What has none is read already. */
static bool resolve_signed_binary(struct hgt_node *node, const char *s)
{
	uint64_t value;

	if (strncmp(s, "0b", 2) != 0 || (s[2] != '-' && s[2] != '+') || !s[3])
		return false;
	return hgt_scalar_parse_digits(s + 3, 2, &value) && (s[2] == '-' || value <= INT64_MAX) &&
		hgt_scalar_set_integer(node, s[2] == '-', value);
}

/* An underscore counts for nothing wherever it stands; in a text that begins with a point only between digits. */
static bool skips_underscore(const char *text, size_t len, size_t i)
{
	return text[i] == '_' && (text[0] != '.' || (i + 1 < len && text[i - 1] >= '0' && text[i - 1] <= '9' &&
		text[i + 1] >= '0' && text[i + 1] <= '9'));
}

static bool resolve_number(struct hgt_node *node, const char *text, size_t len)
{
	char plain[NUMBER_MAX + 1];
	size_t n = 0;

	if (resolve_special_float(node, text, len))
		return true;
	if (len > NUMBER_MAX || memchr(text, '\0', len))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!skips_underscore(text, len, i))
			plain[n++] = text[i];
	plain[n] = '\0';
	return (text[0] != '.' && resolve_integer(node, plain)) || resolve_float(node, plain) ||
		resolve_signed_binary(node, plain);
}

void hgt_scalar_resolve(struct hgt_node *node, const char *text, size_t len)
{
	char first = len ? text[0] : '~';
	bool found = false;

	switch (first) {
	case '+': case '-': case '.':
	case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
		found = resolve_number(node, text, len);
		break;
	case 'y': case 'Y': case 'n': case 'N': case 't': case 'T': case 'f': case 'F': case 'o': case 'O': case '~':
		found = resolve_word(node, text, len);
		break;
	default:
		break;
	}
	if (!found)
		node->type = HGT_NODE_STRING;
}

/* A number of one or two digits (or `least` and more) within a range; NULL when there is none. */
static const char *read_part(const char *s, size_t least, int from, int to, int *out)
{
	size_t n = strspn(s, "0123456789");

	if (n > 2 || n < least)
		return NULL;
	*out = (int)strtol(s, NULL, 10);
	return *out >= from && *out <= to ? s + n : NULL;
}

static const char *read_date(const char *s)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year, month, day;
	bool leap;

	if (strspn(s, "0123456789") != 4 || s[4] != '-')
		return NULL;
	year = (int)strtol(s, NULL, 10);
	leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	s = read_part(s + 5, 1, 1, 12, &month);
	return s && *s == '-' ? read_part(s + 1, 1, 1, days[month - 1] + (month == 2 && leap), &day) : NULL;
}

static const char *read_time(const char *s)
{
	int part;

	s = read_part(s, 1, 0, 23, &part);
	s = s && *s == ':' ? read_part(s + 1, 1, 0, 59, &part) : NULL;
	s = s && *s == ':' ? read_part(s + 1, 1, 0, 59, &part) : NULL;
	if (s && (*s == '.' || *s == ',') && s[1] >= '0' && s[1] <= '9')
		s += 1 + strspn(s + 1, "0123456789");
	return s;
}

/* As Go's time.Parse takes 2006-1-2, 2006-1-2T15:4:5Z07:00 and 2006-1-2 15:4:5. */
static bool is_timestamp(const char *s)
{
	bool zone;
	int part;

	s = read_date(s);
	if (!s || !*s)
		return s;
	zone = *s == 'T' || *s == 't';
	if (!zone && *s != ' ')
		return false;
	s = read_time(zone ? s + 1 : s + strspn(s, " "));
	if (!s || !zone)
		return s && !*s;
	if (*s == 'Z')
		return !s[1];
	if (*s != '+' && *s != '-')
		return false;
	s = read_part(s + 1, 2, 0, 24, &part);
	s = s && *s == ':' ? read_part(s + 1, 2, 0, 60, &part) : NULL;
	return s && !*s;
}

bool hgt_scalar_resolve_tagged(struct hgt_node *node, const char *tag, const char *text, size_t len)
{
	if (hgt_tag_is(tag, "bool") || hgt_tag_is(tag, "int") || hgt_tag_is(tag, "null")) {
		hgt_scalar_resolve(node, text, len);
		return node->type == (hgt_tag_is(tag, "bool") ? HGT_NODE_BOOL : hgt_tag_is(tag, "int") ? HGT_NODE_INT : HGT_NODE_NULL);
	}
	if (hgt_tag_is(tag, "float")) {
		hgt_scalar_resolve(node, text, len);
		if (node->type == HGT_NODE_INT) {
			if (node->is_unsigned)
				return false;
			node->v.number = (double)node->v.integer;
			node->type = HGT_NODE_FLOAT;
		}
		return node->type == HGT_NODE_FLOAT;
	}
	if (hgt_tag_is(tag, "timestamp") && !is_timestamp(text))
		return false;
	/* !!str, !!binary, and whatever tag somebody made up (!vault, !Ref): the text is the value. */
	node->type = HGT_NODE_STRING;
	return true;
}

static int base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

bool hgt_scalar_decode_base64(const char *text, size_t len, char *out, size_t *out_len)
{
	unsigned bits = 0, held = 0, padding = 0;
	size_t n = 0, digits = 0;

	for (size_t i = 0; i < len; i++) {
		int digit;

		if (text[i] == '\n' || text[i] == '\r')
			continue;
		digits++;
		if (text[i] == '=') {
			padding++;
			continue;
		}
		digit = base64_digit(text[i]);
		if (digit < 0 || padding)
			return false;
		held = held << 6 | (unsigned)digit;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[n++] = (char)(held >> bits & 0xff);
		}
	}
	if (digits % 4 || padding > 2 || (padding == 1 && bits != 2) || (padding == 2 && bits != 4))
		return false;
	*out_len = n;
	return true;
}

/* The fewest significant digits that read back as value; value is digits[0].digits[1..] times ten to *power. */
static size_t shortest_digits(double value, bool single, char digits[20], int *power)
{
	char text[40], *exponent;
	size_t n = 0;

	/* All but subnormal numbers of up to 15 digits come back; zeros at the end are cut below. */
	for (int precision = single || value < DBL_MIN ? 0 : 14; precision <= 16; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision, value);
		if (single ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value)
			break;
	}
	exponent = strchr(text, 'e');
	*power = (int)strtol(exponent + 1, NULL, 10);
	for (const char *p = text; p < exponent; p++)
		if (*p != '.')
			digits[n++] = *p;
	while (n > 1 && digits[n - 1] == '0')
		n--;
	return n;
}

static char *write_exponent_form(char *out, const char *digits, size_t n, int power, int least)
{
	*out++ = digits[0];
	if (n > 1) {
		*out++ = '.';
		memcpy(out, digits + 1, n - 1);
		out += n - 1;
	}
	return out + snprintf(out, 8, "e%c%0*d", power < 0 ? '-' : '+', least, abs(power));
}

static char *write_plain_form(char *out, const char *digits, size_t n, int power)
{
	if (power < 0) {
		*out++ = '0';
		*out++ = '.';
		for (int i = -1; i > power; i--)
			*out++ = '0';
		memcpy(out, digits, n);
		return out + n;
	}
	for (int i = 0; i <= power || (size_t)i < n; i++) {
		if (i == power + 1)
			*out++ = '.';
		*out++ = (size_t)i < n ? digits[i] : '0';
	}
	return out;
}

void hgt_scalar_format_double(double value, char *out)
{
	char digits[20];
	size_t n;
	int power;

	if (signbit(value))
		*out++ = '-';
	value = fabs(value);
	if (value == 0) {
		memcpy(out, "0", 2);
		return;
	}
	n = shortest_digits(value, false, digits, &power);
	if (value < 1e-6 || value >= 1e21)
		out = write_exponent_form(out, digits, n, power, 1);
	else
		out = write_plain_form(out, digits, n, power);
	*out = '\0';
}

void hgt_scalar_format_float_key(double value, char *out)
{
	char digits[20];
	float narrow = (float)value;
	size_t n;
	int power;

	if (signbit(value) && !isnan(value))
		*out++ = '-';
	value = fabs((double)narrow);
	if (value == 0 || !isfinite(value)) {
		snprintf(out, 8, "%s", value == 0 ? "0" : isnan(value) ? ".nan" : ".inf");
		return;
	}
	n = shortest_digits(value, true, digits, &power);
	if (power < -4 || power >= 6)
		out = write_exponent_form(out, digits, n, power, 2);
	else
		out = write_plain_form(out, digits, n, power);
	*out = '\0';
}

bool hgt_yaml_plain_is_string(const char *text, size_t len)
{
	struct hgt_node node = {0};

	hgt_scalar_resolve(&node, text, len);
	return node.type == HGT_NODE_STRING;
}
