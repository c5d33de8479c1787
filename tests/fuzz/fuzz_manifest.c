/* lib/mirror/manifest: no name leads out of the root, no name is there twice; what is read and written again is read the same. */
#include "mirror/manifest.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 256 * 1024 };

static void check_name(const char *name)
{
	if (!*name || *name == '/' || *name == '-' || strstr(name, "//") || name[strlen(name) - 1] == '/')
		abort();
	for (const char *part = name; *part;) {
		size_t n = strcspn(part, "/");

		if ((n == 1 && *part == '.') || (n == 2 && strncmp(part, "..", 2) == 0) || (n == 4 && strncmp(part, ".git", 4) == 0))
			abort();
		part += n + (part[n] == '/');
	}
	for (const unsigned char *p = (const unsigned char *)name; *p; p++)
		if (*p < ' ' || *p == '\\')
			abort();
}

static void same(const char *a, const char *b)
{
	if (!a != !b || (a && strcmp(a, b) != 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hgt_manifest first, second;
	struct hgt_buf json = HGT_BUF_INIT, packed = HGT_BUF_INIT;

	if (hgt_manifest_read(data, size, LIMIT, &first, NULL) < 0)
		return 0;
	for (size_t i = 0; i < first.n; i++) {
		check_name(first.entries[i].repo);
		check_name(first.entries[i].path + 1);
		if (i > 0 && strcmp(first.entries[i - 1].repo, first.entries[i].repo) >= 0)
			abort();
		if (hgt_manifest_find(&first, first.entries[i].repo) != &first.entries[i])
			abort();
	}
	hgt_manifest_write(first.entries, first.n, &json);
	if (hgt_manifest_compress(json.data, json.len, &packed, NULL) < 0 ||
		hgt_manifest_read(packed.data, packed.len, 16 * LIMIT, &second, NULL) < 0 || second.n != first.n || second.refused)
		abort();
	for (size_t i = 0; i < first.n; i++) {
		const struct hgt_manifest_entry *a = &first.entries[i], *b = &second.entries[i];

		same(a->path, b->path);
		same(a->repo, b->repo);
		same(a->head, b->head);
		same(a->owner, b->owner);
		same(a->description, b->description);
		same(a->reference, b->reference);
		same(a->fingerprint, b->fingerprint);
		if (a->modified != b->modified || a->n_symlinks != b->n_symlinks)
			abort();
	}
	hgt_manifest_release(&first);
	hgt_manifest_release(&second);
	hgt_buf_release(&json);
	hgt_buf_release(&packed);
	return 0;
}
