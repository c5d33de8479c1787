/* How long to wait before the next try: twice as long each time, up to a limit, and never the same for two agents. */
#ifndef HEADGATE_AGENT_PAUSE_H
#define HEADGATE_AGENT_PAUSE_H

#include <stdint.h>

struct pause {
	int64_t first_ms, most_ms;
	int64_t next_ms;
};

void pause_init(struct pause *pause, int64_t first_ms, int64_t most_ms);

/* It went well: the next pause is the first again. */
void pause_reset(struct pause *pause);

/* Between half and all of what is due. */
int64_t pause_next(struct pause *pause);

#endif
