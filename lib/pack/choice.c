/* Which packs objects are held against. */
#include "pack/choice.h"

#include "pack/place.h"

static const char *file_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_kubernetes(const char *path)
{
	return strncmp(file_of(path), HGT_KUBERNETES_PACK, sizeof(HGT_KUBERNETES_PACK) - 1) == 0;
}

static int load_kubernetes(struct hgt_catalog *catalog, unsigned minor, struct hgt_error *err)
{
	char name[32];
	int code;

	snprintf(name, sizeof(name), HGT_KUBERNETES_PACK "1.%u", minor);
	code = hgt_catalog_load(catalog, name, err);
	if (code == HGT_ENOENT)
		return hgt_error_set(err, HGT_ENOENT, "there are no schemas of Kubernetes 1.%u here (\"headgate schema list\" tells what "
			"there is; \"headgate schema import --name %s SWAGGER.JSON\" brings them)", minor, name);
	return code;
}

/* One of the packs that are found; Kubernetes' own are chosen by their version. */
static int load_found(void *user, const char *path, struct hgt_error *err)
{
	struct hgt_pack *pack;
	int code;

	if (is_kubernetes(path))
		return 0;
	code = hgt_pack_open(path, &pack, err);
	return code < 0 ? code : hgt_catalog_add(user, pack, err);
}

int hgt_catalog_choose(const struct hgt_pack_choice *choice, struct hgt_catalog **out, struct hgt_error *err)
{
	struct hgt_catalog *catalog;
	bool kubernetes = false;
	int code = hgt_catalog_new(&catalog, err);

	if (code < 0)
		return code;
	for (size_t i = 0; i < choice->n; i++)
		kubernetes |= is_kubernetes(choice->names[i]);
	if (!kubernetes)
		code = load_kubernetes(catalog, choice->kubernetes, err);
	for (size_t i = 0; i < choice->n && code == 0; i++)
		code = hgt_catalog_load(catalog, choice->names[i], err);
	if (code == 0 && !choice->given)
		code = hgt_pack_each(load_found, catalog, err);
	if (code < 0)
		hgt_catalog_free(catalog);
	else
		*out = catalog;
	return code < 0 ? code : 0;
}
