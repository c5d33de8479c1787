/* The syntax of expressions (CEL), as the API server reads those of policies, webhooks, definitions and device selectors. */
#ifndef HEADGATE_K8S_CEL_H
#define HEADGATE_K8S_CEL_H

#include <stdbool.h>
#include <stddef.h>

/* What is told of names while an expression is read; each may be NULL. `at` is the byte where the name begins. */
struct hgt_cel_names {
	/* OWNER.NAME, where nothing is before the owner and the name is not called */
	void (*member)(void *ctx, const char *owner, size_t owner_len, const char *name, size_t len, size_t at);
	/* NAME that begins a value, unless the expression itself has brought it in: x in list.all(x, x > 1) */
	void (*root)(void *ctx, const char *name, size_t len, size_t at);
	/* NAME(...) and value.NAME(...) */
	void (*function)(void *ctx, const char *name, size_t len, size_t at);
	void *ctx;
};

/* What an expression comes to, as far as its outermost operator or function says it. */
enum hgt_cel_kind {
	HGT_CEL_ANY,		/* not known */
	HGT_CEL_BOOL,
	HGT_CEL_NUMBER,
	HGT_CEL_STRING,
	HGT_CEL_LIST,
	HGT_CEL_OBJECT,		/* a map, or an object of a type */
	HGT_CEL_NULL,
	HGT_CEL_SUM,		/* of arithmetic: a number, a text, a list, a time */
	HGT_CEL_PATH,		/* the value at a path: a.b["c"].d */
};

struct hgt_cel {
	const char *wrong;	/* why it is no expression; NULL when it is one */
	size_t at;		/* the byte where reading stopped then */
	enum hgt_cel_kind kind;
	size_t path;		/* where the path begins */
};

/*
 * Whether the text is an expression: CEL's grammar, with what Kubernetes turns on besides (optional fields, names in backquotes). What
 * is nested deeper than is read here passes. No types are known but the outermost, so an expression that is read may still be refused.
 */
bool hgt_cel_check(const char *text, size_t len, const struct hgt_cel_names *names, struct hgt_cel *cel);

/* cel_functions.c: a function that some API server up to the newest known knows; *kind: what it comes to. */
bool hgt_cel_function(const char *name, size_t len, enum hgt_cel_kind *kind);

/* The known function that a mistyped one was meant to be, or NULL. */
const char *hgt_cel_nearest_function(const char *name);

#endif
