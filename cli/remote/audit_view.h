/* The audit trail as people and programs read it. */
#ifndef HEADGATE_CLI_REMOTE_AUDIT_VIEW_H
#define HEADGATE_CLI_REMOTE_AUDIT_VIEW_H

#include "cli/remote/audit_trail.h"

struct hgt_buf;
struct hgt_json;

/* A paragraph. */
void audit_view_text(const struct audit_change *change, bool color, struct hgt_buf *out);

/* An object. */
void audit_view_json(const struct audit_change *change, struct hgt_json *json);

#endif
