/* The metaschemas of the five drafts, which schemas may refer to without anybody giving them. Private to lib/schema. */
#ifndef HEADGATE_SCHEMA_METASCHEMAS_H
#define HEADGATE_SCHEMA_METASCHEMAS_H

#include <stddef.h>

struct hgt_metaschema {
	const char *uri;	/* without a fragment */
	const char *text;
	const char *end;
};

/* The one with this URI, or NULL. */
const struct hgt_metaschema *hgt_metaschema_find(const char *uri);

#endif
