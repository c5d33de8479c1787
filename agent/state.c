/* What the agent knows across a restart. */
#include "agent/state.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/json_writer.h"
#include "doc/doc.h"

#define STATE_FILE_MAX (8 * 1024 * 1024)

#define LOCK_TRIES 50	/* a second */

/* 0, or -1 and errno. Of an agent that was killed just now, a child may hold it until it has become the command that it was made for. */
static int lock_patiently(int fd)
{
	const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
	int result = flock(fd, LOCK_EX | LOCK_NB);

	for (int i = 0; result < 0 && errno == EWOULDBLOCK && i < LOCK_TRIES; i++) {
		nanosleep(&pause, NULL);
		result = flock(fd, LOCK_EX | LOCK_NB);
	}
	return result;
}

static int take_lock(const char *folder, int *lock, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	int fd = -1, code;

	hgt_buf_addf(&path, "%s/lock", folder);
	code = hgt_buf_check(&path, err);
	if (code == 0) {
		fd = open(path.data, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0)
			code = hgt_error_set_errno(err, "cannot open %s", path.data);
		else if (lock_patiently(fd) < 0)
			code = errno == EWOULDBLOCK ? hgt_error_set(err, HGT_ECONFLICT, "another headgate-agent runs with the state in %s",
				folder) : hgt_error_set_errno(err, "cannot lock %s", path.data);
	}
	hgt_buf_release(&path);
	if (code < 0 && fd >= 0)
		close(fd);
	else if (code == 0)
		*lock = fd;
	return code;
}

static int read_instance(const char *folder, char instance[STATE_INSTANCE_HEX + 1], struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT, text = HGT_BUF_INIT;
	int code;

	hgt_buf_addf(&path, "%s/instance", folder);
	code = hgt_buf_check(&path, err);
	if (code == 0)
		code = hgt_read_file(path.data, STATE_INSTANCE_HEX + 1, &text, err);
	if (code == 0 && text.len == STATE_INSTANCE_HEX + 1 && strspn(text.data, "0123456789abcdef") == STATE_INSTANCE_HEX) {
		memcpy(instance, text.data, STATE_INSTANCE_HEX);
		instance[STATE_INSTANCE_HEX] = '\0';
	} else if (code == 0 || code == HGT_ENOENT) {
		hgt_random_hex(STATE_INSTANCE_HEX / 2, instance);
		hgt_buf_reset(&text);
		hgt_buf_addf(&text, "%s\n", instance);
		code = hgt_buf_check(&text, err);
		if (code == 0)
			code = hgt_write_file(path.data, text.data, text.len, 0600, err);
	}
	hgt_buf_release(&text);
	hgt_buf_release(&path);
	return code;
}

int state_open(const char *folder, int *lock, char instance[STATE_INSTANCE_HEX + 1], struct hgt_error *err)
{
	int fd = -1, code = hgt_make_folders(folder, 0700, err);

	if (code == 0)
		code = take_lock(folder, &fd, err);
	if (code == 0)
		code = read_instance(folder, instance, err);
	if (code == 0)
		*lock = fd;
	else if (fd >= 0)
		close(fd);
	return code;
}

void state_init(struct state *state)
{
	memset(state, 0, sizeof(*state));
}

void state_release(struct state *state)
{
	while (state->reports.n > 0)
		state_drop_report(state);
	free(state->reports.items);
	free(state->commands);
	free(state->requests);
	state_init(state);
}

static void drop(struct state_reports *r, size_t i)
{
	free(r->items[i]);
	r->n--;
	memmove(r->items + i, r->items + i + 1, (r->n - i) * sizeof(*r->items));
}

void state_drop_report(struct state *state)
{
	drop(&state->reports, 0);
}

int state_add_report(struct state *state, char *report, struct hgt_error *err)
{
	struct state_reports *r = &state->reports;
	char **items = reallocarray(r->items, r->n + 1, sizeof(*items));

	if (!items) {
		free(report);
		return hgt_error_nomem(err);
	}
	r->items = items;
	r->items[r->n++] = report;
	if (r->n > STATE_REPORTS_MAX)
		drop(r, 1);
	return 0;
}

struct state_command *state_find_command(const struct state *state, const char *id)
{
	for (size_t i = 0; i < state->n_commands; i++)
		if (strcmp(state->commands[i].id, id) == 0)
			return &state->commands[i];
	return NULL;
}

