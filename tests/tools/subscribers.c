/*
 * Holds very many event streams open, publishes events, and tells how long they take to all of them.
 *
 *	subscribers SERVER NAME=VALUE...
 *
 * SERVER is headgate, nchan, nats or bare (write_loop.c). The values:
 *
 *	port=N		of the server, on loopback; publish=N the one to publish at where that is another
 *	tls=yes		streams are opened with TLS
 *	pids=N[,N]	of the server's processes
 *	most=N		streams at most
 *	commits=FILE	a commit a line, with the number of the stream whose path it changes; each is one event. The first stands
 *			before the first event
 *	payload=FILE	data of an event; the others than Headgate are given it with each commit in turn as "new"
 *	paths=own	each stream wants a path (a channel) of its own; without it all want everything
 *	tokens=FILE	Headgate: of agents that have announced themselves, one a line (enlist.c)
 *	hook=SOCKET repository=FOLDER	Headgate: where pushes are announced, and the repository whose refs/heads/main moves
 *	scratch=FILE	with each event, 4 KiB are written there and synced first: the floor that the disk sets
 *
 * stdin has a command a line, and each is answered by a line of numbers; times are microseconds, memory is KiB:
 *
 *	open N		so many streams in all				-> time
 *	memory						-> resident, Pss, anonymous
 *	event ROUNDS	one event to all, ROUNDS times	-> p50, p99 and most of the times to receipt; p50, p99 of the scratch file;
 *							   the server's processor time per event
 *	burst N		N events at once		-> the time until all streams have all
 *	reconnect N	close all, publish N, open all at once with their cursors	-> the time until all have what they missed;
 *							   how many connections the server ended without a word, which came again
 *	end
 *
 * Whatever goes wrong (a stream refused or ended, an event lost, twice, out of order, or to a stream that it is not for) ends it with a
 * message and status 1.
 */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/io.h"
#include "base/timing.h"
#include "tests/tools/load/load.h"

enum { FILES_MAX = 20000, FILE_LIMIT = 64 * 1024 * 1024, QUIET_MS = 50 };

struct values {
	const char *port, *pids, *most, *commits, *payload, *paths, *tokens, *hook, *repository, *scratch, *publish, *tls;
};

static void read_whole(const char *path, struct hgt_buf *out)
{
	struct hgt_error error = {0};

	if (hgt_read_file(path, FILE_LIMIT, out, &error) < 0)
		errx(2, "%s", error.message);
}

/* The next line of *text, terminated in place; NULL at the end. */
static char *next_line(char **text)
{
	char *line = *text, *end;

	if (!*line)
		return NULL;
	end = line + strcspn(line, "\n");
	*text = *end ? end + 1 : end;
	*end = '\0';
	return line;
}

static uint64_t number_of(const char *text, uint64_t max, const char *what)
{
	uint64_t n;

	if (!text || hgt_parse_u64(text, max, &n) < 0)
		errx(2, "%s=%s is to be a number up to %llu", what, text ? text : "", (unsigned long long)max);
	return n;
}

static void parse_values(char **argv, struct values *values)
{
	const struct {
		const char *name;
		const char **value;
	} known[] = {
		{"port=", &values->port}, {"pids=", &values->pids}, {"most=", &values->most}, {"commits=", &values->commits},
		{"payload=", &values->payload}, {"paths=", &values->paths}, {"tokens=", &values->tokens}, {"hook=", &values->hook},
		{"repository=", &values->repository}, {"scratch=", &values->scratch},
		{"publish=", &values->publish}, {"tls=", &values->tls},
	};

	for (; *argv; argv++) {
		size_t i = 0;

		while (i < sizeof known / sizeof *known && strncmp(*argv, known[i].name, strlen(known[i].name)) != 0)
			i++;
		if (i == sizeof known / sizeof *known)
			errx(2, "%s: no such value", *argv);
		*known[i].value = *argv + strlen(known[i].name);
	}
}

static void parse_pids(struct load *load, const char *text)
{
	struct hgt_buf copy = HGT_BUF_INIT;
	char *rest, *one;

	hgt_buf_adds(&copy, text ? text : "");
	for (char *c = copy.data; *c; c++)
		if (*c == ',')
			*c = '\n';
	for (rest = copy.data; (one = next_line(&rest));) {
		if (load->n_pids == LOAD_PIDS_MAX)
			errx(2, "more than %d processes", LOAD_PIDS_MAX);
		load->pids[load->n_pids++] = (int)number_of(one, INT32_MAX, "pids");
	}
	hgt_buf_release(&copy);
}

