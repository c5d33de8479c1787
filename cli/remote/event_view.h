/* An event as people read it. */
#ifndef HEADGATE_CLI_REMOTE_EVENT_VIEW_H
#define HEADGATE_CLI_REMOTE_EVENT_VIEW_H

#include "cli/remote/client.h"
#include "cli/remote/show.h"

/* One line, its newline included: local time, type, subject, who, what. */
void event_view_line(const struct hgt_node *event, bool color, struct hgt_buf *out);

/* "1a2b3c4d..5e6f7081", "new 5e6f7081", "gone, was 1a2b3c4d". */
void event_view_move(const char *old_id, const char *new_id, struct hgt_buf *out);

/* "2 errors, 1 warning", without what there is none of; "1 error" for one. */
void event_view_counts(int64_t errors, int64_t warnings, struct hgt_buf *out);

#endif
