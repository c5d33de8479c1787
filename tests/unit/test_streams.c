/* daemon/hub, all of it at once: readers that stop, go on, go away and come again, while bursts of events of all sizes go by. Each is told
 * of every event that is for it, once and in order. */
#include "daemon/hub.h"

#include "base/io.h"
#include "daemon/subscriber.h"
#include "headgate/protocol.h"
#include "tests/unit/daemon_rig.h"
#include "tests/unit/unit.h"

enum { READERS = 20, ROUNDS = 220, SEEDS = 4, EVENTS_MAX = 20000 };

static const char *const paths[] = {"a", "a/b", "a/b/c", "b", "b/c", "c"};

struct reader {
	struct client client;
	const char *path;	/* that it wants; "" for all */
	bool packed_away;	/* its connection is closed for now */
	uint64_t last;		/* the seq of the last event that it has */
	size_t n;		/* events that it has */
};

struct chaos {
	struct rig rig;
	unsigned seed;
	const char *happened[EVENTS_MAX];	/* by seq: the path that changed */
	uint64_t head;
	struct reader readers[READERS];
};

static unsigned random_below(struct chaos *chaos, unsigned n)
{
	return (unsigned)rand_r(&chaos->seed) % n;
}

static uint64_t next_for(const struct chaos *chaos, const struct reader *reader, uint64_t after)
{
	while (++after <= chaos->head)
		if (hgt_path_below(chaos->happened[after], reader->path))
			return after;
	return 0;
}

/* Take what has come: whole frames, each of which has to be the next one that is for it. Chunks may end within a line's end alone. */
static void take(struct chaos *chaos, struct reader *reader)
{
	struct hgt_buf *got = &reader->client.got;
	const char *frame, *end;

	client_read(&reader->client);
	while ((frame = strstr(got->data, "id: ")) && (end = strstr(frame, "\n\n"))) {
		const char *type = strstr(frame, "\nevent: ");
		uint64_t seq = strtoull(strchr(frame, '.') + 1, NULL, 10);

		assert_non_null(type);
		assert_true(type < end);
		if (!strncmp(type + 8, HGT_EVENT_REF_UPDATED "\n", strlen(HGT_EVENT_REF_UPDATED) + 1)) {
			uint64_t expected = next_for(chaos, reader, reader->last);

			if (seq != expected)
				fail_msg("reader of \"%s\" was told of %llu after %llu, not of %llu", reader->path, (unsigned long long)seq,
					(unsigned long long)reader->last, (unsigned long long)expected);
			reader->last = seq;
			reader->n++;
		} else {
			/* A bookmark passes over nothing that is for it. */
			assert_true(!next_for(chaos, reader, reader->last) || next_for(chaos, reader, reader->last) > seq);
		}
		hgt_buf_consume(got, (size_t)(end + 2 - got->data));
	}
	assert_false(reader->client.ended);
	assert_null(strstr(got->data, "event: reset"));
}

static void come(struct chaos *chaos, struct reader *reader)
{
	struct hgt_buf url = HGT_BUF_INIT;

	hgt_buf_addf(&url, "/v1/events?type=io.headgate.ref.*&path=%s&cursor=", reader->path);
	if (reader->last)
		hgt_buf_addf(&url, "%s.%llu", hgt_journal_id(chaos->rig.daemon.reader), (unsigned long long)reader->last);
	else
		hgt_buf_addc(&url, '0');
	reader->client = client_get(&chaos->rig, url.data, "Accept: text/event-stream\r\n");
	reader->packed_away = false;
	hgt_buf_release(&url);
}

static void something_happens(struct chaos *chaos)
{
	struct reader *reader = &chaos->readers[random_below(chaos, READERS)];
	unsigned what = random_below(chaos, 10);

	if (what < 5) {
		const char *path = paths[random_below(chaos, N_OF(paths))];
		unsigned n = 1 + random_below(chaos, what ? 4 : 120);

		assert_true(chaos->head + n < EVENTS_MAX);
		for (unsigned i = 0; i < n; i++)
			chaos->happened[chaos->head + 1 + i] = path;
		chaos->head += n;
		rig_publish_many(&chaos->rig, n, path, random_below(chaos, 8) ? 10 : 4000);
	} else if (reader->packed_away) {
		come(chaos, reader);
	} else if (what < 8) {
		reader->client.paused = !reader->client.paused;
	} else {
		take(chaos, reader);
		client_close(&reader->client);
		reader->packed_away = true;
	}
}

static void one_chaos(unsigned seed, struct hub_stats *all)
{
	struct chaos *chaos = calloc(1, sizeof(*chaos));
	struct hub_stats stats;

	assert_non_null(chaos);
	chaos->seed = seed;
	rig_start(&chaos->rig, "");
	chaos->rig.daemon.hub->bookmark_every_ms = 100;
	for (size_t i = 0; i < READERS; i++) {
		chaos->readers[i].path = i < N_OF(paths) * 3 ? paths[i % N_OF(paths)] : "";
		come(chaos, &chaos->readers[i]);
	}
	for (int round = 0; round < ROUNDS; round++) {
		something_happens(chaos);
		rig_turn(&chaos->rig);
		for (size_t i = 0; i < READERS; i++)
			if (!chaos->readers[i].packed_away)
				take(chaos, &chaos->readers[i]);
	}
	for (size_t i = 0; i < READERS; i++) {
		struct reader *reader = &chaos->readers[i];

		if (reader->packed_away)
			come(chaos, reader);
		reader->client.paused = false;
		for (int turns = 0; next_for(chaos, reader, reader->last); turns++) {
			assert_true(turns < 20000);
			rig_turn(&chaos->rig);
			take(chaos, reader);
		}
		assert_true(reader->n > 0);
	}
	hub_stats(chaos->rig.daemon.hub, &stats);
	all->full += stats.full;
	all->slices += stats.slices;
	all->woken += stats.woken;
	for (size_t i = 0; i < READERS; i++)
		client_close(&chaos->readers[i].client);
	rig_stop(&chaos->rig);
	free(chaos);
}

static void test_chaos(void **state)
{
	struct hub_stats all = {.full = 0};

	(void)state;
	for (unsigned seed = 1; seed <= SEEDS; seed++)
		one_chaos(seed, &all);
	/* It was what it was to be: some were full, and some had to be read for from disk. */
	assert_true(all.full > 0);
	assert_true(all.slices > 0);
	assert_true(all.woken > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chaos),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
