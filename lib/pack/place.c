/* Where packs are found. */
#include "pack/place.h"

#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include "base/map.h"
#include "pack/pack.h"

/* A folder beside the one that the running program's is in, or so many more above. */
static int beside_program(unsigned above, struct hgt_buf *out, struct hgt_error *err)
{
	char *self = realpath("/proc/self/exe", NULL), *slash = self;

	for (unsigned i = 0; slash && i < above + 2; i++) {
		slash = strrchr(self, '/');
		if (slash)
			*slash = '\0';
	}
	/* Without /proc, with a program that is gone or up there already, there is no such place. */
	if (slash)
		hgt_buf_addf(out, "%s/share/headgate/schemas", self);
	free(self);
	return hgt_buf_check(out, err);
}

int hgt_pack_folder(size_t i, struct hgt_buf *out, struct hgt_error *err)
{
	hgt_buf_reset(out);
	switch (i) {
	case 0:
		hgt_buf_adds(out, HGT_PACK_SYSTEM);
		break;
	case 1:
		return beside_program(0, out, err);
	case 2:
		return beside_program(1, out, err);
	case 3:
		hgt_buf_adds(out, HGT_SHAREDIR "/schemas");
		break;
	default:
		return HGT_ENOENT;
	}
	return hgt_buf_check(out, err);
}

/* The two places beside the program need no mention: they are there or they are not. */
static int not_found(const char *name, struct hgt_error *err)
{
	return hgt_error_set(err, HGT_ENOENT, "there is no pack of schemas named %s in %s or %s", name, HGT_PACK_SYSTEM,
		HGT_SHAREDIR "/schemas");
}

int hgt_pack_locate(const char *name, struct hgt_buf *out, struct hgt_error *err)
{
	int code = 0;

	hgt_buf_reset(out);
	if (strchr(name, '/')) {
		hgt_buf_adds(out, name);
		return hgt_buf_check(out, err);
	}
	if (!hgt_pack_is_name(name))
		return hgt_error_set(err, HGT_EINVAL, "%s is no name that a pack can have; a path has a slash in it", name);
	for (size_t i = 0; code == 0; i++) {
		code = hgt_pack_folder(i, out, err);
		if (code || !out->len)
			continue;
		hgt_buf_addf(out, "/%s" HGT_PACK_SUFFIX, name);
		code = hgt_buf_check(out, err);
		if (code == 0 && access(out->data, F_OK) == 0)
			return 0;
	}
	return code == HGT_ENOENT ? not_found(name, err) : code;
}

static int is_pack(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name), suffix = sizeof(HGT_PACK_SUFFIX) - 1;

	return *entry->d_name != '.' && len > suffix && strcmp(entry->d_name + len - suffix, HGT_PACK_SUFFIX) == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

struct met {
	struct hgt_map names;
	char *list[1024];	/* what the keys of names are in */
	size_t n;
};

/* 1 when the name is new, 0 when not. */
static int meet(struct met *met, const char *name, struct hgt_error *err)
{
	char *copy;

	if (hgt_map_get(&met->names, name, strlen(name)))
		return 0;
	if (met->n == sizeof(met->list) / sizeof(met->list[0]))
		return hgt_error_set(err, HGT_ELIMIT, "there are more than %zu packs of schemas", met->n);
	copy = strdup(name);
	if (!copy || hgt_map_put(&met->names, copy, strlen(copy), copy, NULL) < 0) {
		free(copy);
		return hgt_error_nomem(err);
	}
	met->list[met->n++] = copy;
	return 1;
}

static int each_of_folder(struct hgt_buf *path, struct met *met, hgt_pack_cb call, void *user, struct hgt_error *err)
{
	struct dirent **entries = NULL;
	int n = scandir(path->data, &entries, is_pack, by_bytes), code = 0;
	size_t len = path->len;

	if (n < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : hgt_error_set_errno(err, "cannot read folder %s", path->data);
	for (int i = 0; i < n; i++) {
		if (code == 0)
			code = meet(met, entries[i]->d_name, err);
		if (code == 1) {
			hgt_buf_addf(path, "/%s", entries[i]->d_name);
			code = hgt_buf_check(path, err);
			if (code == 0)
				code = call(user, path->data, err);
			hgt_buf_truncate(path, len);
		}
		free(entries[i]);
	}
	free(entries);
	return code;
}

int hgt_pack_each(hgt_pack_cb call, void *user, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	struct met *met = calloc(1, sizeof(*met));
	int code = met ? 0 : hgt_error_nomem(err);

	for (size_t i = 0; code == 0; i++) {
		code = hgt_pack_folder(i, &path, err);
		if (code == 0 && path.len)
			code = each_of_folder(&path, met, call, user, err);
	}
	for (size_t i = 0; met && i < met->n; i++)
		free(met->list[i]);
	if (met)
		hgt_map_release(&met->names);
	free(met);
	hgt_buf_release(&path);
	return code == HGT_ENOENT ? 0 : code;
}
