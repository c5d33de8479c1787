/* Parts of the server's table that have files of their own. */
#ifndef HEADGATE_CONFIG_SERVER_PRIVATE_H
#define HEADGATE_CONFIG_SERVER_PRIVATE_H

#include "config/table.h"

/* server_webhooks.c */
extern const struct section webhook_section, inbound_section;
/* what several entries must be together */
int check_webhooks(struct reader *reader, const struct hgt_config *config) HGT_MUST_CHECK;

/* A name of HGT_NAME_MAX, into a const char *. */
int parse_name(struct reader *reader, const struct hgt_node *node, void *field) HGT_MUST_CHECK;
/* There is another `what` of this name. */
int refuse_twin(struct reader *reader, uint32_t line, const char *what, const char *name);

/* server_mirrors.c */
extern const struct section mirror_section, manifest_section;
int check_mirrors(struct reader *reader, const struct hgt_config *config) HGT_MUST_CHECK;

#endif
