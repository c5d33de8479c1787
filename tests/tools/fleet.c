/*
 * Pushes to a fleet of real agents on this machine, and how long each takes to lie in their folders and to be reported.
 *
 *	fleet ADMIN-SOCKET HOOK-SOCKET REPOSITORY FOLDER
 *
 * Agents are named load-0, load-1, ... (enlist.c), and agent i keeps FOLDER/i/into the same as a folder of the repository, where a file
 * `revision` stands that each push changes. stdin has a command a line:
 *
 *	at COMMIT		where the ref is
 *	agents N		so many there are from now on, and their folders
 *	push COMMIT WORD WHOSE	the ref is moved to the commit and handed over at the hook socket; `revision` then holds that word, in the folder of
 *				one agent (a number), or of `all`. It is over when they have reported that they hold it
 *	tell			a line of all pushes since the last: the 50th and 99th percentile and the most of the times from the hand-over to the
 *				file being in its place, then the same to the report being in the daemon's journal and told; in microseconds
 *
 * It is to be started before the agents: of inotify instances a user has as few as 128 (fs.inotify.max_user_instances), and they use what
 * there are.
 */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/io.h"
#include "base/timing.h"
#include "doc/doc.h"
#include "event/sse_reader.h"
#include "git/update.h"
#include "headgate/protocol.h"
#include "tests/tools/load/load.h"
#include "tests/tools/load/push.h"

enum { AGENTS_MAX = 1000, PATIENCE_MS = 60000, CONTENT = 64, EVENT_MAX = 1024 * 1024 };

static const char agent_prefix[] = "load-";

/* Of one agent, for the push that is under way. */
struct agent {
	int watch;
	int64_t applied, reported;	/* microseconds from the hand-over; 0 not yet */
};

struct fleet {
	const char *hook, *repository, *folder;
	struct agent agents[AGENTS_MAX];
	size_t n;
	int inotify, events;
	struct hgt_sse_reader reader;
	char before[HGT_OID_HEX + 1];	/* where the ref is before the push that is under way */
	char commit[HGT_OID_HEX + 1], content[CONTENT];	/* of that */
	size_t first, last;		/* whose it is: from first up to before last */
	size_t waiting;			/* how many of them have not reported */
	int64_t began;
	struct figures applied, reported;
};

static void tell(struct figures *figures, char end)
{
	printf("%lld %lld %lld%c", (long long)figures_at(figures, 50), (long long)figures_at(figures, 99), (long long)figures_at(figures, 100), end);
	figures->n = 0;
}

/* Whether the agent's file holds what the push under way has put there. */
static bool is_applied(const struct fleet *fleet, size_t i)
{
	struct hgt_buf path = HGT_BUF_INIT, text = HGT_BUF_INIT;
	bool is;

	hgt_buf_addf(&path, "%s/%zu/into/revision", fleet->folder, i);
	is = !path.failed && hgt_read_file(path.data, CONTENT, &text, NULL) == 0 &&
		text.len == strlen(fleet->content) + 1 && !strncmp(text.data, fleet->content, text.len - 1);
	hgt_buf_release(&path);
	hgt_buf_release(&text);
	return is;
}

static void look_at(struct fleet *fleet, size_t i)
{
	struct agent *agent = &fleet->agents[i];

	if (i >= fleet->first && i < fleet->last && !agent->applied && is_applied(fleet, i))
		agent->applied = hgt_time_mono_us() - fleet->began;
}

static void watch_folders(struct fleet *fleet, size_t n)
{
	for (size_t i = fleet->n; i < n; i++) {
		struct hgt_buf path = HGT_BUF_INIT;

		hgt_buf_addf(&path, "%s/%zu/into", fleet->folder, i);
		fleet->agents[i].watch = inotify_add_watch(fleet->inotify, path.data, IN_MOVED_TO | IN_CLOSE_WRITE | IN_CREATE);
		if (fleet->agents[i].watch < 0)
			err(1, "%s", path.data);
		hgt_buf_release(&path);
	}
	fleet->n = n;
}

