/* The formats by name. */
#include "schema/format.h"

#include <math.h>

#include "schema/format_kubernetes.h"
#include "schema/pattern.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool is_uuid(const char *s, size_t len)
{
	if (len != 36)
		return false;
	for (size_t i = 0; i < len; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ? s[i] != '-' : !is_hex(s[i]))
			return false;
	return true;
}

/* Standard base64 with padding; line breaks are skipped as Go does. */
static bool is_base64(const char *s, size_t len)
{
	size_t digits = 0, padding = 0;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\n' || s[i] == '\r')
			continue;
		if (s[i] == '=')
			padding++;
		else if (padding || !(is_digit(s[i]) || ((s[i] | 0x20) >= 'a' && (s[i] | 0x20) <= 'z') || s[i] == '+' ||
			s[i] == '/'))
			return false;
		else
			digits++;
	}
	return padding <= 2 && (digits + padding) % 4 == 0;
}

static bool is_json_pointer(const char *s, size_t len)
{
	if (len && s[0] != '/')
		return false;
	for (size_t i = 0; i < len; i++)
		if (s[i] == '~' && (i + 1 == len || (s[i + 1] != '0' && s[i + 1] != '1')))
			return false;
	return true;
}

static bool is_relative_json_pointer(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && is_digit(s[n]))
		n++;
	if (!n || (n > 1 && s[0] == '0'))
		return false;
	return (len - n == 1 && s[n] == '#') || is_json_pointer(s + n, len - n);
}

static bool is_regex(const char *s, size_t len)
{
	struct hgt_pattern *pattern;

	/* \Z, \z, \A, \a and \e are PCRE's, not ECMA-262's. */
	for (size_t i = 0; i + 1 < len; i++)
		if (s[i] == '\\' && strchr("ZzAae", s[++i]) && s[i])
			return false;
	if (hgt_pattern_new(s, len, &pattern, NULL) < 0)
		return false;
	hgt_pattern_free(pattern);
	return true;
}

