/* The one log call. */
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/json_writer.h"
#include "base/timing.h"

/* Written by hgt_log_setup alone, read by every thread that logs. */
static _Atomic int max_level = HGT_LOG_INFO, line_format = HGT_LOG_LOGFMT;
static _Atomic bool to_journal;	/* journald reads: it takes the level off the front of a line */

static const char *const level_names[] = {"error", "warning", "info", "debug"};

void hgt_log_setup(enum hgt_log_level level, enum hgt_log_format format)
{
	max_level = (int)level;
	line_format = (int)format;
	to_journal = format == HGT_LOG_JOURNAL || hgt_log_default_format() == HGT_LOG_JOURNAL;
}

enum hgt_log_format hgt_log_default_format(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	if (stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 && fstat(STDERR_FILENO, &st) == 0 &&
		st.st_dev == dev && st.st_ino == ino)
		return HGT_LOG_JOURNAL;
	return HGT_LOG_LOGFMT;
}

int hgt_log_level_parse(const char *name)
{
	for (int i = 0; i < 4; i++)
		if (strcmp(name, level_names[i]) == 0)
			return i;
	return -1;
}

int hgt_log_format_parse(const char *name)
{
	static const char *const names[] = {[HGT_LOG_LOGFMT] = "logfmt", [HGT_LOG_JSON] = "json", [HGT_LOG_JOURNAL] = "journal"};

	for (int i = 0; i < 3; i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	return -1;
}

static void add_value(struct hgt_buf *line, const char *s)
{
	size_t len = strlen(s);
	bool bare = len > 0 && strcspn(s, " =\"\\") == len;
	size_t start = line->len;

	if (bare) {
		hgt_escape_text(line, s, len);
		if (line->len - start == len)
			return;
		hgt_buf_truncate(line, start);
	}
	hgt_buf_addc(line, '"');
	for (size_t i = 0; i < len;) {
		size_t run = strcspn(s + i, "\"");

		hgt_escape_text(line, s + i, run);
		i += run;
		if (s[i] == '"') {
			hgt_buf_adds(line, "\\\"");
			i++;
		}
	}
	hgt_buf_addc(line, '"');
}

static void logfmt_line(struct hgt_buf *line, enum hgt_log_format format, enum hgt_log_level level, const char *component,
	const char *message, const struct hgt_log_field *fields)
{
	if (format != HGT_LOG_JOURNAL) {
		char when[HGT_TIME_TEXT];

		hgt_time_format(hgt_time_now_ms(), when);
		hgt_buf_addf(line, "time=%s level=%s ", when, level_names[level]);
	}
	hgt_buf_addf(line, "component=%s msg=", component);
	add_value(line, message);
	for (; fields->key; fields++) {
		hgt_buf_addf(line, " %s=", fields->key);
		if (fields->string)
			add_value(line, fields->string);
		else
			hgt_buf_addf(line, "%" PRId64, fields->number);
	}
}

static void json_line(struct hgt_buf *line, enum hgt_log_level level, const char *component, const char *message,
	const struct hgt_log_field *fields)
{
	struct hgt_json json = HGT_JSON_INIT(line);
	char when[HGT_TIME_TEXT];

	hgt_time_format(hgt_time_now_ms(), when);
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "time", when);
	hgt_json_key_string(&json, "level", level_names[level]);
	hgt_json_key_string(&json, "component", component);
	hgt_json_key_string(&json, "msg", message);
	for (; fields->key; fields++) {
		if (fields->string)
			hgt_json_key_string(&json, fields->key, fields->string);
		else
			hgt_json_key_int(&json, fields->key, fields->number);
	}
	hgt_json_end_object(&json);
}

void hgt_log_fields_(enum hgt_log_level level, const char *component, const char *message,
	const struct hgt_log_field *fields)
{
	/* sd-daemon(3): err 3, warning 4, info 6, debug 7 */
	static const char *const priorities[] = {"<3>", "<4>", "<6>", "<7>"};
	const enum hgt_log_format format = (enum hgt_log_format)line_format;
	struct hgt_buf line = HGT_BUF_INIT;
	int saved = errno;

	if ((int)level > max_level)
		return;
	if (to_journal)
		hgt_buf_adds(&line, priorities[level]);
	if (format == HGT_LOG_JSON)
		json_line(&line, level, component, message, fields);
	else
		logfmt_line(&line, format, level, component, message, fields);
	hgt_buf_addc(&line, '\n');
	/* A log that cannot be written has nowhere to complain. */
	if (write(STDERR_FILENO, line.data, line.len) < 0)
		errno = saved;
	hgt_buf_release(&line);
	errno = saved;
}
