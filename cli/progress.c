/* How far a verb has come. */
#include "cli/progress.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/io.h"
#include "base/timing.h"

enum {
	FIRST_MS = 400,		/* what is done by then has no bar */
	EVERY_MS = 100,
	COLUMNS = 80,		/* of a terminal that does not say */
	BAR_MOST = 40,
	BAR_LEAST = 8,		/* a shorter one says nothing */
};

static bool is_terminal(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

static unsigned columns_now(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : COLUMNS;
}

static void say(const struct hgt_buf *text)
{
	/* A terminal that has gone is no reason to stop. */
	if (!text->failed)
		(void)!hgt_write_all(STDERR_FILENO, text->data, text->len);
}

void progress_begin(struct progress *progress, const char *noun, uint64_t total)
{
	*progress = (struct progress){.noun = noun, .total = total, .began_ms = hgt_time_mono_ms(), .terminal = is_terminal()};
	progress->drawn_ms = progress->began_ms + FIRST_MS - EVERY_MS;
}

/* "1,234,567" */
static void add_number(struct hgt_buf *out, uint64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, n);

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			hgt_buf_addc(out, ',');
		hgt_buf_addc(out, digits[i]);
	}
}

static void add_time(struct hgt_buf *out, uint64_t seconds)
{
	if (seconds < 60)
		hgt_buf_addf(out, "%" PRIu64 " s", seconds);
	else if (seconds < 3600)
		hgt_buf_addf(out, "%" PRIu64 " min %" PRIu64 " s", seconds / 60, seconds % 60);
	else
		hgt_buf_addf(out, "%" PRIu64 " h %" PRIu64 " min", seconds / 3600, seconds / 60 % 60);
}

/* "[####----] " as wide as there is room beside `len` other columns. */
static void add_bar(struct hgt_buf *out, uint64_t done, uint64_t total, unsigned columns, size_t len)
{
	unsigned width, full;

	if (columns < len + BAR_LEAST + 4)
		return;
	width = columns - (unsigned)len - 4;
	if (width > BAR_MOST)
		width = BAR_MOST;
	full = done < total ? (unsigned)((double)done / (double)total * width) : width;
	hgt_buf_addc(out, '[');
	for (unsigned i = 0; i < width; i++)
		hgt_buf_addc(out, i < full ? '#' : '-');
	hgt_buf_adds(out, "] ");
}

void progress_line(const struct progress *progress, uint64_t done, int64_t elapsed_ms, unsigned columns, struct hgt_buf *out)
{
	double rate = elapsed_ms > 0 ? (double)done * 1000 / (double)elapsed_ms : 0;
	uint64_t left = done < progress->total ? progress->total - done : 0;
	struct hgt_buf text = HGT_BUF_INIT;

	add_number(&text, done);
	hgt_buf_adds(&text, " of ");
	add_number(&text, progress->total);
	hgt_buf_addf(&text, " %s", progress->noun);
	if (rate > 0) {
		hgt_buf_adds(&text, ", ");
		if (rate < 10)
			hgt_buf_addf(&text, "%.1f", rate);
		else
			add_number(&text, (uint64_t)rate);
		hgt_buf_adds(&text, "/s, ");
		add_time(&text, (uint64_t)((double)left / rate + 0.5));
		hgt_buf_adds(&text, " left");
	}
	add_bar(out, done, progress->total, columns, text.len);
	/* A line that wraps could not be taken back. */
	hgt_buf_add(out, text.data, text.len < columns ? text.len : columns ? columns - 1 : 0);
	out->failed |= text.failed;
	hgt_buf_release(&text);
}

void progress_step(struct progress *progress, uint64_t done)
{
	struct hgt_buf line = HGT_BUF_INIT;
	int64_t now_ms;

	if (!progress->terminal)
		return;
	now_ms = hgt_time_mono_ms();
	if (now_ms - progress->drawn_ms < EVERY_MS && (progress->shown || now_ms - progress->began_ms < FIRST_MS))
		return;
	hgt_buf_addc(&line, '\r');
	progress_line(progress, done, now_ms - progress->began_ms, columns_now(), &line);
	hgt_buf_adds(&line, "\033[K");
	say(&line);
	progress->drawn_ms = now_ms;
	progress->shown = true;
	hgt_buf_release(&line);
}

void progress_hide(struct progress *progress)
{
	static const char wipe[] = "\r\033[K";

	if (progress->shown)
		(void)!hgt_write_all(STDERR_FILENO, wipe, sizeof(wipe) - 1);
	progress->shown = false;
}

void progress_end(struct progress *progress)
{
	progress_hide(progress);
	progress->terminal = false;
}
