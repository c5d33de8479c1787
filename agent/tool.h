/*
 * A tool's call, put together word by word, and what drivers that call tools have in common.
 *
 *	struct tool tool;
 *	tool_init(&tool, order, "terraform");
 *	tool_word(&tool, "plan");
 *	tool_word(&tool, "-var-file=%s", path);
 *	tool_env(&tool, "TF_INPUT=0");
 *	code = tool_run(&tool, &err);		(tool.result tells)
 *	tool_release(&tool);
 */
#ifndef HEADGATE_AGENT_TOOL_H
#define HEADGATE_AGENT_TOOL_H

#include "agent/driver.h"
#include "agent/job.h"
#include "agent/secrets.h"

struct tool_words {
	char **items;		/* a NULL at the end */
	size_t n;
	bool failed;
};

struct tool {
	struct job job;		/* folder, limit, take... are the caller's to set */
	struct job_result result;
	struct tool_words words, env;
};

/* The name is looked up in PATH where it has no slash. It runs where the order's checkout is, and ends at its stop. */
void tool_init(struct tool *tool, const struct driver_order *order, const char *name);
void tool_release(struct tool *tool);

void tool_word(struct tool *tool, const char *fmt, ...) HGT_PRINTF(2, 3);
void tool_strings(struct tool *tool, const struct hgt_strings *strings);
void tool_env(struct tool *tool, const char *fmt, ...) HGT_PRINTF(2, 3);

/* As job_run. */
int tool_run(struct tool *tool, struct hgt_error *err) HGT_MUST_CHECK;

/*
 * As job_judge, with the line of its words that tells most at the end of the sentence, and the end of what it said in the result: both
 * without secrets. `what` begins the sentence, or is NULL.
 */
int tool_judge(const struct tool *tool, const char *what, struct secrets *secrets, struct driver_result *result,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Append the path of a file that the options name: in the checkout, where it is not absolute. HGT_ENOENT when it is not there. */
int tool_path(const struct driver_order *order, const char *folder, const char *name, struct hgt_buf *out,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Append what tells most of what a tool said: from the first line on that begins with "error" in some way, else the last line. */
void tool_last_word(const struct hgt_buf *said, struct hgt_buf *out);

/* Append text from outside as a part of a sentence: one line, at most `most` bytes, without space and full stop at its end. */
void tool_phrase(struct hgt_buf *out, const char *text, size_t len, size_t most);

/* A folder of the driver's own, made where it is not, for nobody else; its path is appended. */
int tool_folder(const struct driver_order *order, const char *name, struct hgt_buf *out, struct hgt_error *err) HGT_MUST_CHECK;

/* Remove a folder and all in it, following no link. What cannot be removed is logged. */
void tool_remove(const char *path);

#endif
