/* The daemon's numbers: what is counted for nobody in particular, and the parts put together. */
#include "daemon/metrics.h"

#include "base/timing.h"
#include "check/engine.h"
#include "daemon/metrics_parts.h"
#include "daemon/routes.h"
#include "headgate/protocol.h"

enum {
	TYPES_MAX = 64,		/* of events; what is beyond is told as one */
	ANSWERS_MAX = 512,	/* routes times the statuses that they have answered with; beyond, the same */
	SOURCES = 3,
};

static const char *const sources[SOURCES] = {"hook", "spool", "watch"};

struct answers {
	unsigned route;
	int status;
	uint64_t n;
};

struct rule_count {
	uint64_t n;
	uint64_t seq;	/* of the last push that was counted, so that each counts once */
};

struct metrics {
	struct {
		char name[48];	/* "ref.updated" */
		uint64_t n;
	} types[TYPES_MAX];
	size_t n_types;
	uint64_t other_types;
	uint64_t moves[SOURCES];
	struct rule_count *rules;	/* as hgt_rules has them, and one for what it does not have */
	struct answers answers[ANSWERS_MAX];
	size_t n_answers;
	uint64_t other_answers;
	uint64_t reloads_well, reloads_failed;
	bool reload_well;	/* the last one */
	int64_t loaded_ms;	/* wall clock: the config in force */
};

/* "io.headgate.ref.updated.v1" -> "ref.updated". */
static void short_type(const char *type, char *out, size_t size)
{
	const size_t prefix = strlen(HGT_EVENT_PREFIX);
	const char *end;

	if (strncmp(type, HGT_EVENT_PREFIX, prefix) == 0)
		type += prefix;
	end = strrchr(type, '.');
	snprintf(out, size, "%.*s", end && end[1] == 'v' ? (int)(end - type) : (int)strlen(type), type);
}

static uint64_t *type_count(struct metrics *m, const char *type)
{
	char name[sizeof(m->types[0].name)];

	short_type(type, name, sizeof(name));
	for (size_t i = 0; i < m->n_types; i++)
		if (strcmp(m->types[i].name, name) == 0)
			return &m->types[i].n;
	if (m->n_types == TYPES_MAX)
		return &m->other_types;
	memcpy(m->types[m->n_types].name, name, sizeof(name));
	return &m->types[m->n_types++].n;
}

int metrics_new(struct metrics **out, struct hgt_error *err)
{
	static const char *const types[] = {
		HGT_EVENT_REF_UPDATED, HGT_EVENT_PUSH_REFUSED, HGT_EVENT_PUSH_ATTRIBUTED, HGT_EVENT_PUSH_SUPERSEDED,
		HGT_EVENT_AGENT_ADDED, HGT_EVENT_AGENT_REMOVED, HGT_EVENT_AGENT_REFUSED, HGT_EVENT_AGENT_REPORTED,
		HGT_EVENT_SYNC_REQUESTED,
		HGT_EVENT_JOURNAL_COMPACTED, HGT_EVENT_JOURNAL_RESTORED, HGT_EVENT_UPSTREAM_PUSHED,
		HGT_EVENT_MIRROR_UPDATED, HGT_EVENT_MIRROR_DIVERGED, HGT_EVENT_MIRROR_LATE, HGT_EVENT_MIRROR_CAUGHT_UP,
	};
	struct metrics *m = calloc(1, sizeof(*m));
	size_t n;

	hgt_rules(&n);
	if (m)
		m->rules = calloc(n + 1, sizeof(*m->rules));
	if (!m || !m->rules) {
		metrics_free(m);
		return hgt_error_nomem(err);
	}
	/* Told as 0 from the start, so that the first one shows as a rate. */
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		type_count(m, types[i]);
	m->reload_well = true;
	m->loaded_ms = hgt_time_now_ms();
	*out = m;
	return 0;
}

void metrics_free(struct metrics *metrics)
{
	if (metrics)
		free(metrics->rules);
	free(metrics);
}

/* What follows `key` in the event's text, or NULL. A quote within a string is written \", so no value can pretend to be a key. */
static const char *find_value(const char *text, const char *end, const char *key)
{
	const char *at = memmem(text, (size_t)(end - text), key, strlen(key));

	return at ? at + strlen(key) : NULL;
}

static void count_move(struct metrics *m, const struct hgt_journal_row *row)
{
	const char *end = row->body + row->body_len, *value = find_value(row->body, end, "\"source\":\"");

	/* The first is the CloudEvents attribute of that name. */
	if (value)
		value = find_value(value, end, "\"source\":\"");
	for (size_t i = 0; value && i < SOURCES; i++) {
		size_t len = strlen(sources[i]);

		if ((size_t)(end - value) > len && memcmp(value, sources[i], len) == 0 && value[len] == '"')
			m->moves[i]++;
	}
}

static size_t rule_index(const char *id, size_t len)
{
	size_t n, low = 0, high;
	const struct hgt_rule *rules = hgt_rules(&n);

	for (high = n; low < high;) {
		size_t mid = low + (high - low) / 2;
		int order = strncmp(id, rules[mid].id, len);

		if (order == 0 && !rules[mid].id[len])
			return mid;
		if (order > 0)
			low = mid + 1;
		else
			high = mid;
	}
	return n;
}

/* Each rule of the findings, once. */
static void count_rules(struct metrics *m, const struct hgt_journal_row *row)
{
	const char *end = row->body + row->body_len, *value = row->body;

	while ((value = find_value(value, end, "\"rule\":\""))) {
		const char *quote = memchr(value, '"', (size_t)(end - value));
		struct rule_count *count;

		if (!quote)
			return;
		count = &m->rules[rule_index(value, (size_t)(quote - value))];
		if (count->seq != row->seq)
			count->n++;
		count->seq = row->seq;
		value = quote;
	}
}

