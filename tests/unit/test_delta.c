/* Archives of differences, from lib/archive/build to agent/files_delta: a target that follows them holds what one made from nothing does. */
#include "agent/files_private.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/tree_id.h"
#include "archive/build.h"
#include "archive/unpack.h"
#include "base/io.h"
#include "base/log.h"
#include "tests/unit/craft_tar.h"
#include "tests/unit/temp_folder.h"
#include "tests/unit/unit.h"

enum { PATHS = 60, STEPS = 6 };

/* A tree in the making: few names, so that files, links, folders and submodules come in each other's place. */
struct item {
	char path[256];
	char type;	/* 'f', 'x', 'l', 's' */
	unsigned text;
};

static char *folder;
static struct hgt_repo *repo;
static struct item items[PATHS];
static size_t n_items;
static uint32_t seed = 1;

static unsigned rounds(void)
{
	const char *wanted = getenv("HEADGATE_TEST_ROUNDS");

	return wanted ? (unsigned)strtoul(wanted, NULL, 10) : 60;
}

static unsigned pick(unsigned n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static void take_away(size_t i)
{
	items[i] = items[--n_items];
}

/* Whatever is at the path, below it or above it goes. */
static void clear_path(const char *path)
{
	size_t len = strlen(path);

	for (size_t i = n_items; i-- > 0;) {
		size_t other = strlen(items[i].path), less = len < other ? len : other;

		if (strncmp(items[i].path, path, less) == 0 && (len == other || (len < other ? items[i].path : path)[less] == '/'))
			take_away(i);
	}
}

static void random_path(char out[256])
{
	static const char *const names[] = {"a", "b", "a-", "a0", "\xc3\xa4 b", "\xff\"\\\t", "n",
		"a-name-that-is-so-long-that-it-fits-no-field-of-a-header-once-two-or-more-of-them-stand-together-in-one"};
	size_t at = 0;

	for (unsigned depth = 1 + pick(3), d = 0; d < depth; d++) {
		const char *name = names[pick(d == 0 ? N_OF(names) : 6)];

		at += (size_t)snprintf(out + at, 256 - at, "%s%s", d ? "/" : "", name);
	}
}

static void change_something(void)
{
	struct item item = {.type = "ffffxxlls"[pick(9)], .text = pick(1000)};

	if (n_items > 0 && (n_items == PATHS || pick(3) == 0)) {
		take_away(pick((unsigned)n_items));
		return;
	}
	if (n_items > 0 && pick(3) == 0)
		memcpy(item.path, items[pick((unsigned)n_items)].path, sizeof(item.path));
	else
		random_path(item.path);
	clear_path(item.path);
	items[n_items++] = item;
}

/* fast-import's quoting of a path. */
static void put_path(FILE *out, const char *path)
{
	fputs(" \"top/", out);
	for (const char *p = path; *p; p++)
		if (*p == '"' || *p == '\\')
			fprintf(out, "\\%c", *p);
		else if ((unsigned char)*p < ' ' || (unsigned char)*p > 126)
			fprintf(out, "\\%03o", (unsigned char)*p);
		else
			fputc(*p, out);
	fputs("\"\n", out);
}

static void put_item(FILE *out, const struct item *item)
{
	char text[32];
	int len = snprintf(text, sizeof(text), item->type == 'l' ? "t%u" : "%u\n", item->text);

	if (item->text % 10 == 0 && item->type != 'l')
		len = 0;
	if (item->type == 's') {
		fprintf(out, "M 160000 %040u", item->text);
		put_path(out, item->path);
		return;
	}
	fputs(item->type == 'f' ? "M 100644 inline" : item->type == 'x' ? "M 100755 inline" : "M 120000 inline", out);
	put_path(out, item->path);
	fprintf(out, "data %d\n%.*s\n", len, len, text);
}

/* A commit a round, each some steps from the one before; now and then there is nothing but one file. */
static void write_history(FILE *out)
{
	for (unsigned i = 0; i < rounds(); i++) {
		if (i % 25 == 24)
			n_items = 0;
		for (unsigned k = 0; k < (i ? STEPS : PATHS); k++)
			change_something();
		fprintf(out, "commit refs/heads/c%u\ncommitter T <t@example.org> 1500000000 +0000\ndata 1\nx\n", i);
		fputs("M 100644 inline top/keep\ndata 1\nk\n", out);
		for (size_t k = 0; k < n_items; k++)
			put_item(out, &items[k]);
		fputc('\n', out);
	}
}

static void shell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void shell(const char *fmt, ...)
{
	struct hgt_buf command = HGT_BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	hgt_buf_addf(&command, "cd %s && ", folder);
	hgt_buf_addvf(&command, fmt, ap);
	va_end(ap);
	if (system(command.data) != 0)
		fail_msg("%s", command.data);
	hgt_buf_release(&command);
}

static int set_up(void **state)
{
	struct hgt_error err = {0};
	char *path, *input;
	FILE *out;

	(void)state;
	umask(022);
	folder = temp_folder_new();
	shell("git init -q --bare r.git");
	input = unit_path(folder, "input");
	out = fopen(input, "w");
	assert_non_null(out);
	write_history(out);
	assert_int_equal(fclose(out), 0);
	shell("git -C r.git fast-import --quiet <input");
	path = unit_path(folder, "r.git");
	if (hgt_repo_open(path, &repo, &err) < 0)
		fail_msg("%s", err.message);
	free(path);
	free(input);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	hgt_repo_close(repo);
	temp_folder_free(folder);
	return 0;
}

static void tree_of(unsigned i, char tree[HGT_OID_HEX + 1], char commit[HGT_OID_HEX + 1])
{
	struct hgt_error err = {0};
	char ref[32];

	snprintf(ref, sizeof(ref), "refs/heads/c%u", i);
	if (hgt_repo_resolve(repo, ref, commit, &err) < 0 || hgt_repo_path_id(repo, commit, "top", tree, &err) < 0)
		fail_msg("%s", err.message);
}

/* The archive of a commit's `top`, or of its differences to the tree `from`; an unlinked file at its beginning. */
static int archive(unsigned i, const char *from, struct hgt_archive_info *info)
{
	char tree[HGT_OID_HEX + 1], commit[HGT_OID_HEX + 1], *path = unit_path(folder, "archive");
	struct hgt_error err = {0};
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), code;

	assert_true(fd >= 0);
	unlink(path);
	free(path);
	tree_of(i, tree, commit);
	code = from ? hgt_archive_build_delta(repo, from, tree, fd, 0, info, &err) : hgt_archive_build(repo, commit, "top", fd, 0, info, &err);
	if (code < 0)
		fail_msg("%s", err.message);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

struct submodules {
	struct hgt_submodule items[PATHS];
	size_t n;
};

static int note_submodule(void *ctx, const struct hgt_path_change *change)
{
	struct submodules *s = ctx;

	if (change->new_mode == HGT_MODE_SUBMODULE) {
		s->items[s->n].path = strdup(change->path + strlen("top/"));
		assert_true(hgt_unhex(change->new_id, s->items[s->n].id, HGT_OBJECT_ID_SIZE));
		s->n++;
	}
	return 0;
}

/* From the archive alone, but for the commits of submodules. */
static void the_id_of_a_tree_is_found_again(void **state)
{
	unsigned with_submodules = 0;

	(void)state;
	for (unsigned i = 0; i < rounds(); i++) {
		char tree[HGT_OID_HEX + 1], commit[HGT_OID_HEX + 1], found[HGT_OID_HEX + 1] = "";
		struct submodules submodules = {.n = 0};
		struct hgt_archive_info info;
		struct hgt_error err = {0};
		int fd = archive(i, NULL, &info);

		tree_of(i, tree, commit);
		assert_int_equal(hgt_repo_walk(repo, commit, "top", note_submodule, &submodules, &err), 0);
		if (hgt_archive_tree_id(fd, &hgt_unpack_default_limits, submodules.items, submodules.n, found, &err) < 0)
			fail_msg("%s", err.message);
		assert_string_equal(found, tree);
		if (submodules.n > 0) {
			with_submodules++;
			lseek(fd, 0, SEEK_SET);
			assert_int_equal(hgt_archive_tree_id(fd, &hgt_unpack_default_limits, NULL, 0, found, &err), HGT_EPERM);
			submodules.items[0].id[0] ^= 1;
			lseek(fd, 0, SEEK_SET);
			assert_int_equal(hgt_archive_tree_id(fd, &hgt_unpack_default_limits, submodules.items, submodules.n, found, &err), 0);
			assert_string_not_equal(found, tree);
		}
		for (size_t k = 0; k < submodules.n; k++)
			free((void *)(uintptr_t)submodules.items[k].path);
		close(fd);
	}
	assert_true(with_submodules > 0);
}

struct spot {
	char *into, *state, *manifest;
	struct hgt_agent_target target;
	struct driver_result result;
	struct hgt_error err;
};

static void spot_init(struct spot *p, const char *name)
{
	char list[64];

	snprintf(list, sizeof(list), "%s.state", name);
	*p = (struct spot){.into = unit_path(folder, name), .state = unit_path(folder, list)};
	p->manifest = unit_path(p->state, FILES_LIST);
	mkdir(p->state, 0700);
	p->target = (struct hgt_agent_target){.name = "t", .driver = "files", .automatic = true, .prune = true};
	p->target.files.into = p->into;
	driver_result_init(&p->result);
}

static void spot_release(struct spot *p)
{
	driver_result_release(&p->result);
	free(p->into);
	free(p->state);
	free(p->manifest);
}

static int apply_fd(struct spot *p, int fd, const char *from, const char *tree)
{
	struct driver_order order = {.target = &p->target, .folder = p->state, .stop_fd = -1, .archive = fd, .from = from, .tree = tree};
	int code;

	driver_result_release(&p->result);
	driver_result_init(&p->result);
	p->err = (struct hgt_error){0};
	code = files_apply(&order, &p->result, &p->err);
	close(fd);
	return code;
}

static int apply(struct spot *p, unsigned i, const char *from)
{
	char tree[HGT_OID_HEX + 1], commit[HGT_OID_HEX + 1];
	struct hgt_archive_info info;

	tree_of(i, tree, commit);
	return apply_fd(p, archive(i, from, &info), from, tree);
}

/* Two targets hold the same, and know the same of it. */
static void assert_same(unsigned i, const struct spot *a, const struct spot *b)
{
	struct manifest x = MANIFEST_INIT, y = MANIFEST_INIT;
	struct hgt_error err = {0};

	shell("diff -r --no-dereference chain whole || { echo round %u; false; }", i);
	shell("for f in chain whole; do (cd $f && find . -printf '%%P %%y %%m %%l\\0' | sort -z >../$f.list); done; cmp chain.list whole.list");
	if (manifest_load(&x, a->manifest, &err) < 0 || manifest_load(&y, b->manifest, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(x.n, y.n);
	assert_string_equal(x.tree, y.tree);
	for (size_t k = 0; k < x.n; k++) {
		assert_string_equal(x.items[k]->path, y.items[k]->path);
		assert_int_equal(x.items[k]->kind, y.items[k]->kind);
		assert_memory_equal(x.items[k]->digest, y.items[k]->digest, HGT_SHA256_SIZE);
	}
	manifest_release(&x);
	manifest_release(&y);
}

static void a_chain_is_the_whole(void **state)
{
	char before[HGT_OID_HEX + 1] = "", tree[HGT_OID_HEX + 1], commit[HGT_OID_HEX + 1];
	struct spot chain, whole;

	(void)state;
	spot_init(&chain, "chain");
	spot_init(&whole, "whole");
	for (unsigned i = 0; i < rounds(); i++) {
		tree_of(i, tree, commit);
		if (strcmp(before, tree) == 0)
			continue;
		if (apply(&chain, i, *before ? before : NULL) < 0)
			fail_msg("round %u: %s", i, chain.err.message);
		shell("rm -rf whole whole.files");
		if (apply(&whole, i, NULL) < 0)
			fail_msg("round %u: %s", i, whole.err.message);
		assert_int_equal(chain.result.differing, 0);
		assert_same(i, &chain, &whole);
		memcpy(before, tree, sizeof(before));
	}
	spot_release(&chain);
	spot_release(&whole);
}

/* The same two trees give the same bytes; what GNU tar and Python read in them is what is new. */
static void is_the_same_each_time(void **state)
{
	char tree[HGT_OID_HEX + 1], commit[HGT_OID_HEX + 1];
	struct hgt_archive_info one, two;
	int fd;

	(void)state;
	tree_of(0, tree, commit);
	close(archive(1, tree, &one));
	fd = archive(1, tree, &two);
	assert_int_equal(one.bytes, two.bytes);
	assert_memory_equal(one.digest, two.digest, sizeof(one.digest));
	shell("mkdir tar && tar -C tar -xz --warning=no-unknown-keyword -f /proc/%d/fd/%d", (int)getpid(), fd);
	close(fd);
}

static void expect_whole(struct spot *p, const char *message)
{
	assert_true(p->result.want_whole);
	assert_false(p->result.permanent);
	if (!strstr(p->err.message, message))
		fail_msg("%s", p->err.message);
}

/* Where there is any doubt nothing is touched, and the whole is asked for. */
static void doubt_wants_the_whole(void **state)
{
	char trees[3][HGT_OID_HEX + 1], commit[HGT_OID_HEX + 1];
	struct hgt_archive_info info;
	struct spot p;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		tree_of(i, trees[i], commit);
	spot_init(&p, "doubt");
	assert_int_equal(apply(&p, 0, NULL), 0);
	shell("cp -a doubt before");
	/* differences to what is not there */
	assert_int_equal(apply(&p, 2, trees[1]), HGT_ECONFLICT);
	expect_whole(&p, "the list of files is not of the tree");
	/* the archive is not the one that was asked for */
	assert_int_equal(apply_fd(&p, archive(2, trees[1], &info), trees[0], trees[2]), HGT_EPARSE);
	expect_whole(&p, "other trees");
	assert_int_equal(apply_fd(&p, archive(1, NULL, &info), trees[0], trees[1]), HGT_EPARSE);
	expect_whole(&p, "other trees");
	/* differences taken for the whole: all that is the same would go */
	assert_true(apply_fd(&p, archive(1, trees[0], &info), NULL, trees[1]) < 0);
	assert_true(p.result.permanent);
	assert_non_null(strstr(p.err.message, "unasked"));
	shell("diff -r --no-dereference doubt before && rm -r before");
	/* a file that is the same in both trees has been changed on the host */
	shell("echo changed >doubt/keep");
	assert_int_equal(apply(&p, 1, trees[0]), HGT_ECONFLICT);
	expect_whole(&p, "keep is not as it was placed");
	assert_int_equal(apply(&p, 1, NULL), 0);
	/* the agent died in the middle: its list is of no tree */
	shell("sed -i 's/tree [0-9a-f]*.//' doubt.state/files");
	assert_int_equal(apply(&p, 2, trees[1]), HGT_ECONFLICT);
	expect_whole(&p, "the list of files is not of the tree");
	spot_release(&p);
}

/* Differences that fit no tree. */
static void merges_only_what_fits(void **state)
{
	static const struct {
		const char *removed, *differing, *result;	/* lists of kind and path; NULL: refused */
	} cases[] = {
		/* before: fa/b fa/c de/f(link) sm (an empty folder) */
		{"", "", "Da fa/b fa/c De le/f Dm"},
		{"fa/b", "", "Da fa/c De le/f Dm"},
		{"fa/b fa/c", "", "De le/f Dm"},
		{"fa/b fa/c", "fa", "fa De le/f Dm"},
		{"fm/", "", "Da fa/b fa/c De le/f"},
		{"", "fm", "Da fa/b fa/c De le/f fm"},
		{"fm/", "Dm fm/x", "Da fa/b fa/c De le/f Dm fm/x"},
		{"", "De De/g fe/g/h", "Da fa/b fa/c De le/f De/g fe/g/h Dm"},
		{"", "xa/b De De/g", "Da xa/b fa/c De le/f De/g Dm"},
		{"", "Da/b", "Da Da/b fa/c De le/f Dm"},
		{"fx", "", NULL}, {"fa", "", NULL}, {"fa/", "", NULL}, {"fa/b/", "", NULL}, {"fm", "", NULL}, {"fs", "", NULL},
		{"", "fa/b/c", NULL}, {"", "fa", NULL}, {"fa/b", "fa", NULL},
	};
	static const char before_text[] = "Da fa/b fa/c de le/f Dm ss";
	static const unsigned char digest[HGT_SHA256_SIZE];

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct manifest before = MANIFEST_INIT, removed = MANIFEST_INIT, differing = MANIFEST_INIT, after = MANIFEST_INIT;
		const char *texts[] = {before_text, cases[i].removed, cases[i].differing};
		struct manifest *lists[] = {&before, &removed, &differing};
		struct hgt_buf got = HGT_BUF_INIT;
		struct hgt_error err = {0};
		int code;

		for (size_t k = 0; k < 3; k++)
			for (const char *p = texts[k]; *p; p += strcspn(p, " "), p += *p == ' ')
				assert_int_equal(manifest_add(lists[k], (enum manifest_kind)*p, p + 1, strcspn(p, " ") - 1, digest, NULL, &err), 0);
		manifest_sort(&before);
		code = files_delta_merge(&before, &removed, &differing, &after, &err);
		for (size_t k = 0; k < after.n && code == 0; k++)
			hgt_buf_addf(&got, "%s%c%s", k ? " " : "", (char)after.items[k]->kind, after.items[k]->path);
		if (cases[i].result ? code < 0 || strcmp(got.data, cases[i].result) != 0 : code != HGT_ECONFLICT)
			fail_msg("-%s +%s: %d %s %s", cases[i].removed, cases[i].differing, code, err.message, got.data);
		hgt_buf_release(&got);
		manifest_release(&before);
		manifest_release(&removed);
		manifest_release(&differing);
		manifest_release(&after);
	}
}

#define A "1111111111111111111111111111111111111111"
#define B "2222222222222222222222222222222222222222"

static void put_record(struct hgt_buf *tar, const char *key, const char *value, size_t len)
{
	struct hgt_buf record = HGT_BUF_INIT;
	struct hgt_tar_header h;
	size_t rest = strlen(key) + len + 3, all = rest + 2;

	/* Lengths of two or three digits will do. */
	all += all > 99;
	hgt_buf_addf(&record, "%zu %s=", all, key);
	hgt_buf_add(&record, value, len);
	hgt_buf_addc(&record, '\n');
	assert_int_equal(record.len, all);
	craft_header(&h, HGT_TAR_PAX_GLOBAL, "g", "", record.len);
	craft_put_header(tar, &h);
	craft_put_data(tar, record.data, record.len);
	hgt_buf_release(&record);
}

static int note_removed(void *ctx, const struct hgt_unpack_entry *entry, struct hgt_error *err)
{
	struct hgt_buf *out = ctx;

	(void)err;
	hgt_buf_addf(out, "%s%s", entry->kind == HGT_UNPACK_REMOVED ? "-" : "+", entry->path);
	return 0;
}

/* What the headers of differences may say, and what not. */
static void headers_are_judged(void **state)
{
	static const struct {
		const char *from, *to, *removed;	/* NULL: no such record */
		size_t len;				/* of removed */
		int code;
		const char *told;
	} cases[] = {
		{A, B, "x\0y/z\0m/", 8, HGT_EPARSE, NULL},
		{A, B, "x\0y/z\0m/\0", 9, 0, "-x-y/z-m/+f"}, {A, B, NULL, 0, 0, "+f"}, {NULL, NULL, NULL, 0, 0, "+f"},
		{A, NULL, NULL, 0, HGT_EPARSE, NULL}, {NULL, B, NULL, 0, HGT_EPARSE, NULL}, {NULL, NULL, "x", 2, HGT_EPARSE, NULL},
		{"x", B, NULL, 0, HGT_EPARSE, NULL}, {A, B A, NULL, 0, HGT_EPARSE, NULL}, {A, "", NULL, 0, HGT_EPARSE, NULL},
		{A, B, "", 1, HGT_EPARSE, NULL}, {A, B, "/x", 3, HGT_EPARSE, NULL}, {A, B, "a/../b", 7, HGT_EPARSE, NULL},
		{A, B, "..", 3, HGT_EPARSE, NULL}, {A, B, "./a", 4, HGT_EPARSE, NULL}, {A, B, "a//b", 5, HGT_EPARSE, NULL},
		{A, B, "a//", 4, HGT_EPARSE, NULL}, {A, B, "/", 2, HGT_EPARSE, NULL},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf tar = HGT_BUF_INIT, gz = HGT_BUF_INIT, told = HGT_BUF_INIT;
		struct hgt_unpack_info info = {0};
		struct hgt_error err = {0};
		int fd, code;

		if (cases[i].from)
			put_record(&tar, HGT_TAR_FROM, cases[i].from, strlen(cases[i].from));
		if (cases[i].to)
			put_record(&tar, HGT_TAR_TO, cases[i].to, strlen(cases[i].to));
		if (cases[i].removed)
			put_record(&tar, HGT_TAR_REMOVED, cases[i].removed, cases[i].len);
		craft_entry(&tar, '0', "f", "", "1");
		craft_end(&tar);
		craft_gzip(tar.data, tar.len, &gz);
		fd = craft_file(gz.data, gz.len);
		code = hgt_unpack_list(fd, &hgt_unpack_default_limits, note_removed, &told, &info, &err);
		if (code != cases[i].code || (code == 0 && strcmp(told.data, cases[i].told) != 0))
			fail_msg("case %zu: %d %s %s", i, code, err.message, told.data);
		if (code == 0)
			assert_string_equal(info.from, cases[i].from ? cases[i].from : "");
		close(fd);
		hgt_buf_release(&tar);
		hgt_buf_release(&gz);
		hgt_buf_release(&told);
	}
}

/* They come first, once, and are all known. */
static void headers_come_first(void **state)
{
	static const char *const keys[] = {HGT_TAR_FROM, HGT_TAR_TO, HGT_TAR_REMOVED, "HEADGATE.other"};

	(void)state;
	for (size_t i = 0; i < 2 * N_OF(keys); i++) {
		struct hgt_buf tar = HGT_BUF_INIT, gz = HGT_BUF_INIT, told = HGT_BUF_INIT;
		struct hgt_unpack_info info;
		struct hgt_error err = {0};
		const char *key = keys[i / 2];
		int fd, code;

		put_record(&tar, HGT_TAR_FROM, A, strlen(A));
		put_record(&tar, HGT_TAR_TO, B, strlen(B));
		if (i % 2)
			craft_entry(&tar, '0', "f", "", "1");
		put_record(&tar, key, strcmp(key, HGT_TAR_REMOVED) == 0 ? "x" : A, strcmp(key, HGT_TAR_REMOVED) == 0 ? 2 : strlen(A));
		craft_end(&tar);
		craft_gzip(tar.data, tar.len, &gz);
		fd = craft_file(gz.data, gz.len);
		code = hgt_unpack_list(fd, &hgt_unpack_default_limits, note_removed, &told, &info, &err);
		/* One list more before the first entry is well. */
		if (i % 2 == 0 && strcmp(key, HGT_TAR_REMOVED) == 0)
			assert_int_equal(code, 0);
		else
			assert_true(code == HGT_EPARSE || code == HGT_EUNSUPPORTED);
		close(fd);
		hgt_buf_release(&tar);
		hgt_buf_release(&gz);
		hgt_buf_release(&told);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_id_of_a_tree_is_found_again),
		cmocka_unit_test(a_chain_is_the_whole), cmocka_unit_test(is_the_same_each_time),
		cmocka_unit_test(doubt_wants_the_whole), cmocka_unit_test(merges_only_what_fits),
		cmocka_unit_test(headers_are_judged), cmocka_unit_test(headers_come_first),
	};

	hgt_log_setup(HGT_LOG_ERROR, HGT_LOG_LOGFMT);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
