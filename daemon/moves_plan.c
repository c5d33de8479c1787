/* What the repository says about moves of its refs. */
#include "daemon/moves.h"

#include "base/log.h"
#include "headgate/protocol.h"

#define ZERO_ID "0000000000000000000000000000000000000000"

/* Bytes of paths listed in one event, and in all the events of one push: a bound on what is held and stored. */
enum { EVENT_PATH_BYTES = 256 * 1024, PUSH_PATH_BYTES = 4 * 1024 * 1024 };

int moves_add(struct moves *moves, const char *ref, const char *old_id, const char *new_id, struct hgt_error *err)
{
	struct move *move;

	/* Grown by doubling within the arena: what is left behind is freed with it. */
	if ((moves->n & (moves->n - 1)) == 0) {
		struct move *items = hgt_arena_array(&moves->arena, moves->n ? moves->n * 2 : 1, sizeof(*items));

		if (!items)
			return hgt_error_nomem(err);
		if (moves->n)
			memcpy(items, moves->items, moves->n * sizeof(*items));
		moves->items = items;
	}
	move = &moves->items[moves->n];
	move->ref = hgt_arena_strndup(&moves->arena, ref, strlen(ref));
	if (!move->ref)
		return hgt_error_nomem(err);
	memcpy(move->old, old_id, sizeof(move->old));
	memcpy(move->known, old_id, sizeof(move->known));
	memcpy(move->own.from, old_id, sizeof(move->own.from));
	memcpy(move->own.to, new_id, sizeof(move->own.to));
	moves->n++;
	return 0;
}

void moves_release(struct moves *moves)
{
	hgt_arena_release(&moves->arena);
}

struct listing {
	struct moves *moves;
	struct leg *leg;
	size_t cap;
	size_t bytes;
	bool failed;
};

static int list_path(void *ctx, const struct hgt_path_change *change)
{
	struct listing *l = ctx;
	struct leg *leg = l->leg;
	size_t len = strlen(change->path);
	char *path;

	if (leg->n_paths == HGT_EVENT_PATHS_MAX || l->bytes + len > EVENT_PATH_BYTES ||
		l->moves->path_bytes + len > PUSH_PATH_BYTES) {
		leg->truncated = true;
		return 1;
	}
	if (leg->n_paths == l->cap) {
		size_t cap = l->cap ? l->cap * 4 : 4;
		struct hgt_event_path *paths = hgt_arena_array(&l->moves->arena, cap, sizeof(*paths));

		if (!paths)
			goto failed;
		if (leg->n_paths)
			memcpy(paths, leg->paths, leg->n_paths * sizeof(*paths));
		leg->paths = paths;
		l->cap = cap;
	}
	path = hgt_arena_strndup(&l->moves->arena, change->path, len);
	if (!path)
		goto failed;
	leg->paths[leg->n_paths++] = (struct hgt_event_path){.path = path, .status = change->status};
	l->bytes += len;
	l->moves->path_bytes += len;
	return 0;
failed:
	l->failed = true;
	return HGT_ENOMEM;
}

/* Whether `to` does not come after `from`. What names no commit comes after nothing. */
static bool is_forced(struct hgt_repo *repo, const char *from, const char *to)
{
	char a[HGT_OID_HEX + 1], b[HGT_OID_HEX + 1];

	if (hgt_oid_is_zero(from) || hgt_oid_is_zero(to))
		return false;
	return hgt_repo_commit(repo, from, a, NULL) < 0 || hgt_repo_commit(repo, to, b, NULL) < 0 ||
		hgt_repo_descends(repo, b, a, NULL) != 1;
}

/* Fill in what changed between the leg's ends. Ends that name no commits (a tag of a blob, an object that is gone) leave the list cut:
 * who must know looks at the trees. */
static int plan_leg(struct moves *moves, struct hgt_repo *repo, struct leg *leg, struct hgt_error *err)
{
	struct listing listing = {.moves = moves, .leg = leg};

	leg->forced = is_forced(repo, leg->from, leg->to);
	leg->truncated = moves->paths_left_out;
	leg->n_paths = 0;
	if (!leg->truncated && hgt_repo_changes(repo, leg->from, leg->to, "", list_path, &listing, NULL) < 0) {
		if (listing.failed)
			return hgt_error_nomem(err);
		leg->n_paths = 0;
		leg->truncated = true;
	}
	return 0;
}

/* Whether a ref at `tip` is at id or came past it. */
static bool came_past(struct hgt_repo *repo, const char *tip, const char *id)
{
	if (strcmp(tip, id) == 0)
		return true;
	return !hgt_oid_is_zero(tip) && !hgt_oid_is_zero(id) && hgt_repo_descends(repo, tip, id, NULL) == 1;
}

