/*
 * One small file fetched over HTTP, when it is another than last time: on the loop, bounded in size and time. No redirect is followed, no
 * proxy is used.
 */
#ifndef HEADGATE_DAEMON_DOWNLOAD_H
#define HEADGATE_DAEMON_DOWNLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "daemon/webhook_curl.h"

struct download;
struct event_base;

/* The two by which a server tells whether it has changed; "" each for none. */
struct download_version {
	struct hgt_buf etag, modified;
};
#define DOWNLOAD_VERSION_INIT {HGT_BUF_INIT, HGT_BUF_INIT}
void download_version_release(struct download_version *version);

struct download_result {
	int code;		/* 0, or why there is no answer: error */
	bool unchanged;		/* what it was at the version that was given; body is empty */
	struct hgt_buf body;
	struct download_version version;	/* of the body */
	struct hgt_error err;
};

/* The result is the callback's to take from; what it leaves is released. It may free the download. */
typedef void (*download_ended_cb)(void *ctx, struct download_result *result);

/* version: what is had already, copied; limit: of the body as it comes, in bytes; timeout in seconds. `ended` is called once, never before
 * this has returned. */
int download_begin(struct event_base *base, const struct webhook_curl *curl, const char *url, const struct download_version *version,
	size_t limit, uint32_t timeout, download_ended_cb ended, void *ctx, struct download **out, struct hgt_error *err) HGT_MUST_CHECK;

/* Broken off where it is; NULL is fine. */
void download_free(struct download *download);

#endif
