/* GET /v1/history: events from the newest down. */
#include "base/glob.h"
#include "base/io.h"
#include "daemon/api.h"
#include "daemon/brief.h"
#include "daemon/errand.h"
#include "daemon/scope.h"
#include "doc/doc.h"
#include "headgate/protocol.h"
#include "journal/history.h"

#define LIMIT_DEFAULT 50
#define LIMIT_MAX 200
#define LOOK_MAX 200000			/* rows of one answer */
#define BYTES_MAX (1024 * 1024)		/* of its events, past which it ends early */

struct look {
	struct errand errand;
	struct scope *scope;		/* a reference, or NULL */
	struct hgt_history history;
	char *type, *repo, *ref, *subject;
	uint64_t limit, found;
	struct hgt_cursor before;	/* journal "": from the newest on */
	struct hgt_json *json;		/* while a worker writes */
	struct hgt_error *err;
};

static void look_free(struct errand *errand)
{
	struct look *look = (struct look *)errand;

	scope_unref(look->scope);
	free(look->type);
	free(look->repo);
	free(look->ref);
	free(look->subject);
	free(look);
}

/* Of whoever has a scope of paths: whether the event tells of one of them. What was cut from its list is not known. */
static bool tells_of_paths(const struct scope *scope, const struct hgt_journal_row *row)
{
	const struct hgt_node *paths;
	struct hgt_doc_set set;
	bool any = false;

	hgt_doc_set_init(&set);
	if (hgt_json_parse_message(row->body, row->body_len, &set, NULL) == 0) {
		paths = hgt_node_get(hgt_node_get(set.docs[0].root, "data"), "paths");
		for (size_t i = 0; paths && paths->type == HGT_NODE_SEQ && i < paths->v.seq.n && !any; i++) {
			const char *path = hgt_node_get_string(paths->v.seq.items[i], "path");

			any = path && scope_has_path(scope, path);
		}
	}
	hgt_doc_set_release(&set);
	return any;
}

/* As streams have it: what names no repository is for those without a scope, what names no ref not for who has a scope of refs. */
static bool may_see(const struct scope *scope, const struct hgt_journal_row *row)
{
	if (scope_is_all(scope))
		return true;
	if (!*row->repo || !scope_has_repo(scope, row->repo) || (*scope->ref_names && !*row->ref) || !scope_has_ref(scope, row->ref))
		return false;
	return !scope->n_paths || (!strcmp(row->type, HGT_EVENT_REF_UPDATED) && tells_of_paths(scope, row));
}

static int write_row(void *ctx, const struct hgt_journal_row *row)
{
	struct look *look = ctx;
	struct hgt_buf text = HGT_BUF_INIT;
	int code = 0;

	if (!may_see(look->scope, row))
		return 0;
	if (scope_cuts_events(look->scope))
		code = scope_narrow_event(look->scope, row->body, row->body_len, &text, look->err);
	else if (!strcmp(row->type, HGT_EVENT_AGENT_REPORTED))
		brief_event(row->body, row->body_len, &text);
	else
		hgt_buf_add(&text, row->body, row->body_len);
	if (code == 0)
		code = hgt_buf_check(&text, look->err);
	if (code == 0)
		hgt_json_raw(look->json, text.data, text.len);
	hgt_buf_release(&text);
	look->found++;
	return code < 0 ? code : look->found >= look->limit || look->json->out->len >= BYTES_MAX;
}

