/*
 * The one log call: level, component, message, typed fields.
 *
 *	hgt_log(HGT_LOG_INFO, "hub", "subscriber gone", HGT_S("agent", name), HGT_I("seq", seq));
 *
 * writes to stderr, by default, logfmt:
 *
 *	time=2026-01-02T03:04:05.678Z level=info component=hub msg="subscriber gone" agent=web1 seq=12
 *
 * Values are escaped (escape.h); nobody passes a secret. Safe to call from any thread: a line is one write.
 */
#ifndef HEADGATE_BASE_LOG_H
#define HEADGATE_BASE_LOG_H

#include <stdint.h>

enum hgt_log_level { HGT_LOG_ERROR, HGT_LOG_WARNING, HGT_LOG_INFO, HGT_LOG_DEBUG };
/* JOURNAL is logfmt without time and level, which journald has itself. Whatever the format, lines that journald reads begin with their
 * level as sd-daemon(3) has it, "<3>". */
enum hgt_log_format { HGT_LOG_LOGFMT, HGT_LOG_JSON, HGT_LOG_JOURNAL };

struct hgt_log_field {
	const char *key;
	const char *string;	/* NULL: number counts */
	int64_t number;
};

#define HGT_S(k, v) ((struct hgt_log_field){.key = (k), .string = (v) ? (v) : ""})
#define HGT_I(k, v) ((struct hgt_log_field){.key = (k), .number = (int64_t)(v)})

#define hgt_log(level, component, ...) \
	hgt_log_fields_((level), (component), HGT_LOG_FIRST_(__VA_ARGS__, 0), \
		(struct hgt_log_field[]){HGT_LOG_REST_(__VA_ARGS__, (struct hgt_log_field){0})})
#define HGT_LOG_FIRST_(message, ...) message
#define HGT_LOG_REST_(message, ...) __VA_ARGS__

/* What hgt_log becomes: fields end with one whose key is NULL. */
void hgt_log_fields_(enum hgt_log_level level, const char *component, const char *message,
	const struct hgt_log_field *fields);

/* At any time: a line that is being written meanwhile may be of either kind. The default: info, logfmt; HGT_LOG_JOURNAL when
 * JOURNAL_STREAM is set and stderr is that stream. */
void hgt_log_setup(enum hgt_log_level level, enum hgt_log_format format);
enum hgt_log_format hgt_log_default_format(void);

/* "error", "warning", "info", "debug"; -1 for another word. */
int hgt_log_level_parse(const char *name);

/* "logfmt", "json", "journal"; -1 for another word. */
int hgt_log_format_parse(const char *name);

#endif
