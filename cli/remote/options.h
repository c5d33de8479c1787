/* The options of a verb of headgate-remote: a table of them, read at once. */
#ifndef HEADGATE_CLI_REMOTE_OPTIONS_H
#define HEADGATE_CLI_REMOTE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One takes a word (text), a number (number) or nothing (flag); what is not given is left as it is. */
struct verb_option {
	const char *name;
	char letter;		/* its short form, or 0 */
	const char **text;
	uint64_t *number;
	uint64_t least, most;
	bool *flag;		/* set when it is given, whatever it takes; may be NULL with one that takes something */
};

#define VERB_OPTIONS_MAX 16

struct verb_options {
	const char *verb, *usage;
	const char **config;	/* -c, --config */
	bool *json;		/* --json */
	const struct verb_option *own;	/* beside these and --help */
	size_t n;
};

/* -1 to go on, with optind at the first argument; else the exit status to end with, all being said. */
int verb_options_read(const struct verb_options *options, int argc, char **argv);

#endif
