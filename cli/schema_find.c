/* The kind that somebody means, and the packs that it is looked for in. */
#include "cli/schema.h"
#include "pack/place.h"

enum { KUBERNETES_MAX = 10000 };

/* The minor version of a pack of Kubernetes' own kinds, -1 for another pack. */
static long kubernetes_of(const char *path)
{
	const char *file = strrchr(path, '/') + 1, *minor = file + strlen("kubernetes-1.");
	char *end;
	long version;

	if (strncmp(file, "kubernetes-1.", strlen("kubernetes-1.")) != 0 || *minor < '0' || *minor > '9')
		return -1;
	version = strtol(minor, &end, 10);
	return strcmp(end, HGT_PACK_SUFFIX) == 0 && version < KUBERNETES_MAX ? version : -1;
}

struct gather {
	struct hgt_catalog *catalog;
	long newest;
};

static int find_newest(void *user, const char *path, struct hgt_error *err)
{
	struct gather *gather = user;

	(void)err;
	if (kubernetes_of(path) > gather->newest)
		gather->newest = kubernetes_of(path);
	return 0;
}

static int add_pack(void *user, const char *path, struct hgt_error *err)
{
	struct gather *gather = user;
	struct hgt_pack *pack;
	long version = kubernetes_of(path);
	int code;

	if (version >= 0 && version != gather->newest)
		return 0;
	code = hgt_pack_open(path, &pack, err);
	return code ? code : hgt_catalog_add(gather->catalog, pack, err);
}

int schema_gather(char *const *packs, size_t n, struct hgt_catalog **out, struct hgt_error *err)
{
	struct gather gather = {.newest = -1};
	int code = hgt_catalog_new(&gather.catalog, err);

	for (size_t i = 0; i < n && code == 0; i++)
		code = hgt_catalog_load(gather.catalog, packs[i], err);
	if (code == 0 && !n)
		code = hgt_pack_each(find_newest, &gather, err);
	if (code == 0 && !n)
		code = hgt_pack_each(add_pack, &gather, err);
	*out = gather.catalog;
	return code;
}

/* How good a version is, as Kubernetes ranks them: v2 before v1 before v1beta2 before v1alpha1. */
static unsigned rank_of(const char *version, size_t len)
{
	unsigned major = 0, minor = 0, stage = 2;
	size_t i = 1;

	if (len < 2 || *version != 'v')
		return 0;
	while (i < len && version[i] >= '0' && version[i] <= '9' && major < 1000)
		major = 10 * major + (unsigned)(version[i++] - '0');
	if (i < len && version[i] == 'b')
		stage = 1;
	else if (i < len && version[i] == 'a')
		stage = 0;
	while (i < len && (version[i] < '0' || version[i] > '9'))
		i++;
	while (i < len && version[i] >= '0' && version[i] <= '9' && minor < 1000)
		minor = 10 * minor + (unsigned)(version[i++] - '0');
	return (stage * 1001 + (major > 1000 ? 1000 : major)) * 1001 + (minor > 1000 ? 1000 : minor);
}

static bool same_kind(const char *a, const char *b, size_t len)
{
	return strlen(a) == len && strncasecmp(a, b, len) == 0;
}

bool schema_find_kind(const struct hgt_catalog *catalog, const char *text, size_t len, struct hgt_catalog_kind *best)
{
	struct hgt_catalog_pos pos = {0};
	struct hgt_catalog_kind kind = {0};
	bool full = memchr(text, '/', len), found = false;
	unsigned best_rank = 0;

	while (hgt_catalog_next(catalog, &pos, &kind)) {
		size_t version = kind.group_len ? kind.group_len + 1 : 0;
		unsigned rank = rank_of(kind.name + version, kind.api_version_len - version);

		if (full ? !same_kind(kind.name, text, len) : !same_kind(kind.kind, text, len))
			continue;
		if (!found || (kind.pack == best->pack && kind.group_len == best->group_len &&
			memcmp(kind.name, best->name, kind.group_len) == 0 && rank > best_rank)) {
			*best = kind;
			best_rank = rank;
			found = true;
		}
	}
	return found;
}

size_t schema_kind_length(const char *text)
{
	const char *slash = strrchr(text, '/'), *dot = strchr(slash ? slash : text, '.');

	return dot ? (size_t)(dot - text) : strlen(text);
}