static const struct {
	const char *name, *title;
	bool (*check)(const char *s, size_t len);	/* of strings; NULL for formats of numbers */
} formats[HGT_FORMAT_COUNT] = {
	[HGT_FORMAT_UNKNOWN] = {"", "", NULL},
	[HGT_FORMAT_BYTE] = {"byte", "base64", is_base64},
	[HGT_FORMAT_CIDR] = {"cidr", "an address block (10.0.0.0/8)", hgt_is_cidr},
	[HGT_FORMAT_DATE] = {"date", "a date (2006-01-02)", hgt_is_date},
	[HGT_FORMAT_DATE_TIME] = {"date-time", "a date and time (2006-01-02T15:04:05Z)", hgt_is_date_time},
	[HGT_FORMAT_DOUBLE] = {"double", "a number that a double holds", NULL},
	[HGT_FORMAT_DURATION] = {"duration", "a duration (P1DT2H)", hgt_is_duration},
	[HGT_FORMAT_EMAIL] = {"email", "an email address", hgt_is_email},
	[HGT_FORMAT_FLOAT] = {"float", "a number that a float holds", NULL},
	[HGT_FORMAT_HOSTNAME] = {"hostname", "a host name", hgt_is_hostname},
	[HGT_FORMAT_INT32] = {"int32", "a 32-bit integer (-2147483648 to 2147483647)", NULL},
	[HGT_FORMAT_INT64] = {"int64", "a 64-bit integer", NULL},
	[HGT_FORMAT_IPV4] = {"ipv4", "an IPv4 address", hgt_is_ipv4},
	[HGT_FORMAT_IPV6] = {"ipv6", "an IPv6 address", hgt_is_ipv6},
	[HGT_FORMAT_JSON_POINTER] = {"json-pointer", "a JSON pointer (/a/b)", is_json_pointer},
	[HGT_FORMAT_REGEX] = {"regex", "a regular expression", is_regex},
	[HGT_FORMAT_RELATIVE_JSON_POINTER] = {"relative-json-pointer", "a relative JSON pointer (1/a)",
		is_relative_json_pointer},
	[HGT_FORMAT_TIME] = {"time", "a time (15:04:05Z)", hgt_is_time},
	[HGT_FORMAT_URI] = {"uri", "a URI", hgt_is_uri},
	[HGT_FORMAT_URI_REFERENCE] = {"uri-reference", "a URI reference", hgt_is_uri_reference},
	[HGT_FORMAT_UUID] = {"uuid", "a UUID", is_uuid},
	[HGT_FORMAT_K8S_ABSOLUTE_PATH] = {"k8s-absolute-path", "an absolute path (/srv/web)", hgt_is_absolute_path},
	[HGT_FORMAT_K8S_CIDR] = {"k8s-cidr", "an address block (10.0.0.0/8)", hgt_is_sloppy_cidr},
	[HGT_FORMAT_K8S_CIDR_CANONICAL] = {"k8s-cidr-canonical",
		"an address block in its usual spelling (10.0.0.0/8)", hgt_is_canonical_cidr},
	[HGT_FORMAT_K8S_CIDR_STRICT] = {"k8s-cidr-strict",
		"an address block without leading zeros or bits beyond its prefix (10.0.0.0/8)", hgt_is_strict_cidr},
	[HGT_FORMAT_K8S_CONFIG_KEY] = {"k8s-config-key",
		"a key of letters, digits, \"-\", \"_\" and \".\" (app.conf)", hgt_is_config_key},
	[HGT_FORMAT_K8S_CRON] = {"k8s-cron", "a schedule of five fields (0 3 * * 1-5) or a name for one (@daily)", hgt_is_cron},
	[HGT_FORMAT_K8S_DIRECT_PATH] = {"k8s-direct-path", "a path without \"..\" (/srv/web)", hgt_is_direct_path},
	[HGT_FORMAT_K8S_DNS_1035_LABEL] = {"k8s-dns-1035-label",
		"a DNS label that begins with a letter (web-1)", hgt_is_dns_1035_label},
	[HGT_FORMAT_K8S_DNS_SEARCH] = {"k8s-dns-search", "a DNS domain (web.example.com)", hgt_is_dns_search},
	[HGT_FORMAT_K8S_DURATION] = {"k8s-duration", "a duration (30s, 1h30m)", hgt_is_go_duration},
	[HGT_FORMAT_K8S_ENV_NAME] = {"k8s-env-name", "a name of printable ASCII without \"=\" (LOG_LEVEL)", hgt_is_env_name},
	[HGT_FORMAT_K8S_EXTENDED_RESOURCE_NAME] = {"k8s-extended-resource-name",
		"a resource's name with a domain (example.com/gpu)", hgt_is_extended_resource_name},
	[HGT_FORMAT_K8S_HEADER_NAME] = {"k8s-header-name",
		"a header's name of letters, digits and \"-\" (X-Header)", hgt_is_header_name},
	[HGT_FORMAT_K8S_IP] = {"k8s-ip", "an IP address (10.0.0.1, fd00::1)", hgt_is_sloppy_ip},
	[HGT_FORMAT_K8S_IP_CANONICAL] = {"k8s-ip-canonical",
		"an IP address in its usual spelling (10.0.0.1, fd00::1)", hgt_is_canonical_ip},
	[HGT_FORMAT_K8S_IP_STRICT] = {"k8s-ip-strict",
		"an IP address without leading zeros (10.0.0.1, fd00::1)", hgt_is_strict_ip},
	[HGT_FORMAT_K8S_LABEL_KEY] = {"k8s-label-key", "a label's key (app, example.com/app)", hgt_is_label_key},
	[HGT_FORMAT_K8S_LABEL_VALUE] = {"k8s-label-value",
		"a label's value (web_1.2-a, 63 characters at the most)", hgt_is_label_value},
	[HGT_FORMAT_K8S_LOCAL_PATH] = {"k8s-local-path", "a relative path without \"..\" (conf/web.conf)", hgt_is_local_path},
	[HGT_FORMAT_K8S_LONG_NAME] = {"k8s-long-name", "a DNS name (web.example.com)", hgt_is_long_name},
	[HGT_FORMAT_K8S_LONG_NAME_CASELESS] = {"k8s-long-name-caseless",
		"a DNS name (web.example.com)", hgt_is_long_name_caseless},
	[HGT_FORMAT_K8S_PATH_SEGMENT_NAME] = {"k8s-path-segment-name", "a name without \"/\" and \"%\"", hgt_is_path_segment_name},
	[HGT_FORMAT_K8S_PERCENT] = {"k8s-percent", "a percentage (25%)", hgt_is_percent},
	[HGT_FORMAT_K8S_PORTION] = {"k8s-portion", "a percentage up to 100 (25%)", hgt_is_portion},
	[HGT_FORMAT_K8S_PORT_NAME] = {"k8s-port-name", "a port's name (http-2, 15 characters at the most)", hgt_is_port_name},
	[HGT_FORMAT_K8S_PREFIXED_LABEL_KEY] = {"k8s-prefixed-label-key",
		"a key with a domain (example.com/app)", hgt_is_prefixed_label_key},
	[HGT_FORMAT_K8S_QUANTITY] = {"k8s-quantity", "a quantity (500m, 2Gi)", hgt_is_quantity},
	[HGT_FORMAT_K8S_RELATIVE_PATH] = {"k8s-relative-path",
		"a relative path without \"..\" (conf/web.conf)", hgt_is_relative_path},
	[HGT_FORMAT_K8S_RESOURCE_FULLY_QUALIFIED_NAME] = {"k8s-resource-fully-qualified-name",
		"a name with a domain (example.com/model)", hgt_is_resource_fully_qualified_name},
	[HGT_FORMAT_K8S_RESOURCE_POOL_NAME] = {"k8s-resource-pool-name",
		"a pool's name (example.com/pool)", hgt_is_resource_pool_name},
	[HGT_FORMAT_K8S_SHORT_NAME] = {"k8s-short-name", "a DNS label (web-1)", hgt_is_short_name},
	[HGT_FORMAT_K8S_TIME_ZONE] = {"k8s-time-zone", "a time zone (Europe/Berlin)", hgt_is_time_zone},
	[HGT_FORMAT_K8S_UUID] = {"k8s-uuid", "a UUID in small letters", hgt_is_lower_uuid},
	[HGT_FORMAT_K8S_WILDCARD_NAME] = {"k8s-wildcard-name", "a wildcard DNS name (*.example.com)", hgt_is_wildcard_name},
};