static size_t lines_of(const struct hgt_buf *text)
{
	size_t n = 0;

	for (size_t i = 0; i < text->len; i++)
		n += text->data[i] == '\n';
	return n;
}

static void read_commits(struct load *load, const char *path)
{
	struct hgt_buf text = HGT_BUF_INIT;
	size_t most;
	char *rest, *line;

	read_whole(path, &text);
	most = lines_of(&text) + 1;
	load->ids = calloc(most, sizeof *load->ids);
	load->owners = calloc(most, sizeof *load->owners);
	out_of_memory_if(!load->ids || !load->owners);
	for (rest = text.data; (line = next_line(&rest));) {
		bool first = !*load->before;

		if (strlen(line) < LOAD_ID + 2 || line[LOAD_ID] != ' ')
			errx(2, "%s: a line is to be a commit and a number", path);
		memcpy(first ? load->before : load->ids[load->n_ids], line, LOAD_ID);
		if (!first)
			load->owners[load->n_ids++] = number_of(line + LOAD_ID + 1, SIZE_MAX, "the stream of a commit");
	}
	hgt_buf_release(&text);
}

/* Where main is among the commits: what has been published before. */
static void find_main(struct load *load)
{
	struct hgt_buf path = HGT_BUF_INIT, text = HGT_BUF_INIT;

	hgt_buf_addf(&path, "%s/refs/heads/main", load->repository);
	read_whole(path.data, &text);
	if (strncmp(text.data, load->before, LOAD_ID) != 0) {
		while (load->published < load->n_ids && strncmp(text.data, load->ids[load->published], LOAD_ID) != 0)
			load->published++;
		if (load->published++ == load->n_ids)
			errx(2, "%s is at none of the commits", path.data);
	}
	hgt_buf_release(&path);
	hgt_buf_release(&text);
}

static void read_tokens(struct load *load, const char *path)
{
	struct hgt_buf text = HGT_BUF_INIT;
	char *rest, *line;

	read_whole(path, &text);
	load->tokens = calloc(lines_of(&text) + 1, sizeof *load->tokens);
	out_of_memory_if(!load->tokens);
	rest = hgt_buf_take(&text);	/* kept to the end */
	out_of_memory_if(!rest);
	while ((line = next_line(&rest)))
		load->tokens[load->n_tokens++] = line;
	if (load->n_tokens < load->most)
		errx(2, "%s has %zu tokens for %zu streams", path, load->n_tokens, load->most);
}

static void read_payload(struct load *load, const char *path)
{
	static const char mark[] = "\"new\":\"";
	const char *at;

	read_whole(path, &load->payload);
	hgt_buf_truncate(&load->payload, strcspn(load->payload.data, "\n"));
	at = strstr(load->payload.data, mark);
	if (!at || strlen(at) < sizeof mark - 1 + LOAD_ID)
		errx(2, "%s: no event", path);
	load->hole = (size_t)(at - load->payload.data) + sizeof mark - 1;
}

