/* headgate explain: the rules, and why each is there. */
#include <getopt.h>

#include "base/json_writer.h"
#include "check/engine.h"
#include "check/nearest.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "headgate/protocol.h"

static const char usage[] =
	"usage: headgate explain [--json] [RULE]\n"
	"\n"
	"Tell what a rule is about, why it matters, and the way out; with no RULE list all rules.\n"
	"\n"
	"      --json   as JSON\n"
	"  -h, --help   print this\n";

/* A paragraph, filled to width. */
static void fill(struct hgt_buf *out, const char *text, size_t len, unsigned width)
{
	size_t column = 0;

	for (size_t i = 0; i < len;) {
		size_t word = 0;

		while (i + word < len && text[i + word] != ' ')
			word++;
		if (column && column + 1 + word > width) {
			hgt_buf_addc(out, '\n');
			column = 0;
		} else if (column) {
			hgt_buf_addc(out, ' ');
			column++;
		}
		hgt_buf_add(out, text + i, word);
		column += word;
		i += word;
		i += strspn(text + i, " ");
	}
	hgt_buf_addc(out, '\n');
}

static void tell(struct hgt_buf *out, const struct hgt_rule *rule, unsigned width)
{
	const char *line = rule->why;

	hgt_buf_addf(out, "%s: %s\nseverity: %s\n\n", rule->id, rule->title, hgt_severity_name(rule->severity));
	while (*line) {
		size_t len = strcspn(line, "\n");

		if (*line == ' ') {
			hgt_buf_add(out, line, len);
			hgt_buf_addc(out, '\n');
		} else {
			fill(out, line, len, width);
		}
		line += len + (line[len] == '\n');
	}
}

static void list_rules(struct hgt_buf *out, const struct hgt_rule *rules, size_t n)
{
	int widest = 0;

	for (size_t i = 0; i < n; i++)
		if ((int)strlen(rules[i].id) > widest)
			widest = (int)strlen(rules[i].id);
	for (size_t i = 0; i < n; i++)
		hgt_buf_addf(out, "%-*s  %-7s  %s\n", widest, rules[i].id, hgt_severity_name(rules[i].severity), rules[i].title);
}

static void write_json(struct hgt_json *json, const struct hgt_rule *rule)
{
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "id", rule->id);
	hgt_json_key_string(json, "title", rule->title);
	hgt_json_key_string(json, "severity", hgt_severity_name(rule->severity));
	hgt_json_key_string(json, "why", rule->why);
	hgt_json_end_object(json);
}

static void list_json(struct hgt_json *json, const struct hgt_rule *rules, size_t n)
{
	hgt_json_begin_object(json);
	hgt_json_key(json, "rules");
	hgt_json_begin_array(json);
	for (size_t i = 0; i < n; i++)
		write_json(json, &rules[i]);
	hgt_json_end_array(json);
	hgt_json_end_object(json);
}

static int unknown_rule(const char *id)
{
	size_t n;
	const struct hgt_rule *rules = hgt_rules(&n);
	const struct hgt_rule *nearest = NULL;
	struct hgt_buf message = HGT_BUF_INIT;

	for (size_t i = 0; i < n && !nearest; i++)
		if (hgt_is_near(id, rules[i].id) || strcmp(id, strchr(rules[i].id, '/') + 1) == 0)
			nearest = &rules[i];
	hgt_buf_addf(&message, "there is no rule %s%s%s%s", id, nearest ? "; did you mean " : "", nearest ? nearest->id : "",
		nearest ? "?" : "");
	terminal_complain("explain", message.data);
	if (!nearest)
		fputs("'headgate explain' lists them.\n", stderr);
	hgt_buf_release(&message);
	return HGT_EXIT_TROUBLE;
}

static int answer(const char *id, bool as_json)
{
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&out);
	size_t n;
	const struct hgt_rule *rules = hgt_rules(&n);
	const struct hgt_rule *rule = id ? hgt_rule_find(id) : NULL;
	struct hgt_error err;
	int status;

	if (id && !rule)
		return unknown_rule(id);
	if (as_json) {
		if (rule)
			write_json(&json, rule);
		else
			list_json(&json, rules, n);
		hgt_buf_addc(&out, '\n');
	} else if (rule) {
		tell(&out, rule, terminal_width());
	} else {
		list_rules(&out, rules, n);
	}
	if (hgt_buf_check(&out, &err) < 0) {
		terminal_complain("explain", err.message);
		status = HGT_EXIT_TROUBLE;
	} else {
		status = terminal_print(out.data);
	}
	hgt_buf_release(&out);
	return status;
}

int explain_main(int argc, char **argv)
{
	enum { OPT_JSON = 256 };
	static const struct option longs[] = {
		{"json", no_argument, NULL, OPT_JSON},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	bool as_json = false;
	int c;

	opterr = 0;
	optind = 0;
	while ((c = getopt_long(argc, argv, ":h", longs, NULL)) >= 0) {
		switch (c) {
		case OPT_JSON:
			as_json = true;
			break;
		case 'h':
			return terminal_print(usage);
		default:
			return terminal_option_error("explain", c, argv[optind - 1]);
		}
	}
	if (argc - optind > 1)
		return terminal_usage_error("explain", "one rule at a time, not also", argv[optind + 1]);
	return answer(argv[optind], as_json);
}
