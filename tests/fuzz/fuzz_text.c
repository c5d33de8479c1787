/* The small readers: patterns, cursors, times, decimal numbers, and the escaper, whose output must be fit for a terminal. */
#include <assert.h>
#include <stdint.h>

#include "base/escape.h"
#include "base/glob.h"
#include "base/io.h"
#include "base/timing.h"
#include "base/utf8.h"
#include "event/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_escape(const char *text, size_t len)
{
	struct hgt_buf out = HGT_BUF_INIT;

	hgt_escape_text(&out, text, len);
	assert(!out.failed && hgt_utf8_check(out.data, out.len) == out.len);
	for (size_t i = 0; i < out.len; i++)
		assert((unsigned char)out.data[i] >= 0x20 && out.data[i] != 0x7f);
	hgt_buf_release(&out);
}

static void check_cursor(const char *text)
{
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_cursor cursor;

	if (hgt_cursor_parse(text, &cursor, NULL) == 0 && cursor.journal[0]) {
		hgt_cursor_format(&cursor, &out);
		assert(strcmp(out.data, text) == 0);
	}
	hgt_buf_release(&out);
}

static void check_time(const char *text)
{
	char again[HGT_TIME_TEXT];
	int64_t ms, same;

	if (hgt_time_parse(text, &ms, NULL) < 0)
		return;
	hgt_time_format(ms, again);
	assert(hgt_time_parse(again, &same, NULL) == 0);
}

/* A pattern without special bytes matches itself alone; "**" before one matches whatever it matches. */
static void check_glob(const char *pattern, const char *path)
{
	bool matches = hgt_glob_match(pattern, path);
	struct hgt_buf wider = HGT_BUF_INIT;

	if (!pattern[strcspn(pattern, "*?[\\")] && *pattern && strlen(pattern) <= HGT_GLOB_MAX)
		assert(matches == (strcmp(pattern, path) == 0));
	hgt_buf_addf(&wider, "**%s", pattern);
	/* Two stars before a star, or before a slash, make another pattern of what follows. */
	if (matches && *pattern != '*' && *pattern != '/' && hgt_glob_check(wider.data, NULL) == 0)
		assert(hgt_glob_match(wider.data, path));
	hgt_buf_release(&wider);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	const char *path;
	uint64_t number;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	path = memchr(text, '\n', size);
	check_escape(text, size);
	check_cursor(text);
	check_time(text);
	if (hgt_parse_u64(text, 1000, &number) == 0)
		assert(number <= 1000);
	if (path) {
		text[path - text] = '\0';
		check_glob(text, path + 1);
	}
	free(text);
	return 0;
}