/* Where the ref is; all zero for nowhere. */
static int read_tip(struct hgt_repo *repo, const char *ref, char tip[HGT_OID_HEX + 1], struct hgt_error *err)
{
	int code = hgt_repo_ref(repo, ref, tip, err);

	if (code == HGT_ENOENT) {
		memcpy(tip, ZERO_ID, sizeof(ZERO_ID));
		code = 0;
	}
	return code;
}

/*
 * Whether the repository bears the move out: the ref is at the new id now. What was seen has no other way to be true. An announced
 * move may have been overtaken by the next: then the ref came past the new id; but who went back to an ancestor is there now, or has not
 * been there for all that anyone can tell.
 */
static bool is_borne_out(struct hgt_repo *repo, const struct moves *moves, const struct move *move, const char *tip)
{
	const char *old_id = move->own.from, *new_id = move->own.to;

	if (move->at_tip)
		return true;
	return moves->push && !hgt_oid_is_zero(new_id) && hgt_repo_has(repo, new_id) && came_past(repo, tip, new_id) &&
		!came_past(repo, old_id, new_id);
}

/* A push to a symbolic ref has moved what that leads to. */
static int follow(struct moves *moves, struct move *move, struct hgt_repo *repo, struct hgt_error *err)
{
	struct hgt_buf ref = HGT_BUF_INIT;
	int code = hgt_repo_real_ref(repo, move->ref, &ref, err);

	if (code == 0 && strcmp(ref.data, move->ref) != 0) {
		const char *real = hgt_arena_strndup(&moves->arena, ref.data, ref.len);

		if (real)
			move->ref = real;
		else
			code = hgt_error_nomem(err);
	}
	hgt_buf_release(&ref);
	return code;
}

static int plan_move(struct moves *moves, struct move *move, struct hgt_repo *repo, struct hgt_error *err)
{
	const char *old_id = move->old, *new_id = move->own.to;
	char tip[HGT_OID_HEX + 1];
	struct hgt_error why = {0};
	int code = read_tip(repo, move->ref, tip, &why);

	if (code < 0 && code != HGT_ENOMEM && !moves->push) {
		/* A damaged ref looks like one that was deleted. It stays where it was last known, and the others are not kept waiting. */
		hgt_log(HGT_LOG_WARNING, "moves", "a ref cannot be read", HGT_S("repo", moves->repo), HGT_S("ref", move->ref),
			HGT_S("error", why.message));
		memcpy(tip, move->known, sizeof(tip));
		code = 0;
	}
	if (code < 0)
		return hgt_error_set(err, code, "%s", why.message);
	memcpy(move->own.from, old_id, sizeof(move->own.from));
	move->at_tip = strcmp(tip, new_id) == 0;
	move->borne_out = is_borne_out(repo, moves, move, tip);
	move->look_again = !move->at_tip && (moves->push || strcmp(tip, move->known) != 0);
	move->planned = true;
	move->covered = move->part_of_known = move->doubtful = move->nowhere = move->inferred = false;
	if (!move->borne_out)
		return 0;
	if (strcmp(move->known, old_id) != 0) {
		bool is_there = hgt_oid_is_zero(old_id) || hgt_repo_has(repo, old_id);

		move->covered = came_past(repo, move->known, new_id);
		move->part_of_known = move->covered && *move->known_from && !came_past(repo, move->known_from, new_id) &&
			(hgt_oid_is_zero(move->known_from) || (is_there && came_past(repo, old_id, move->known_from))) &&
			(!move->at_tip || strcmp(move->known, new_id) == 0);
		/* An old id that the repository does not have is not believed: then the ref came from where it was known to be. */
		if (is_there) {
			move->inferred = true;
			memcpy(move->missed.from, move->known, sizeof(move->known));
			memcpy(move->missed.to, old_id, sizeof(move->missed.to));
			code = plan_leg(moves, repo, &move->missed, err);
		} else {
			memcpy(move->own.from, move->known, sizeof(move->known));
		}
		move->nowhere = move->covered && hgt_oid_is_zero(new_id);
		move->doubtful = !move->at_tip && !hgt_oid_is_zero(move->known) &&
			!came_past(repo, move->inferred ? old_id : new_id, move->known);
	}
	return code < 0 ? code : plan_leg(moves, repo, &move->own, err);
}

int moves_plan(struct moves *moves, struct hgt_repo *repo, struct hgt_error *err)
{
	int code = 0;

	for (size_t i = 0; i < moves->n && code == 0; i++) {
		if (moves->items[i].planned)
			continue;
		if (moves->push)
			code = follow(moves, &moves->items[i], repo, err);
		if (code == 0)
			code = plan_move(moves, &moves->items[i], repo, err);
	}
	return code;
}

void moves_take_as_gone(struct moves *moves)
{
	for (size_t i = 0; i < moves->n; i++) {
		struct move *move = &moves->items[i];

		move->planned = move->borne_out = move->at_tip = true;
		/* Which paths there were cannot be told any more. */
		move->own.truncated = true;
	}
}
