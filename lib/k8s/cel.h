/* The syntax of expressions (CEL), as the API server reads those of policies, webhooks, definitions and device selectors. */
#ifndef HEADGATE_K8S_CEL_H
#define HEADGATE_K8S_CEL_H

#include <stdbool.h>
#include <stddef.h>

/* What is told of names while an expression is read. */
struct hgt_cel_names {
	/* OWNER.NAME, where nothing is before the owner and the name, at the byte `at`, is not called */
	void (*member)(void *ctx, const char *owner, size_t owner_len, const char *name, size_t len, size_t at);
	void *ctx;
};

/*
 * Whether the text is an expression: CEL's grammar, with what Kubernetes turns on besides (optional fields, names in backquotes). When
 * not, *at is the byte where reading stopped and *wrong says why. What is nested deeper than is read here passes. No types are known,
 * so an expression that is read may still be refused.
 */
bool hgt_cel_check(const char *text, size_t len, const struct hgt_cel_names *names, size_t *at, const char **wrong);

#endif
