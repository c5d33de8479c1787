/* Text from outside, made safe to show. */
#ifndef HEADGATE_BASE_ESCAPE_H
#define HEADGATE_BASE_ESCAPE_H

#include "base/buf.h"

/*
 * Add s to out for a terminal or a log: printable UTF-8 as it is; control bytes and bytes that are no UTF-8 as \xHH (\n, \r,
 * \t, \e by their letters), a backslash doubled; invisible and direction-changing code points (C1 controls, U+00AD,
 * U+061C, U+200B-200F, U+2028-202E, U+2060-206F, U+FEFF, U+FFF9-FFFB, tag characters) as \u{HEX}. The result has one line.
 */
void hgt_escape_text(struct hgt_buf *out, const char *s, size_t len);

/* The same, with ASCII that is plain left alone and anything that would need an escape in quotes: for paths and keys
 * inside a sentence. */
void hgt_escape_str(struct hgt_buf *out, const char *s);

/* Add s percent-encoded for a URL's query or path segment (RFC 3986 section 2.3: all but unreserved). */
void hgt_escape_url(struct hgt_buf *out, const char *s, size_t len);

/* Add s as XML 1.0 text or attribute value: markup by its entities, line ends, tabs, DEL and C1 controls by their numbers; what XML
 * has no place for (other control bytes, U+FFFE, U+FFFF, bytes that are no UTF-8) as U+FFFD. */
void hgt_escape_xml(struct hgt_buf *out, const char *s, size_t len);

#endif