/* The oldest of which the daemon has heard: it does not tell it again. */
static void forget_one(struct state *state)
{
	size_t i = 0;

	while (i < state->n_commands && !state->commands[i].acknowledged)
		i++;
	if (i < state->n_commands) {
		state->n_commands--;
		memmove(state->commands + i, state->commands + i + 1, (state->n_commands - i) * sizeof(*state->commands));
	}
}

int state_add_command(struct state *state, const char *id, struct state_command **out, struct hgt_error *err)
{
	struct state_command *items;

	if (strlen(id) > STATE_COMMAND_ID_MAX)
		return hgt_error_set(err, HGT_ELIMIT, "the id of a command is longer than %d bytes", STATE_COMMAND_ID_MAX);
	if (state->n_commands == STATE_COMMANDS_MAX)
		forget_one(state);
	if (state->n_commands == STATE_COMMANDS_MAX)
		return hgt_error_set(err, HGT_ELIMIT, "%d commands wait to be acknowledged", STATE_COMMANDS_MAX);
	items = reallocarray(state->commands, state->n_commands + 1, sizeof(*items));
	if (!items)
		return hgt_error_nomem(err);
	state->commands = items;
	*out = &items[state->n_commands++];
	**out = (struct state_command){0};
	snprintf((*out)->id, sizeof((*out)->id), "%s", id);
	return 0;
}

int state_add_request(struct state *state, const char *id, const char *revision, struct hgt_error *err)
{
	struct state_request *items, *item;

	if (state->n_requests == STATE_REQUESTS_MAX || strlen(id) > STATE_COMMAND_ID_MAX)
		return hgt_error_set(err, HGT_ELIMIT, "%d syncs are asked for already", STATE_REQUESTS_MAX);
	items = reallocarray(state->requests, state->n_requests + 1, sizeof(*items));
	if (!items)
		return hgt_error_nomem(err);
	state->requests = items;
	item = &items[state->n_requests++];
	snprintf(item->id, sizeof(item->id), "%s", id);
	snprintf(item->revision, sizeof(item->revision), "%s", revision);
	return 0;
}

void state_end_request(struct state *state)
{
	state->n_requests--;
	memmove(state->requests, state->requests + 1, state->n_requests * sizeof(*state->requests));
	if (state->n_requests == 0) {
		free(state->requests);
		state->requests = NULL;
	}
}

static void take_id(char out[HGT_OID_HEX_SHA256 + 1], const char *text)
{
	if (text && hgt_oid_is_valid(text))
		snprintf(out, HGT_OID_HEX_SHA256 + 1, "%s", text);
}

static int take_reports(struct state *state, const struct hgt_node *list, struct hgt_error *err)
{
	int code = 0;

	for (size_t i = 0; list && list->type == HGT_NODE_SEQ && i < list->v.seq.n && code == 0; i++) {
		struct hgt_buf text = HGT_BUF_INIT;
		struct hgt_json json = HGT_JSON_INIT(&text);
		char *report;

		hgt_node_write_json(list->v.seq.items[i], &json);
		report = hgt_buf_take(&text);
		hgt_buf_release(&text);
		code = report ? state_add_report(state, report, err) : hgt_error_nomem(err);
	}
	return code;
}

static int take_command(struct state *state, const struct hgt_node *node, struct hgt_error *err)
{
	const char *id = hgt_node_get_string(node, "id");
	struct state_command *command;
	int code = id ? state_add_command(state, id, &command, err) : HGT_ECORRUPT;

	return code == 0 && !hgt_node_get_bool(node, "acknowledged", &command->acknowledged) ? HGT_ECORRUPT : code;
}

static int take_request(struct state *state, const struct hgt_node *node, struct hgt_error *err)
{
	const char *id = hgt_node_get_string(node, "id"), *revision = hgt_node_get_string(node, "revision");

	return id && revision && (!*revision || hgt_oid_is_valid(revision)) ? state_add_request(state, id, revision, err) : HGT_ECORRUPT;
}

/* A list that older agents did not write is an empty one. */
static int take_list(struct state *state, const struct hgt_node *list,
	int (*take)(struct state *state, const struct hgt_node *node, struct hgt_error *err), struct hgt_error *err)
{
	int code = 0;

	for (size_t i = 0; list && list->type == HGT_NODE_SEQ && i < list->v.seq.n && code == 0; i++)
		code = take(state, list->v.seq.items[i], err);
	return code == HGT_ELIMIT ? HGT_ECORRUPT : code;
}

