/*
 * Two Headgates that keep the same repositories: which one leads, and how that changes. Pure functions over what either side has on disk;
 * docs/design.md, "Peers", tells the whole.
 *
 *	leader:   OPEN --yield--> CLOSED --grant--> follower of the next term
 *	            ^---resume, patience---/
 *	follower: FOLLOWING --promote--> ASKING --compared--> GRANTING --granted--> leader of the next term
 *	            ^----abort, ended----/              /
 *	            ^----ended-------------------------/
 *
 * Only a leader that is OPEN takes pushes. A leader ceases to be one by a grant, which it gives once it is CLOSED and never takes
 * back, or when it hears of a newer term; a follower becomes one by its grant, or by force. So without force at most one of the two leads,
 * wherever either dies and whatever of what they say is lost, comes twice or late; with force there may be two, of different terms,
 * until they hear of each other: the newer one stays.
 *
 * A hand-over is known by its term and attempt. Attempts of one follower grow; a leader never goes back to one that has ended.
 */
#ifndef HEADGATE_MIRROR_PEER_H
#define HEADGATE_MIRROR_PEER_H

#include <stdbool.h>
#include <stdint.h>

enum hgt_peer_role { HGT_PEER_FOLLOWER, HGT_PEER_LEADER };

enum hgt_peer_phase {
	HGT_PEER_OPEN,		/* leader: takes pushes */
	HGT_PEER_CLOSED,	/* leader: takes none, for a hand-over */
	HGT_PEER_DISPUTED,	/* leader: takes none, for the other one says that it leads in the same term */
	HGT_PEER_FOLLOWING,
	HGT_PEER_ASKING,	/* follower: the leader is to close; then we catch up with it and compare */
	HGT_PEER_GRANTING,	/* follower: compared; the leader is asked to cede, and may have done so */
};

struct hgt_peer {
	enum hgt_peer_role role;
	enum hgt_peer_phase phase;
	uint64_t term;
	uint64_t attempt;	/* of the last hand-over that was begun (follower) or heard of (leader) */
	uint64_t ceded;		/* follower: the attempt by which it ceded to the leader of this term; 0: it did not */
	uint64_t heard;		/* the newest term that was ever heard of, its own included */
};

/* Words of what is told and kept; parse: -1 for another. */
const char *hgt_peer_role_name(enum hgt_peer_role role);
int hgt_peer_role_parse(const char *name);
const char *hgt_peer_phase_name(enum hgt_peer_phase phase);
int hgt_peer_phase_parse(const char *name);

/* As it begins: term 1, by the config. */
struct hgt_peer hgt_peer_first(bool leads);

/* Whether what was read can be: the phase is one of the role's. */
bool hgt_peer_is_sound(const struct hgt_peer *peer);

bool hgt_peer_is_same(const struct hgt_peer *a, const struct hgt_peer *b);

bool hgt_peer_takes_pushes(const struct hgt_peer *peer);

enum hgt_peer_word {
	HGT_PEER_HELLO,		/* what the other is */
	HGT_PEER_YIELD,		/* follower to leader: take no more pushes; again: I am still here */
	HGT_PEER_GRANT,		/* follower to leader: I have all that you have; cede */
	HGT_PEER_RESUME,	/* follower to leader: it is called off */
};
const char *hgt_peer_word_name(enum hgt_peer_word word);
int hgt_peer_word_parse(const char *name);

enum hgt_peer_verdict {
	HGT_PEER_DONE,		/* as asked, now or before */
	HGT_PEER_ENDED,		/* this hand-over has ended here, and will not be gone on with */
	HGT_PEER_NOT_LEADER,	/* who was asked does not lead */
	HGT_PEER_OTHER_TERM,	/* it leads in another term than who asks knows of */
	HGT_PEER_CEDED,		/* too late to call it off: it has been granted */
};
const char *hgt_peer_verdict_name(enum hgt_peer_verdict verdict);
int hgt_peer_verdict_parse(const char *name);

/* The other side's word comes: what it makes of `self`, which is to be on disk before the verdict is told. `other` is what it says that it
 * is. A grant is for who has compared: the caller sees to that. */
enum hgt_peer_verdict hgt_peer_take(struct hgt_peer *self, enum hgt_peer_word word, const struct hgt_peer *other);

/* The other side is so, by its own word or its answer. True when `self` has changed. */
bool hgt_peer_hear(struct hgt_peer *self, const struct hgt_peer *other);

/* A follower has the verdict on what it asked. */
void hgt_peer_answered(struct hgt_peer *self, enum hgt_peer_word word, enum hgt_peer_verdict verdict);

/* Begin a hand-over to ourselves; goes on with the one that is under way. False: we lead. */
bool hgt_peer_promote(struct hgt_peer *self, int64_t now_ms);

/* Everything has been compared while the leader was closed. */
void hgt_peer_compared(struct hgt_peer *self);

/* Take a hand-over back. True: done. False: the leader has to be asked (RESUME), for it may have ceded. */
bool hgt_peer_abort(struct hgt_peer *self);

/* Lead without asking. False: we lead, and nobody disputes it. */
bool hgt_peer_force(struct hgt_peer *self);

/* Whether what a follower sees of the other is its leader, whom it may follow. */
bool hgt_peer_may_follow(const struct hgt_peer *self, const struct hgt_peer *other);

#endif
