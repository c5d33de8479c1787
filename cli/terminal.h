/* How the verbs speak: complaints on stderr, and what the terminal can show. */
#ifndef HEADGATE_CLI_TERMINAL_H
#define HEADGATE_CLI_TERMINAL_H

#include <stdbool.h>

/* "headgate: <what>: <message>" on stderr, both escaped; what may be NULL. */
void terminal_complain(const char *what, const char *message);

/* A mistake in the arguments of a verb: the complaint, and where to find help. Returns HGT_EXIT_TROUBLE. */
int terminal_usage_error(const char *verb, const char *message, const char *argument);

/* What getopt_long has just refused (its return value, '?' or ':'). Returns HGT_EXIT_TROUBLE. */
int terminal_option_error(const char *verb, int refused, const char *argument);

/* Whether stdout is a terminal that shows colours, and nobody has said NO_COLOR (https://no-color.org). */
bool terminal_has_color(void);

/* The columns of the terminal that stdout is; 80 when it is none. */
unsigned terminal_width(void);

/* Write to stdout. 0, or HGT_EXIT_TROUBLE after a complaint: a result that did not arrive is no result. */
int terminal_print(const char *text);

#endif
