/* headgated: reads its arguments and its config, then runs the daemon. */
#include <getopt.h>
#include <malloc.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/log.h"
#include "daemon/daemon.h"
#include "headgate/protocol.h"

static const char usage[] =
	"usage: headgated [-t] [-c FILE] [--log-level LEVEL] [--log-format FORMAT]\n"
	"  -c, --config FILE        read this config (default: HEADGATE_CONFIG, else " HGT_CONFIG_PATH ")\n"
	"  -t, --test               check the config and exit: 0 when it is good, 2 when not\n"
	"      --log-level LEVEL    error, warning, info (default) or debug\n"
	"      --log-format FORMAT  logfmt, json or journal (default: journal under systemd, else logfmt)\n"
	"      --version, --help\n";

struct options {
	const char *config;
	bool test;
	enum hgt_log_level level;
	enum hgt_log_format format;
};

enum { OPT_LEVEL = 256, OPT_FORMAT, OPT_VERSION, OPT_HELP };

static int wrong(const char *what, const char *word)
{
	struct hgt_buf text = HGT_BUF_INIT;

	hgt_escape_str(&text, word);
	fprintf(stderr, "headgated: %s %s\n%s", what, text.data, usage);
	hgt_buf_release(&text);
	return HGT_EXIT_TROUBLE;
}

/* -1 to go on, else the exit status. */
static int read_options(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'}, {"test", no_argument, NULL, 't'},
		{"log-level", required_argument, NULL, OPT_LEVEL}, {"log-format", required_argument, NULL, OPT_FORMAT},
		{"version", no_argument, NULL, OPT_VERSION}, {"help", no_argument, NULL, OPT_HELP}, {0},
	};
	int c, n;

	while ((c = getopt_long(argc, argv, "c:t", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			options->config = optarg;
			break;
		case 't':
			options->test = true;
			break;
		case OPT_LEVEL:
			n = hgt_log_level_parse(optarg);
			if (n < 0)
				return wrong("there is no log level", optarg);
			options->level = (enum hgt_log_level)n;
			break;
		case OPT_FORMAT:
			n = hgt_log_format_parse(optarg);
			if (n < 0)
				return wrong("there is no log format", optarg);
			options->format = (enum hgt_log_format)n;
			break;
		case OPT_VERSION:
			puts("headgated " HGT_VERSION);
			return HGT_EXIT_OK;
		case OPT_HELP:
			fputs(usage, stdout);
			return HGT_EXIT_OK;
		default:
			fputs(usage, stderr);
			return HGT_EXIT_TROUBLE;
		}
	}
	return optind < argc ? wrong("does not know what to do with", argv[optind]) : -1;
}

/* What goes wrong before there is a daemon is told to whoever started it. */
static int trouble(const struct hgt_error *err)
{
	struct hgt_buf text = HGT_BUF_INIT;

	hgt_escape_text(&text, err->message, strlen(err->message));
	fprintf(stderr, "headgated: %s\n", text.data);
	hgt_buf_release(&text);
	return HGT_EXIT_TROUBLE;
}

int main(int argc, char **argv)
{
	struct options options = {.level = HGT_LOG_INFO, .format = hgt_log_default_format()};
	struct hgt_config *config = NULL;
	struct hgt_buf path = HGT_BUF_INIT;
	struct hgt_error err = {0};
	int code, status = read_options(argc, argv, &options);

	if (status >= 0)
		return status;
	/* The daemon idles most of the day, in few threads: one heap for all of them, and what is free goes back. */
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_TRIM_THRESHOLD, 64 * 1024);
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
	hgt_log_setup(options.level, options.format);
	code = hgt_config_find(options.config, NULL, &path, &err);
	if (code == 0)
		code = hgt_config_load(path.data, &config, &err);
	if (code == 0 && options.test)
		printf("%s: good\n", path.data);
	else if (code == 0)
		code = daemon_run(config, &err);
	if (code > 0)
		_exit(HGT_EXIT_OK);
	status = code < 0 ? trouble(&err) : HGT_EXIT_OK;
	hgt_config_free(config);
	hgt_buf_release(&path);
	return status;
}
