/* The recent rows of the journal, in memory. */
#include "daemon/rows.h"

#include "daemon/text.h"
#include "doc/doc.h"
#include "headgate/protocol.h"

static const char *put(char **room, const char *s, size_t len)
{
	char *at = *room;

	memcpy(at, s, len);
	at[len] = '\0';
	*room = at + len + 1;
	return at;
}

struct row *row_new(const struct hgt_journal_row *from)
{
	size_t type_len = strlen(from->type), repo_len = strlen(from->repo), ref_len = strlen(from->ref);
	size_t size = sizeof(struct row) + type_len + repo_len + ref_len + from->body_len + 4;
	struct row *row = malloc(size);
	char *room;

	if (!row)
		return NULL;
	/* The frame and the parsed event come to about the same again, each. */
	*row = (struct row){.refs = 1, .seq = from->seq, .body_len = from->body_len, .cost = 3 * size};
	room = (char *)(row + 1);
	row->type = put(&room, from->type, type_len);
	row->repo = put(&room, from->repo, repo_len);
	row->ref = put(&room, from->ref, ref_len);
	row->body = put(&room, from->body, from->body_len);
	row->is_ref = !strcmp(row->type, HGT_EVENT_REF_UPDATED);
	return row;
}

struct row *row_ref(struct row *row)
{
	row->refs++;
	return row;
}

void row_unref(struct row *row)
{
	if (!row || --row->refs)
		return;
	free(row->event);
	text_unref(row->frame);
	text_unref(row->packed);
	free(row);
}

static size_t text_size(const struct hgt_node *map, const char *key)
{
	const char *s = hgt_node_get_string(map, key);

	return s ? strlen(s) + 1 : 1;
}

static const char *put_text(char **room, const struct hgt_node *map, const char *key)
{
	const char *s = hgt_node_get_string(map, key);

	return put(room, s ? s : "", s ? strlen(s) : 0);
}

/* The event in one piece of memory, paths included. */
static struct hgt_ref_event *build_event(const struct row *row, const struct hgt_node *data)
{
	const struct hgt_node *paths = hgt_node_get(data, "paths");
	size_t n = paths && paths->type == HGT_NODE_SEQ ? paths->v.seq.n : 0;
	struct hgt_ref_event *event;
	struct hgt_event_path *path;
	bool truncated = true;
	size_t size;
	char *room;

	if (n > HGT_EVENT_PATHS_MAX)
		return NULL;
	size = sizeof(*event) + n * sizeof(*path) + text_size(data, "old") + text_size(data, "new");
	for (size_t i = 0; i < n; i++)
		size += text_size(paths->v.seq.items[i], "path");
	event = calloc(1, size);
	if (!event)
		return NULL;
	path = (struct hgt_event_path *)(event + 1);
	room = (char *)(path + n);
	event->repo = row->repo;
	event->ref = row->ref;
	event->old_id = put_text(&room, data, "old");
	event->new_id = put_text(&room, data, "new");
	event->change = event->source = "";
	event->paths = path;
	event->n_paths = n;
	for (size_t i = 0; i < n; i++)
		path[i].path = put_text(&room, paths->v.seq.items[i], "path");
	/* Without the word that the list is whole, the trees must decide. */
	event->paths_truncated = !hgt_node_get_bool(data, "paths_truncated", &truncated) || truncated;
	return event;
}

const struct hgt_ref_event *row_event(struct row *row)
{
	struct hgt_doc_set set;

	if (row->event || !row->is_ref)
		return row->event;
	hgt_doc_set_init(&set);
	if (hgt_json_parse_message(row->body, row->body_len, &set, NULL) == 0)
		row->event = build_event(row, hgt_node_get(set.docs[0].root, "data"));
	hgt_doc_set_release(&set);
	return row->event;
}

struct text *row_frame(struct row *row, const char *journal, bool packed)
{
	struct text **text = packed ? &row->packed : &row->frame;
	struct hgt_buf frame = HGT_BUF_INIT, id = HGT_BUF_INIT;
	struct hgt_cursor cursor = {.seq = row->seq};

	if (*text)
		return *text;
	memcpy(cursor.journal, journal, sizeof(cursor.journal));
	hgt_cursor_format(&cursor, &id);
	hgt_sse_write(&frame, id.data, row->type, row->body, row->body_len);
	if (!id.failed && !frame.failed)
		*text = packed ? text_new_packed(frame.data, frame.len) : text_new(frame.data, frame.len);
	hgt_buf_release(&frame);
	hgt_buf_release(&id);
	return *text;
}

static void drop_oldest(struct rows *rows)
{
	struct row *row = rows->ring[rows->start];

	rows->bytes -= row->cost;
	rows->start = (rows->start + 1) % ROWS_MAX;
	rows->n--;
	row_unref(row);
}

void rows_push(struct rows *rows, struct row *row)
{
	if (rows->n && rows->ring[rows->start]->seq + rows->n != row->seq)
		rows_release(rows);
	while (rows->n && (rows->n == ROWS_MAX || rows->bytes + row->cost > ROWS_BYTES_MAX))
		drop_oldest(rows);
	rows->ring[(rows->start + rows->n) % ROWS_MAX] = row;
	rows->n++;
	rows->bytes += row->cost;
}

struct row *rows_find(const struct rows *rows, uint64_t seq)
{
	uint64_t first;

	if (!rows->n)
		return NULL;
	first = rows->ring[rows->start]->seq;
	if (seq < first || seq - first >= rows->n)
		return NULL;
	return rows->ring[(rows->start + (seq - first)) % ROWS_MAX];
}

void rows_release(struct rows *rows)
{
	while (rows->n)
		drop_oldest(rows);
	rows->start = 0;
}