static void read_folders(struct fleet *fleet)
{
	char room[16384] __attribute__((aligned(8)));
	ssize_t got = read(fleet->inotify, room, sizeof room);

	for (const char *at = room; got > 0 && at < room + got;) {
		const struct inotify_event *event = (const void *)at;

		for (size_t i = fleet->first; i < fleet->last && event->len && !strcmp(event->name, "revision"); i++)
			if (fleet->agents[i].watch == event->wd)
				look_at(fleet, i);
		at += sizeof *event + event->len;
	}
}

/* A report: an agent's own word that it holds the commit, as the daemon has it on disk. */
static int take_report(void *ctx, const struct hgt_sse_event *event)
{
	struct fleet *fleet = ctx;
	struct hgt_doc_set set;
	const struct hgt_node *data;
	const char *name, *sync, *applied;

	hgt_doc_set_init(&set);
	if (hgt_json_parse_message(event->data, event->len, &set, NULL) < 0)
		errx(1, "an event is no JSON: %s", event->data);
	data = hgt_node_get(set.docs[0].root, "data");
	name = data ? hgt_node_get_string(data, "agent") : NULL;
	sync = name ? hgt_node_get_string(data, "sync") : NULL;
	applied = sync ? hgt_node_get_string(data, "applied") : NULL;
	if (applied && !strcmp(sync, "Synced") && !strcmp(applied, fleet->commit) && !strncmp(name, agent_prefix, sizeof agent_prefix - 1)) {
		size_t i = strtoul(name + sizeof agent_prefix - 1, NULL, 10);

		if (i >= fleet->first && i < fleet->last && !fleet->agents[i].reported) {
			fleet->agents[i].reported = hgt_time_mono_us() - fleet->began;
			fleet->waiting--;
			if (!fleet->agents[i].applied && !is_applied(fleet, i))
				errx(1, "%s reports what it does not hold", name);
		}
	}
	hgt_doc_set_release(&set);
	return 0;
}

/* The reports that come from now on. HTTP/1.0 has no chunks. */
static void follow_reports(struct fleet *fleet, const char *admin)
{
	static const char request[] = "GET /v1/events?type=io.headgate.agent.reported.v1 HTTP/1.0\r\nHost: headgate\r\n"
		"Accept: text/event-stream\r\n\r\n";
	struct hgt_buf head = HGT_BUF_INIT;

	fleet->events = push_connect(admin);
	if (hgt_write_all(fleet->events, request, sizeof request - 1) < 0)
		err(1, "%s", admin);
	/* The first bookmark says that the stream is at the head. */
	while (!strstr(head.data, "event: " HGT_STREAM_BOOKMARK)) {
		char *room = hgt_buf_reserve(&head, 4096);
		ssize_t got = room ? read(fleet->events, room, 4096) : -1;

		if (got <= 0)
			errx(1, "%s: no stream of reports: %s", admin, head.data);
		hgt_buf_grown(&head, (size_t)got);
	}
	hgt_buf_release(&head);
	hgt_sse_reader_init(&fleet->reader, EVENT_MAX);
}

static void read_reports(struct fleet *fleet)
{
	struct hgt_error why = {0};
	char room[65536];
	ssize_t got = read(fleet->events, room, sizeof room);

	if (got <= 0)
		errx(1, "the daemon has ended the stream of reports");
	if (hgt_sse_reader_feed(&fleet->reader, room, (size_t)got, take_report, fleet, &why) < 0)
		errx(1, "the stream of reports: %s", why.message);
}

static void wait_for_all(struct fleet *fleet, int hook)
{
	int64_t deadline = hgt_time_mono_ms() + PATIENCE_MS, left;
	struct pollfd fds[] = {{.fd = fleet->inotify, .events = POLLIN}, {.fd = fleet->events, .events = POLLIN}, {.fd = hook, .events = POLLIN}};

	while (fleet->waiting || fds[2].fd >= 0) {
		left = deadline - hgt_time_mono_ms();
		if (left <= 0)
			errx(1, "%zu of %zu agents have not reported within %d s that they hold %s", fleet->waiting, fleet->last - fleet->first,
				PATIENCE_MS / 1000, fleet->content);
		if (poll(fds, 3, (int)left) < 0 && errno != EINTR)
			err(1, "poll");
		if (fds[0].revents)
			read_folders(fleet);
		if (fds[1].revents)
			read_reports(fleet);
		if (fds[2].revents) {
			char answer[1024];
			ssize_t got = read(hook, answer, sizeof answer - 1);

			answer[got > 0 ? got : 0] = '\0';
			if (!strstr(answer, "\"ok\":true"))
				errx(1, "the hook socket said: %s", answer);
			fds[2].fd = -1;
		}
	}
}

