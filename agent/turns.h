/*
 * Whose turn it is: so many at the same time, first come, first served.
 *
 *	if (turn_take(&turns, &t->turn))	(has it)
 *		...
 *	else					(waits: `come` is called when it has come)
 *	turn_give(&turns, &t->turn)		(whether it has it, waits for it, or neither)
 */
#ifndef HEADGATE_AGENT_TURNS_H
#define HEADGATE_AGENT_TURNS_H

#include <stdbool.h>

struct turn {
	enum { TURN_NONE, TURN_WAITS, TURN_HAS } state;
	struct turn *next;	/* of those that wait */
	void (*come)(void *ctx);	/* to be quick, and to call nothing of this header */
	void *ctx;
};

struct turns {
	unsigned left;
	struct turn *first, **last;
};

void turns_init(struct turns *turns, unsigned most);

/* True when it has it, since before or from now on. */
bool turn_take(struct turns *turns, struct turn *turn);
void turn_give(struct turns *turns, struct turn *turn);

#endif
