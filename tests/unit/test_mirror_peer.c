/* Two Headgates and who leads: every order of words, losses, repetitions and deaths within bounds. */
#include "mirror/peer.h"

#include "unit.h"

enum { A, B, NODES = 2, FLIGHT = 2, STATES = 1 << 22 };

/* A word on its way, or the verdict on one. */
struct letter {
	uint8_t to, is_answer, word, verdict;
	struct hgt_peer from;		/* the sender as it was */
	uint64_t attempt;		/* of an answer: that of the question */
};

struct world {
	struct hgt_peer node[NODES];
	uint8_t data[NODES];		/* how much each has */
	uint8_t ready[NODES];		/* in memory: the leader has said that it is closed, in this attempt */
	uint8_t n, promotes, pushes;
	struct letter flight[FLIGHT];
};

struct search {
	struct world *seen;		/* all, in the order in which they were met */
	uint32_t *table;		/* index + 1 */
	size_t n;
	bool forced;			/* force is allowed */
	unsigned most_promotes, most_pushes;
};

static uint64_t hash(const struct world *w)
{
	const unsigned char *p = (const unsigned char *)w;
	uint64_t h = 1469598103934665603u;

	for (size_t i = 0; i < sizeof(*w); i++)
		h = (h ^ p[i]) * 1099511628211u;
	return h ^ h >> 29;
}

static void check(const struct search *s, const struct world *w)
{
	for (int i = 0; i < NODES; i++)
		assert_true(hgt_peer_is_sound(&w->node[i]));
	if (s->forced)
		return;
	assert_false(w->node[A].role == HGT_PEER_LEADER && w->node[B].role == HGT_PEER_LEADER);
	/* Who leads has all that was ever taken in. */
	for (int i = 0; i < NODES; i++)
		if (w->node[i].role == HGT_PEER_LEADER)
			assert_true(w->data[i] >= w->data[!i]);
}

static void meet(struct search *s, const struct world *w)
{
	uint64_t at = hash(w) % STATES;

	while (s->table[at]) {
		if (!memcmp(&s->seen[s->table[at] - 1], w, sizeof(*w)))
			return;
		at = (at + 1) % STATES;
	}
	check(s, w);
	assert_true(s->n < STATES / 2);
	s->seen[s->n] = *w;
	s->table[at] = (uint32_t)++s->n;
}

static bool post(struct world *w, const struct letter *letter)
{
	if (w->n == FLIGHT)
		return false;
	w->flight[w->n++] = *letter;
	return true;
}

static void drop(struct world *w, unsigned i)
{
	memmove(&w->flight[i], &w->flight[i + 1], (FLIGHT - i - 1) * sizeof(w->flight[0]));
	memset(&w->flight[--w->n], 0, sizeof(w->flight[0]));
}

static bool ask(struct world *w, int who, enum hgt_peer_word word)
{
	struct letter letter;

	memset(&letter, 0, sizeof(letter));
	letter.to = (uint8_t)!who;
	letter.word = (uint8_t)word;
	letter.from = w->node[who];
	return post(w, &letter);
}

static void deliver(struct world *w, const struct letter *letter)
{
	struct hgt_peer *self = &w->node[letter->to];
	struct letter answer;

	if (letter->is_answer) {
		if (self->attempt == letter->attempt) {
			if (letter->word == HGT_PEER_YIELD && letter->verdict == HGT_PEER_DONE && self->phase == HGT_PEER_ASKING)
				w->ready[letter->to] = 1;
			hgt_peer_answered(self, (enum hgt_peer_word)letter->word, (enum hgt_peer_verdict)letter->verdict);
		}
		hgt_peer_hear(self, &letter->from);
	} else {
		memset(&answer, 0, sizeof(answer));
		answer.to = (uint8_t)!letter->to;
		answer.is_answer = 1;
		answer.word = letter->word;
		answer.attempt = letter->from.attempt;
		answer.verdict = (uint8_t)hgt_peer_take(self, (enum hgt_peer_word)letter->word, &letter->from);
		answer.from = *self;
		post(w, &answer);	/* or it is lost */
	}
	if (self->phase != HGT_PEER_ASKING)
		w->ready[letter->to] = 0;
}