enum hgt_format hgt_format_find(const char *name, size_t len)
{
	for (size_t i = 1; i < HGT_FORMAT_COUNT; i++)
		if (strlen(formats[i].name) == len && memcmp(formats[i].name, name, len) == 0)
			return (enum hgt_format)i;
	return HGT_FORMAT_UNKNOWN;
}

const char *hgt_format_name(enum hgt_format format)
{
	return formats[format].name;
}

const char *hgt_format_title(enum hgt_format format)
{
	return formats[format].title;
}

static bool check_number(enum hgt_format format, const struct hgt_node *node)
{
	bool integer = node->type == HGT_NODE_INT;
	double number = !integer ? node->v.number : node->is_unsigned ? (double)node->v.uinteger : (double)node->v.integer;

	switch (format) {
	case HGT_FORMAT_INT32:
		return number >= INT32_MIN && number <= INT32_MAX;
	case HGT_FORMAT_INT64:
		/* What is no INT but whole is too large for it, or is 1e3, which a double holds exactly. */
		return integer ? !node->is_unsigned : number >= -0x1p63 && number < 0x1p63;
	case HGT_FORMAT_FLOAT:
		return fabs(number) <= (double)3.40282346638528859811704183484516925440e+38f;
	case HGT_FORMAT_DOUBLE:
		return isfinite(number);
	default:
		return true;
	}
}

bool hgt_format_check(enum hgt_format format, const struct hgt_node *node)
{
	if (node->type == HGT_NODE_STRING)
		return !formats[format].check || formats[format].check(node->text, node->len);
	if (node->type == HGT_NODE_INT || node->type == HGT_NODE_FLOAT)
		return check_number(format, node);
	return true;
}
