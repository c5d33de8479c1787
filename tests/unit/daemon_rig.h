/*
 * The daemon's rooms on a loop of the test's own: a real journal and store in a private folder, and clients of the admin socket that read
 * while the loop turns.
 *
 *	struct rig rig;
 *	rig_start(&rig, "");
 *	struct client c = client_get(&rig, "/v1/events?last=1", "Accept: text/event-stream\r\n");
 *	client_until(&c, "bookmark");
 *	client_close(&c);
 *	rig_stop(&rig);
 *
 * Whatever goes wrong fails the test.
 */
#ifndef HEADGATE_TESTS_DAEMON_RIG_H
#define HEADGATE_TESTS_DAEMON_RIG_H

#include "base/buf.h"
#include "daemon/daemon.h"

struct event;

struct rig {
	char *folder;
	struct hgt_config *config;
	struct daemon daemon;
	struct event *git_done, *archive_done;
};

/* more: added to the config's text. rig_stop is also the start of a restart: with `keep` the folder stays for rig_again. */
void rig_start(struct rig *rig, const char *more);
void rig_stop(struct rig *rig);
void rig_restart(struct rig *rig);

/* One turn of the loop, waiting a few milliseconds at most for something to happen. */
void rig_turn(struct rig *rig);

/* Turn until done(ctx); false after ten seconds. */
bool rig_until(struct rig *rig, bool (*done)(void *ctx), void *ctx);

/* Turn until nothing is on its way: no job in the store, none with a worker. */
void rig_settle(struct rig *rig);

/* Run a shell script in the rig's folder; what it printed, without the last newline, to be freed. */
char *rig_sh(struct rig *rig, const char *script);

struct rig_move {
	const char *repo, *ref, *old_id, *new_id;
	const char *const *paths;	/* ends with NULL */
	bool truncated;
};

/* Journal a ref.updated and wait until it is on disk and published. */
void rig_publish(struct rig *rig, const struct rig_move *move);

/* The same for n of any size: each has one path, `path`, and `fat` bytes in its actor. */
void rig_publish_many(struct rig *rig, size_t n, const char *path, size_t fat);

struct client {
	struct rig *rig;
	int fd;
	bool paused;		/* does not read */
	bool ended;		/* the daemon has closed */
	struct hgt_buf got;	/* all it was sent */
};

struct client client_open(struct rig *rig);
void client_send(struct client *client, const char *text);
struct client client_request(struct rig *rig, const char *method, const char *path, const char *headers, const char *body);
/* The same, with the nth allocation from then on failing (0: none); the client's own are made before. */
struct client client_request_failing(struct rig *rig, const char *method, const char *path, const char *headers, const char *body, long n);
struct client client_get(struct rig *rig, const char *path, const char *headers);
void client_close(struct client *client);

/* Take what has come. */
void client_read(struct client *client);

/* Turn until the client was sent this text, so many times; the offset of the first. */
size_t client_until(struct client *client, const char *text);
size_t client_until_count(struct client *client, const char *text, size_t n);

/* Turn until the daemon has closed the connection. */
void client_until_end(struct client *client);

/* Turn a few times; then the text must not be there. */
void client_not(struct client *client, const char *text);

/* How often the text is in what it was sent. */
size_t client_count(const struct client *client, const char *text);

#endif
