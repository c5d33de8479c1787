/* Which of two Headgates leads: every step as a function of what is on disk. */
#include "mirror/peer.h"

#include <stddef.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const roles[] = {[HGT_PEER_FOLLOWER] = "follower", [HGT_PEER_LEADER] = "leader"};
static const char *const phases[] = {[HGT_PEER_OPEN] = "open", [HGT_PEER_CLOSED] = "closed", [HGT_PEER_DISPUTED] = "disputed",
	[HGT_PEER_FOLLOWING] = "following", [HGT_PEER_ASKING] = "asking", [HGT_PEER_GRANTING] = "granting"};
static const char *const words[] = {[HGT_PEER_HELLO] = "hello", [HGT_PEER_YIELD] = "yield", [HGT_PEER_GRANT] = "grant",
	[HGT_PEER_RESUME] = "resume"};
static const char *const verdicts[] = {[HGT_PEER_DONE] = "done", [HGT_PEER_ENDED] = "ended", [HGT_PEER_NOT_LEADER] = "not-leader",
	[HGT_PEER_OTHER_TERM] = "other-term", [HGT_PEER_CEDED] = "ceded"};

static int find(const char *const *list, size_t n, const char *word)
{
	for (size_t i = 0; word && i < n; i++)
		if (!strcmp(list[i], word))
			return (int)i;
	return -1;
}

const char *hgt_peer_role_name(enum hgt_peer_role role)
{
	return roles[role];
}

int hgt_peer_role_parse(const char *name)
{
	return find(roles, COUNT(roles), name);
}

const char *hgt_peer_phase_name(enum hgt_peer_phase phase)
{
	return phases[phase];
}

int hgt_peer_phase_parse(const char *name)
{
	return find(phases, COUNT(phases), name);
}

const char *hgt_peer_word_name(enum hgt_peer_word word)
{
	return words[word];
}

int hgt_peer_word_parse(const char *name)
{
	return find(words, COUNT(words), name);
}

const char *hgt_peer_verdict_name(enum hgt_peer_verdict verdict)
{
	return verdicts[verdict];
}

int hgt_peer_verdict_parse(const char *name)
{
	return find(verdicts, COUNT(verdicts), name);
}

struct hgt_peer hgt_peer_first(bool leads)
{
	return (struct hgt_peer){.role = leads ? HGT_PEER_LEADER : HGT_PEER_FOLLOWER, .phase = leads ? HGT_PEER_OPEN : HGT_PEER_FOLLOWING,
		.term = 1, .heard = 1};
}

bool hgt_peer_is_sound(const struct hgt_peer *peer)
{
	return (peer->role == HGT_PEER_LEADER) == (peer->phase <= HGT_PEER_DISPUTED) && peer->term > 0 && peer->heard >= peer->term;
}

bool hgt_peer_is_same(const struct hgt_peer *a, const struct hgt_peer *b)
{
	return a->role == b->role && a->phase == b->phase && a->term == b->term && a->attempt == b->attempt && a->ceded == b->ceded &&
		a->heard == b->heard;
}

bool hgt_peer_takes_pushes(const struct hgt_peer *peer)
{
	return peer->role == HGT_PEER_LEADER && peer->phase == HGT_PEER_OPEN;
}

static void hear_of(struct hgt_peer *self, uint64_t term)
{
	if (term > self->heard)
		self->heard = term;
}

/* attempt stays: what has ended stays so. */
static void become_follower(struct hgt_peer *self, uint64_t term)
{
	self->role = HGT_PEER_FOLLOWER;
	self->phase = HGT_PEER_FOLLOWING;
	self->term = term;
	self->ceded = 0;
	hear_of(self, term);
}

static void become_leader(struct hgt_peer *self, uint64_t term)
{
	self->role = HGT_PEER_LEADER;
	self->phase = HGT_PEER_OPEN;
	self->term = term;
	self->ceded = 0;
	hear_of(self, term);
}

/* Whether it is a follower because it has granted this hand-over. */
static bool has_ceded(const struct hgt_peer *self, const struct hgt_peer *to)
{
	return self->role == HGT_PEER_FOLLOWER && self->term == to->term + 1 && self->ceded && self->ceded == to->attempt;
}

bool hgt_peer_hear(struct hgt_peer *self, const struct hgt_peer *other)
{
	const struct hgt_peer before = *self;

	hear_of(self, other->term);
	if (self->role == HGT_PEER_LEADER) {
		if (other->term > self->term)
			become_follower(self, other->term);
		else if (other->term == self->term && other->role == HGT_PEER_LEADER)
			self->phase = HGT_PEER_DISPUTED;
		else if (self->phase == HGT_PEER_DISPUTED)
			self->phase = HGT_PEER_OPEN;
	} else if (self->phase == HGT_PEER_GRANTING && has_ceded(other, self)) {
		become_leader(self, self->term + 1);
	} else if (other->role == HGT_PEER_LEADER && other->term > self->term) {
		become_follower(self, other->term);
	}
	/* A leader takes no hand-over that is older than one that it has heard of. */
	if (self->phase == HGT_PEER_FOLLOWING && other->role == HGT_PEER_LEADER && other->attempt > self->attempt)
		self->attempt = other->attempt;
	return !hgt_peer_is_same(&before, self);
}

