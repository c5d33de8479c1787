/* daemon/archives: built once, kept, served, over a real repository. */
#include "daemon/archives.h"

#include <semaphore.h>

#include "base/workers.h"
#include "tests/unit/daemon_rig.h"
#include "tests/unit/unit.h"

struct fixture {
	struct rig rig;
	char *one, *two;	/* commits; the tree of `same` is the same in both */
};

static int start(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	rig_start(&f->rig, "");
	free(rig_sh(&f->rig, "git init -q --bare git/r.git; git init -q w; cd w; mkdir same other; echo 1 >same/f; echo 0 >other/f; "
		"git add .; git commit -qm one; echo 2 >other/f; git commit -qam two; git push -q ../git/r.git HEAD:refs/heads/main"));
	f->one = rig_sh(&f->rig, "git -C w rev-parse HEAD~1");
	f->two = rig_sh(&f->rig, "git -C w rev-parse HEAD");
	rig_restart(&f->rig);
	*state = f;
	return 0;
}

static int stop(void **state)
{
	struct fixture *f = *state;

	rig_stop(&f->rig);
	free(f->one);
	free(f->two);
	free(f);
	return 0;
}

static struct client ask(struct fixture *f, const char *rev, const char *path, const char *headers)
{
	char url[200];

	snprintf(url, sizeof(url), "/v1/archive?repo=r&rev=%s&path=%s", rev, path);
	return client_get(&f->rig, url, headers);
}

/* The value of a header, to be freed. */
static char *header(const struct client *c, const char *name)
{
	char key[64];
	const char *at;

	snprintf(key, sizeof(key), "\r\n%s: ", name);
	at = strstr(c->got.data, key);
	if (!at)
		fail_msg("no header %s in %s", name, c->got.data);
	at += strlen(key);
	return strndup(at, strcspn(at, "\r"));
}

static size_t count_files(struct fixture *f, const char *what)
{
	char script[128];
	char *text;
	size_t n;

	rig_settle(&f->rig);
	snprintf(script, sizeof(script), "ls state/archives%s | wc -l", what);
	text = rig_sh(&f->rig, script);
	n = strtoul(text, NULL, 10);
	free(text);
	return n;
}

static void fetch(struct fixture *f, const char *rev, const char *path, char **etag, char **digest)
{
	struct client c = ask(f, rev, path, "Connection: close\r\n");
	char *length;

	client_until_end(&c);
	assert_memory_equal(c.got.data, "HTTP/1.1 200 OK\r\n", 17);
	*etag = header(&c, "ETag");
	*digest = header(&c, "Repr-Digest");
	{
		char *revision = header(&c, "Headgate-Revision"), *type = header(&c, "Content-Type");

		assert_string_equal(revision, rev);
		assert_string_equal(type, "application/gzip");
		free(revision);
		free(type);
	}
	length = header(&c, "Content-Length");
	/* strstr would stop at the archive's first NUL, but the head has none. */
	assert_int_equal((size_t)(strstr(c.got.data, "\r\n\r\n") + 4 - c.got.data) + strtoul(length, NULL, 10), c.got.len);
	free(length);
	client_close(&c);
}

static void wait_to_go_on(void *semaphore)
{
	sem_wait(semaphore);
}

static void gone_on(void *semaphore)
{
	(void)semaphore;
}

