/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef HEADGATE_BASE_UTF8_H
#define HEADGATE_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The length (1 to 4) of the well-formed sequence at s, its code point in *cp; 0 when there is none. */
size_t hgt_utf8_decode(const char *s, size_t len, uint32_t *cp);

/* The offset of the first byte that is not part of a well-formed sequence; len when there is none. */
size_t hgt_utf8_check(const char *s, size_t len);

/* Write cp as UTF-8 into out (4 bytes of room); the number of bytes, 0 for a value that has no encoding. */
size_t hgt_utf8_encode(uint32_t cp, char *out);

#endif
