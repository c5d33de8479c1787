/*
 * Which addresses a webhook may connect to. Judged by the address that is really connected to, after the name was looked up, so
 * that a name whose address changes cannot lead inside.
 */
#ifndef HEADGATE_WEBHOOK_ADDRESS_H
#define HEADGATE_WEBHOOK_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"

/* A range of addresses; IPv4 as IPv4-mapped IPv6. */
struct hgt_range {
	unsigned char address[16];
	unsigned bits;	/* of 128 */
};

/* "10.0.0.0/8", "fd00::/8", or one address; HGT_EPARSE. */
int hgt_range_parse(const char *text, struct hgt_range *out, struct hgt_error *err) HGT_MUST_CHECK;

enum hgt_address_kind {
	HGT_ADDRESS_PUBLIC,
	HGT_ADDRESS_PRIVATE,	/* loopback, private networks, unique local, carrier-grade NAT */
	HGT_ADDRESS_SPECIAL,	/* link-local, metadata services, multicast, reserved: never opened by allow_private */
};

/* What it is; *what (may be NULL) gets a word for it: "loopback", "private", "link-local", "metadata"... What carries an IPv4
 * address in it (mapped, NAT64, 6to4) is what that is. A family that is not IP is special. */
enum hgt_address_kind hgt_address_kind(const struct sockaddr *address, const char **what);

/* Whether it lies in one of the ranges. */
bool hgt_address_is_in(const struct sockaddr *address, const struct hgt_range *ranges, size_t n);

#endif