static void set_up(struct load *load, const struct values *values)
{
	struct rlimit files = {FILES_MAX, FILES_MAX};

	load->port = (uint16_t)number_of(values->port, UINT16_MAX, "port");
	load->publish_port = values->publish ? (uint16_t)number_of(values->publish, UINT16_MAX, "publish") : load->port;
	load->tls = values->tls && !strcmp(values->tls, "yes") ? tls_new() : NULL;
	load->most = number_of(values->most, FILES_MAX - 100, "most");
	load->own_paths = values->paths && !strcmp(values->paths, "own");
	parse_pids(load, values->pids);
	read_commits(load, values->commits ? values->commits : "");
	if (!strcmp(load->kind->name, "headgate")) {
		load->hook = values->hook ? values->hook : "";
		load->repository = values->repository ? values->repository : "";
		read_tokens(load, values->tokens ? values->tokens : "");
		find_main(load);
	} else {
		read_payload(load, values->payload ? values->payload : "");
	}
	if (values->scratch && (load->scratch = open(values->scratch, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) < 0)
		err(2, "%s", values->scratch);
	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		err(2, "%d open files", FILES_MAX);
	signal(SIGPIPE, SIG_IGN);
	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	load->streams = calloc(load->most, sizeof *load->streams);
	load->took = calloc(load->most, sizeof *load->took);
	load->bytes = malloc(LOAD_READ);
	out_of_memory_if(load->epoll < 0 || !load->streams || !load->took || !load->bytes);
	for (size_t i = 0; i < load->most; i++)
		hgt_buf_init(&load->streams[i].frames.rest);
	hgt_buf_init(&load->control_frames.rest);
}

static void sync_scratch(struct load *load, struct figures *floor)
{
	static const char block[4096];
	int64_t took, began = hgt_time_mono_us();

	if (write(load->scratch, block, sizeof block) != sizeof block || fdatasync(load->scratch) < 0)
		err(1, "the scratch file");
	took = hgt_time_mono_us() - began;
	figures_add(floor, &took, 1);
}

static void do_events(struct load *load, size_t rounds)
{
	struct figures took = {0}, floor = {0};
	uint64_t processor = load_processor_ns(load);

	for (size_t i = 0; i < rounds; i++) {
		if (load->scratch >= 0)
			sync_scratch(load, &floor);
		load_publish(load, 1);
		figures_add(&took, load->took, load->arrived);
	}
	processor = load_processor_ns(load) - processor;
	load_quiet(load, QUIET_MS);
	printf("%lld %lld %lld %lld %lld %.1f\n", (long long)figures_at(&took, 50), (long long)figures_at(&took, 99),
		(long long)figures_at(&took, 100), floor.n ? (long long)figures_at(&floor, 50) : 0,
		floor.n ? (long long)figures_at(&floor, 99) : 0, (double)processor / 1000 / (double)rounds);
	figures_release(&took);
	figures_release(&floor);
}

static void do_burst(struct load *load, size_t n)
{
	load_publish(load, n);
	printf("%lld\n", (long long)load->took[load->arrived - 1]);
	load_quiet(load, QUIET_MS);
}

static void do_reconnect(struct load *load, size_t n)
{
	if (!load->kind->replays)
		errx(2, "%s replays nothing", load->kind->name);
	load_close(load);
	load_publish_unheard(load, n);
	load_reconnect(load);
	printf("%lld %zu\n", (long long)load->took[load->arrived - 1], load->n_retries);
	load_quiet(load, QUIET_MS);
}

static void do_open(struct load *load, size_t n)
{
	int64_t began = hgt_time_mono_us();

	load_open(load, n);
	printf("%lld\n", (long long)(hgt_time_mono_us() - began));
}

static void do_memory(struct load *load)
{
	struct memory memory = load_memory(load);

	printf("%llu %llu %llu\n", (unsigned long long)memory.resident, (unsigned long long)memory.shared_out,
		(unsigned long long)memory.anonymous);
}

static void run_command(struct load *load, char *line)
{
	char *argument = line + strcspn(line, " ");
	size_t n;

	if (*argument)
		*argument++ = '\0';
	n = *argument ? number_of(argument, 1000000, line) : 0;
	if (!strcmp(line, "open") && n)
		do_open(load, n);
	else if (!strcmp(line, "event") && n)
		do_events(load, n);
	else if (!strcmp(line, "burst") && n && !load->own_paths)
		do_burst(load, n);
	else if (!strcmp(line, "reconnect") && n && !load->own_paths)
		do_reconnect(load, n);
	else if (!strcmp(line, "memory"))
		do_memory(load);
	else
		errx(2, "%s: no such command", line);
	if (fflush(stdout) != 0)
		err(1, "stdout");
}

int main(int argc, char **argv)
{
	struct load load = {.control = -1, .scratch = -1, .payload = HGT_BUF_INIT};
	struct values values = {0};
	size_t room = 0;
	char *line = NULL;

	if (argc < 2 || !(load.kind = kind_find(argv[1])))
		errx(2, "usage: subscribers headgate|nchan|nats|bare NAME=VALUE...");
	parse_values(argv + 2, &values);
	set_up(&load, &values);
	while (getline(&line, &room, stdin) >= 0 && strcmp(line, "end\n") != 0) {
		line[strcspn(line, "\n")] = '\0';
		run_command(&load, line);
	}
	free(line);
	load_close(&load);
	for (size_t i = 0; i < load.most; i++)
		frames_release(&load.streams[i].frames);
	frames_release(&load.control_frames);
	hgt_buf_release(&load.payload);
	tls_free(load.tls);
	free(load.bytes);
	free(load.took);
	free(load.streams);
	free(load.tokens);
	free(load.owners);
	free(load.ids);
	return 0;
}
