/* How a program that runs as a service begins. */
#include "base/service.h"

#include <getopt.h>
#include <malloc.h>

#include "base/escape.h"
#include "base/io.h"
#include "base/log.h"
#include "headgate/protocol.h"

enum { OPT_LEVEL = 256, OPT_FORMAT, OPT_ONCE, OPT_VERSION, OPT_HELP };

static int wrong(const struct hgt_service *service, const char *what, const char *word)
{
	struct hgt_buf text = HGT_BUF_INIT;

	hgt_escape_str(&text, word);
	fprintf(stderr, "%s: %s %s\n%s", service->name, what, text.data, service->usage);
	hgt_buf_release(&text);
	return HGT_EXIT_TROUBLE;
}

/* -1 to go on, else the exit status. */
static int take_option(const struct hgt_service *service, int c, struct hgt_service_options *options)
{
	switch (c) {
	case 'c':
		options->config = optarg;
		return -1;
	case 't':
		options->test = true;
		return -1;
	case OPT_ONCE:
		if (!service->has_once)
			return wrong(service, "has no option", "--once");
		options->once = true;
		return -1;
	case OPT_LEVEL:
		options->log_level = hgt_log_level_parse(optarg);
		return options->log_level < 0 ? wrong(service, "there is no log level", optarg) : -1;
	case OPT_FORMAT:
		options->log_format = hgt_log_format_parse(optarg);
		return options->log_format < 0 ? wrong(service, "there is no log format", optarg) : -1;
	case OPT_VERSION:
		printf("%s " HGT_VERSION "\n", service->name);
		return HGT_EXIT_OK;
	case OPT_HELP:
		fputs(service->usage, stdout);
		return HGT_EXIT_OK;
	default:
		fputs(service->usage, stderr);
		return HGT_EXIT_TROUBLE;
	}
}

int hgt_service_begin(const struct hgt_service *service, int argc, char **argv, struct hgt_service_options *options)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'}, {"test", no_argument, NULL, 't'}, {"once", no_argument, NULL, OPT_ONCE},
		{"log-level", required_argument, NULL, OPT_LEVEL}, {"log-format", required_argument, NULL, OPT_FORMAT},
		{"version", no_argument, NULL, OPT_VERSION}, {"help", no_argument, NULL, OPT_HELP}, {0},
	};
	int c, status;

	*options = (struct hgt_service_options){.log_level = -1, .log_format = -1};
	if (hgt_fill_stdio() < 0)
		return HGT_EXIT_TROUBLE;
	while ((c = getopt_long(argc, argv, "c:t", longs, NULL)) != -1) {
		status = take_option(service, c, options);
		if (status >= 0)
			return status;
	}
	if (optind < argc)
		return wrong(service, "does not know what to do with", argv[optind]);
	/* One heap for all threads, and what is free goes back. */
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_TRIM_THRESHOLD, 64 * 1024);
	mallopt(M_MMAP_THRESHOLD, 64 * 1024);
	hgt_service_log(options, -1, -1);
	return -1;
}

void hgt_service_log(const struct hgt_service_options *options, int level, int format)
{
	if (options->log_level >= 0)
		level = options->log_level;
	if (options->log_format >= 0)
		format = options->log_format;
	hgt_log_setup(level >= 0 ? (enum hgt_log_level)level : HGT_LOG_INFO,
		format >= 0 ? (enum hgt_log_format)format : hgt_log_default_format());
}

int hgt_service_trouble(const struct hgt_service *service, const struct hgt_error *err)
{
	struct hgt_buf text = HGT_BUF_INIT;

	hgt_escape_text(&text, err->message, strlen(err->message));
	fprintf(stderr, "%s: %s\n", service->name, text.data);
	hgt_buf_release(&text);
	return HGT_EXIT_TROUBLE;
}
