/* The forms in which webhooks are told. */
#include "webhook/format.h"

#include "base/banned.h"

static const char *const names[HGT_WEBHOOK_FORMATS] = {
	[HGT_WEBHOOK_CLOUDEVENTS] = "cloudevents",
	[HGT_WEBHOOK_GITHUB] = "github",
	[HGT_WEBHOOK_GITLAB] = "gitlab",
	[HGT_WEBHOOK_GITEA] = "gitea",
	[HGT_WEBHOOK_JENKINS] = "jenkins",
};

int hgt_webhook_format_parse(const char *name)
{
	for (int i = 0; i < HGT_WEBHOOK_FORMATS; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

const char *hgt_webhook_format_name(enum hgt_webhook_format format)
{
	return names[format];
}