/* What was asked of the target holds wherever it is. */
static int take_asked(struct state *state, const struct hgt_node *root, struct hgt_error *err)
{
	int code;

	if (hgt_node_get(root, "suspended") && !hgt_node_get_bool(root, "suspended", &state->suspended))
		return HGT_ECORRUPT;
	code = take_list(state, hgt_node_get(root, "commands"), take_command, err);
	return code == 0 ? take_list(state, hgt_node_get(root, "requests"), take_request, err) : code;
}

static int take_state(struct state *state, const struct hgt_node *root, const char *place, const char *repo, struct hgt_error *err)
{
	const char *was_into = hgt_node_get_string(root, "into");
	const char *was_repo = hgt_node_get_string(root, "repo");
	int64_t version;
	int code;

	if (!hgt_node_get_int(root, "v", &version) || version != 1 || !was_into || !was_repo)
		return HGT_ECORRUPT;
	code = take_asked(state, root, err);
	if (code < 0)
		return code;
	state->moved = strcmp(was_into, place) != 0;
	if (state->moved)
		return 0;
	if (strcmp(was_repo, repo) == 0) {
		take_id(state->applied, hgt_node_get_string(root, "applied"));
		take_id(state->pin, hgt_node_get_string(root, "pin"));
		take_id(state->pin_ref, hgt_node_get_string(root, "pin_ref"));
	}
	take_id(state->tree, hgt_node_get_string(root, "tree"));
	take_id(state->recipe, hgt_node_get_string(root, "recipe"));
	if (!hgt_node_get_bool(root, "after_due", &state->unfinished))
		return HGT_ECORRUPT;
	return take_reports(state, hgt_node_get(root, "reports"), err);
}

int state_load(struct state *state, const char *file, const char *place, const char *repo, struct hgt_error *err)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_doc_set set;
	int code = hgt_read_file(file, STATE_FILE_MAX, &text, err);

	hgt_doc_set_init(&set);
	if (code == 0)
		code = hgt_json_parse_message(text.data, text.len, &set, err);
	if (code == 0)
		code = take_state(state, set.docs[0].root, place, repo, err);
	hgt_doc_set_release(&set);
	hgt_buf_release(&text);
	if (code == HGT_ECORRUPT || code == HGT_EPARSE)
		code = hgt_error_set(err, HGT_ECORRUPT, "%s is damaged: it is not as the agent wrote it", file);
	return code == HGT_ENOENT ? 0 : code;
}

void state_write(const struct state *state, const char *place, const char *repo, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);

	hgt_json_begin_object(&json);
	hgt_json_key_int(&json, "v", 1);
	hgt_json_key_string(&json, "into", place);
	hgt_json_key_string(&json, "repo", repo);
	hgt_json_key_string(&json, "applied", state->applied);
	hgt_json_key_string(&json, "tree", state->tree);
	hgt_json_key_string(&json, "recipe", state->recipe);
	hgt_json_key_bool(&json, "after_due", state->unfinished);
	hgt_json_key_bool(&json, "suspended", state->suspended);
	hgt_json_key_string(&json, "pin", state->pin);
	hgt_json_key_string(&json, "pin_ref", state->pin_ref);
	hgt_json_key(&json, "commands");
	hgt_json_begin_array(&json);
	for (size_t i = 0; i < state->n_commands; i++) {
		hgt_json_begin_object(&json);
		hgt_json_key_string(&json, "id", state->commands[i].id);
		hgt_json_key_bool(&json, "acknowledged", state->commands[i].acknowledged);
		hgt_json_end_object(&json);
	}
	hgt_json_end_array(&json);
	hgt_json_key(&json, "requests");
	hgt_json_begin_array(&json);
	for (size_t i = 0; i < state->n_requests; i++) {
		hgt_json_begin_object(&json);
		hgt_json_key_string(&json, "id", state->requests[i].id);
		hgt_json_key_string(&json, "revision", state->requests[i].revision);
		hgt_json_end_object(&json);
	}
	hgt_json_end_array(&json);
	hgt_json_key(&json, "reports");
	hgt_json_begin_array(&json);
	for (size_t i = 0; i < state->reports.n; i++)
		hgt_json_raw(&json, state->reports.items[i], strlen(state->reports.items[i]));
	hgt_json_end_array(&json);
	hgt_json_end_object(&json);
	hgt_buf_addc(out, '\n');
}