static enum hgt_peer_verdict yield(struct hgt_peer *self, const struct hgt_peer *to)
{
	if (to->attempt < self->attempt || (to->attempt == self->attempt && self->phase != HGT_PEER_CLOSED))
		return HGT_PEER_ENDED;
	self->attempt = to->attempt;
	self->phase = HGT_PEER_CLOSED;
	return HGT_PEER_DONE;
}

static enum hgt_peer_verdict grant(struct hgt_peer *self, const struct hgt_peer *to)
{
	if (self->phase != HGT_PEER_CLOSED || self->attempt != to->attempt)
		return HGT_PEER_ENDED;
	become_follower(self, self->term + 1);
	self->ceded = to->attempt;
	return HGT_PEER_DONE;
}

static enum hgt_peer_verdict resume(struct hgt_peer *self, const struct hgt_peer *to)
{
	if (to->attempt < self->attempt)
		return HGT_PEER_DONE;
	/* What was asked for before may yet come: it has ended too. */
	self->attempt = to->attempt;
	if (self->phase == HGT_PEER_CLOSED)
		self->phase = HGT_PEER_OPEN;
	return HGT_PEER_DONE;
}

enum hgt_peer_verdict hgt_peer_take(struct hgt_peer *self, enum hgt_peer_word word, const struct hgt_peer *other)
{
	/* Before it is heard: what it says of its role it said before the grant. */
	if (word != HGT_PEER_HELLO && has_ceded(self, other))
		return word == HGT_PEER_GRANT ? HGT_PEER_DONE : HGT_PEER_CEDED;
	hgt_peer_hear(self, other);
	if (word == HGT_PEER_HELLO)
		return HGT_PEER_DONE;
	if (self->role != HGT_PEER_LEADER)
		return HGT_PEER_NOT_LEADER;
	if (self->term != other->term)
		return HGT_PEER_OTHER_TERM;
	if (self->phase == HGT_PEER_DISPUTED)
		return HGT_PEER_ENDED;
	return word == HGT_PEER_YIELD ? yield(self, other) : word == HGT_PEER_GRANT ? grant(self, other) : resume(self, other);
}

/* A hand-over of ours is under way. */
static bool is_handing_over(const struct hgt_peer *self)
{
	return self->phase == HGT_PEER_ASKING || self->phase == HGT_PEER_GRANTING;
}

void hgt_peer_answered(struct hgt_peer *self, enum hgt_peer_word word, enum hgt_peer_verdict verdict)
{
	if (!is_handing_over(self) || word == HGT_PEER_HELLO)
		return;
	if (self->phase == HGT_PEER_GRANTING &&
	    (verdict == HGT_PEER_CEDED || (word == HGT_PEER_GRANT && verdict == HGT_PEER_DONE)))
		become_leader(self, self->term + 1);
	else if (word == HGT_PEER_RESUME || verdict != HGT_PEER_DONE)
		self->phase = HGT_PEER_FOLLOWING;
}

bool hgt_peer_promote(struct hgt_peer *self, int64_t now_ms)
{
	if (self->role == HGT_PEER_LEADER)
		return false;
	if (is_handing_over(self))
		return true;
	/* By the clock, so that a journal that was put back from a copy does not give one out twice. */
	self->attempt = now_ms > 0 && (uint64_t)now_ms > self->attempt ? (uint64_t)now_ms : self->attempt + 1;
	self->phase = HGT_PEER_ASKING;
	return true;
}

void hgt_peer_compared(struct hgt_peer *self)
{
	if (self->phase == HGT_PEER_ASKING)
		self->phase = HGT_PEER_GRANTING;
}

bool hgt_peer_abort(struct hgt_peer *self)
{
	if (self->phase == HGT_PEER_GRANTING)
		return false;
	if (self->phase == HGT_PEER_ASKING)
		self->phase = HGT_PEER_FOLLOWING;
	else if (self->phase == HGT_PEER_CLOSED)
		self->phase = HGT_PEER_OPEN;
	return true;
}

bool hgt_peer_force(struct hgt_peer *self)
{
	if (self->role == HGT_PEER_LEADER && self->phase != HGT_PEER_DISPUTED)
		return false;
	become_leader(self, self->heard + 1);
	return true;
}

bool hgt_peer_may_follow(const struct hgt_peer *self, const struct hgt_peer *other)
{
	return self->role == HGT_PEER_FOLLOWER && other->role == HGT_PEER_LEADER && other->term == self->term &&
		other->phase != HGT_PEER_DISPUTED;
}
