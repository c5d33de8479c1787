/*
 * What a file is to the kustomizations around it. Kustomize builds objects out of parts: a patch says only what differs, and a resource
 * may get its selector, labels or more from the kustomization that names it, or from one above that. Such a file is not a broken
 * manifest, so the kustomizations in its folder and those above are asked.
 */
#ifndef HEADGATE_CHECK_KUSTOMIZE_H
#define HEADGATE_CHECK_KUSTOMIZE_H

#include "check/engine.h"

enum hgt_kustomize_role {
	HGT_KUSTOMIZE_NONE,	/* no kustomization names it */
	HGT_KUSTOMIZE_RESOURCE,	/* an object that may be completed */
	HGT_KUSTOMIZE_LABELLED,	/* likewise, and its selectors and labels surely are */
	HGT_KUSTOMIZE_PATCH,
	HGT_KUSTOMIZE_CONFIG,	/* of kustomize's own: a transformer, a generator, a configuration */
};

struct hgt_kustomize;

/* read is the engine's. */
int hgt_kustomize_new(hgt_read_cb read, void *ctx, struct hgt_kustomize **out, struct hgt_error *err) HGT_MUST_CHECK;
void hgt_kustomize_free(struct hgt_kustomize *kustomize);

/* Each folder is asked once. 0, HGT_ENOMEM, or what read says. */
int hgt_kustomize_role_of(struct hgt_kustomize *kustomize, const char *path, enum hgt_kustomize_role *role,
	struct hgt_error *err) HGT_MUST_CHECK;

#endif
