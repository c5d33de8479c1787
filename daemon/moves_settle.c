/* What the journal makes of moves: events, and where each ref is now known to be. */
#include "daemon/moves.h"

#include "base/json_writer.h"
#include "headgate/protocol.h"

/* The writer's side of one settling. */
struct settling {
	struct moves *moves;
	struct hgt_journal *journal;
	struct store_batch *batch;
};

static int append(struct settling *s, const char *type, const char *ref, const struct hgt_buf *data, uint64_t *seq, struct hgt_error *err)
{
	struct hgt_buf subject = HGT_BUF_INIT;
	int code;

	hgt_buf_addf(&subject, "%s:%s", s->moves->repo, ref);
	code = hgt_buf_check(&subject, err);
	if (code == 0)
		code = hgt_buf_check(data, err);
	if (code == 0)
		code = store_append(s->batch, &(struct hgt_journal_entry){.type = type, .subject = subject.data, .repo = s->moves->repo,
			.ref = ref, .data = data->data, .data_len = data->len}, seq, err);
	hgt_buf_release(&subject);
	return code;
}

/* The ref went this way: the event, and the new last known value. explained: a push said so. */
static int write_leg(struct settling *s, const struct move *move, const struct leg *leg, bool explained, struct hgt_error *err)
{
	const struct moves *moves = s->moves;
	const struct hgt_update update = {.old_id = leg->from, .new_id = leg->to, .ref = move->ref};
	const struct hgt_ref_event event = {
		.repo = moves->repo,
		.ref = move->ref,
		.old_id = leg->from,
		.new_id = leg->to,
		.change = hgt_change_name(hgt_update_change(&update)),
		.forced = leg->forced,
		.actor = explained ? moves->actor : NULL,
		.push = explained ? moves->push : NULL,
		.source = explained ? moves->source : "watch",
		.paths = leg->paths,
		.n_paths = leg->n_paths,
		.paths_truncated = leg->truncated,
	};
	struct hgt_buf data = HGT_BUF_INIT;
	uint64_t seq;
	int code;

	hgt_ref_event_write(&event, &data);
	code = append(s, HGT_EVENT_REF_UPDATED, move->ref, &data, &seq, err);
	if (code == 0)
		code = hgt_journal_set_ref(s->journal, moves->repo, move->ref, leg->to, seq, err);
	if (code == 0 && moves->time_ms)
		code = hgt_journal_set_ref_time(s->journal, moves->repo, move->ref, moves->time_ms, err);
	if (code == 0 && !explained)
		code = hgt_journal_add_unexplained(s->journal, moves->repo, move->ref, leg->from, leg->to, seq, err);
	hgt_buf_release(&data);
	return code;
}

/* A push's word that moves no state: attributed to the event `explains`, or (0) superseded. */
static int write_word(struct settling *s, const struct move *move, uint64_t explains, struct hgt_error *err)
{
	struct hgt_buf data = HGT_BUF_INIT, id = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&data);
	struct hgt_cursor cursor = {.seq = explains};
	int code;

	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "repo", s->moves->repo);
	hgt_json_key_string(&json, "ref", move->ref);
	hgt_json_key_string(&json, "old", move->old);
	hgt_json_key_string(&json, "new", move->own.to);
	hgt_json_key_string(&json, "actor", s->moves->actor);
	hgt_json_key_string(&json, "push", s->moves->push);
	if (explains) {
		memcpy(cursor.journal, hgt_journal_id(s->journal), sizeof(cursor.journal));
		hgt_cursor_format(&cursor, &id);
		hgt_json_key_string(&json, "event", id.data);
	}
	hgt_json_end_object(&json);
	code = hgt_buf_check(&id, err);
	if (code == 0)
		code = append(s, explains ? HGT_EVENT_PUSH_ATTRIBUTED : HGT_EVENT_PUSH_SUPERSEDED, move->ref, &data, NULL, err);
	hgt_buf_release(&data);
	hgt_buf_release(&id);
	return code;
}

/* The hook spoke before the last known value was told: what it tells of came before that. */
static bool is_late(const struct settling *s, const struct move *move)
{
	return s->moves->time_ms && move->known_ms ? s->moves->time_ms < move->known_ms : move->doubtful;
}

/*
 * The event that already tells of an announced move whose ref was not known to be at the old id; 0 when there is none. It went exactly
 * this way; or it was seen from outside and began or ended so, unless the ref has just come to the new id; or it was the ref's last move,
 * seen from outside, and this push is on its way. In the latter cases the push is a part of it. Of what the repository does not bear out,
 * only what was seen to come to the new id counts.
 */
