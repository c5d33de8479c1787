/* daemon/sockets: what is handed over, by whom and for what; what is opened, kept and passed on. */
#include "daemon/sockets.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/listen.h"
#include "tests/unit/unit.h"

static const struct hgt_config_listen any_port = {.address = "127.0.0.1:0"};

static void ok(int code, const struct hgt_error *err)
{
	if (code < 0)
		fail_msg("%s", err->message);
}

static int start(void **state)
{
	hgt_log_setup(HGT_LOG_ERROR, HGT_LOG_LOGFMT);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	unsetenv("HEADGATE_SOCKETS");
	return unit_folder_make(state);
}

static ino_t inode(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* Set what the program before says: its pid, then " <fd>:<name>" for one socket. */
static void say_passed(long pid, int fd, const char *name)
{
	char text[128];

	snprintf(text, sizeof(text), "%ld %d:%s", pid, fd, name);
	setenv("HEADGATE_SOCKETS", text, 1);
}

static int tcp_socket(struct hgt_buf *bound)
{
	struct hgt_error err = {0};
	int fd;

	ok(listen_tcp(&any_port, &fd, bound, &err), &err);
	return fd;
}

static void one_that_was_opened_here_is_kept_and_removed(void **state)
{
	char *path = unit_path(*state, "hook.sock");
	struct sockets *sockets;
	struct hgt_error err = {0};
	struct stat st;
	int fd;

	ok(sockets_new(&sockets, &err), &err);
	ok(sockets_unix(sockets, SOCKETS_HOOK, path, 0660, &fd, &err), &err);
	ok(sockets_settle(sockets, &err), &err);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	/* The caller's is its own. */
	close(fd);
	assert_int_equal(listen_unix(path, 0600, &fd, &err), HGT_ECONFLICT);
	sockets_remove(sockets, SOCKETS_HOOK, path);
	assert_int_equal(stat(path, &st), -1);
	sockets_free(sockets);
	free(path);
}

static void without_a_keeper(void **state)
{
	char *path = unit_path(*state, "hook.sock");
	struct hgt_buf bound = HGT_BUF_INIT;
	struct hgt_error err = {0};
	struct stat st;
	int fd;

	ok(sockets_unix(NULL, SOCKETS_HOOK, path, 0600, &fd, &err), &err);
	close(fd);
	sockets_remove(NULL, SOCKETS_HOOK, path);
	assert_int_equal(stat(path, &st), -1);
	ok(sockets_tcp(NULL, &any_port, &fd, &bound, &err), &err);
	sockets_drop_tcp(NULL, bound.data);
	close(fd);
	hgt_buf_release(&bound);
	free(path);
}

static void passed_on_to_the_next_program(void **state)
{
	char *path = unit_path(*state, "admin.sock");
	struct hgt_buf bound = HGT_BUF_INIT, again = HGT_BUF_INIT;
	struct sockets *before, *after;
	struct hgt_error err = {0};
	struct stat st;
	int admin, tcp, fd;

	ok(sockets_new(&before, &err), &err);
	ok(sockets_unix(before, SOCKETS_ADMIN, path, 0600, &admin, &err), &err);
	ok(sockets_tcp(before, &any_port, &tcp, &bound, &err), &err);
	ok(sockets_pass(before, &err), &err);
	/* As after an exec: the memory is gone, the descriptors are not. */
	ok(sockets_new(&after, &err), &err);
	assert_null(getenv("HEADGATE_SOCKETS"));
	ok(sockets_unix(after, SOCKETS_ADMIN, path, 0600, &fd, &err), &err);
	assert_int_equal(inode(fd), inode(admin));
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	ok(sockets_tcp(after, &any_port, &fd, &again, &err), &err);
	assert_int_equal(inode(fd), inode(tcp));
	assert_string_equal(again.data, bound.data);
	close(fd);
	ok(sockets_settle(after, &err), &err);
	/* It is ours, though another program opened it. */
	sockets_remove(after, SOCKETS_ADMIN, path);
	assert_int_equal(stat(path, &st), -1);
	sockets_free(after);
	sockets_free(before);	/* the memory; its descriptors were the other's, and are closed */
	close(admin);
	close(tcp);
	hgt_buf_release(&bound);
	hgt_buf_release(&again);
	free(path);
}

static void there_was_no_next_program(void **state)
{
	char *path = unit_path(*state, "admin.sock");
	struct sockets *sockets;
	struct hgt_error err = {0};
	int first, second;

	ok(sockets_new(&sockets, &err), &err);
	ok(sockets_unix(sockets, SOCKETS_ADMIN, path, 0600, &first, &err), &err);
	ok(sockets_pass(sockets, &err), &err);
	sockets_keep(sockets);
	assert_null(getenv("HEADGATE_SOCKETS"));
	ok(sockets_unix(sockets, SOCKETS_ADMIN, path, 0600, &second, &err), &err);
	assert_int_equal(inode(first), inode(second));
	close(first);
	close(second);
	sockets_remove(sockets, SOCKETS_ADMIN, path);
	sockets_free(sockets);
	free(path);
}

static void what_the_config_no_longer_names(void **state)
{
	struct hgt_buf bound = HGT_BUF_INIT;
	struct sockets *sockets;
	struct hgt_error err = {0};
	int fd = tcp_socket(&bound);

	(void)state;
	/* Opened by the program before: closed. */
	say_passed(getpid(), fd, "tcp+own");
	ok(sockets_new(&sockets, &err), &err);
	ok(sockets_settle(sockets, &err), &err);
	assert_false(is_open(fd));
	sockets_free(sockets);
	/* Handed over by the service manager: whoever connects there would wait for ever. */
	hgt_buf_reset(&bound);
	fd = tcp_socket(&bound);
	say_passed(getpid(), fd, "tcp");
	ok(sockets_new(&sockets, &err), &err);
	assert_int_equal(sockets_settle(sockets, &err), HGT_EINVAL);
	assert_non_null(strstr(err.message, bound.data));
	sockets_free(sockets);
	hgt_buf_release(&bound);
}

static void what_is_handed_over_has_to_fit(void **state)
{
	char *here = unit_path(*state, "here.sock"), *there = unit_path(*state, "there.sock");
	struct sockets *sockets = NULL;
	struct hgt_error err = {0};
	int fd, other, plain = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ok(listen_unix(here, 0600, &fd, &err), &err);
	/* Another name, no listening socket, one of another kind. */
	say_passed(getpid(), fd, "web");
	assert_int_equal(sockets_new(&sockets, &err), HGT_EINVAL);
	assert_non_null(strstr(err.message, "\"web\""));
	say_passed(getpid(), plain, "hook");
	assert_int_equal(sockets_new(&sockets, &err), HGT_EINVAL);
	say_passed(getpid(), fd, "tcp");
	assert_int_equal(sockets_new(&sockets, &err), HGT_EINVAL);
	say_passed(getpid(), 1, "hook");
	assert_int_equal(sockets_new(&sockets, &err), HGT_EINVAL);
	say_passed(getpid(), 99999, "hook");
	assert_int_equal(sockets_new(&sockets, &err), HGT_EINVAL);
	setenv("LISTEN_PID", "x", 1);
	assert_null(sockets);
	/* Another path than the config's. */
	say_passed(getpid(), fd, "hook");
	ok(sockets_new(&sockets, &err), &err);
	assert_int_equal(sockets_unix(sockets, SOCKETS_HOOK, there, 0660, &other, &err), HGT_EINVAL);
	assert_non_null(strstr(err.message, here));
	sockets_free(sockets);
	/* Said to another process: none of ours. */
	say_passed(getpid() + 1, fd, "nonsense");
	ok(sockets_new(&sockets, &err), &err);
	sockets_free(sockets);
	close(plain);
	unlink(here);
	free(here);
	free(there);
}

static void the_service_managers_stays(void **state)
{
	char *path = unit_path(*state, "hook.sock");
	struct sockets *sockets;
	struct hgt_error err = {0};
	struct stat st;
	int fd, given;

	ok(listen_unix(path, 0660, &fd, &err), &err);
	say_passed(getpid(), fd, "hook");
	ok(sockets_new(&sockets, &err), &err);
	ok(sockets_unix(sockets, SOCKETS_HOOK, path, 0660, &given, &err), &err);
	close(given);
	sockets_remove(sockets, SOCKETS_HOOK, path);
	assert_int_equal(stat(path, &st), 0);
	assert_true(is_open(fd));
	sockets_free(sockets);
	assert_false(is_open(fd));
	unlink(path);
	free(path);
}

static void an_address_means_its_port_or_any(void **state)
{
	struct hgt_buf bound = HGT_BUF_INIT, got = HGT_BUF_INIT;
	struct hgt_config_listen listen;
	struct sockets *sockets;
	struct hgt_error err = {0};
	int fd = tcp_socket(&bound), given;

	(void)state;
	say_passed(getpid(), fd, "tcp");
	ok(sockets_new(&sockets, &err), &err);
	listen = (struct hgt_config_listen){.address = "127.0.0.2:0"};
	ok(sockets_tcp(sockets, &listen, &given, &got, &err), &err);
	assert_int_not_equal(inode(given), inode(fd));
	close(given);
	hgt_buf_reset(&got);
	listen = (struct hgt_config_listen){.address = bound.data};
	ok(sockets_tcp(sockets, &listen, &given, &got, &err), &err);
	assert_int_equal(inode(given), inode(fd));
	close(given);
	/* Taken: not given twice. */
	assert_int_not_equal(sockets_tcp(sockets, &listen, &given, &got, &err), 0);
	sockets_drop_tcp(sockets, bound.data);
	assert_false(is_open(fd));
	sockets_free(sockets);
	hgt_buf_release(&bound);
	hgt_buf_release(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_that_was_opened_here_is_kept_and_removed, start, unit_folder_remove),
		cmocka_unit_test_setup_teardown(without_a_keeper, start, unit_folder_remove),
		cmocka_unit_test_setup_teardown(passed_on_to_the_next_program, start, unit_folder_remove),
		cmocka_unit_test_setup_teardown(there_was_no_next_program, start, unit_folder_remove),
		cmocka_unit_test_setup_teardown(what_the_config_no_longer_names, start, unit_folder_remove),
		cmocka_unit_test_setup_teardown(what_is_handed_over_has_to_fit, start, unit_folder_remove),
		cmocka_unit_test_setup_teardown(the_service_managers_stays, start, unit_folder_remove),
		cmocka_unit_test_setup_teardown(an_address_means_its_port_or_any, start, unit_folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
