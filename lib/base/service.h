/*
 * How a program that runs as a service begins: the options they share, and what goes wrong before there is a log.
 *
 *	static const struct hgt_service service = {.name = "headgated", .usage = usage};
 *	struct hgt_service_options options;
 *	int status = hgt_service_begin(&service, argc, argv, &options);
 *
 *	if (status >= 0)
 *		return status;
 */
#ifndef HEADGATE_BASE_SERVICE_H
#define HEADGATE_BASE_SERVICE_H

#include <stdbool.h>

#include "base/error.h"

struct hgt_service {
	const char *name;
	const char *usage;	/* whole lines */
	bool has_once;		/* --once is one of its options */
};

struct hgt_service_options {
	const char *config;	/* of -c, or NULL; borrowed from argv */
	bool test, once;
	int log_level, log_format;	/* enums of log.h; -1 when not given, and then the defaults are in force */
};

/*
 * Read -c, -t, --once, --log-level, --log-format, --version and --help, set up the log, and the heap for a program that idles most of
 * its time in few threads. -1 to go on, else the exit status: what there was to say has been said.
 */
int hgt_service_begin(const struct hgt_service *service, int argc, char **argv, struct hgt_service_options *options) HGT_MUST_CHECK;

/* Set up the log once more, when a config has been read: what the command line says counts before these, of which -1 is the default. */
void hgt_service_log(const struct hgt_service_options *options, int level, int format);

/* Tell whoever started the service what is wrong, in one line; the exit status. */
int hgt_service_trouble(const struct hgt_service *service, const struct hgt_error *err) HGT_MUST_CHECK;

#endif
