/* Reading base64. (Writing it is in digest.h, which needs nettle.) */
#ifndef HEADGATE_BASE_BASE64_H
#define HEADGATE_BASE_BASE64_H

#include "base/buf.h"

/*
 * Add to out what the text stands for: RFC 4648 section 4 with padding, line breaks passed over. False when it is no base64, with
 * the offset of the first byte that does not fit in *bad; len when it ends too early. out has then what came before.
 */
bool hgt_base64_decode(struct hgt_buf *out, const char *text, size_t len, size_t *bad);

#endif
