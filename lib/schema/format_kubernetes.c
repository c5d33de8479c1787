/* Names as the API server takes them. */
#include "schema/format_kubernetes.h"

#include <string.h>

enum {
	LABEL_MAX = 63,
	SUBDOMAIN_MAX = 253,
	PORT_NAME_MAX = 15,
	DEVICE_NAME_MAX = 32,
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_letter(char c)
{
	return is_lower((char)(c | 0x20)) && (c & 0x40);
}

static bool is_alnum(char c)
{
	return is_letter(c) || is_digit(c);
}

/* Letters and digits, "-" inside. */
static bool is_label(const char *s, size_t len, bool upper)
{
	if (!len || s[0] == '-' || s[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_lower(s[i]) && !is_digit(s[i]) && s[i] != '-' && !(upper && is_letter(s[i])))
			return false;
	return true;
}

/* Labels with dots between them; they may have any length, only the whole is bounded. */
static bool is_subdomain(const char *s, size_t len, bool upper)
{
	size_t label = 0;

	if (len > SUBDOMAIN_MAX)
		return false;
	for (size_t i = 0; i <= len; i++) {
		if (i < len && s[i] != '.')
			continue;
		if (!is_label(s + label, i - label, upper))
			return false;
		label = i + 1;
	}
	return true;
}

bool hgt_is_short_name(const char *s, size_t len)
{
	return len <= LABEL_MAX && is_label(s, len, false);
}

bool hgt_is_long_name(const char *s, size_t len)
{
	return is_subdomain(s, len, false);
}

bool hgt_is_long_name_caseless(const char *s, size_t len)
{
	return is_subdomain(s, len, true);
}

bool hgt_is_dns_1035_label(const char *s, size_t len)
{
	return hgt_is_short_name(s, len) && !is_digit(s[0]);
}

bool hgt_is_wildcard_name(const char *s, size_t len)
{
	return len > 2 && len <= SUBDOMAIN_MAX && s[0] == '*' && s[1] == '.' && is_subdomain(s + 2, len - 2, false);
}

/* Letters, digits, "-", "_" and ".", a letter or digit at both ends. */
static bool is_label_text(const char *s, size_t len)
{
	if (!len || len > LABEL_MAX || !is_alnum(s[0]) || !is_alnum(s[len - 1]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_alnum(s[i]) && s[i] != '-' && s[i] != '_' && s[i] != '.')
			return false;
	return true;
}

bool hgt_is_prefixed_label_key(const char *s, size_t len)
{
	const char *slash = len ? memchr(s, '/', len) : NULL;
	size_t prefix = slash ? (size_t)(slash - s) : 0;

	return slash && is_subdomain(s, prefix, false) && is_label_text(slash + 1, len - prefix - 1);
}

bool hgt_is_label_key(const char *s, size_t len)
{
	return is_label_text(s, len) || hgt_is_prefixed_label_key(s, len);
}

bool hgt_is_annotation_key(const char *s, size_t len)
{
	char lower[SUBDOMAIN_MAX + 1 + LABEL_MAX];

	if (len > sizeof(lower))
		return false;
	for (size_t i = 0; i < len; i++)
		lower[i] = (char)(s[i] >= 'A' && s[i] <= 'Z' ? s[i] | 0x20 : s[i]);
	return hgt_is_label_key(lower, len);
}

bool hgt_is_label_value(const char *s, size_t len)
{
	return !len || is_label_text(s, len);
}

/* "." or "..". */
static bool is_dots(const char *s, size_t len)
{
	return (len == 1 || len == 2) && s[0] == '.' && s[len - 1] == '.';
}

bool hgt_is_path_segment_name(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] == '/' || s[i] == '%')
			return false;
	return !is_dots(s, len);
}

bool hgt_is_port_name(const char *s, size_t len)
{
	bool has_letter = false;

	if (len > PORT_NAME_MAX || !is_label(s, len, false))
		return false;
	for (size_t i = 0; i < len; i++) {
		has_letter = has_letter || is_lower(s[i]);
		if (s[i] == '-' && s[i + 1] == '-')
			return false;
	}
	return has_letter;
}

bool hgt_is_env_name(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] < ' ' || s[i] > '~' || s[i] == '=')
			return false;
	return len > 0;
}

bool hgt_is_config_key(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_alnum(s[i]) && s[i] != '-' && s[i] != '_' && s[i] != '.')
			return false;
	return len && len <= SUBDOMAIN_MAX && !is_dots(s, len) && !(len > 1 && s[0] == '.' && s[1] == '.');
}

