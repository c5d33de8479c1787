/*
 * The formats of values as Kubernetes has them: what the API server takes for a name, an address, a quantity, a schedule. Each is a
 * function over a text of len bytes (which need not be terminated), for the table of format.c and for checks of kinds.
 *
 * Names of formats (k8s-short-name) are those of Kubernetes' declarative validation where it has one.
 */
#ifndef HEADGATE_SCHEMA_FORMAT_KUBERNETES_H
#define HEADGATE_SCHEMA_FORMAT_KUBERNETES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Names. */
bool hgt_is_short_name(const char *s, size_t len);	/* a DNS-1123 label */
bool hgt_is_long_name(const char *s, size_t len);	/* a DNS-1123 subdomain */
bool hgt_is_long_name_caseless(const char *s, size_t len);
bool hgt_is_dns_1035_label(const char *s, size_t len);
bool hgt_is_wildcard_name(const char *s, size_t len);	/* *.example.org */
bool hgt_is_label_key(const char *s, size_t len);	/* a "qualified name" */
bool hgt_is_annotation_key(const char *s, size_t len);	/* a label's key whose prefix may have capitals */
bool hgt_is_prefixed_label_key(const char *s, size_t len);
bool hgt_is_label_value(const char *s, size_t len);	/* may be empty */
bool hgt_is_path_segment_name(const char *s, size_t len);
bool hgt_is_port_name(const char *s, size_t len);	/* an IANA service name */
bool hgt_is_env_name(const char *s, size_t len);	/* as since 1.34: any printable ASCII but "=" */
bool hgt_is_config_key(const char *s, size_t len);	/* of a ConfigMap's or Secret's data */
bool hgt_is_c_identifier(const char *s, size_t len);
bool hgt_is_header_name(const char *s, size_t len);	/* of HTTP */
bool hgt_is_extended_resource_name(const char *s, size_t len);
bool hgt_is_resource_fully_qualified_name(const char *s, size_t len);
bool hgt_is_resource_pool_name(const char *s, size_t len);
bool hgt_is_lower_uuid(const char *s, size_t len);
bool hgt_is_percent(const char *s, size_t len);		/* 25% */
bool hgt_is_portion(const char *s, size_t len);		/* a percentage up to 100 */
bool hgt_is_dns_search(const char *s, size_t len);	/* with "_", and a dot at the end; or only that */

/* Paths on a node or in a volume: without the element ".."; relative as well; and with a first element that does not begin with "..",
 * as that of a projected file must not. */
bool hgt_is_direct_path(const char *s, size_t len);
bool hgt_is_relative_path(const char *s, size_t len);
bool hgt_is_local_path(const char *s, size_t len);
bool hgt_is_absolute_path(const char *s, size_t len);

/* Addresses. Old fields took leading zeros ("010.0.0.1" is 10.0.0.1) and IPv4 mapped into IPv6; from 1.36 on they take neither
 * (strict), nor a block with bits beyond its prefix. New fields take nothing but the canonical spelling. */
bool hgt_is_sloppy_ip(const char *s, size_t len);
bool hgt_is_strict_ip(const char *s, size_t len);
bool hgt_is_canonical_ip(const char *s, size_t len);
bool hgt_is_sloppy_cidr(const char *s, size_t len);
bool hgt_is_strict_cidr(const char *s, size_t len);
bool hgt_is_canonical_cidr(const char *s, size_t len);

/* An address as read; IPv4 ones are the last four bytes behind ten of zero and two of 0xff, as mapped ones are. */
struct hgt_ip {
	unsigned char bytes[16];
	bool v4;		/* it is an IPv4 address, however it is spelled */
	bool is_mapped;		/* ... as ::ffff:10.0.0.1 */
	bool has_zeros;		/* leading ones */
};

/* Read one as old fields do. False when it is none, *out is undefined then. */
bool hgt_ip_parse(const char *s, size_t len, struct hgt_ip *out);

/* The same of a block: its address as written, and the bits of the prefix, counted from the address's first bit (0 to 32, or 0 to
 * 128). */
bool hgt_cidr_parse(const char *s, size_t len, struct hgt_ip *out, unsigned *bits);

/* Times. */
bool hgt_is_go_duration(const char *s, size_t len);	/* 1h30m */
bool hgt_is_cron(const char *s, size_t len);		/* five fields or @daily; no TZ= */
bool hgt_is_time_zone(const char *s, size_t len);	/* Europe/Berlin */

/* Read a duration as Go does; nanoseconds. */
bool hgt_go_duration_parse(const char *s, size_t len, int64_t *out);

/* Whether Go takes the code point for a blank. */
bool hgt_is_go_space(uint32_t c);

/* A quantity: 1.5Gi, 500m, 2e3. */
bool hgt_is_quantity(const char *s, size_t len);

/* What it amounts to, rounded up to nanos. What is above UINT64_MAX stays there; of what stands behind the point of a binary one
 * (Ki), 18 digits count. */
struct hgt_quantity {
	bool negative;		/* never for zero */
	uint64_t whole;
	uint32_t nanos;
};

bool hgt_quantity_parse(const char *s, size_t len, struct hgt_quantity *out);

/* Below 0, 0, above 0. */
int hgt_quantity_compare(const struct hgt_quantity *a, const struct hgt_quantity *b);

static inline bool hgt_quantity_is_zero(const struct hgt_quantity *quantity)
{
	return !quantity->whole && !quantity->nanos;
}

#endif
