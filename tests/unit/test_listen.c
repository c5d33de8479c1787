/* daemon/listen: what may be bound, and what is replaced. */
#include "daemon/listen.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static void test_unix(void **state)
{
	char *path = unit_path(*state, "s.sock"), *file = unit_path(*state, "file");
	struct hgt_error err = {0};
	struct stat st;
	int fd, again;
	FILE *f;

	assert_int_equal(listen_unix(path, 0600, &fd, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(listen_unix(path, 0600, &again, &err), HGT_ECONFLICT);
	assert_non_null(strstr(err.message, path));
	/* A stale one is replaced. */
	close(fd);
	assert_int_equal(listen_unix(path, 0660, &fd, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	close(fd);
	/* A file is not. */
	f = fopen(file, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(listen_unix(file, 0600, &fd, &err), HGT_EEXIST);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(listen_unix("/nowhere/at/all.sock", 0600, &fd, &err), HGT_ENOENT);
	free(path);
	free(file);
	path = malloc(300);
	assert_non_null(path);
	memset(path, 'x', 299);
	path[0] = '/';
	path[299] = '\0';
	assert_int_equal(listen_unix(path, 0600, &fd, &err), HGT_ELIMIT);
	free(path);
}

static void test_tcp(void **state)
{
	static const struct {
		const char *address;
		bool insecure;
		int code;
		const char *says;
	} cases[] = {
		{"127.0.0.1:0", false, 0, NULL},
		{"127.3.4.5:0", false, 0, NULL},
		{"0.0.0.0:0", true, 0, NULL},
		{"0.0.0.0:0", false, HGT_EPERM, "loopback"},
		{"192.0.2.1:7420", false, HGT_EPERM, "loopback"},
		{"[::]:0", false, HGT_EPERM, "loopback"},
		{"[2001:db8::1]:0", false, HGT_EPERM, "loopback"},
		{"127.0.0.1", false, HGT_EPARSE, "numeric address"},
		{"127.0.0.1:", false, HGT_EPARSE, "numeric address"},
		{"127.0.0.1:99999", false, HGT_EPARSE, "numeric address"},
		{"127.0.0.1:7x", false, HGT_EPARSE, "numeric address"},
		{"::1:80", false, HGT_EPARSE, "numeric address"},
		{"localhost:80", false, HGT_EPARSE, "numeric address"},
		{":80", false, HGT_EPARSE, "numeric address"},
		{"", false, HGT_EPARSE, "numeric address"},
		{"[::1:80", false, HGT_EPARSE, "numeric address"},
		{"[00000000000000000000000000000000000000000000000000000001]:80", false, HGT_EPARSE, "numeric address"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		const struct hgt_config_listen listen = {.address = cases[i].address, .insecure = cases[i].insecure};
		struct hgt_buf bound = HGT_BUF_INIT;
		struct hgt_error err = {0};
		int fd = -1, code = listen_tcp(&listen, &fd, &bound, &err);

		if (code != cases[i].code)
			fail_msg("%s: %d: %s", cases[i].address, code, err.message);
		if (code == 0) {
			/* The port that the kernel chose. */
			assert_true(strtoul(strrchr(bound.data, ':') + 1, NULL, 10) > 0);
			close(fd);
		} else {
			assert_non_null(strstr(err.message, cases[i].says));
			assert_non_null(strstr(err.message, cases[i].address));
			assert_int_equal(fd, -1);
		}
		hgt_buf_release(&bound);
	}
}

static void test_peer(void **state)
{
	uid_t uid = (uid_t)-1;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_true(listen_peer_uid(pair[0], &uid));
	assert_int_equal(uid, getuid());
	close(pair[0]);
	close(pair[1]);
	assert_false(listen_peer_uid(-1, &uid));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_unix, unit_folder_make, unit_folder_remove),
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_peer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
