/*
 * Inside lib/k8s: since when a version of an API is served, since when deprecated, and since when no longer; all as minor versions
 * of Kubernetes 1, as the API server's own marks and its release notes have it.
 */
#ifndef HEADGATE_K8S_API_VERSIONS_H
#define HEADGATE_K8S_API_VERSIONS_H

#include "k8s/k8s.h"

struct hgt_api {
	const char *group, *kind, *version;
	unsigned char introduced;	/* 0: always */
	unsigned char deprecated, removed;	/* 0: not announced */
	const char *successor;		/* "group/version", or "group/version Kind" of another kind; NULL: none */
	const char *note;		/* what is different there, or what there is instead; or NULL */
};

/* NULL when nothing is known of it, or nothing that ever changed. */
const struct hgt_api *hgt_api_find(const struct hgt_gvk *gvk);

bool hgt_api_is_served(const struct hgt_api *api, unsigned kubernetes);

/* What to use in its place: the successor, or of one that is gone by then the successor's. */
const char *hgt_api_successor(const struct hgt_api *api, unsigned kubernetes);

/* What came before and is served then, or NULL. */
const struct hgt_api *hgt_api_predecessor(const struct hgt_api *api, unsigned kubernetes);

/* All of them, for tests. */
const struct hgt_api *hgt_apis(size_t *n);

#endif
