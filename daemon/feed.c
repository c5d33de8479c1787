/* What a subscriber is fed with: the snapshot, rows in memory, rows from the journal. */
#include <inttypes.h>

#include "base/glob.h"
#include "base/log.h"
#include "base/timing.h"
#include "daemon/subscriber.h"
#include "headgate/protocol.h"

#define SCAN_LOOKS 100000	/* of a want at a row or at one of its paths, for one subscriber before it is another one's turn */

void subscriber_take(struct subscriber *s, struct row *row, bool tell)
{
	if (tell)
		stream_row(s, row);
	s->seen = row->seq;
}

static void offer(struct subscriber *s, struct row *row)
{
	enum hgt_match match = HGT_MATCH_NO;
	struct hgt_error err = {0};

	if (s->answer_seq == row->seq) {
		s->answer_seq = 0;
		subscriber_take(s, row, s->answer);
		return;
	}
	for (size_t i = 0; i < s->n_wants && match != HGT_MATCH_YES; i++) {
		enum hgt_match one = want_match(&s->wants[i], row);

		if (one != HGT_MATCH_NO)
			match = one;
	}
	if (match == HGT_MATCH_ASK) {
		if (ask_trees(s, row, &err) == 0)
			return;
		hgt_log(HGT_LOG_WARNING, "hub", err.message, HGT_I("seq", row->seq));
	}
	subscriber_take(s, row, match != HGT_MATCH_NO);
}

/* How reading the journal went, for the log. */
static void note_reading(struct hub *hub, int code, const char *what, const struct hgt_error *err)
{
	uint64_t left_out;

	if (code < 0 && hgt_trouble_tell(&hub->unread, hgt_time_mono_ms(), &left_out))
		hgt_log(HGT_LOG_ERROR, "hub", what, HGT_S("error", err->message), HGT_I("left_out", left_out));
	else if (code >= 0 && hgt_trouble_end(&hub->unread, hgt_time_mono_ms(), &left_out))
		hgt_log(HGT_LOG_INFO, "hub", "the journal can be read again", HGT_I("left_out", left_out));
}

/* Notices. */

/* Those whose turn it is: what was journaled before one is told before it. */
static void feed_notices(struct subscriber *s)
{
	struct hub_notice notice;

	while (s->noticing && !stream_is_full(s)) {
		s->noticing = s->notice(s->ctx, s->noticed, &notice);
		if (!s->noticing || (notice.number > s->seen && s->seen < s->hub->head))
			return;
		stream_notice(s, &notice);
		s->noticed = notice.number;
	}
}

/* Snapshot: the refs there are, in slices as the socket takes them. */

struct snapshot {
	struct subscriber *s;
	const struct hgt_filter *filter;
	bool cut;
};

void snapshot_free(struct snapshot_place *place)
{
	if (!place)
		return;
	free(place->repo);
	free(place->ref);
	free(place);
}

static void forget_ref(struct snapshot_place *place)
{
	free(place->repo);
	free(place->ref);
	place->repo = place->ref = NULL;
}

/* Of a want with globs; where it is cut it goes on behind that ref. */
static int snapshot_ref(void *ctx, const char *repo, const char *ref, const char *id, uint64_t seq)
{
	struct snapshot *snapshot = ctx;
	struct subscriber *s = snapshot->s;
	const struct hgt_filter *f = snapshot->filter;

	(void)seq;
	if ((*f->repo && !hgt_glob_match(f->repo, repo)) || (*f->ref && !hgt_glob_match(f->ref, ref)))
		return 0;
	stream_ref(s, repo, ref, id);
	if (!stream_is_full(s))
		return 0;
	forget_ref(s->snapshot);
	s->snapshot->repo = strdup(repo);
	s->snapshot->ref = strdup(ref);
	s->broken |= !s->snapshot->repo || !s->snapshot->ref;
	snapshot->cut = true;
	return 1;
}

static int snapshot_exact(struct subscriber *s, const struct hgt_filter *f, struct hgt_error *err)
{
	char id[HGT_JOURNAL_OID_TEXT];
	int code = hgt_journal_get_ref(s->hub->daemon->reader, f->repo, f->ref, id, NULL, err);

	if (code == 0 && *id)
		stream_ref(s, f->repo, f->ref, id);
	return code;
}

/* Whether an earlier want is about the same refs: two targets may live by one. Their paths differ, and a snapshot has none. */
static bool told_before(const struct subscriber *s, size_t i, const struct hub_want *want)
{
	for (size_t k = 0; k < i; k++) {
		const struct hub_want before = want_spec(&s->wants[k]);

		if (before.exact == want->exact && !strcmp(before.filter.repo, want->filter.repo) &&
		    !strcmp(before.filter.ref, want->filter.ref))
			return true;
	}
	return false;
}

/* 0 when the snapshot is told, 1 when there is enough for now. */
static int feed_snapshot(struct subscriber *s, struct hgt_error *err)
{
	struct snapshot_place *place = s->snapshot;

	for (; place->want < s->n_wants; place->want++) {
		const struct hub_want want = want_spec(&s->wants[place->want]);
		struct snapshot snapshot = {.s = s, .filter = &want.filter};
		int code;

		if (stream_is_full(s))
			return 1;
		if (told_before(s, place->want, &want))
			code = 0;
		else if (want.exact)
			code = snapshot_exact(s, &want.filter, err);
		else if (*want.filter.type && !hgt_glob_match(want.filter.type, HGT_EVENT_REF_UPDATED))
			code = 0;	/* no refs are wanted */
		else
			code = hgt_journal_refs_after(s->hub->daemon->reader, place->repo ? place->repo : "", place->ref ? place->ref : "",
				snapshot_ref, &snapshot, err);
		if (code < 0)
			return code;
		if (snapshot.cut)
			return 1;
		forget_ref(place);
	}
	snapshot_free(place);
	s->snapshot = NULL;
	s->phase = SUBSCRIBER_LIVE;
	if (!s->page) {
		feed_notices(s);
		stream_bookmark(s);
	}
	return 0;
}

