/* Whose turn it is. */
#include "agent/turns.h"

#include <stddef.h>

void turns_init(struct turns *turns, unsigned most)
{
	turns->left = most;
	turns->first = NULL;
	turns->last = &turns->first;
}

bool turn_take(struct turns *turns, struct turn *turn)
{
	if (turn->state == TURN_NONE && turns->left > 0) {
		turns->left--;
		turn->state = TURN_HAS;
	} else if (turn->state == TURN_NONE) {
		turn->state = TURN_WAITS;
		turn->next = NULL;
		*turns->last = turn;
		turns->last = &turn->next;
	}
	return turn->state == TURN_HAS;
}

static void leave(struct turns *turns, struct turn *turn)
{
	struct turn **at = &turns->first;

	while (*at != turn)
		at = &(*at)->next;
	*at = turn->next;
	if (!*at)
		turns->last = at;
}

void turn_give(struct turns *turns, struct turn *turn)
{
	struct turn *next = turns->first;

	if (turn->state == TURN_WAITS) {
		leave(turns, turn);
	} else if (turn->state == TURN_HAS && next) {
		leave(turns, next);
		next->state = TURN_HAS;
		next->come(next->ctx);
	} else if (turn->state == TURN_HAS) {
		turns->left++;
	}
	turn->state = TURN_NONE;
}