static int look_back(struct errand *errand, struct hgt_journal *journal, struct hgt_json *json, struct hgt_error *err)
{
	struct look *look = (struct look *)errand;
	struct hgt_buf cursor = HGT_BUF_INIT;
	struct hgt_cursor at = {.seq = 0};
	uint64_t next = 0;
	int code;

	if (*look->before.journal && strcmp(look->before.journal, hgt_journal_id(journal)) != 0)
		return hgt_error_set(err, HGT_EINVAL, "parameter \"before\" is a cursor of another journal");
	look->json = json;
	look->err = err;
	hgt_json_begin_object(json);
	hgt_json_key(json, "events");
	hgt_json_begin_array(json);
	code = hgt_journal_history(journal, &look->history, write_row, look, &next, err);
	hgt_json_end_array(json);
	snprintf(at.journal, sizeof(at.journal), "%s", hgt_journal_id(journal));
	at.seq = next;
	if (next)
		hgt_cursor_format(&at, &cursor);
	hgt_json_key_string(json, "before", next ? cursor.data : NULL);
	hgt_json_end_object(json);
	json->out->failed |= cursor.failed;
	hgt_buf_release(&cursor);
	return code;
}

static int take_glob(const struct request *request, const char *name, char **out, struct hgt_error *err)
{
	const char *glob = query_get(&request->query, name);

	if (glob && *glob && hgt_glob_check(glob, err) < 0)
		return hgt_error_set(err, HGT_EINVAL, "parameter \"%s\" is no pattern", name);
	*out = strdup(glob ? glob : "");
	return *out ? 0 : hgt_error_nomem(err);
}

/* The events of an agent and its targets, or of one target, by their subject. Their names have nothing of a pattern in them. */
static int take_subject(const struct request *request, char **out, struct hgt_error *err)
{
	const char *agent = query_get(&request->query, "agent"), *target = query_get(&request->query, "target");
	struct hgt_buf text = HGT_BUF_INIT, all = HGT_BUF_INIT;
	char *both[] = {(char *)agent, NULL};
	int code = 0;

	if ((agent && !hgt_name_is_valid(agent)) || (target && !hgt_name_is_valid(target)))
		return hgt_error_set(err, HGT_EINVAL, "parameter \"%s\" is no name",
			agent && !hgt_name_is_valid(agent) ? "agent" : "target");
	if (target && !agent)
		return hgt_error_set(err, HGT_EINVAL, "parameter \"target\" goes with \"agent\"");
	hgt_buf_adds(&text, "");
	if (target) {
		hgt_buf_addf(&text, "%s/%s", agent, target);
	} else if (agent) {
		hgt_buf_addf(&all, "%s/*", agent);
		both[1] = all.data;
		if (!all.failed)
			hgt_glob_join_any(both, 2, &text);
		text.failed |= all.failed;
	}
	*out = hgt_buf_take(&text);
	if (!*out)
		code = hgt_error_nomem(err);
	hgt_buf_release(&all);
	return code;
}

static int take_limits(const struct request *request, struct look *look, struct hgt_error *err)
{
	const char *limit = query_get(&request->query, "limit"), *before = query_get(&request->query, "before");

	look->limit = LIMIT_DEFAULT;
	if (limit && (hgt_parse_u64(limit, LIMIT_MAX, &look->limit) < 0 || !look->limit))
		return hgt_error_set(err, HGT_EINVAL, "parameter \"limit\" is to be a number from 1 to %d", LIMIT_MAX);
	return before ? hgt_cursor_parse(before, &look->before, err) : 0;
}

void api_history(struct request *request)
{
	struct look *look = calloc(1, sizeof(*look));
	struct hgt_error err = {0};

	if (!look) {
		errand_send(NULL, request);
		return;
	}
	look->errand = (struct errand){.write = look_back, .release = look_free};
	if (take_glob(request, "type", &look->type, &err) < 0 || take_glob(request, "repo", &look->repo, &err) < 0 ||
	    take_glob(request, "ref", &look->ref, &err) < 0 || take_subject(request, &look->subject, &err) < 0 ||
	    take_limits(request, look, &err) < 0) {
		look_free(&look->errand);
		request_reply_failure(request, &err);
		return;
	}
	look->history = (struct hgt_history){.before = look->before.seq, .type = look->type, .repo = look->repo, .ref = look->ref,
		.subject = look->subject, .look = LOOK_MAX};
	look->scope = request->scope ? scope_ref((struct scope *)request->scope) : NULL;
	errand_send(&look->errand, request);
}