/* All that may happen next to one of the two by itself. */
static void act(struct search *s, const struct world *w, int who)
{
	struct world next = *w;

	if (w->promotes < s->most_promotes && w->node[who].role == HGT_PEER_FOLLOWER && w->node[who].phase == HGT_PEER_FOLLOWING) {
		next.promotes++;
		hgt_peer_promote(&next.node[who], 0);
		meet(s, &next);
		next = *w;
	}
	/* It has compared what the other has now with its own, having caught up. */
	if (w->ready[who] && w->node[who].phase == HGT_PEER_ASKING) {
		if (next.data[who] < next.data[!who])
			next.data[who] = next.data[!who];
		hgt_peer_compared(&next.node[who]);
		next.ready[who] = 0;
		meet(s, &next);
		next = *w;
	}
	if (hgt_peer_abort(&next.node[who])) {	/* by a person, or a leader's patience */
		next.ready[who] = 0;
		meet(s, &next);
	}
	next = *w;
	if (w->pushes < s->most_pushes && hgt_peer_takes_pushes(&w->node[who])) {
		next.pushes++;
		next.data[who]++;
		meet(s, &next);
		next = *w;
	}
	if (w->ready[who]) {	/* it dies */
		next.ready[who] = 0;
		meet(s, &next);
		next = *w;
	}
	if (s->forced && w->node[who].heard < 3 && hgt_peer_force(&next.node[who])) {
		next.ready[who] = 0;
		meet(s, &next);
	}
}

static void talk(struct search *s, const struct world *w, int who)
{
	static const struct {
		enum hgt_peer_word word;
		enum hgt_peer_phase in;
		bool any;
	} asks[] = {{HGT_PEER_HELLO, 0, true}, {HGT_PEER_YIELD, HGT_PEER_ASKING, false}, {HGT_PEER_GRANT, HGT_PEER_GRANTING, false},
		{HGT_PEER_RESUME, HGT_PEER_ASKING, false}, {HGT_PEER_RESUME, HGT_PEER_GRANTING, false}};

	for (size_t i = 0; i < N_OF(asks); i++) {
		struct world next = *w;

		if ((asks[i].any || w->node[who].phase == asks[i].in) && ask(&next, who, asks[i].word))
			meet(s, &next);
	}
}

static void step(struct search *s, const struct world *w)
{
	for (int who = 0; who < NODES; who++) {
		act(s, w, who);
		talk(s, w, who);
	}
	for (unsigned i = 0; i < w->n; i++) {
		struct world next = *w;

		drop(&next, i);		/* lost */
		meet(s, &next);
		deliver(&next, &w->flight[i]);
		meet(s, &next);
		if (w->n < FLIGHT) {	/* and it comes again later */
			next = *w;
			deliver(&next, &w->flight[i]);
			meet(s, &next);
		}
	}
}

/* A network that works, and somebody who asks again: how it ends from here. */
static void settle(struct world *w, int who, enum hgt_peer_word word)
{
	struct letter letter;

	memset(&letter, 0, sizeof(letter));
	letter.to = (uint8_t)!who;
	letter.word = (uint8_t)word;
	letter.from = w->node[who];
	w->n = 0;
	deliver(w, &letter);
	letter = w->flight[0];
	w->n = 0;
	deliver(w, &letter);
}

static void hand_over(struct world *w, int who)
{
	for (int tries = 0; tries < 4 && w->node[who].role == HGT_PEER_FOLLOWER; tries++) {
		hgt_peer_promote(&w->node[who], 0);
		if (w->node[who].phase == HGT_PEER_ASKING)
			settle(w, who, HGT_PEER_YIELD);
		if (w->ready[who])
			hgt_peer_compared(&w->node[who]);
		if (w->node[who].phase == HGT_PEER_GRANTING)
			settle(w, who, HGT_PEER_GRANT);
	}
}

/* From everywhere a promote that is repeated ends with that one leading, and one that is taken back with one that takes pushes. */
static void check_ways_out(const struct world *from)
{
	for (int who = 0; who < NODES; who++) {
		struct world w = *from;

		settle(&w, who, HGT_PEER_HELLO);
		settle(&w, !who, HGT_PEER_HELLO);
		if (w.node[who].role == HGT_PEER_LEADER || w.node[!who].role == HGT_PEER_LEADER || w.node[who].phase == HGT_PEER_GRANTING) {
			hand_over(&w, who);
			assert_int_equal(w.node[who].role, HGT_PEER_LEADER);
			assert_true(hgt_peer_takes_pushes(&w.node[who]) || w.node[who].phase == HGT_PEER_CLOSED);
			assert_int_equal(w.node[!who].role, HGT_PEER_FOLLOWER);
		}
		w = *from;
		for (int i = 0; i < NODES; i++) {
			if (!hgt_peer_abort(&w.node[i]))
				settle(&w, i, HGT_PEER_RESUME);
		}
		assert_int_equal(hgt_peer_takes_pushes(&w.node[A]) + hgt_peer_takes_pushes(&w.node[B]), 1);
	}
}

