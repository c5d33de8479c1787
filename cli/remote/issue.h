/* What `headgate agent` and `headgate token` share: the verbs add, list, remove and rotate of something that tokens are issued to.
 * */
#ifndef HEADGATE_CLI_REMOTE_ISSUE_H
#define HEADGATE_CLI_REMOTE_ISSUE_H

#include "cli/remote/remote.h"

/* An option of add, which goes into the request under a key. */
struct issue_option {
	const char *name, *key;
	bool many;	/* it may be given again, and is a list */
};

#define ISSUE_OPTIONS_MAX 8

struct issue_given;

struct issue_verb {
	const char *verb, *usage;
	const char *path;		/* of all of them */
	const char *hint;		/* told to a person beside a token */
	const char *only_for_add;	/* what is said of options that another verb has no use for; the verb is put behind it */
	size_t n_options;
	struct issue_option options[ISSUE_OPTIONS_MAX];
	/* What is wrong with the options of add: -1 when nothing is, else the exit status after a message. */
	int (*check_add)(const struct issue_given *given);
	int (*list)(struct client *client, bool json, struct client_answer *answer);
};

/* What was given for an option of add; NULL, or a list of none, when it was not. */
const char *issue_text(const struct issue_given *given, const char *option);
const struct hgt_strings *issue_list(const struct issue_given *given, const char *option);

/* "headgate <verb>: <message> <word>" (which may be NULL), and where to read more; the exit status. */
int issue_misuse(const struct issue_given *given, const char *message, const char *word);

/* The whole verb: options, words, the request. The exit status. */
int issue_run(const struct issue_verb *verb, int argc, char **argv);

/* The items of a list in an answer, with a space between. */
void issue_join(const struct hgt_node *list, struct hgt_buf *out);

#endif
