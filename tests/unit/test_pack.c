/* lib/pack: the file of a pack, whole or damaged; where packs are found; a catalog of them. */
#include "pack/pack.h"

#include <endian.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "pack/catalog.h"
#include "pack/place.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/pack_rig.h"
#include "tests/unit/unit.h"

#define CRD(group, kind, versions) \
	"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n" \
	"spec: {group: " group ", scope: Namespaced, names: {kind: " kind "}, versions: [" versions "]}\n"

static const char first[] = CRD("a.io", "Thing", "{name: v1}, {name: v1beta1, deprecated: true}") "---\n" CRD("a.io", "Other", "{name: v1}");
static const char second[] = CRD("b.io", "Thing", "{name: v2}") "---\n" CRD("a.io", "Thing", "{name: v1}");

static void make_image(const char *text, struct hgt_buf *image)
{
	const char *const texts[][2] = {{"a.yaml", text}};

	assert_int_equal(pack_rig_import(NULL, texts, 1, image, NULL), 0);
}

static void make_pack(const char *text, const char *name, struct hgt_buf *bytes)
{
	struct hgt_buf image = HGT_BUF_INIT;

	make_image(text, &image);
	assert_int_equal(hgt_pack_make(name, "somewhere v1", &image, bytes, NULL), 0);
	hgt_buf_release(&image);
}

static char *write_pack(const char *folder, const char *file, const char *name)
{
	struct hgt_buf image = HGT_BUF_INIT;
	char *path = unit_path(folder, file);

	make_image(first, &image);
	assert_int_equal(hgt_pack_write(path, name, "somewhere v1", &image, NULL), 0);
	hgt_buf_release(&image);
	return path;
}

static void test_round(void **state)
{
	char *path = write_pack(*state, "a.pack", "a");
	struct hgt_pack *pack;
	struct stat st;
	uint32_t schema, flags;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777 & ~0644, 0);
	assert_int_equal(hgt_pack_open(path, &pack, NULL), 0);
	assert_string_equal(pack->name, "a");
	assert_string_equal(pack->source, "somewhere v1");
	assert_string_equal(pack->path, path);
	assert_true(pack->mapped);
	assert_int_equal(pack->image.n_entries, 3);
	assert_int_equal(hgt_image_find(&pack->image, "a.io/v1beta1/Thing", &schema, &flags, NULL), 0);
	assert_int_equal(flags, HGT_KIND_NAMESPACED | HGT_KIND_DEPRECATED);
	assert_int_equal(hgt_pack_verify(pack, NULL), 0);
	/* A new one in its place changes nothing for who has the old one. */
	free(write_pack(*state, "a.pack", "b"));
	assert_string_equal(pack->name, "a");
	assert_int_equal(hgt_pack_verify(pack, NULL), 0);
	hgt_pack_close(pack);
	free(path);
}

static void test_same(void **state)
{
	struct hgt_buf a = HGT_BUF_INIT, b = HGT_BUF_INIT;

	(void)state;
	make_pack(first, "a", &a);
	make_pack(first, "a", &b);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.data, b.data, a.len);
	hgt_buf_release(&a);
	hgt_buf_release(&b);
}

/* What others may write, or may have written, is not mapped: they could cut it short under us. */
static void test_not_mapped(void **state)
{
	static const mode_t modes[] = {0666, 0664, 0646};
	char *path = write_pack(*state, "a.pack", "a");
	struct hgt_pack *pack;

	for (size_t i = 0; i < N_OF(modes); i++) {
		assert_int_equal(chmod(path, modes[i]), 0);
		assert_int_equal(hgt_pack_open(path, &pack, NULL), 0);
		assert_false(pack->mapped);
		assert_int_equal(truncate(path, (off_t)pack->size), 0);
		assert_int_equal(hgt_pack_verify(pack, NULL), 0);
		hgt_pack_close(pack);
	}
	if (geteuid() == 0) {
		assert_int_equal(chmod(path, 0644), 0);
		assert_int_equal(chown(path, 1, 1), 0);
		assert_int_equal(hgt_pack_open(path, &pack, NULL), 0);
		assert_false(pack->mapped);
		assert_int_equal(truncate(path, 0), 0);
		assert_int_equal(hgt_pack_verify(pack, NULL), 0);
		hgt_pack_close(pack);
	}
	free(path);
}

