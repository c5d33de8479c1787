/*
 * A pack: compiled schemas in a file, mapped and used where they are.
 *
 *	struct hgt_pack *pack;
 *	code = hgt_pack_open("/usr/local/share/headgate/schemas/kubernetes-1.37.pack", &pack, &err);
 *	code = hgt_image_find(&pack->image, "apps/v1/Deployment", &schema, &flags, &err);
 *	hgt_pack_close(pack);
 *
 * The file, numbers as 32-bit little-endian words:
 *
 *	 0	"hgtpack" and a NUL
 *	 8	version of this format
 *	12	size of the file
 *	16	SHA-256 of all that follows
 *	48	where the image begins (a multiple of 64), and its size, which reaches to the end
 *	56	where the name begins and its length, then the same of the source: texts, each with a NUL behind it
 *	72	what the image is written in (hgt_image_language), then nothing
 *
 * The name is what the pack is asked for by ("kubernetes-1.37"), the source says what it was made of. Nothing in it tells when or
 * where it was made: the same input makes the same bytes.
 *
 * What is believed: opening looks at this header and the image's, so it costs the same however large the pack is; an evaluator then
 * checks each schema when it first meets it (schema/image.h), and hgt_pack_verify all of it, the checksum too. So a damaged or
 * hostile pack is found out, whichever of its bytes are wrong; it may still have other schemas in it than its name says.
 *
 * What may change: packs are replaced by renaming, so that one in use stays as it is. A file that somebody cuts short while it is
 * mapped would end this process by SIGBUS; so only a file is mapped that belongs to root or to ourselves and that nobody else may
 * write; any other is read into memory.
 */
#ifndef HEADGATE_PACK_PACK_H
#define HEADGATE_PACK_PACK_H

#include "schema/image.h"

/* The longest file that is opened, in bytes, and the longest name and source. */
#define HGT_PACK_MAX (256 * 1024 * 1024)
#define HGT_PACK_NAME_MAX 63
#define HGT_PACK_SOURCE_MAX 4095

struct hgt_pack {
	const char *name, *source;	/* in the pack, so as hostile as it is: to be escaped before they are shown */
	char *path;
	struct hgt_image image;
	const unsigned char *data;
	size_t size;
	bool mapped;
};

/* HGT_ENOENT and the like, HGT_ECORRUPT, HGT_ELIMIT; HGT_EUNSUPPORTED for one that another version of the program has made;
 * HGT_EINVAL when it is no regular file. Messages name the path. */
int hgt_pack_open(const char *path, struct hgt_pack **out, struct hgt_error *err) HGT_MUST_CHECK;

/* The same out of memory, which is copied; `path` stands for it in messages. */
int hgt_pack_open_memory(const char *path, const void *data, size_t size, struct hgt_pack **out, struct hgt_error *err)
	HGT_MUST_CHECK;

void hgt_pack_close(struct hgt_pack *pack);

/* Whether all of it adds up: the checksum, and each schema. HGT_ECORRUPT, HGT_ENOMEM. */
int hgt_pack_verify(const struct hgt_pack *pack, struct hgt_error *err) HGT_MUST_CHECK;

/* Whether a name is one that a pack can have: 1 to 63 of a-z 0-9 . _ -, the first no dot or dash. */
bool hgt_pack_is_name(const char *name);

/* Add a pack's bytes to an empty buffer. HGT_EINVAL for a name that cannot be, HGT_ELIMIT. */
int hgt_pack_make(const char *name, const char *source, const struct hgt_buf *image, struct hgt_buf *out,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Replace the file at path by a pack: a crash leaves the old one or the new one, whole. */
int hgt_pack_write(const char *path, const char *name, const char *source, const struct hgt_buf *image,
	struct hgt_error *err) HGT_MUST_CHECK;

#endif
