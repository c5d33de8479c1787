/* Conditional requests and ranges. */
#include "daemon/conditions.h"

#include <string.h>

#include "base/error.h"

static const char *skip_space(const char *s)
{
	return s + strspn(s, " \t");
}

/* entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE; NULL when there is none at s. *tag is its opaque part with the quotes. */
static const char *read_tag(const char *s, const char **tag, size_t *len, bool *weak)
{
	const char *p;

	*weak = s[0] == 'W' && s[1] == '/';
	p = *weak ? s + 2 : s;
	if (*p != '"')
		return NULL;
	*tag = p++;
	while ((unsigned char)*p > ' ' && *p != '"' && *p != 0x7f)
		p++;
	if (*p != '"')
		return NULL;
	*len = (size_t)(p + 1 - *tag);
	return p + 1;
}

bool condition_names(const char *value, const char *etag, bool weak)
{
	const char *at;
	bool found = false;

	if (!value)
		return false;
	at = skip_space(value);
	if (*at == '*' && !*skip_space(at + 1))
		return true;
	/* Empty elements of a list are to be read over (section 5.6.1.2). */
	for (at += strspn(at, ", \t"); *at; at += strspn(at, ", \t")) {
		const char *tag;
		bool is_weak;
		size_t len;

		at = read_tag(at, &tag, &len, &is_weak);
		if (!at || (*skip_space(at) && *skip_space(at) != ','))
			return false;
		found = found || ((weak || !is_weak) && len == strlen(etag) && memcmp(tag, etag, len) == 0);
	}
	return found;
}

/* Digits at *at, which moves past them; numbers past 64 bits are as large as can be. */
static bool read_number(const char **at, uint64_t *out)
{
	const char *p = *at;

	*out = 0;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(*out, 10, out) || __builtin_add_overflow(*out, (uint64_t)(*p - '0'), out))
			*out = UINT64_MAX;
	if (p == *at)
		return false;
	*at = p;
	return true;
}

/* ranges-specifier of one int-range or suffix-range. */
static enum range_result read_range(const char *at, uint64_t size, struct byte_range *out)
{
	uint64_t first = 0, last = UINT64_MAX;
	bool suffix;

	if (strncasecmp(at, "bytes=", 6) != 0)
		return RANGE_WHOLE;
	at = skip_space(at + 6);
	suffix = *at == '-';
	if (!suffix && !read_number(&at, &first))
		return RANGE_WHOLE;
	if (*at++ != '-')
		return RANGE_WHOLE;
	if (!read_number(&at, &last)) {
		if (suffix)
			return RANGE_WHOLE;
		last = UINT64_MAX;
	}
	if (*skip_space(at) || (!suffix && last < first))
		return RANGE_WHOLE;
	if (suffix) {
		first = last < size ? size - last : 0;
		if (last == 0)
			return RANGE_UNSATISFIABLE;
		last = UINT64_MAX;
	}
	if (first >= size)
		return RANGE_UNSATISFIABLE;
	*out = (struct byte_range){.first = first, .length = (last < size ? last + 1 : size) - first};
	return RANGE_PART;
}

enum range_result condition_range(const char *range, const char *if_range, const char *etag, uint64_t size, struct byte_range *out)
{
	if (!range)
		return RANGE_WHOLE;
	/* A date fits nothing, since no representation here has one; a weak tag does not either (section 13.1.5). */
	if (if_range && strcmp(if_range, etag) != 0)
		return RANGE_WHOLE;
	return read_range(skip_space(range), size, out);
}