static void test_no_pack(void **state)
{
	char *path = unit_path(*state, "x.pack");
	struct hgt_pack *pack;
	struct hgt_error err = {0};

	assert_int_equal(hgt_pack_open(path, &pack, &err), HGT_ENOENT);
	assert_int_equal(hgt_pack_open(*state, &pack, &err), HGT_EINVAL);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(hgt_pack_open(path, &pack, &err), HGT_EINVAL);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(hgt_write_file(path, "", 0, 0644, NULL), 0);
	assert_int_equal(hgt_pack_open(path, &pack, &err), HGT_ECORRUPT);
	assert_non_null(strstr(err.message, "is no pack of schemas"));
	assert_int_equal(hgt_write_file(path, first, sizeof(first), 0644, NULL), 0);
	assert_int_equal(hgt_pack_open(path, &pack, &err), HGT_ECORRUPT);
	assert_int_equal(truncate(path, (off_t)HGT_PACK_MAX + 1), 0);
	assert_int_equal(hgt_pack_open(path, &pack, &err), HGT_ELIMIT);
	free(path);
}

/* Each byte in turn another: found out at opening, or by verifying. */
static void test_damaged(void **state)
{
	struct hgt_buf bytes = HGT_BUF_INIT;
	size_t opened = 0;

	(void)state;
	make_pack(first, "a", &bytes);
	for (size_t at = 0; at < bytes.len; at++) {
		struct hgt_pack *pack;
		int code;

		bytes.data[at] ^= 0x41;
		code = hgt_pack_open_memory("x", bytes.data, bytes.len, &pack, NULL);
		if (code == 0) {
			opened++;
			assert_int_equal(hgt_pack_verify(pack, NULL), HGT_ECORRUPT);
			hgt_pack_close(pack);
		} else {
			assert_true(code == HGT_ECORRUPT || code == HGT_EUNSUPPORTED);
		}
		bytes.data[at] ^= 0x41;
	}
	assert_true(opened > bytes.len / 2);
	for (size_t len = 0; len < bytes.len; len++) {
		struct hgt_pack *pack;

		assert_int_equal(hgt_pack_open_memory("x", bytes.data, len, &pack, NULL), HGT_ECORRUPT);
	}
	hgt_buf_release(&bytes);
}

/* A header that says what is not so, its size right and its checksum made anew or not looked at. */
static void test_header(void **state)
{
	static const struct {
		size_t at;
		uint32_t word;
	} cases[] = {
		{12, 79}, {48, 0}, {48, 79}, {48, 65}, {48, 0xffffffc0}, {48, 64}, {52, 0}, {52, 0xffffffff}, {56, 0}, {56, 79}, {56, 0xffffffff},
		{60, 2}, {60, 64}, {60, 0xffffffff}, {60, 0}, {64, 0}, {64, 0x7fffffff}, {68, 3}, {68, 0xffffffff},
	};
	struct hgt_buf bytes = HGT_BUF_INIT;

	(void)state;
	make_pack(first, "a", &bytes);
	for (size_t i = 0; i < N_OF(cases); i++) {
		uint32_t kept, word = htole32(cases[i].word);
		struct hgt_pack *pack;
		struct hgt_error err = {0};

		memcpy(&kept, bytes.data + cases[i].at, 4);
		memcpy(bytes.data + cases[i].at, &word, 4);
		assert_int_equal(hgt_pack_open_memory("x.pack", bytes.data, bytes.len, &pack, &err), HGT_ECORRUPT);
		assert_int_equal(strncmp(err.message, "x.pack", 6), 0);
		memcpy(bytes.data + cases[i].at, &kept, 4);
	}
	hgt_buf_release(&bytes);
}

/* Another version of the program numbers ops and formats in its own way. */
static void test_language(void **state)
{
	struct hgt_buf bytes = HGT_BUF_INIT;
	struct hgt_error err = {0};
	struct hgt_pack *pack;

	(void)state;
	make_pack(first, "a", &bytes);
	bytes.data[72] ^= 1;
	assert_int_equal(hgt_pack_open_memory("x.pack", bytes.data, bytes.len, &pack, &err), HGT_EUNSUPPORTED);
	assert_string_equal(err.message, "x.pack was made by another version of headgate; import its source again");
	hgt_buf_release(&bytes);
}