/* After force: once they have heard of each other one at the most takes pushes, and never both in one term. */
static void check_healing(const struct world *from)
{
	struct world w = *from;

	settle(&w, A, HGT_PEER_HELLO);
	settle(&w, B, HGT_PEER_HELLO);
	settle(&w, A, HGT_PEER_HELLO);
	assert_true(hgt_peer_takes_pushes(&w.node[A]) + hgt_peer_takes_pushes(&w.node[B]) <= 1);
	if (w.node[A].role == HGT_PEER_LEADER && w.node[B].role == HGT_PEER_LEADER) {
		assert_int_equal(w.node[A].phase, HGT_PEER_DISPUTED);
		assert_int_equal(w.node[B].phase, HGT_PEER_DISPUTED);
		/* One of them is told by force. */
		assert_true(hgt_peer_force(&w.node[A]));
		settle(&w, A, HGT_PEER_HELLO);
	} else if (w.node[A].role == w.node[B].role) {
		/* Neither: the same. */
		assert_true(hgt_peer_force(&w.node[A]));
		settle(&w, A, HGT_PEER_HELLO);
	} else {
		return;
	}
	assert_true(hgt_peer_takes_pushes(&w.node[A]));
	assert_int_equal(w.node[B].role, HGT_PEER_FOLLOWER);
	assert_true(hgt_peer_may_follow(&w.node[B], &w.node[A]));
}

static void explore(bool forced, unsigned promotes, unsigned pushes, size_t *n)
{
	struct search s = {.forced = forced, .most_promotes = promotes, .most_pushes = pushes};
	struct world w;

	s.seen = calloc(STATES / 2, sizeof(*s.seen));
	s.table = calloc(STATES, sizeof(*s.table));
	assert_true(s.seen && s.table);
	memset(&w, 0, sizeof(w));
	w.node[A] = hgt_peer_first(true);
	w.node[B] = hgt_peer_first(false);
	meet(&s, &w);
	for (size_t i = 0; i < s.n; i++) {
		w = s.seen[i];
		step(&s, &w);
		if (forced)
			check_healing(&w);
		else
			check_ways_out(&w);
	}
	*n = s.n;
	free(s.seen);
	free(s.table);
}

static void never_two_leaders(void **state)
{
	size_t n;

	(void)state;
	explore(false, 3, 2, &n);
	assert_true(n > 100000);
}

static void force_heals(void **state)
{
	size_t n;

	(void)state;
	explore(true, 1, 0, &n);
	assert_true(n > 10000);
}

/* Both were set up to lead. */
static void two_that_lead_dispute_it(void **state)
{
	struct hgt_peer a = hgt_peer_first(true), b = hgt_peer_first(true);

	(void)state;
	assert_int_equal(hgt_peer_take(&b, HGT_PEER_HELLO, &a), HGT_PEER_DONE);
	assert_true(hgt_peer_hear(&a, &b));
	assert_false(hgt_peer_takes_pushes(&a) || hgt_peer_takes_pushes(&b));
	assert_true(hgt_peer_force(&b));
	assert_true(hgt_peer_hear(&a, &b));
	assert_true(hgt_peer_may_follow(&a, &b));
	assert_true(hgt_peer_takes_pushes(&b));
	/* A leader that is well is not forced. */
	assert_false(hgt_peer_force(&b));
}

/* One was told to lead by mistake, and its config was mended. */
static void a_dispute_ends_by_itself(void **state)
{
	struct hgt_peer a = hgt_peer_first(true), b = hgt_peer_first(true);

	(void)state;
	hgt_peer_hear(&a, &b);
	assert_int_equal(a.phase, HGT_PEER_DISPUTED);
	b = hgt_peer_first(false);
	assert_true(hgt_peer_hear(&a, &b));
	assert_true(hgt_peer_takes_pushes(&a));
}

static void words_are_read_again(void **state)
{
	(void)state;
	for (int i = 0; i <= HGT_PEER_GRANTING; i++)
		assert_int_equal(hgt_peer_phase_parse(hgt_peer_phase_name((enum hgt_peer_phase)i)), i);
	for (int i = 0; i <= HGT_PEER_RESUME; i++)
		assert_int_equal(hgt_peer_word_parse(hgt_peer_word_name((enum hgt_peer_word)i)), i);
	for (int i = 0; i <= HGT_PEER_CEDED; i++)
		assert_int_equal(hgt_peer_verdict_parse(hgt_peer_verdict_name((enum hgt_peer_verdict)i)), i);
	for (int i = 0; i <= HGT_PEER_LEADER; i++)
		assert_int_equal(hgt_peer_role_parse(hgt_peer_role_name((enum hgt_peer_role)i)), i);
	assert_int_equal(hgt_peer_phase_parse("gone"), -1);
	assert_int_equal(hgt_peer_role_parse(NULL), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_two_leaders),
		cmocka_unit_test(force_heals),
		cmocka_unit_test(two_that_lead_dispute_it),
		cmocka_unit_test(a_dispute_ends_by_itself),
		cmocka_unit_test(words_are_read_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
