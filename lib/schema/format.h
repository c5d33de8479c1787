/* The formats that strings and numbers can be asked to have. */
#ifndef HEADGATE_SCHEMA_FORMAT_H
#define HEADGATE_SCHEMA_FORMAT_H

#include "doc/doc.h"

enum hgt_format {
	HGT_FORMAT_UNKNOWN,	/* says nothing */
	HGT_FORMAT_BYTE,
	HGT_FORMAT_CIDR,
	HGT_FORMAT_DATE,
	HGT_FORMAT_DATE_TIME,
	HGT_FORMAT_DOUBLE,
	HGT_FORMAT_DURATION,	/* ISO 8601's, as RFC 3339 has it */
	HGT_FORMAT_EMAIL,
	HGT_FORMAT_FLOAT,
	HGT_FORMAT_HOSTNAME,
	HGT_FORMAT_INT32,
	HGT_FORMAT_INT64,
	HGT_FORMAT_IPV4,
	HGT_FORMAT_IPV6,
	HGT_FORMAT_JSON_POINTER,
	HGT_FORMAT_REGEX,
	HGT_FORMAT_RELATIVE_JSON_POINTER,
	HGT_FORMAT_TIME,
	HGT_FORMAT_URI,
	HGT_FORMAT_URI_REFERENCE,
	HGT_FORMAT_UUID,

	/* Kubernetes' own */
	HGT_FORMAT_K8S_ABSOLUTE_PATH,
	HGT_FORMAT_K8S_CIDR,
	HGT_FORMAT_K8S_CIDR_CANONICAL,
	HGT_FORMAT_K8S_CIDR_STRICT,
	HGT_FORMAT_K8S_CONFIG_KEY,
	HGT_FORMAT_K8S_CRON,
	HGT_FORMAT_K8S_DIRECT_PATH,
	HGT_FORMAT_K8S_DNS_1035_LABEL,
	HGT_FORMAT_K8S_DNS_SEARCH,
	HGT_FORMAT_K8S_DURATION,
	HGT_FORMAT_K8S_ENV_NAME,
	HGT_FORMAT_K8S_EXTENDED_RESOURCE_NAME,
	HGT_FORMAT_K8S_HEADER_NAME,
	HGT_FORMAT_K8S_IP,
	HGT_FORMAT_K8S_IP_CANONICAL,
	HGT_FORMAT_K8S_IP_STRICT,
	HGT_FORMAT_K8S_LABEL_KEY,
	HGT_FORMAT_K8S_LABEL_VALUE,
	HGT_FORMAT_K8S_LOCAL_PATH,
	HGT_FORMAT_K8S_LONG_NAME,
	HGT_FORMAT_K8S_LONG_NAME_CASELESS,
	HGT_FORMAT_K8S_PATH_SEGMENT_NAME,
	HGT_FORMAT_K8S_PERCENT,
	HGT_FORMAT_K8S_PORTION,
	HGT_FORMAT_K8S_PORT_NAME,
	HGT_FORMAT_K8S_PREFIXED_LABEL_KEY,
	HGT_FORMAT_K8S_QUANTITY,
	HGT_FORMAT_K8S_RELATIVE_PATH,
	HGT_FORMAT_K8S_RESOURCE_FULLY_QUALIFIED_NAME,
	HGT_FORMAT_K8S_RESOURCE_POOL_NAME,
	HGT_FORMAT_K8S_SHORT_NAME,
	HGT_FORMAT_K8S_TIME_ZONE,
	HGT_FORMAT_K8S_UUID,
	HGT_FORMAT_K8S_WILDCARD_NAME,
	HGT_FORMAT_COUNT
};

enum hgt_format hgt_format_find(const char *name, size_t len);

/* The format that the name means in the schema of a custom resource; compile_kubernetes.c. */
enum hgt_format hgt_format_find_structural(const char *name, size_t len);

/* "date", "a date (2006-01-02)" */
const char *hgt_format_name(enum hgt_format format);
const char *hgt_format_title(enum hgt_format format);

/* Whether the value is of the format; one of another type than the format speaks of is. */
bool hgt_format_check(enum hgt_format format, const struct hgt_node *node);

/* The checks of format_net.c and format_time.c; private to lib/schema. */
bool hgt_is_ipv4(const char *s, size_t len);
bool hgt_is_ipv6(const char *s, size_t len);
bool hgt_is_cidr(const char *s, size_t len);
bool hgt_is_hostname(const char *s, size_t len);
bool hgt_is_email(const char *s, size_t len);
bool hgt_is_uri(const char *s, size_t len);
bool hgt_is_uri_reference(const char *s, size_t len);
bool hgt_is_date(const char *s, size_t len);
bool hgt_is_time(const char *s, size_t len);
bool hgt_is_date_time(const char *s, size_t len);
bool hgt_is_duration(const char *s, size_t len);

#endif