bool hgt_is_c_identifier(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_letter(s[i]) && s[i] != '_' && !(i && is_digit(s[i])))
			return false;
	return len > 0;
}

bool hgt_is_header_name(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_alnum(s[i]) && s[i] != '-')
			return false;
	return len > 0;
}

static bool contains(const char *s, size_t len, const char *what)
{
	size_t n = strlen(what);

	for (size_t i = 0; i + n <= len; i++)
		if (memcmp(s + i, what, n) == 0)
			return true;
	return false;
}

/* What a quota counts under "requests." and the name has to be a label key as well. */
bool hgt_is_extended_resource_name(const char *s, size_t len)
{
	static const char quota[] = "requests.";
	char text[sizeof(quota) + SUBDOMAIN_MAX + LABEL_MAX + 1];
	size_t n = sizeof(quota) - 1;

	if (len > sizeof(text) - n || !contains(s, len, "/") || contains(s, len, "kubernetes.io/"))
		return false;
	if (len >= n && memcmp(s, quota, n) == 0)
		return false;
	memcpy(text, quota, n);
	memcpy(text + n, s, len);
	return hgt_is_prefixed_label_key(text, n + len);
}

static bool is_device_name(const char *s, size_t len)
{
	return len <= DEVICE_NAME_MAX && hgt_is_c_identifier(s, len);
}

/* The server looks at nothing where there are several slashes. */
bool hgt_is_resource_fully_qualified_name(const char *s, size_t len)
{
	const char *slash = len ? memchr(s, '/', len) : NULL;
	size_t prefix = slash ? (size_t)(slash - s) : 0, name = slash ? len - prefix - 1 : 0;

	if (!slash)
		return false;
	if (memchr(slash + 1, '/', name))
		return true;
	return prefix <= LABEL_MAX && is_subdomain(s, prefix, false) && is_device_name(slash + 1, name);
}

bool hgt_is_resource_pool_name(const char *s, size_t len)
{
	size_t part = 0;

	if (len > SUBDOMAIN_MAX)
		return false;
	for (size_t i = 0; i <= len; i++) {
		if (i < len && s[i] != '/')
			continue;
		if (!is_subdomain(s + part, i - part, false))
			return false;
		part = i + 1;
	}
	return true;
}

bool hgt_is_lower_uuid(const char *s, size_t len)
{
	if (len != 36)
		return false;
	for (size_t i = 0; i < len; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ? s[i] != '-' : !is_digit(s[i]) && (s[i] < 'a' || s[i] > 'f'))
			return false;
	return true;
}

bool hgt_is_percent(const char *s, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++)
		if (!is_digit(s[i]))
			return false;
	return len > 1 && s[len - 1] == '%';
}

bool hgt_is_portion(const char *s, size_t len)
{
	size_t zeros = 0;

	if (!hgt_is_percent(s, len))
		return false;
	while (s[zeros] == '0')
		zeros++;
	len -= zeros + 1;
	return len < 3 || (len == 3 && memcmp(s + zeros, "100", 3) == 0);
}

/* Labels with "_" in them too, and at their beginning. */
bool hgt_is_dns_search(const char *s, size_t len)
{
	size_t label = 0;

	if (len == 1 && s[0] == '.')
		return true;
	if (len && s[len - 1] == '.')
		len--;
	if (len > SUBDOMAIN_MAX)
		return false;
	for (size_t i = 0; i <= len; i++) {
		size_t first = label + (label < len && s[label] == '_');

		if (i < len && s[i] != '.') {
			if (!is_lower(s[i]) && !is_digit(s[i]) && s[i] != '-' && s[i] != '_')
				return false;
			continue;
		}
		if (first >= i || !is_alnum(s[first]) || !is_alnum(s[i - 1]))
			return false;
		label = i + 1;
	}
	return true;
}

bool hgt_is_direct_path(const char *s, size_t len)
{
	size_t element = 0;

	for (size_t i = 0; i <= len; i++) {
		if (i < len && s[i] != '/')
			continue;
		if (i - element == 2 && s[element] == '.' && s[element + 1] == '.')
			return false;
		element = i + 1;
	}
	return true;
}

bool hgt_is_relative_path(const char *s, size_t len)
{
	return !(len && s[0] == '/') && hgt_is_direct_path(s, len);
}

bool hgt_is_local_path(const char *s, size_t len)
{
	return hgt_is_relative_path(s, len) && !(len > 1 && s[0] == '.' && s[1] == '.');
}

bool hgt_is_absolute_path(const char *s, size_t len)
{
	return len && s[0] == '/';
}
