/* The gate: every update of a push judged, each by the policy of its ref, and what the pusher is told of it. */
#include "hooks/gate.h"

#include "base/escape.h"
#include "check/report.h"
#include "gate/judge.h"

enum {
	FINDINGS_MAX = 50,	/* kept for the daemon */
	TOLD_MAX = 20,		/* refs told with their findings; more are counted */
};

void gate_init(struct gate *gate, struct hook *hook)
{
	*gate = (struct gate){.hook = hook, .text = HGT_BUF_INIT};
	hgt_findings_init(&gate->findings, FINDINGS_MAX);
}

void gate_release(struct gate *gate)
{
	hgt_findings_release(&gate->findings);
	hgt_buf_release(&gate->text);
}

/* "headgate: refused: refs/heads/main: 2 errors in 3 changed files" and the findings. */
static void tell(struct gate *gate, const struct hgt_verdict *verdict, const char *word)
{
	const struct hgt_findings *list = hgt_engine_findings(verdict->engine);
	const struct hgt_report_style style = {.excerpt = true};

	hgt_buf_addf(&gate->text, "headgate: %s: ", word);
	hgt_escape_str(&gate->text, verdict->ref.data);
	if (verdict->files > 0) {
		hgt_buf_adds(&gate->text, ": ");
		hgt_report_summary(list, verdict->files, "changed file", &gate->text);
	}
	hgt_buf_addc(&gate->text, '\n');
	hgt_report_text(list, &style, &gate->text);
}

/* Keep what was found in one ref. Warnings are told only as long as no ref is refused: they do not decide then. */
static int keep_verdict(struct gate *gate, const struct hgt_verdict *verdict, struct hgt_error *err)
{
	const struct hgt_findings *list = hgt_engine_findings(verdict->engine);
	size_t errors = gate->findings.errors + list->errors, warnings = gate->findings.warnings + list->warnings;
	int code = 0;

	if (list->errors > 0 && gate->refused++ == 0)
		hgt_buf_reset(&gate->text);
	if (list->errors > 0 ? gate->refused <= TOLD_MAX : list->warnings > 0 && gate->refused == 0)
		tell(gate, verdict, list->errors > 0 ? "refused" : "accepted");
	for (size_t i = 0; i < list->n && code == 0; i++)
		code = hgt_findings_add(&gate->findings, &list->items[i], err);
	/* The engine may have counted more than it kept. */
	gate->findings.errors = errors;
	gate->findings.warnings = warnings;
	return code;
}

int gate_judge(struct gate *gate, struct hgt_repo *repo, struct hgt_error *err)
{
	const struct hook *hook = gate->hook;
	struct hgt_judge *judge = NULL;
	int code;

	gate->hook->way_out = "push a commit; if it is one, the server's administrator must see to the repository (git fsck)";
	code = hgt_judge_new(repo, hook->config, hook->repo.data, hook->actor.name, &judge, err);
	for (size_t i = 0; i < hook->updates.n && code == 0; i++) {
		struct hgt_verdict verdict = HGT_VERDICT_INIT;

		code = hgt_judge_update(judge, &hook->updates.items[i], hook->began_ms, &verdict, err);
		if (code == 0 && verdict.engine)
			code = keep_verdict(gate, &verdict, err);
		hgt_verdict_release(&verdict);
	}
	hgt_judge_free(judge);
	if (code == 0 && gate->refused > TOLD_MAX)
		hgt_buf_addf(&gate->text, "headgate: refused: and %zu more refs\n", gate->refused - TOLD_MAX);
	return code < 0 ? code : hgt_buf_check(&gate->text, err);
}
