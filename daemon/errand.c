/* Answers that a worker writes. */
#include "daemon/errand.h"

#include "base/workers.h"

struct errands {
	TAILQ_HEAD(, errand) waiting;
	bool running;
};

static void errand_free(struct errand *errand)
{
	hgt_buf_release(&errand->body);
	free(errand->journal_path);
	errand->release(errand);
}

static void on_worker(void *job)
{
	struct errand *errand = job;
	struct hgt_journal *journal = NULL;
	struct hgt_json json = HGT_JSON_INIT(&errand->body);

	errand->code = hgt_journal_open(errand->journal_path, HGT_JOURNAL_READ, &journal, &errand->err);
	if (errand->code == 0)
		errand->code = errand->write(errand, journal, &json, &errand->err);
	hgt_buf_addc(&errand->body, '\n');
	hgt_journal_close(journal);
}

/* Its request back from it; NULL when the client has gone. */
static struct request *take_request(struct errand *errand)
{
	struct request *request = errand->request;

	if (request)
		request->gone = NULL;
	errand->request = NULL;
	return request;
}

static void run_next(struct errands *errands);

static void done(void *job)
{
	struct errand *errand = job;
	struct errands *errands = errand->daemon->errands;
	struct request *request = take_request(errand);

	if (request && errand->code < 0)
		request_reply_failure(request, &errand->err);
	else if (request)
		request_reply_json(request, 200, &errand->body);
	errand_free(errand);
	errands->running = false;
	run_next(errands);
}

/* It will not be run. */
static void give_up(struct errand *errand, const char *why)
{
	struct request *request = take_request(errand);

	if (request)
		request_reply_error(request, 503, NULL, "%s", why);
	errand_free(errand);
}

static void run_next(struct errands *errands)
{
	struct errand *errand;
	struct hgt_error err = {0};

	while (!errands->running && (errand = TAILQ_FIRST(&errands->waiting))) {
		TAILQ_REMOVE(&errands->waiting, errand, entry);
		if (errand->daemon->stopping)
			give_up(errand, "the daemon is shutting down");
		else if (!errand->request)
			errand_free(errand);
		else if (hgt_workers_submit(errand->daemon->archivers, on_worker, done, errand, &err) == 0)
			errands->running = true;
		else
			give_up(errand, err.message);
	}
}

static void client_gone(void *ctx)
{
	struct errand *errand = ctx;

	request_free(take_request(errand));
}

void errand_send(struct errand *errand, struct request *request)
{
	struct daemon *daemon = request->daemon;
	struct hgt_buf path = HGT_BUF_INIT;

	if (!errand) {
		request_reply_error(request, 503, NULL, "out of memory");
		return;
	}
	errand->body = (struct hgt_buf)HGT_BUF_INIT;
	errand->daemon = daemon;
	errand->request = request;
	request->gone = client_gone;
	request->gone_ctx = errand;
	hgt_buf_addf(&path, "%s/" HGT_JOURNAL_FILE, daemon->config->state);
	errand->journal_path = hgt_buf_take(&path);
	if (!errand->journal_path) {
		give_up(errand, "out of memory");
		return;
	}
	TAILQ_INSERT_TAIL(&daemon->errands->waiting, errand, entry);
	run_next(daemon->errands);
}

int errands_new(struct errands **out, struct hgt_error *err)
{
	struct errands *errands = calloc(1, sizeof(*errands));

	if (!errands)
		return hgt_error_nomem(err);
	TAILQ_INIT(&errands->waiting);
	*out = errands;
	return 0;
}

void errands_free(struct errands *errands)
{
	struct errand *errand;

	if (!errands)
		return;
	while ((errand = TAILQ_FIRST(&errands->waiting))) {
		TAILQ_REMOVE(&errands->waiting, errand, entry);
		errand_free(errand);
	}
	free(errands);
}