static void test_names(void **state)
{
	static const char *const good[] = {"a", "kubernetes-1.37", "0_9", "a.b"};
	static const char *const bad[] = {"", ".a", "-a", "A", "a/b", "a b", "\xc3\xa4",
		"0123456789012345678901234567890123456789012345678901234567890123"};
	struct hgt_buf image = HGT_BUF_INIT, out = HGT_BUF_INIT;
	char source[HGT_PACK_SOURCE_MAX + 2];

	(void)state;
	for (size_t i = 0; i < N_OF(good); i++)
		assert_true(hgt_pack_is_name(good[i]));
	for (size_t i = 0; i < N_OF(bad); i++) {
		assert_false(hgt_pack_is_name(bad[i]));
		assert_int_equal(hgt_pack_make(bad[i], "", &image, &out, NULL), HGT_EINVAL);
	}
	memset(source, 'x', sizeof(source));
	source[sizeof(source) - 1] = '\0';
	assert_int_equal(hgt_pack_make("a", source, &image, &out, NULL), HGT_ELIMIT);
	assert_int_equal(out.len, 0);
}

static void test_places(void **state)
{
	struct hgt_buf path = HGT_BUF_INIT;
	struct hgt_error err = {0};
	size_t n = 0;

	(void)state;
	while (hgt_pack_folder(n, &path, NULL) == 0)
		n++;
	assert_int_equal(n, 4);
	assert_int_equal(hgt_pack_folder(0, &path, NULL), 0);
	assert_string_equal(path.data, HGT_SYSCONFDIR "/headgate/schemas");
	assert_int_equal(hgt_pack_locate("./x", &path, NULL), 0);
	assert_string_equal(path.data, "./x");
	assert_int_equal(hgt_pack_locate("no-such-pack", &path, &err), HGT_ENOENT);
	assert_non_null(strstr(err.message, "no-such-pack in " HGT_SYSCONFDIR "/headgate/schemas or "));
	assert_int_equal(hgt_pack_locate("No", &path, &err), HGT_EINVAL);
	/* Built beside the test programs. */
	assert_int_equal(hgt_pack_locate("kubernetes-1.37", &path, &err), 0);
	assert_non_null(strstr(path.data, "/share/headgate/schemas/kubernetes-1.37.pack"));
	hgt_buf_release(&path);
}

static int count_packs(void *user, const char *path, struct hgt_error *err)
{
	int *n = user;

	(void)err;
	assert_non_null(strstr(path, ".pack"));
	return ++*n == 2 ? HGT_ECONFLICT : 0;
}

static void test_each(void **state)
{
	int n = 0;

	(void)state;
	/* The callback's word ends it. */
	assert_int_equal(hgt_pack_each(count_packs, &n, NULL), HGT_ECONFLICT);
	assert_int_equal(n, 2);
}

static void fill_catalog(struct hgt_catalog **catalog)
{
	static const char *const lower[][2] = {{"c.io/gate_v1.json", "{\"properties\": {}}"}};
	struct hgt_buf bytes = HGT_BUF_INIT, image = HGT_BUF_INIT;
	struct hgt_pack *pack;

	assert_int_equal(hgt_catalog_new(catalog, NULL), 0);
	make_pack(first, "first", &bytes);
	assert_int_equal(hgt_pack_open_memory("first", bytes.data, bytes.len, &pack, NULL), 0);
	hgt_buf_release(&bytes);
	assert_int_equal(hgt_catalog_add(*catalog, pack, NULL), 0);
	make_image(second, &image);
	assert_int_equal(hgt_catalog_add_image(*catalog, "second", &image, NULL), 0);
	assert_int_equal(image.len, 0);
	assert_int_equal(pack_rig_import(NULL, lower, 1, &image, NULL), 0);
	assert_int_equal(hgt_catalog_add_image(*catalog, "third", &image, NULL), 0);
}

