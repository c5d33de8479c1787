/* Tables of what objects of one kind say, and of what is told of it. */
#ifndef HEADGATE_TESTS_KIND_RIG_H
#define HEADGATE_TESTS_KIND_RIG_H

#include <stddef.h>

struct kind_case {
	const char *body;	/* what comes behind the head */
	const char *expect;	/* the messages, one a line; "" for none */
	unsigned kubernetes;	/* 0: the newest */
};

/* Judge head and body of each as a file; the test fails at the first of which something else is told, or by another rule, or at no
 * place in the text. `rules` ends with NULL. */
void kind_table(const char *head, const char *const *rules, const struct kind_case *cases, size_t n);

#define KIND_TABLE(head, cases, ...) \
	kind_table(head, (const char *const []){__VA_ARGS__, NULL}, cases, sizeof(cases) / sizeof((cases)[0]))

#endif