static int find_told(struct settling *s, const struct move *move, uint64_t *seq, struct hgt_error *err)
{
	const char *repo = s->moves->repo;
	int code = hgt_journal_explain(s->journal, repo, move->ref, move->own.from, move->own.to, seq, err);

	if (code == 0 && *seq == 0 && (!move->at_tip || strcmp(move->known, move->own.to) == 0 || is_late(s, move)))
		code = hgt_journal_explain_end(s->journal, repo, move->ref, move->borne_out ? move->own.from : "", move->own.to,
			seq, err);
	if (code == 0 && *seq == 0 && move->part_of_known && (!s->moves->time_ms || s->moves->time_ms >= move->before_ms))
		*seq = move->known_seq;
	return code;
}

static int settle_announced(struct settling *s, const struct move *move, struct hgt_error *err)
{
	uint64_t told = 0;
	int code = 0;

	if (!move->borne_out) {
		if (strcmp(move->known, move->own.from) != 0)
			code = find_told(s, move, &told, err);
		return code < 0 ? code : write_word(s, move, told, err);
	}
	/* A ref that is where the word has it come from may be there again: made once more, and gone once more. */
	if (move->covered || move->inferred || move->doubtful || (!move->at_tip && is_late(s, move))) {
		code = find_told(s, move, &told, err);
		if (code < 0)
			return code;
		/* Not told, but late, or the ref has come past: the word is of a move long gone. If the ref is there again, a compare tells. */
		if (told || move->nowhere || is_late(s, move) || (move->covered && !move->at_tip) || strcmp(move->own.from, move->own.to) == 0) {
			s->moves->look_again |= strcmp(move->known, move->own.to) != 0;
			return write_word(s, move, told, err);
		}
	}
	if (move->inferred)
		code = write_leg(s, move, &move->missed, false, err);
	return code < 0 ? code : write_leg(s, move, &move->own, true, err);
}

/* The plan is for what the journal knows. */
static int settle_move(struct settling *s, const struct move *move, struct hgt_error *err)
{
	if (move->look_again)
		s->moves->look_again = true;
	if (s->moves->push)
		return settle_announced(s, move, err);
	return move->borne_out ? write_leg(s, move, &move->own, false, err) : 0;
}

/* Whether each plan is for what the journal knows; those that are not are marked to be planned again. */
static int check_known(struct settling *s, bool *all, struct hgt_error *err)
{
	*all = true;
	for (size_t i = 0; i < s->moves->n; i++) {
		struct move *move = &s->moves->items[i];
		char id[HGT_JOURNAL_OID_TEXT], from[HGT_JOURNAL_OID_TEXT] = "";
		int code = hgt_journal_get_ref(s->journal, s->moves->repo, move->ref, id, &move->known_seq, err);

		if (code == 0)
			code = hgt_journal_get_ref_time(s->journal, s->moves->repo, move->ref, &move->known_ms, &move->before_ms, err);
		/* Of no matter while the ref is where the announcement has it come from. */
		if (code == 0 && strcmp(id, move->old) != 0)
			code = hgt_journal_unexplained_from(s->journal, s->moves->repo, move->ref, move->known_seq, from, err);
		if (code < 0)
			return code;
		if ((strcmp(move->known, id) == 0 || (!*id && hgt_oid_is_zero(move->known))) && strcmp(move->known_from, from) == 0)
			continue;
		memcpy(move->known_from, from, sizeof(from));
		if (*id && strlen(id) != HGT_OID_HEX)
			return hgt_error_set(err, HGT_ECORRUPT, "journal: the last known id of %s is damaged", move->ref);
		memset(move->known, '0', HGT_OID_HEX);
		if (*id)
			memcpy(move->known, id, HGT_OID_HEX);
		move->planned = false;
		*all = false;
	}
	return 0;
}

int moves_settle(struct moves *moves, struct hgt_journal *journal, struct store_batch *batch, struct hgt_error *err)
{
	struct settling s = {.moves = moves, .journal = journal, .batch = batch};
	bool all;
	int code;

	moves->look_again = false;
	if (moves->push) {
		code = hgt_journal_claim_push(journal, moves->push, err);
		if (code == HGT_EEXIST)
			return hgt_journal_head(journal, &moves->seq, err);
		if (code < 0)
			return code;
	}
	code = check_known(&s, &all, err);
	if (code == 0 && !all)
		code = hgt_error_set(err, HGT_ECONFLICT, "the refs of %s move faster than they can be journaled", moves->repo);
	for (size_t i = 0; i < moves->n && code == 0; i++)
		code = settle_move(&s, &moves->items[i], err);
	return code < 0 ? code : hgt_journal_head(journal, &moves->seq, err);
}