static void test_catalog(void **state)
{
	struct hgt_catalog_hit hit;
	struct hgt_catalog *catalog;
	struct hgt_error err = {0};
	struct hgt_buf junk = HGT_BUF_INIT;

	(void)state;
	fill_catalog(&catalog);
	assert_int_equal(hgt_catalog_count(catalog), 3);
	assert_string_equal(hgt_catalog_name(catalog, 0), "first");
	assert_string_equal(hgt_catalog_name(catalog, 1), "second");
	/* Of two the first. */
	assert_int_equal(hgt_catalog_find(catalog, "a.io/v1", "Thing", &hit, NULL), 0);
	assert_int_equal(hit.pack, 0);
	assert_ptr_equal(hit.image, hgt_catalog_image(catalog, 0));
	assert_int_equal(hit.flags, HGT_KIND_NAMESPACED);
	assert_int_equal(hgt_catalog_find(catalog, "b.io/v2", "Thing", &hit, NULL), 0);
	assert_int_equal(hit.pack, 1);
	/* In lower case when nothing has the name as it is. */
	assert_int_equal(hgt_catalog_find(catalog, "c.io/v1", "Gate", &hit, NULL), 0);
	assert_int_equal(hit.pack, 2);
	assert_int_equal(hgt_catalog_find(catalog, "a.io/v1", "thing", &hit, &err), HGT_ENOENT);
	assert_string_equal(err.message, "no pack has a schema for thing of a.io/v1");
	assert_int_equal(hgt_catalog_find(catalog, "", "", &hit, NULL), HGT_ENOENT);
	hgt_buf_adds(&junk, "junk");
	assert_int_equal(hgt_catalog_add_image(catalog, "junk", &junk, NULL), HGT_ECORRUPT);
	assert_int_equal(hgt_catalog_load(catalog, "./no-such-pack", NULL), HGT_ENOENT);
	assert_int_equal(hgt_catalog_load(catalog, "kubernetes-1.37", NULL), 0);
	assert_int_equal(hgt_catalog_find(catalog, "v1", "Pod", &hit, NULL), 0);
	assert_int_equal(hit.flags, HGT_KIND_NAMESPACED);
	assert_int_equal(hgt_catalog_find(catalog, "v1", "Namespace", &hit, NULL), 0);
	assert_int_equal(hit.flags, HGT_KIND_CLUSTER);
	hgt_catalog_free(catalog);
}

static void test_hints(void **state)
{
	struct hgt_catalog_pos pos = {0};
	struct hgt_catalog_kind kind;
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_catalog *catalog;
	size_t n = 0;

	(void)state;
	fill_catalog(&catalog);
	assert_int_equal(hgt_catalog_served(catalog, "a.io/v2", "Thing", 5, &text, NULL), 2);
	assert_string_equal(text.data, "a.io/v1, a.io/v1beta1");
	hgt_buf_reset(&text);
	assert_int_equal(hgt_catalog_served(catalog, "z.io/v1", "Thing", 5, &text, NULL), 3);
	assert_string_equal(text.data, "a.io/v1, a.io/v1beta1, b.io/v2");
	hgt_buf_reset(&text);
	assert_int_equal(hgt_catalog_served(catalog, "z.io/v1", "Thing", 1, &text, NULL), 1);
	assert_string_equal(text.data, "a.io/v1");
	hgt_buf_reset(&text);
	assert_int_equal(hgt_catalog_served(catalog, "a.io/v1", "Thin", 5, &text, NULL), 0);
	assert_int_equal(hgt_catalog_kinds(catalog, "a.io/v1", 5, &text, NULL), 2);
	assert_string_equal(text.data, "Other, Thing");
	assert_true(hgt_catalog_has_group(catalog, "b.io", 4));
	assert_false(hgt_catalog_has_group(catalog, "b.i", 3));
	assert_false(hgt_catalog_has_group(catalog, "", 0));
	while (hgt_catalog_next(catalog, &pos, &kind))
		n++;
	assert_int_equal(n, 6);
	assert_string_equal(kind.name, "c.io/v1/gate");
	assert_string_equal(kind.kind, "gate");
	assert_int_equal(kind.group_len, 4);
	assert_int_equal(kind.api_version_len, 7);
	hgt_buf_release(&text);
	hgt_catalog_free(catalog);
}

static void test_allocations(void **state)
{
	char *path = write_pack(*state, "a.pack", "a");
	long n;

	for (n = 1;; n++) {
		struct hgt_catalog *catalog = NULL;
		struct hgt_catalog_hit hit;
		struct hgt_buf text = HGT_BUF_INIT;
		int code;

		fail_alloc_at(n);
		code = hgt_catalog_new(&catalog, NULL);
		if (code == 0)
			code = hgt_catalog_load(catalog, path, NULL);
		if (code == 0)
			code = hgt_catalog_find(catalog, "a.io/v1", "Thing", &hit, NULL);
		if (code == 0)
			code = hgt_catalog_served(catalog, "a.io/v1", "Thing", 3, &text, NULL);
		hgt_catalog_free(catalog);
		hgt_buf_release(&text);
		if (!fail_alloc_off())
			break;
		assert_int_equal(code, HGT_ENOMEM);
	}
	assert_true(n > 5);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round, unit_folder_make, unit_folder_remove),
		cmocka_unit_test(test_same),
		cmocka_unit_test_setup_teardown(test_not_mapped, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(test_no_pack, unit_folder_make, unit_folder_remove),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_language),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_each),
		cmocka_unit_test(test_catalog),
		cmocka_unit_test(test_hints),
		cmocka_unit_test_setup_teardown(test_allocations, unit_folder_make, unit_folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