static void push(struct fleet *fleet)
{
	struct hgt_buf line = HGT_BUF_INIT;
	int hook = push_connect(fleet->hook);

	push_announcement(fleet->repository, fleet->before, fleet->commit, &line);
	out_of_memory_if(line.failed);
	fleet->waiting = fleet->last - fleet->first;
	for (size_t i = 0; i < fleet->n; i++)
		fleet->agents[i].applied = fleet->agents[i].reported = 0;
	push_move_ref(fleet->repository, fleet->commit);
	fleet->began = hgt_time_mono_us();
	if (hgt_write_all(hook, line.data, line.len) < 0)
		err(1, "%s", fleet->hook);
	wait_for_all(fleet, hook);
	close(hook);
	hgt_buf_release(&line);
	memcpy(fleet->before, fleet->commit, sizeof fleet->before);
	for (size_t i = fleet->first; i < fleet->last; i++) {
		/* Its report may have been read before what the kernel had to say of its folder. */
		int64_t reported = fleet->agents[i].reported, applied = fleet->agents[i].applied;

		if (!applied || applied > reported)
			applied = reported;
		figures_add(&fleet->applied, &applied, 1);
		figures_add(&fleet->reported, &reported, 1);
	}
}

static void run_command(struct fleet *fleet, const char *line)
{
	char whose[16];
	size_t n;

	if (sscanf(line, "push %40s %63s %15s", fleet->commit, fleet->content, whose) == 3) {
		fleet->first = strcmp(whose, "all") ? strtoul(whose, NULL, 10) : 0;
		fleet->last = strcmp(whose, "all") ? fleet->first + 1 : fleet->n;
		if (fleet->last > fleet->n)
			errx(2, "there is no agent %s", whose);
		push(fleet);
	} else if (sscanf(line, "agents %zu", &n) == 1 && n >= fleet->n && n <= AGENTS_MAX) {
		watch_folders(fleet, n);
	} else if (!strcmp(line, "tell\n") && fleet->applied.n) {
		tell(&fleet->applied, ' ');
		tell(&fleet->reported, '\n');
		if (fflush(stdout) != 0)
			err(1, "stdout");
	} else if (sscanf(line, "at %40s", fleet->before) != 1) {
		errx(2, "no such command, or not now: %s", line);
	}
}

/* Until there is a line; reports are read meanwhile, else the daemon would end a stream that is full. */
static void wait_for_command(struct fleet *fleet)
{
	struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = fleet->events, .events = POLLIN}};

	while (!fds[0].revents) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			err(1, "poll");
		if (fds[1].revents)
			read_reports(fleet);
	}
}

int main(int argc, char **argv)
{
	struct fleet *fleet = calloc(1, sizeof *fleet);
	size_t room = 0;
	char *line = NULL;

	if (argc != 5)
		errx(2, "usage: fleet ADMIN-SOCKET HOOK-SOCKET REPOSITORY FOLDER");
	out_of_memory_if(!fleet);
	fleet->hook = argv[2];
	fleet->repository = argv[3];
	fleet->folder = argv[4];
	fleet->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (fleet->inotify < 0)
		err(1, "inotify");
	follow_reports(fleet, argv[1]);
	setvbuf(stdin, NULL, _IONBF, 0);	/* so that poll knows of every line */
	for (wait_for_command(fleet); getline(&line, &room, stdin) > 0; wait_for_command(fleet))
		run_command(fleet, line);
	free(line);
	hgt_sse_reader_release(&fleet->reader);
	figures_release(&fleet->applied);
	figures_release(&fleet->reported);
	free(fleet);
	return 0;
}
