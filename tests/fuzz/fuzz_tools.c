/*
 * What tools say, as drivers read it. The first byte chooses: 'a' lines of ansible-playbook in a comparison, 'b' in an apply, 't' lines of
 * terraform, 'p' a plan. What is known to be secret must not get through, however it stands there.
 */
#include <assert.h>
#include <stdint.h>

#include "agent/ansible_private.h"
#include "agent/lines.h"
#include "agent/terraform_private.h"

#define SECRET "swordfish-17"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void say(const char *text, size_t len, int (*take)(void *, const char *, size_t, struct hgt_error *), void *ctx)
{
	struct lines lines = {.max = 64 * 1024, .take = take, .ctx = ctx};

	assert(lines_take(&lines, text, len, NULL) == 0);
	assert(lines_end(&lines, NULL) == 0);
	lines_release(&lines);
}

static void ansible(const char *text, size_t len, bool check)
{
	struct driver_result result;
	struct ansible_run run;
	struct hgt_error err = {0};
	int code;

	driver_result_init(&result);
	ansible_run_init(&run, check, &result);
	say(text, len, ansible_line, &run);
	code = check ? ansible_judge_check(&run, 0, "", &err) : ansible_judge_apply(&run, 0, "", &err);
	/* Nothing is well that did not begin and come to its end, and nothing is the same where something differs. */
	assert(code < 0 ? *err.message : run.started && run.ended && run.hosts > 0 && !run.trouble.len);
	assert(code < 0 || !check || (result.differing > 0) == (result.difference.len > 0));
	assert(result.diff.len <= DRIVER_DIFF_MAX && result.n_resources <= DRIVER_RESOURCES_MAX);
	ansible_run_release(&run);
	driver_result_release(&result);
}

static void terraform(const char *text, size_t len)
{
	struct secrets secrets = SECRETS_INIT;
	struct hgt_buf sentence = HGT_BUF_INIT;
	struct terraform_run run;

	secrets_add(&secrets, SECRET, strlen(SECRET));
	terraform_run_init(&run);
	say(text, len, terraform_line, &run);
	terraform_sentence(&run, &secrets, &sentence);
	assert((run.errors > 0) == (sentence.len > 0) || !run.error.len);
	terraform_run_release(&run);
	secrets_release(&secrets);
	hgt_buf_release(&sentence);
}

static void plan(const char *text, size_t len)
{
	struct secrets secrets = SECRETS_INIT;
	struct driver_result result;

	driver_result_init(&result);
	secrets_add(&secrets, SECRET, strlen(SECRET));
	if (terraform_read_plan(text, len, true, &secrets, &result, NULL) == 0) {
		assert(result.checked + result.unchecked >= result.resources_total);
		assert(!memmem(result.diff.data, result.diff.len, SECRET, strlen(SECRET)));
	}
	assert(result.diff.len <= DRIVER_DIFF_MAX);
	driver_result_release(&result);
	secrets_release(&secrets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;

	if (size == 0)
		return 0;
	if (data[0] == 'a' || data[0] == 'b')
		ansible(text, size - 1, data[0] == 'a');
	else if (data[0] == 't')
		terraform(text, size - 1);
	else if (data[0] == 'p')
		plan(text, size - 1);
	return 0;
}