int snapshot_begin(struct subscriber *s)
{
	snapshot_free(s->snapshot);
	s->snapshot = calloc(1, sizeof(*s->snapshot));
	if (!s->snapshot)
		return HGT_ENOMEM;
	s->phase = SUBSCRIBER_SNAPSHOT;
	/* What moves from here on is told after the snapshot, though the snapshot may show it already. */
	s->seen = s->hub->head;
	s->answer_seq = 0;
	s->trailing = true;
	if (s->page)
		s->page->has_snapshot = true;
	return 0;
}

/* Rows. */

static struct row *find_row(const struct hub *hub, uint64_t seq)
{
	struct row *row = rows_find(&hub->rows, seq);

	return row ? row : rows_find(&hub->old, seq);
}

/* About how much work it is to find out whether a row is for a subscriber. */
static size_t looks_at(const struct subscriber *s, const struct row *row)
{
	return 1 + s->n_wants * (1 + (row->event ? row->event->n_paths : 0));
}

/* Look through the rows in memory from its place on; then put it where it has to wait. */
static void scan(struct subscriber *s)
{
	const struct hub *hub = s->hub;

	for (size_t looks = 0; s->seen < hub->head && !stream_is_full(s) && looks < SCAN_LOOKS;) {
		struct row *row = find_row(hub, s->seen + 1);

		if (!row) {
			subscriber_move(s, PLACE_BEHIND);
			return;
		}
		offer(s, row);
		if (s->ask)
			return;
		looks += looks_at(s, row);
	}
}

/* At the head, with nothing waiting: from here on the index knows what is for it. */
static void settle(struct subscriber *s)
{
	if (s->phase == SUBSCRIBER_LIVE && s->place == PLACE_NONE && s->seen == s->hub->head && !s->noticing &&
	    (s->page || !stream_socket_is_full(s->socket)))
		s->trailing = false;
	else if (s->place == PLACE_NONE && !s->page && !stream_socket_is_full(s->socket))
		subscriber_move(s, PLACE_READY);	/* it can take more */
}

static bool end_dead(struct subscriber *s)
{
	stream_drop(s);
	return false;
}

bool subscriber_feed(struct subscriber *s)
{
	struct hgt_error err = {0};
	int code = 0;

	if (!s->trailing && !s->page) {
		if (stream_hits(s) < 0)
			return end_dead(s);
		if (s->broken) {
			stream_end(s);
			return false;
		}
		if (s->trailing)
			settle(s);
		return true;
	}
	if (!s->trailing) {
		s->trailing = true;
		s->seen = subscriber_seen(s);
		s->hits = 0;
	}
	if (s->phase == SUBSCRIBER_SNAPSHOT) {
		code = feed_snapshot(s, &err);
		note_reading(s->hub, code, "streams end: no snapshot", &err);
		s->broken |= code < 0;
	}
	if (s->phase == SUBSCRIBER_LIVE && !s->broken) {
		scan(s);
		/* What is said of its own goes before the rows that it is said with. */
		if (s->noticing && stream_flush(s) < 0)
			return end_dead(s);
		feed_notices(s);
	}
	if (s->page)
		return page_settle(s);
	if (stream_flush(s) < 0)
		return end_dead(s);
	if (s->broken) {
		stream_end(s);
		return false;
	}
	settle(s);
	return true;
}

/* Rows from the journal. */

struct slice {
	struct rows *rows;
	uint64_t first;		/* that was read */
	struct hgt_error *err;
};

static int slice_row(void *ctx, const struct hgt_journal_row *from)
{
	struct slice *slice = ctx;
	struct row *row = row_new(from);

	if (!row)
		return hgt_error_nomem(slice->err);
	if (!slice->first)
		slice->first = from->seq;
	/* The oldest are what is needed: when there is no room for more, these are it. */
	if (slice->rows->n && (slice->rows->bytes + row->cost > ROWS_BYTES_MAX || slice->first + slice->rows->n != from->seq)) {
		row_unref(row);
		return 1;
	}
	rows_push(slice->rows, row);
	return 0;
}

/* The journal no longer has what comes next. */
static void skip_gap(struct subscriber *s)
{
	if (s->page) {
		stream_end(s);	/* the page ends before the gap; the next request is told */
		return;
	}
	stream_reset(s, "the journal no longer holds what comes after the cursor");
	if (snapshot_begin(s) < 0)
		s->broken = true;
	subscriber_feed(s);
}

void subscriber_feed_old(struct subscriber *s)
{
	struct hub *hub = s->hub;
	struct hgt_error err = {0};
	struct slice slice = {.rows = &hub->old, .err = &err};
	int code;

	/* Another one may have needed them too. One whose socket is full has the time to wait. */
	if (s->seen == hub->head || find_row(hub, s->seen + 1) || stream_is_full(s)) {
		subscriber_feed(s);
		return;
	}
	rows_release(&hub->old);
	hub->stats.slices++;
	code = hgt_journal_read(hub->daemon->reader, s->seen, ROWS_MAX, slice_row, &slice, &err);
	if (code == 0 && !slice.first)
		code = hgt_error_set(&err, HGT_ECORRUPT, "it has no event after number %" PRIu64, s->seen);
	note_reading(hub, code, "streams end: the journal cannot be read", &err);
	if (code < 0) {
		s->broken = true;
		stream_end(s);
	} else if (slice.first != s->seen + 1) {
		skip_gap(s);
	} else {
		subscriber_feed(s);
	}
}
