/* When a target may act by itself. */
#include <stddef.h>

#include "config/agent_private.h"

#define WINDOW(member) offsetof(struct hgt_window, member)
#define DAY (24 * 60)

static int parse_days(struct reader *r, const struct hgt_node *node, void *field)
{
	static const char *const names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
	unsigned days = 0;

	if (node->type != HGT_NODE_SEQ || node->v.seq.n == 0)
		return reader_refuse(r, node, "expected a list of days: mon, tue, wed, thu, fri, sat, sun");
	for (size_t i = 0; i < node->v.seq.n; i++) {
		const struct hgt_node *item = node->v.seq.items[i];
		unsigned day = 0;

		while (day < 7 && (item->type != HGT_NODE_STRING || strcmp(item->text, names[day]) != 0))
			day++;
		if (day == 7)
			return reader_refuse(r, item, "expected one of mon, tue, wed, thu, fri, sat, sun");
		days |= 1U << day;
	}
	*(unsigned *)field = days;
	return 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "22:00"; 24:00 only where something ends. */
static int parse_time(struct reader *r, const struct hgt_node *node, unsigned most, void *field)
{
	const char *s = node->text;
	unsigned minutes;

	if (node->type != HGT_NODE_STRING || node->len != 5 || !is_digit(s[0]) || !is_digit(s[1]) || s[2] != ':' || !is_digit(s[3]) ||
	    !is_digit(s[4]) || s[3] > '5')
		return reader_refuse(r, node, "expected a time of day in quotes, such as \"22:00\"");
	minutes = 60 * (unsigned)(10 * (s[0] - '0') + s[1] - '0') + (unsigned)(10 * (s[3] - '0') + s[4] - '0');
	if (minutes > most)
		return reader_refuse(r, node, most == DAY ? "a day ends at \"24:00\"" : "a day has times up to \"23:59\"");
	*(unsigned *)field = minutes;
	return 0;
}

static int parse_from(struct reader *r, const struct hgt_node *node, void *field)
{
	return parse_time(r, node, DAY - 1, field);
}

static int parse_to(struct reader *r, const struct hgt_node *node, void *field)
{
	return parse_time(r, node, DAY, field);
}

static int parse_word(struct reader *r, const struct hgt_node *node, const char *no, const char *yes, bool *out)
{
	if (node->type == HGT_NODE_STRING && (strcmp(node->text, no) == 0 || strcmp(node->text, yes) == 0)) {
		*out = strcmp(node->text, yes) == 0;
		return 0;
	}
	return reader_refuse(r, node, "expected %s or %s", no, yes);
}

static int parse_zone(struct reader *r, const struct hgt_node *node, void *field)
{
	return parse_word(r, node, "local", "UTC", field);
}

static int parse_kind(struct reader *r, const struct hgt_node *node, void *field)
{
	return parse_word(r, node, "allow", "deny", field);
}

static const struct option options[] = {
	{.key = "kind", .type = OPTION_CUSTOM, .offset = WINDOW(deny), .parse = parse_kind, .fallback = "allow", .shape = "allow | deny",
		.help = "With windows that allow, the target acts by itself only within one; never within one that denies, whatever others say."},
	{.key = "days", .type = OPTION_CUSTOM, .offset = WINDOW(days), .parse = parse_days, .shape = "day list",
		.fallback = "[mon, tue, wed, thu, fri, sat, sun]", .help = "The days on which it begins."},
	{.key = "from", .type = OPTION_CUSTOM, .offset = WINDOW(from), .parse = parse_from, .required = true, .shape = "\"HH:MM\"",
		.help = "When it begins, in quotes."},
	{.key = "to", .type = OPTION_CUSTOM, .offset = WINDOW(to), .parse = parse_to, .required = true, .shape = "\"HH:MM\"",
		.help = "When it ends: on the next day where that is not after from."},
	{.key = "zone", .type = OPTION_CUSTOM, .offset = WINDOW(utc), .parse = parse_zone, .fallback = "local", .shape = "local | UTC",
		.help = "By which clock. Local time is what the clock on the wall shows, summer time included: an hour that it shows twice counts twice."},
};
const struct section window_section = {"a window", sizeof(struct hgt_window), options, sizeof(options) / sizeof(*options), SIZE_MAX, NULL};
