/*
 * The admin socket's HTTP API, over libcurl.
 *
 *	struct client *client;
 *	client_open(config->sockets.admin, &client, &err);
 *	client_call(client, "GET", "/v1/status", NULL, &answer, &err);
 *	client_close(client);
 */
#ifndef HEADGATE_CLI_REMOTE_CLIENT_H
#define HEADGATE_CLI_REMOTE_CLIENT_H

#include <signal.h>

#include "base/buf.h"
#include "doc/doc.h"
#include "event/sse_reader.h"

struct client;

int client_open(const char *socket_path, struct client **out, struct hgt_error *err) HGT_MUST_CHECK;
void client_close(struct client *client);

/* From now on a call ends early, with 0 and no answer, once *stop is set (by a signal). */
void client_heed(struct client *client, const volatile sig_atomic_t *stop);

/* An answer: its text and what it says (NULL when it has no body). */
struct client_answer {
	struct hgt_buf text;
	struct hgt_doc_set set;
	const struct hgt_node *root;
};

void client_answer_init(struct client_answer *answer);
void client_answer_release(struct client_answer *answer);

/* body: JSON, or NULL. HGT_EUNAVAILABLE when the daemon does not answer; what it refuses has its own message,
 * with HGT_ENOENT for 404 and HGT_ECONFLICT for 409. */
int client_call(struct client *client, const char *method, const char *path, const char *body,
	struct client_answer *answer, struct hgt_error *err) HGT_MUST_CHECK;

/* Read the stream at path until it ends (HGT_EUNAVAILABLE), *stop is set (0), or cb returns negative. */
int client_stream(struct client *client, const char *path, struct hgt_sse_reader *reader, hgt_sse_cb cb, void *ctx,
	const volatile sig_atomic_t *stop, struct hgt_error *err) HGT_MUST_CHECK;

#endif
