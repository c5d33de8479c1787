/* Git objects as bytes. */
#include "object/object.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"

void hgt_object_hash_init(struct hgt_object_hash *hash, const char *type, uint64_t size)
{
	char head[64];
	int len = snprintf(head, sizeof(head), "%s %" PRIu64, type, size);

	sha1_init(&hash->ctx);
	/* The NUL is part of it. */
	sha1_update(&hash->ctx, (size_t)len + 1, (const uint8_t *)head);
}

void hgt_object_hash_update(struct hgt_object_hash *hash, const void *data, size_t len)
{
	sha1_update(&hash->ctx, len, data);
}

void hgt_object_hash_final(struct hgt_object_hash *hash, unsigned char id[HGT_OBJECT_ID_SIZE])
{
	sha1_digest(&hash->ctx, HGT_OBJECT_ID_SIZE, id);
}

void hgt_object_id(const char *type, const void *data, size_t len, char id[HGT_OID_HEX + 1])
{
	unsigned char raw[HGT_OBJECT_ID_SIZE];
	struct hgt_object_hash hash;

	hgt_object_hash_init(&hash, type, len);
	hgt_object_hash_update(&hash, data, len);
	hgt_object_hash_final(&hash, raw);
	hgt_hex(raw, sizeof(raw), id);
}

static bool begins(const char *line, size_t len, const char *word)
{
	size_t n = strlen(word);

	return len > n && memcmp(line, word, n) == 0 && line[n] == ' ';
}

static int take_tree(const char *line, size_t len, struct hgt_raw_commit *out)
{
	const char *id = line + strlen("tree ");

	if (!begins(line, len, "tree") || len != strlen("tree ") + HGT_OID_HEX)
		return HGT_EPARSE;
	memcpy(out->tree, id, HGT_OID_HEX);
	out->tree[HGT_OID_HEX] = '\0';
	return hgt_oid_is_valid(out->tree) ? 0 : HGT_EPARSE;
}

/* A header's value goes on in lines that begin with a space. */
enum header { HEADER_SIGNED, HEADER_SIGNATURE, HEADER_OTHER_SIGNATURE };

static enum header header_of(const char *line, size_t len, enum header before)
{
	if (line[0] == ' ')
		return before;
	if (begins(line, len, "gpgsig"))
		return HEADER_SIGNATURE;
	/* Of the same commit under its SHA-256 id: no part of what was signed. */
	return begins(line, len, "gpgsig-sha256") ? HEADER_OTHER_SIGNATURE : HEADER_SIGNED;
}

int hgt_commit_parse(const char *data, size_t len, struct hgt_raw_commit *out, struct hgt_error *err)
{
	const char *p = data, *end = data + len;
	enum header header = HEADER_SIGNED;
	bool begun = false;

	hgt_buf_init(&out->payload);
	hgt_buf_init(&out->signature);
	out->tree[0] = '\0';
	while (p < end && *p != '\n') {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		size_t n = eol ? (size_t)(eol - p) : 0;

		if (!eol)
			return hgt_error_set(err, HGT_EPARSE, "this is no commit: a header has no end");
		if (p == data && take_tree(p, n, out) < 0)
			return hgt_error_set(err, HGT_EPARSE, "this is no commit: it names no tree");
		header = header_of(p, n, header);
		if (header == HEADER_SIGNATURE && *p != ' ' && begun)
			return hgt_error_set(err, HGT_EPARSE, "the commit has two signatures");
		if (header == HEADER_SIGNATURE) {
			size_t skip = *p == ' ' ? 1 : strlen("gpgsig ");

			begun = true;
			hgt_buf_add(&out->signature, p + skip, n + 1 - skip);
		} else if (header == HEADER_SIGNED) {
			hgt_buf_add(&out->payload, p, n + 1);
		}
		p = eol + 1;
	}
	if (!*out->tree || p == end)
		return hgt_error_set(err, HGT_EPARSE, "this is no commit: it has no message");
	hgt_buf_add(&out->payload, p, (size_t)(end - p));
	return out->payload.failed || out->signature.failed ? hgt_error_nomem(err) : 0;
}

void hgt_raw_commit_release(struct hgt_raw_commit *commit)
{
	hgt_buf_release(&commit->payload);
	hgt_buf_release(&commit->signature);
}

/* "<mode> SP <name> NUL <20 bytes>", over and over. */
int hgt_tree_find(const char *data, size_t len, const char *name, size_t name_len, unsigned *mode, char id[HGT_OID_HEX + 1],
	struct hgt_error *err)
{
	const char *p = data, *end = data + len;

	while (p < end) {
		const char *space = memchr(p, ' ', (size_t)(end - p));
		const char *nul = space ? memchr(space, 0, (size_t)(end - space)) : NULL;
		unsigned bits = 0;

		if (!nul || space == p || space - p > 6 || end - nul <= HGT_OBJECT_ID_SIZE)
			return hgt_error_set(err, HGT_EPARSE, "this is no tree");
		for (; p < space; p++) {
			if (*p < '0' || *p > '7')
				return hgt_error_set(err, HGT_EPARSE, "this is no tree");
			bits = bits << 3 | (unsigned)(*p - '0');
		}
		if ((size_t)(nul - space - 1) == name_len && memcmp(space + 1, name, name_len) == 0) {
			*mode = bits;
			hgt_hex(nul + 1, HGT_OBJECT_ID_SIZE, id);
			return 0;
		}
		p = nul + 1 + HGT_OBJECT_ID_SIZE;
	}
	return hgt_error_set(err, HGT_ENOENT, "the tree has no %.*s", (int)(name_len < 256 ? name_len : 256), name);
}
