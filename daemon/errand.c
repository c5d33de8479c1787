/* Answers that a worker writes. */
#include "daemon/errand.h"

#include "base/workers.h"

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

static void client_gone(void *ctx)
{
	struct errand *errand = ctx;

	request_free(errand->request);
	errand->request = NULL;
}

static void done(void *job)
{
	struct errand *errand = job;
	struct request *request = errand->request;

	if (request) {
		request->gone = NULL;
		if (errand->code < 0)
			request_reply_failure(request, &errand->err);
		else
			request_reply_json(request, 200, &errand->body);
	}
	errand_free(errand);
}

void errand_send(struct errand *errand, struct request *request)
{
	struct hgt_buf path = HGT_BUF_INIT;
	struct hgt_error err = {0};

	if (errand) {
		errand->body = (struct hgt_buf)HGT_BUF_INIT;
		hgt_buf_addf(&path, "%s/" HGT_JOURNAL_FILE, request->daemon->config->state);
		errand->journal_path = hgt_buf_take(&path);
		errand->request = request;
	}
	if (errand && errand->journal_path &&
	    hgt_workers_submit(request->daemon->archivers, on_worker, done, errand, &err) == 0) {
		request->gone = client_gone;
		request->gone_ctx = errand;
		return;
	}
	if (errand)
		errand_free(errand);
	request_reply_error(request, 503, NULL, "out of memory");
}
