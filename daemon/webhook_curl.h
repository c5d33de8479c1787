/*
 * libcurl, loaded when the config has webhooks, or a manifest to be fetched, and not before: with the thirty libraries that it brings, a daemon that sends
 * nothing would take twice its memory. Its functions by their own names without "curl_".
 */
#ifndef HEADGATE_DAEMON_WEBHOOK_CURL_H
#define HEADGATE_DAEMON_WEBHOOK_CURL_H

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "base/error.h"

struct webhook_curl {
	CURLcode (*global_init)(long);
	CURL *(*easy_init)(void);
	CURLcode (*easy_setopt)(CURL *, CURLoption, ...);
	CURLcode (*easy_getinfo)(CURL *, CURLINFO, ...);
	void (*easy_cleanup)(CURL *);
	const char *(*easy_strerror)(CURLcode);
	CURLM *(*multi_init)(void);
	CURLMcode (*multi_setopt)(CURLM *, CURLMoption, ...);
	CURLMcode (*multi_add_handle)(CURLM *, CURL *);
	CURLMcode (*multi_remove_handle)(CURLM *, CURL *);
	CURLMcode (*multi_socket_action)(CURLM *, curl_socket_t, int, int *);
	CURLMcode (*multi_assign)(CURLM *, curl_socket_t, void *);
	CURLMsg *(*multi_info_read)(CURLM *, int *);
	CURLMcode (*multi_cleanup)(CURLM *);
	struct curl_slist *(*slist_append)(struct curl_slist *, const char *);
	void (*slist_free_all)(struct curl_slist *);
};

/* Load it. It stays loaded until the process ends. HGT_EUNAVAILABLE when it is not there. */
int webhook_curl_load(struct webhook_curl *curl, struct hgt_error *err) HGT_MUST_CHECK;

#endif
