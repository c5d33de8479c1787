/* Which packs objects are held against: Kubernetes' own of one version, and those that somebody chose or that are there. */
#ifndef HEADGATE_PACK_CHOICE_H
#define HEADGATE_PACK_CHOICE_H

#include "pack/catalog.h"

/* What the names of Kubernetes' own packs begin with: "kubernetes-1.37". */
#define HGT_KUBERNETES_PACK "kubernetes-"

struct hgt_pack_choice {
	char *const *names;	/* names or paths, in the order in which they count */
	size_t n;
	bool given;		/* these alone; else every pack that is found */
	unsigned kubernetes;	/* minor version of Kubernetes 1; its pack comes first, unless one of the names is such a pack */
};

/* Make a catalog of them. HGT_ENOENT names the pack that is not there; HGT_ECORRUPT and the like. */
int hgt_catalog_choose(const struct hgt_pack_choice *choice, struct hgt_catalog **out, struct hgt_error *err) HGT_MUST_CHECK;

#endif
