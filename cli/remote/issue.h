/* What `headgate agent` and `headgate token` share: scopes, and tokens that are issued. */
#ifndef HEADGATE_CLI_REMOTE_ISSUE_H
#define HEADGATE_CLI_REMOTE_ISSUE_H

#include "cli/remote/remote.h"

struct hgt_json;

/* "key":[...] of a list of options. */
void issue_write_list(struct hgt_json *json, const char *key, const struct hgt_strings *list);

/* Send the body, which is released, by POST to a path that answers with a token, and print that: alone, or the whole answer
 * with json. A person at a terminal is told `hint` besides. The exit status. */
int issue_post(struct client *client, const char *path, struct hgt_buf *body, bool json, const char *hint,
	struct client_answer *answer);

/* "<base><name>/rotate", for seconds of overlap as `overlap` says ("24h"; NULL: the daemon's own). */
int issue_rotate(struct client *client, const char *base, const char *name, const char *overlap, bool json, const char *hint,
	struct client_answer *answer);

/* DELETE "<base><name>". */
int issue_remove(struct client *client, const char *base, const char *name, struct client_answer *answer);

/* "90s", "30m", "24h", "7d", "0": in seconds, at most 90 days; false when it is none. */
bool issue_parse_span(const char *text, uint64_t *seconds);

/* The items of a list in an answer, with a space between. */
void issue_join(const struct hgt_node *list, struct hgt_buf *out);

#endif
