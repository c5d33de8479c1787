/* A tool's call, and what drivers that call tools have in common. */
#include "agent/tool.h"

#include <ctype.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"

/* That a tool gets to put its things in order when it is to end: with `stop_within` less than the unit's TimeoutStopSec. */
#define GRACE_MS 20000

void tool_init(struct tool *tool, const struct driver_order *order, const char *name)
{
	memset(tool, 0, sizeof(*tool));
	hgt_buf_init(&tool->result.output);
	tool->job.folder = order->checkout;
	tool->job.stop_fd = order->stop_fd;
	tool->job.stop_signal = SIGTERM;
	tool->job.grace_ms = GRACE_MS;
	tool_word(tool, "%s", name);
}

static void words_release(struct tool_words *words)
{
	for (size_t i = 0; i < words->n; i++)
		free(words->items[i]);
	free(words->items);
}

void tool_release(struct tool *tool)
{
	words_release(&tool->words);
	words_release(&tool->env);
	hgt_buf_release(&tool->result.output);
	memset(tool, 0, sizeof(*tool));
	hgt_buf_init(&tool->result.output);
}

HGT_PRINTF(2, 0)
static void add(struct tool_words *words, const char *fmt, va_list ap)
{
	struct hgt_buf text = HGT_BUF_INIT;
	char **items = reallocarray(words->items, words->n + 2, sizeof(*items));
	char *word;

	if (items)
		words->items = items;
	hgt_buf_addvf(&text, fmt, ap);
	word = items ? hgt_buf_take(&text) : NULL;
	hgt_buf_release(&text);
	if (!word) {
		words->failed = true;
		return;
	}
	words->items[words->n++] = word;
	words->items[words->n] = NULL;
}

void tool_word(struct tool *tool, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(&tool->words, fmt, ap);
	va_end(ap);
}

void tool_strings(struct tool *tool, const struct hgt_strings *strings)
{
	for (size_t i = 0; i < strings->n; i++)
		tool_word(tool, "%s", strings->items[i]);
}

void tool_env(struct tool *tool, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(&tool->env, fmt, ap);
	va_end(ap);
}

int tool_run(struct tool *tool, struct hgt_error *err)
{
	if (tool->words.failed || tool->env.failed)
		return hgt_error_nomem(err);
	tool->job.argv = tool->words.items;
	tool->job.env = tool->env.items;
	return job_run(&tool->job, &tool->result, err);
}

int tool_path(const struct driver_order *order, const char *folder, const char *name, struct hgt_buf *out, struct hgt_error *err)
{
	size_t start = out->len;

	if (name[0] == '/')
		hgt_buf_adds(out, name);
	else if (folder && *folder)
		hgt_buf_addf(out, "%s/%s/%s", order->checkout, folder, name);
	else
		hgt_buf_addf(out, "%s/%s", order->checkout, name);
	if (out->failed)
		return hgt_error_nomem(err);
	if (access(out->data + start, R_OK) == 0)
		return 0;
	if (errno == ENOENT || errno == ENOTDIR)
		return hgt_error_set(err, HGT_ENOENT, name[0] == '/' ? "%s is not there; the target's options name it" :
			"%s is not in the tree; the target's options name it", name);
	return hgt_error_set_errno(err, "cannot read %s", name);
}

static bool is_blank(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isspace((unsigned char)line[i]))
			return false;
	return true;
}

static bool says_error(const char *line, size_t len)
{
	while (len > 0 && !isalpha((unsigned char)*line))
		line++, len--;
	return len >= 5 && strncasecmp(line, "error", 5) == 0;
}

void tool_last_word(const struct hgt_buf *said, struct hgt_buf *out)
{
	const char *text = said->data, *best = NULL;
	size_t len = said->len, best_len = 0;

	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		if (says_error(text, n)) {
			tool_phrase(out, text, len, 400);
			return;
		}
		if (!is_blank(text, n)) {
			best = text;
			best_len = n;
		}
		n += end ? 1 : 0;
		text += n;
		len -= n;
	}
	if (best)
		tool_phrase(out, best, best_len, 400);
}

int tool_judge(const struct tool *tool, const char *what, struct secrets *secrets, struct driver_result *result, struct hgt_error *err)
{
	struct hgt_error own = {0};
	struct hgt_buf word = HGT_BUF_INIT;
	int code = job_judge(&tool->job, &tool->result, &own);

	if (code == 0)
		return 0;
	hgt_buf_reset(&result->output);
	result->output_cut = tool->result.cut;
	if (secrets_hide(secrets, tool->result.output.data, tool->result.output.len, &result->output, &result->redacted, NULL) < 0)
		hgt_buf_reset(&result->output);
	/* That there is none has been said. */
	if (tool->result.exit_status != JOB_NOT_FOUND)
		tool_last_word(&result->output, &word);
	hgt_error_set(err, code, "%s%s%s%s%s", what ? what : "", what ? ": " : "", own.message, word.len ? ": " : "", word.data);
	hgt_buf_release(&word);
	return code;
}

void tool_phrase(struct hgt_buf *out, const char *text, size_t len, size_t most)
{
	struct hgt_buf line = HGT_BUF_INIT;
	bool cut = false;

	while (len > 0 && isspace((unsigned char)*text))
		text++, len--;
	for (size_t i = 0; i < len; i++) {
		bool space = isspace((unsigned char)text[i]);

		if (space && i > 0 && isspace((unsigned char)text[i - 1]))
			continue;
		if (line.len >= most && ((unsigned char)text[i] & 0xc0) != 0x80) {
			cut = true;
			break;
		}
		hgt_buf_addc(&line, space ? ' ' : text[i]);
	}
	while (!cut && line.len > 0 && (line.data[line.len - 1] == ' ' || line.data[line.len - 1] == '.'))
		hgt_buf_truncate(&line, line.len - 1);
	hgt_buf_add(out, line.data, line.len);
	if (cut)
		hgt_buf_adds(out, "...");
	out->failed |= line.failed;
	hgt_buf_release(&line);
}

int tool_folder(const struct driver_order *order, const char *name, struct hgt_buf *out, struct hgt_error *err)
{
	size_t start = out->len;

	hgt_buf_addf(out, "%s/%s", order->folder, name);
	if (out->failed)
		return hgt_error_nomem(err);
	return hgt_make_folders(out->data + start, 0700, err);
}

static int remove_one(const char *path, const struct stat *st, int what, struct FTW *place)
{
	(void)st;
	(void)place;
	return (what == FTW_DP ? rmdir(path) : unlink(path)) < 0 && errno != ENOENT ? -1 : 0;
}

void tool_remove(const char *path)
{
	if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
		hgt_log(HGT_LOG_WARNING, "driver", "a folder cannot be removed", HGT_S("folder", path), HGT_S("reason", strerror(errno)));
}
