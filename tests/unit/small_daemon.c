/* The inner half of a daemon, without its sockets. */
#include "tests/unit/small_daemon.h"

#include <event2/event.h>
#include <unistd.h>

#include "base/io.h"
#include "base/workers.h"
#include "daemon/intake.h"
#include "daemon/ref_watch.h"
#include "daemon/repos.h"
#include "daemon/retention.h"
#include "daemon/store.h"
#include "tests/unit/temp_folder.h"
#include "tests/unit/unit.h"

/* Fail the test when code is negative. */
static void well(int code, const struct hgt_error *err)
{
	if (code < 0)
		fail_msg("%s", err->message);
}

static void on_git_done(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	hgt_workers_dispatch(arg);
}

static void start(struct small_daemon *small)
{
	struct daemon *d = &small->daemon;
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_error err = {0};

	hgt_buf_addf(&text, "site: test\nstate: %s/state\nrepositories: {root: %s/git, exclude: [\"scratch/**\"]}\n"
		"sockets: {hook: %s/hook.sock}\n", small->folder, small->folder, small->folder);
	well(hgt_config_parse(text.data, text.len, "test.yaml", &small->config, &err), &err);
	hgt_buf_reset(&text);
	hgt_buf_addf(&text, "%s/state/" HGT_JOURNAL_FILE, small->folder);
	*d = (struct daemon){.config = small->config, .base = event_base_new()};
	assert_non_null(d->base);
	well(hgt_workers_new(2, &d->git, &err), &err);
	small->git_done = event_new(d->base, hgt_workers_fd(d->git), EV_READ | EV_PERSIST, on_git_done, d->git);
	assert_non_null(small->git_done);
	assert_int_equal(event_add(small->git_done, NULL), 0);
	well(store_new(d, &d->store, &err), &err);
	well(hgt_journal_open(text.data, HGT_JOURNAL_READ, &d->reader, &err), &err);
	well(repos_new(d->config, &d->repos, &err), &err);
	well(intake_new(d, &d->intake, &err), &err);
	well(ref_watch_new(d, NULL, NULL, &d->ref_watch, &err), &err);
	hgt_buf_release(&text);
}

static void stop(struct small_daemon *small)
{
	struct daemon *d = &small->daemon;

	d->stopping = true;
	hgt_workers_free(d->git);
	ref_watch_free(d->ref_watch);
	store_free(d->store);
	retention_free(d->retention);	/* when a test has made one */
	intake_free(d->intake);
	repos_free(d->repos);
	hgt_journal_close(d->reader);
	event_free(small->git_done);
	event_base_free(d->base);
	hgt_config_free(small->config);
}

void small_daemon_start(struct small_daemon *small)
{
	small->folder = temp_folder_new();
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	setenv("GIT_AUTHOR_NAME", "A", 1);
	setenv("GIT_AUTHOR_EMAIL", "a@example.org", 1);
	setenv("GIT_COMMITTER_NAME", "A", 1);
	setenv("GIT_COMMITTER_EMAIL", "a@example.org", 1);
	free(small_daemon_sh(small, "mkdir git state"));
	start(small);
}

void small_daemon_stop(struct small_daemon *small)
{
	stop(small);
	temp_folder_free(small->folder);
}

void small_daemon_restart(struct small_daemon *small)
{
	stop(small);
	start(small);
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	fail_msg("waited in vain");
}

void small_daemon_run(struct small_daemon *small, const bool *done)
{
	const struct timeval patience = {.tv_sec = 60};
	struct event *late = evtimer_new(small->daemon.base, on_late, NULL);

	assert_non_null(late);
	assert_int_equal(event_add(late, &patience), 0);
	while (!*done)
		assert_int_equal(event_base_loop(small->daemon.base, EVLOOP_ONCE), 0);
	event_free(late);
}

char *small_daemon_sh(const struct small_daemon *small, const char *fmt, ...)
{
	struct hgt_buf script = HGT_BUF_INIT, out = HGT_BUF_INIT;
	struct hgt_error err = {0};
	FILE *pipe;
	va_list ap;

	hgt_buf_addf(&script, "cd %s && ", small->folder);
	va_start(ap, fmt);
	hgt_buf_addvf(&script, fmt, ap);
	va_end(ap);
	pipe = popen(script.data, "re");
	assert_non_null(pipe);
	well(hgt_read_fd(fileno(pipe), "the script's output", 16 << 20, &out, &err), &err);
	if (pclose(pipe) != 0)
		fail_msg("script failed: %s", script.data);
	if (out.len && out.data[out.len - 1] == '\n')
		hgt_buf_truncate(&out, out.len - 1);
	hgt_buf_release(&script);
	return hgt_buf_take(&out);
}