void metrics_event(struct metrics *metrics, const struct hgt_journal_row *row)
{
	if (!metrics)
		return;
	(*type_count(metrics, row->type))++;
	if (strcmp(row->type, HGT_EVENT_REF_UPDATED) == 0)
		count_move(metrics, row);
	else if (strcmp(row->type, HGT_EVENT_PUSH_REFUSED) == 0)
		count_rules(metrics, row);
}

void metrics_answer(struct metrics *metrics, unsigned route, int status)
{
	if (!metrics)
		return;
	for (size_t i = 0; i < metrics->n_answers; i++) {
		struct answers *answers = &metrics->answers[i];

		if (answers->route == route && answers->status == status) {
			answers->n++;
			return;
		}
	}
	if (metrics->n_answers == ANSWERS_MAX)
		metrics->other_answers++;
	else
		metrics->answers[metrics->n_answers++] = (struct answers){.route = route, .status = status, .n = 1};
}

void metrics_reload(struct metrics *metrics, bool well)
{
	if (!metrics)
		return;
	metrics->reload_well = well;
	if (well) {
		metrics->reloads_well++;
		metrics->loaded_ms = hgt_time_now_ms();
	} else {
		metrics->reloads_failed++;
	}
}

void metrics_gauge(struct hgt_metrics *m, const char *name, const char *help, uint64_t value)
{
	hgt_metrics_family(m, name, HGT_METRIC_GAUGE, help);
	hgt_metrics_uint(m, HGT_NO_LABELS, value);
}

void metrics_counter(struct hgt_metrics *m, const char *name, const char *help, uint64_t value)
{
	hgt_metrics_family(m, name, HGT_METRIC_COUNTER, help);
	hgt_metrics_uint(m, HGT_NO_LABELS, value);
}

static void write_events(const struct daemon *daemon, struct hgt_metrics *m)
{
	const struct metrics *counted = daemon->metrics;
	size_t n;
	const struct hgt_rule *rules = hgt_rules(&n);

	hgt_metrics_family(m, "headgate_events_total", HGT_METRIC_COUNTER, "Events journaled since the start, by type.");
	for (size_t i = 0; i < counted->n_types; i++)
		hgt_metrics_uint(m, HGT_LABELS("type", counted->types[i].name), counted->types[i].n);
	if (counted->other_types)
		hgt_metrics_uint(m, HGT_LABELS("type", "other"), counted->other_types);
	hgt_metrics_family(m, "headgate_ref_moves_total", HGT_METRIC_COUNTER,
		"Moves of refs journaled since the start, by who told of them first; watch: nobody did, and the watcher or a "
		"compare saw it.");
	for (size_t i = 0; i < SOURCES; i++)
		hgt_metrics_uint(m, HGT_LABELS("source", sources[i]), counted->moves[i]);
	hgt_metrics_family(m, "headgate_refused_pushes_total", HGT_METRIC_COUNTER,
		"Refused pushes since the start, once for each rule that had a finding told.");
	for (size_t i = 0; i <= n; i++)
		if (counted->rules[i].n)
			hgt_metrics_uint(m, HGT_LABELS("rule", i < n ? rules[i].id : "other"), counted->rules[i].n);
}

static void write_answers(const struct daemon *daemon, struct hgt_metrics *m)
{
	const struct metrics *counted = daemon->metrics;

	hgt_metrics_family(m, "headgate_http_requests_total", HGT_METRIC_COUNTER,
		"HTTP requests answered since the start, by route; a stream counts when it begins.");
	for (size_t i = 0; i < counted->n_answers; i++) {
		const struct answers *answers = &counted->answers[i];
		const char *method, *path;
		char code[12];

		routes_describe(answers->route, &method, &path);
		snprintf(code, sizeof(code), "%d", answers->status);
		hgt_metrics_uint(m, HGT_LABELS("method", method, "route", path, "code", code), answers->n);
	}
	if (counted->other_answers)
		hgt_metrics_uint(m, HGT_LABELS("method", "other", "route", "other", "code", "other"), counted->other_answers);
}

static void write_config(const struct daemon *daemon, struct hgt_metrics *m)
{
	const struct metrics *counted = daemon->metrics;

	hgt_metrics_family(m, "headgate_config_reloads_total", HGT_METRIC_COUNTER, "Reloads of the config since the start, by "
		"result.");
	hgt_metrics_uint(m, HGT_LABELS("result", "ok"), counted->reloads_well);
	hgt_metrics_uint(m, HGT_LABELS("result", "refused"), counted->reloads_failed);
	metrics_gauge(m, "headgate_config_last_reload_successful", "Whether the last reload put the config on disk in force; "
		"1 before any.",
		counted->reload_well);
	hgt_metrics_family(m, "headgate_config_last_load_timestamp_seconds", HGT_METRIC_GAUGE,
		"When the config in force was loaded, in seconds since 1970.");
	hgt_metrics_milli(m, HGT_NO_LABELS, counted->loaded_ms);
}

void metrics_write(const struct daemon *daemon, struct hgt_buf *out)
{
	static void (*const parts[])(const struct daemon *daemon, struct hgt_metrics *m) = {
		write_events, metrics_journal, metrics_intake, metrics_streams, metrics_agents, metrics_archives, metrics_webhooks,
		metrics_mirrors, metrics_manifest, metrics_doors, write_answers, write_config, metrics_process,
	};
	struct hgt_metrics m = HGT_METRICS_INIT(out);

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		parts[i](daemon, &m);
}
