/*
 * The one way JSON leaves Headgate (RFC 8259). Commas and escapes are the writer's business; the caller only nests right.
 *
 *	struct hgt_json j = HGT_JSON_INIT(&buf);
 *	hgt_json_begin_object(&j);
 *	hgt_json_key_string(&j, "repo", repo);
 *	hgt_json_key(&j, "paths");
 *	hgt_json_begin_array(&j);
 *	...
 *	hgt_json_end_array(&j);
 *	hgt_json_end_object(&j);
 *	(check buf.failed)
 *
 * Bytes that are no UTF-8 become U+FFFD, so that the output is always valid.
 */
#ifndef HEADGATE_BASE_JSON_WRITER_H
#define HEADGATE_BASE_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct hgt_json {
	struct hgt_buf *out;	/* borrowed */
	bool need_comma;
};

#define HGT_JSON_INIT(buf) {(buf), false}

void hgt_json_begin_object(struct hgt_json *json);
void hgt_json_end_object(struct hgt_json *json);
void hgt_json_begin_array(struct hgt_json *json);
void hgt_json_end_array(struct hgt_json *json);
void hgt_json_key(struct hgt_json *json, const char *key);
void hgt_json_key_len(struct hgt_json *json, const char *key, size_t len);

void hgt_json_string(struct hgt_json *json, const char *s);	/* NULL writes null */
void hgt_json_string_len(struct hgt_json *json, const char *s, size_t len);
void hgt_json_int(struct hgt_json *json, int64_t value);
void hgt_json_uint(struct hgt_json *json, uint64_t value);
void hgt_json_bool(struct hgt_json *json, bool value);
void hgt_json_null(struct hgt_json *json);

/* A value that is JSON already, trusted to be well-formed. */
void hgt_json_raw(struct hgt_json *json, const char *text, size_t len);

void hgt_json_key_string(struct hgt_json *json, const char *key, const char *s);
void hgt_json_key_int(struct hgt_json *json, const char *key, int64_t value);
void hgt_json_key_uint(struct hgt_json *json, const char *key, uint64_t value);
void hgt_json_key_bool(struct hgt_json *json, const char *key, bool value);

#endif
