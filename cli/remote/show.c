/* What people read: outside text made safe, colour, times and ids in short. */
#include "cli/remote/show.h"

#include <inttypes.h>

#include "base/escape.h"
#include "base/timing.h"
#include "base/utf8.h"
#include "check/width.h"

static const char *const tints[] = {
	[TINT_NONE] = "",
	[TINT_GOOD] = "\033[32m",
	[TINT_BUSY] = "\033[33m",
	[TINT_BAD] = "\033[31m",
	[TINT_FAINT] = "\033[2m",
};

void show_tinted(struct hgt_buf *out, const char *escaped, enum tint tint, bool color)
{
	if (color && tint != TINT_NONE)
		hgt_buf_addf(out, "%s%s\033[0m", tints[tint], escaped);
	else
		hgt_buf_adds(out, escaped);
}

void show_text(struct hgt_buf *out, const char *text, enum tint tint, bool color)
{
	struct hgt_buf escaped = HGT_BUF_INIT;

	if (text)
		hgt_escape_text(&escaped, text, strlen(text));
	else
		hgt_buf_addc(&escaped, '-');
	if (escaped.failed)
		out->failed = true;
	show_tinted(out, escaped.data, tint, color);
	hgt_buf_release(&escaped);
}

size_t show_width(const char *text)
{
	size_t width = 0;

	while (*text) {
		uint32_t cp;
		size_t n = hgt_utf8_decode(text, strlen(text), &cp);

		width += n ? hgt_width(cp) : 1;
		text += n ? n : 1;
	}
	return width;
}

void show_time(struct hgt_buf *out, const char *time)
{
	int64_t ms;
	time_t secs;
	struct tm tm;
	char text[32];

	if (!time || hgt_time_parse(time, &ms, NULL) < 0) {
		show_text(out, time, TINT_NONE, false);
		return;
	}
	secs = (time_t)(ms / 1000);
	localtime_r(&secs, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	hgt_buf_adds(out, text);
}

void show_age(struct hgt_buf *out, const char *time, int64_t now_ms)
{
	int64_t ms, secs;

	if (!time || hgt_time_parse(time, &ms, NULL) < 0) {
		hgt_buf_addc(out, '-');
		return;
	}
	secs = now_ms > ms ? (now_ms - ms) / 1000 : 0;
	if (secs < 120)
		hgt_buf_addf(out, "%" PRId64 "s", secs);
	else if (secs < 120 * 60)
		hgt_buf_addf(out, "%" PRId64 "m", secs / 60);
	else if (secs < 48 * 3600)
		hgt_buf_addf(out, "%" PRId64 "h", secs / 3600);
	else
		hgt_buf_addf(out, "%" PRId64 "d", secs / 86400);
}

void show_id(struct hgt_buf *out, const char *id)
{
	if (!id || strspn(id, "0") == strlen(id))
		hgt_buf_addc(out, '-');
	else
		hgt_escape_text(out, id, strnlen(id, 8));
}
