/* Parts of the server's table that have files of their own. */
#ifndef HEADGATE_CONFIG_SERVER_PRIVATE_H
#define HEADGATE_CONFIG_SERVER_PRIVATE_H

#include "config/table.h"

/* server_webhooks.c */
extern const struct section webhook_section, inbound_section;
/* what several entries must be together */
int check_webhooks(struct reader *reader, const struct hgt_config *config) HGT_MUST_CHECK;

#endif
