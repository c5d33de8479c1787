/* Archives made by hand, well-formed or hostile, for the tests of what reads them. */
#ifndef HEADGATE_TESTS_CRAFT_TAR_H
#define HEADGATE_TESTS_CRAFT_TAR_H

#include <stdint.h>

#include "archive/tar.h"
#include "base/buf.h"

/* A header as ustar writes it, its checksum right; name and target are cut to their fields. */
void craft_header(struct hgt_tar_header *h, char type, const char *name, const char *target, uint64_t size);
void craft_checksum(struct hgt_tar_header *h);

/* Add a header, contents with their padding, a whole entry, the two blocks of the end. */
void craft_put_header(struct hgt_buf *tar, const struct hgt_tar_header *h);
void craft_put_data(struct hgt_buf *tar, const void *data, size_t len);
void craft_entry(struct hgt_buf *tar, char type, const char *name, const char *target, const char *data);
void craft_end(struct hgt_buf *tar);

/* The text in gzip's frame. */
void craft_gzip(const void *data, size_t len, struct hgt_buf *out);

/* An open, unlinked temporary file that holds the bytes, at its beginning. */
int craft_file(const void *data, size_t len);

#endif
