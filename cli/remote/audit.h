/* The parts of `headgate audit`: the trail, which the daemon is asked for, and what is done with the journal's file itself. */
#ifndef HEADGATE_CLI_REMOTE_AUDIT_H
#define HEADGATE_CLI_REMOTE_AUDIT_H

#include "cli/remote/audit_filter.h"

struct audit_options {
	const char *config;
	const char *journal;	/* --journal, or NULL: that of the config */
	const char *export;	/* --export of verify: a file, or "-" */
	struct audit_filter filter;
	uint64_t limit;		/* 0: not given */
	bool json;
};

/* The words after audit. They return an enum hgt_exit. */
int audit_verify(const struct audit_options *options);
int audit_export(const struct audit_options *options);
int audit_backup(const struct audit_options *options, const char *to);

#endif
