/* The forms in which webhooks are told. */
#ifndef HEADGATE_WEBHOOK_FORMAT_H
#define HEADGATE_WEBHOOK_FORMAT_H

enum hgt_webhook_format {
	HGT_WEBHOOK_CLOUDEVENTS,
	HGT_WEBHOOK_GITHUB,
	HGT_WEBHOOK_GITLAB,
	HGT_WEBHOOK_GITEA,
	HGT_WEBHOOK_JENKINS,
	HGT_WEBHOOK_FORMATS,
};

/* "cloudevents", "github"...; -1 for another word. */
int hgt_webhook_format_parse(const char *name);
const char *hgt_webhook_format_name(enum hgt_webhook_format format);

#endif
