/* libcurl, loaded when it is wanted. */
#include "daemon/webhook_curl.h"

#include <dlfcn.h>

#define LIBRARY "libcurl.so.4"

int webhook_curl_load(struct webhook_curl *curl, struct hgt_error *err)
{
	/* POSIX lets dlsym's result be a function; C does not let it be assigned, hence the bytes. */
	const struct {
		const char *name;
		void *field;
	} functions[] = {
		{"curl_global_init", &curl->global_init}, {"curl_easy_init", &curl->easy_init}, {"curl_easy_setopt", &curl->easy_setopt},
		{"curl_easy_getinfo", &curl->easy_getinfo}, {"curl_easy_cleanup", &curl->easy_cleanup},
		{"curl_easy_strerror", &curl->easy_strerror}, {"curl_multi_init", &curl->multi_init},
		{"curl_multi_setopt", &curl->multi_setopt}, {"curl_multi_add_handle", &curl->multi_add_handle},
		{"curl_multi_remove_handle", &curl->multi_remove_handle}, {"curl_multi_socket_action", &curl->multi_socket_action},
		{"curl_multi_assign", &curl->multi_assign}, {"curl_multi_info_read", &curl->multi_info_read},
		{"curl_multi_cleanup", &curl->multi_cleanup}, {"curl_slist_append", &curl->slist_append},
		{"curl_slist_free_all", &curl->slist_free_all},
	};
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return hgt_error_set(err, HGT_EUNAVAILABLE, "libcurl is needed, and it cannot be loaded: %s", dlerror());
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		void *function = dlsym(library, functions[i].name);

		if (!function)
			return hgt_error_set(err, HGT_EUNAVAILABLE, "a newer libcurl is needed: " LIBRARY " has no %s", functions[i].name);
		memcpy(functions[i].field, &function, sizeof(function));
	}
	if (curl->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return hgt_error_set(err, HGT_EUNAVAILABLE, "libcurl cannot be initialised");
	return 0;
}