/* What agents fetch and what hooks announce is looked at by different threads. */
static void test_waits_for_no_move(void **state)
{
	struct fixture *f = *state;
	char *etag, *digest;
	sem_t go_on;

	sem_init(&go_on, 0, 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(hgt_workers_submit(f->rig.daemon.git, wait_to_go_on, gone_on, &go_on, NULL), 0);
	fetch(f, f->one, "other", &etag, &digest);
	assert_int_equal(hgt_workers_pending(f->rig.daemon.git), 2);
	for (int i = 0; i < 2; i++)
		sem_post(&go_on);
	rig_settle(&f->rig);
	sem_destroy(&go_on);
	free(etag);
	free(digest);
}

static void test_built_once(void **state)
{
	struct fixture *f = *state;
	char *etag[3], *digest[3], *tree;
	struct client c;
	struct hgt_buf headers = HGT_BUF_INIT;

	fetch(f, f->one, "same", &etag[0], &digest[0]);
	fetch(f, f->two, "same", &etag[1], &digest[1]);
	assert_int_equal(count_files(f, "/*.tar.gz"), 1);
	assert_int_equal(count_files(f, "/tmp"), 0);
	/* A restart finds it again. */
	rig_restart(&f->rig);
	fetch(f, f->one, "same", &etag[2], &digest[2]);
	tree = rig_sh(&f->rig, "printf '\"%s\"' $(git -C w rev-parse HEAD:same)");
	for (int i = 0; i < 3; i++) {
		assert_string_equal(etag[i], tree);
		assert_string_equal(digest[i], digest[0]);
	}
	for (int i = 0; i < 3; i++) {
		free(etag[i]);
		free(digest[i]);
	}
	rig_settle(&f->rig);
	free(rig_sh(&f->rig, "cd state/archives; sha256sum --quiet -c *.sha256"));
	hgt_buf_addf(&headers, "If-None-Match: \"x\", W/%s\r\n", tree);
	c = ask(f, f->two, "same", headers.data);
	client_until(&c, "HTTP/1.1 304 Not Modified\r\n");
	client_until(&c, "ETag: ");
	client_close(&c);
	hgt_buf_release(&headers);
	free(tree);
}

static void test_many_wait_for_one(void **state)
{
	struct fixture *f = *state;
	struct client c[8];

	for (int i = 0; i < 8; i++)
		c[i] = ask(f, f->two, "", "");
	client_close(&c[3]);
	for (int i = 0; i < 8; i++) {
		if (i == 3)
			continue;
		client_until(&c[i], "Repr-Digest: sha-256=:");
		client_close(&c[i]);
	}
	assert_int_equal(count_files(f, "/*.tar.gz"), 1);
}

static void test_what_is_not_there(void **state)
{
	struct fixture *f = *state;
	const struct {
		const char *rev, *path, *status, *error;
	} cases[] = {
		{f->two, "nothing", "404", "path-not-found"},
		{f->two, "same/f", "404", "path-not-found"},
		{"1111111111111111111111111111111111111111", "", "404", "revision-not-found"},
		{f->two, "a/../b", "400", "bad-request"},
	};
	char *tree = rig_sh(&f->rig, "git -C w rev-parse HEAD:same");
	struct client c = ask(f, tree, "", "");

	client_until(&c, "\"error\":\"revision-not-found\"");
	client_close(&c);
	free(tree);
	for (size_t i = 0; i < N_OF(cases); i++) {
		c = ask(f, cases[i].rev, cases[i].path, "");
		client_until(&c, cases[i].status);
		client_until(&c, cases[i].error);
		client_close(&c);
	}
	assert_int_equal(count_files(f, "/tmp"), 0);
}

/* What lies in the folder at the start and is none of ours, or not whole. */
static void test_start(void **state)
{
	struct fixture *f = *state;
	char *etag, *digest;

	fetch(f, f->two, "same", &etag, &digest);
	free(etag);
	free(digest);
	fetch(f, f->two, "other", &etag, &digest);
	free(etag);
	free(digest);
	rig_settle(&f->rig);
	free(rig_sh(&f->rig, "cd state/archives; touch tmp/half 1111111111111111111111111111111111111111.tar.gz stray "
		"2222222222222222222222222222222222222222.sha256; rm $(git -C ../../w rev-parse HEAD:other).sha256"));
	rig_restart(&f->rig);
	assert_int_equal(count_files(f, ""), 3);	/* one archive, its digest, tmp */
	assert_int_equal(count_files(f, "/tmp"), 0);
	fetch(f, f->two, "other", &etag, &digest);
	free(etag);
	free(digest);
}

/* A file that has been changed behind the daemon's back is built again. */
static void test_changed_on_disk(void **state)
{
	struct fixture *f = *state;
	char *etag, *digest, *again;

	fetch(f, f->two, "same", &etag, &digest);
	free(etag);
	rig_settle(&f->rig);
	free(rig_sh(&f->rig, "for f in state/archives/*.tar.gz; do echo x >>$f; done"));
	fetch(f, f->two, "same", &etag, &again);
	assert_string_equal(again, digest);
	rig_settle(&f->rig);
	free(rig_sh(&f->rig, "cd state/archives; sha256sum --quiet -c *.sha256; rm *.tar.gz"));
	free(etag);
	free(again);
	fetch(f, f->two, "same", &etag, &again);
	assert_string_equal(again, digest);
	free(etag);
	free(again);
	free(digest);
}

static void test_limit(void **state)
{
	struct rig rig;
	char *head, *names;
	char url[200];
	struct client c;

	(void)state;
	rig_start(&rig, "limits: {archive_cache: 1MiB}\n");
	free(rig_sh(&rig, "git init -q --bare git/r.git; git init -q w; cd w; for d in a b c d; do mkdir $d; "
		"head -c 400000 /dev/urandom >$d/f; done; mkdir big; head -c 1100000 /dev/zero >big/f; git add .; git commit -qm one; "
		"git push -q ../git/r.git HEAD:refs/heads/main"));
	head = rig_sh(&rig, "git -C w rev-parse HEAD");
	rig_restart(&rig);
	for (const char *path = "abcad"; *path; path++) {
		snprintf(url, sizeof(url), "/v1/archive?repo=r&rev=%s&path=%c", head, *path);
		c = client_get(&rig, url, "Connection: close\r\n");
		client_until_end(&c);
		assert_memory_equal(c.got.data, "HTTP/1.1 200 OK\r\n", 17);
		client_close(&c);
	}
	/* Two fit: the last ones that were asked for. */
	names = rig_sh(&rig, "cd w; for d in a b c d; do [ ! -e ../state/archives/$(git rev-parse HEAD:$d).tar.gz ] || printf $d; done");
	assert_string_equal(names, "ad");
	free(names);
	rig_settle(&rig);
	names = rig_sh(&rig, "ls state/archives/*.sha256 | wc -l");
	assert_string_equal(names, "2");
	snprintf(url, sizeof(url), "/v1/archive?repo=r&rev=%s&path=big", head);
	c = client_get(&rig, url, "");
	client_until(&c, "HTTP/1.1 413 ");
	client_until(&c, "\"error\":\"archive-too-large\"");
	client_close(&c);
	free(names);
	free(head);
	rig_stop(&rig);
}

/* The length of the head, its empty line included. */
static size_t head_len(const struct client *c)
{
	const char *end = strstr(c->got.data, "\r\n\r\n");

	assert_non_null(end);
	return (size_t)(end + 4 - c->got.data);
}

static void expect_status(const struct client *c, int status)
{
	char line[32];

	snprintf(line, sizeof(line), "HTTP/1.1 %d ", status);
	if (strncmp(c->got.data, line, strlen(line)) != 0)
		fail_msg("not %d: %s", status, c->got.data);
}

static struct client ask_and_close(struct fixture *f, const char *method, const char *path, const char *headers)
{
	struct hgt_buf all = HGT_BUF_INIT;
	char url[300];
	struct client c;

	snprintf(url, sizeof(url), "/v1/archive?repo=r&rev=%s&path=%s", f->two, path);
	hgt_buf_addf(&all, "Connection: close\r\n%s", headers);
	c = client_request(&f->rig, method, url, all.data, NULL);
	client_until_end(&c);
	hgt_buf_release(&all);
	return c;
}

/* A part is the same bytes that the whole has there, under the whole's tag and digest. */
static void test_ranges(void **state)
{
	struct fixture *f = *state;
	struct client whole = ask_and_close(f, "GET", "same", ""), c;
	char *etag = header(&whole, "ETag"), *digest = header(&whole, "Repr-Digest");
	size_t size = whole.got.len - head_len(&whole);
	const char *body = whole.got.data + head_len(&whole);
	const struct {
		const char *range;
		const char *more;	/* with %s for the tag */
		int status;
		size_t first, length;
	} cases[] = {
		{"bytes=0-0", "", 206, 0, 1}, {"bytes=5-", "", 206, 5, size - 5}, {"bytes=-7", "", 206, size - 7, 7},
		{"bytes=10-19", "If-Range: %s\r\n", 206, 10, 10}, {"bytes=10-19", "If-Range: \"x\"\r\n", 200, 0, size},
		{"bytes=0-1,4-5", "", 200, 0, size}, {"bytes=x", "", 200, 0, size}, {"bytes=999999-", "", 416, 0, 0},
		{"bytes=10-19", "If-None-Match: %s\r\n", 304, 0, 0}, {"bytes=10-19", "If-Match: %s\r\n", 206, 10, 10},
		{"bytes=10-19", "If-Match: \"x\"\r\n", 412, 0, 0},
	};

	expect_status(&whole, 200);
	assert_true(size > 20);
	free(header(&whole, "Accept-Ranges"));
	for (size_t i = 0; i < N_OF(cases); i++) {
		char headers[300], expected[64];
		char *value;

		snprintf(headers, sizeof(headers), "Range: %s\r\n", cases[i].range);
		snprintf(headers + strlen(headers), sizeof(headers) - strlen(headers), strstr(cases[i].more, "%s") ? "%.*s%s\r\n" : "%.*s%.0s",
			(int)(strstr(cases[i].more, "%s") ? strcspn(cases[i].more, "%") : strlen(cases[i].more)), cases[i].more, etag);
		c = ask_and_close(f, "GET", "same", headers);
		expect_status(&c, cases[i].status);
		if (cases[i].status == 206 || cases[i].status == 200) {
			assert_int_equal(c.got.len - head_len(&c), cases[i].length);
			assert_memory_equal(c.got.data + head_len(&c), body + cases[i].first, cases[i].length);
			value = header(&c, "Repr-Digest");
			assert_string_equal(value, digest);
			free(value);
		}
		if (cases[i].status == 206 || cases[i].status == 416) {
			if (cases[i].status == 206)
				snprintf(expected, sizeof(expected), "bytes %zu-%zu/%zu", cases[i].first, cases[i].first + cases[i].length - 1, size);
			else
				snprintf(expected, sizeof(expected), "bytes */%zu", size);
			value = header(&c, "Content-Range");
			assert_string_equal(value, expected);
			free(value);
		}
		value = header(&c, "ETag");
		assert_string_equal(value, etag);
		free(value);
		client_close(&c);
	}
	client_close(&whole);
	free(etag);
	free(digest);
}

/* The head of what GET would answer, and nothing behind it. */
static void test_head(void **state)
{
	struct fixture *f = *state;
	struct client head = ask_and_close(f, "HEAD", "other", "Range: bytes=0-0\r\n"), whole = ask_and_close(f, "GET", "other", "");
	static const char *const names[] = {"ETag", "Repr-Digest", "Content-Length", "Content-Type", "Headgate-Revision", "Accept-Ranges"};

	expect_status(&head, 200);
	assert_int_equal(head.got.len, head_len(&head));
	for (size_t i = 0; i < N_OF(names); i++) {
		char *a = header(&head, names[i]), *b = header(&whole, names[i]);

		assert_string_equal(a, b);
		free(a);
		free(b);
	}
	client_close(&head);
	client_close(&whole);
	head = ask_and_close(f, "HEAD", "nothing", "");
	expect_status(&head, 404);
	client_close(&head);
}

/* Only what differs, under a name of its own; the whole, said to be that, from a tree that nobody knows. */
static void test_differences(void **state)
{
	struct fixture *f = *state;
	char *from = rig_sh(&f->rig, "git -C w rev-parse HEAD~1^{tree}"), *to = rig_sh(&f->rig, "git -C w rev-parse HEAD^{tree}");
	char *blob = rig_sh(&f->rig, "git -C w rev-parse HEAD:other/f");
	const struct {
		const char *from, *told;
		bool differences;
	} cases[] = {
		{from, from, true}, {from, from, true}, {to, "none", false}, {blob, "none", false}, {f->one, "none", false},
		{"1111111111111111111111111111111111111111", "none", false},
	};
	struct client c;

	for (size_t i = 0; i < N_OF(cases); i++) {
		char path[100], expected[200], *etag, *told;

		snprintf(path, sizeof(path), "&from=%s", cases[i].from);
		c = ask_and_close(f, "GET", path, "");
		expect_status(&c, 200);
		etag = header(&c, "ETag");
		told = header(&c, "Headgate-From");
		snprintf(expected, sizeof(expected), cases[i].differences ? "\"%s-%s\"" : "\"%s\"", to, from);
		assert_string_equal(etag, expected);
		assert_string_equal(told, cases[i].told);
		free(told);
		client_close(&c);
		/* Who has these differences has them, and who has the tree has not. */
		snprintf(path, sizeof(path), "&from=%s", cases[i].from);
		snprintf(expected, sizeof(expected), "If-None-Match: %s\r\n", etag);
		c = ask_and_close(f, "GET", path, expected);
		expect_status(&c, 304);
		client_close(&c);
		free(etag);
	}
	assert_int_equal(count_files(f, "/*.tar.gz"), 2);
	rig_settle(&f->rig);
	free(rig_sh(&f->rig, "cd state/archives; sha256sum --quiet -c *.sha256"));
	{
		char *names = rig_sh(&f->rig, "tar -tzf state/archives/*-*.tar.gz --warning=no-unknown-keyword");

		assert_string_equal(names, "other/\nother/f");
		free(names);
	}
	/* A restart finds them again. */
	rig_restart(&f->rig);
	assert_int_equal(count_files(f, "/*.tar.gz"), 2);
	c = ask_and_close(f, "GET", "&from=x", "");
	expect_status(&c, 400);
	client_close(&c);
	free(from);
	free(to);
	free(blob);
}

/* The old tree is there, but not all that is in it: the whole. */
static void test_a_pruned_tree(void **state)
{
	struct fixture *f = *state;
	char *from = rig_sh(&f->rig, "git -C w rev-parse HEAD~1^{tree}"), path[100], *told;
	struct client c;

	free(rig_sh(&f->rig, "cd git/r.git; [ ! -e objects/pack/*.pack ] || { mv objects/pack/*.pack p; git unpack-objects -q <p; rm p; }; "
		"sub=$(git rev-parse main~1:other); rm -f objects/$(echo $sub | cut -c1-2)/$(echo $sub | cut -c3-)"));
	rig_restart(&f->rig);
	snprintf(path, sizeof(path), "&from=%s", from);
	c = ask_and_close(f, "GET", path, "");
	expect_status(&c, 200);
	told = header(&c, "Headgate-From");
	assert_string_equal(told, "none");
	client_close(&c);
	assert_int_equal(count_files(f, "/tmp"), 0);
	free(told);
	free(from);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_built_once), TEST(test_waits_for_no_move), TEST(test_many_wait_for_one), TEST(test_what_is_not_there), TEST(test_start),
		TEST(test_changed_on_disk), cmocka_unit_test(test_limit), TEST(test_ranges), TEST(test_head), TEST(test_differences),
		TEST(test_a_pruned_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
