/* The server's config: webhooks, those that are sent and those that come in. */
#include <stddef.h>

#include "config/server_private.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define HOOK(member) offsetof(struct hgt_config_webhook, member)
#define INBOUND(member) offsetof(struct hgt_config_inbound, member)

int parse_name(struct reader *r, const struct hgt_node *node, void *field)
{
	char *copy;

	if (node->type == HGT_NODE_BOOL || node->type == HGT_NODE_INT || node->type == HGT_NODE_FLOAT)
		return reader_refuse(r, node, "expected a string, got %s; put it in quotes", hgt_node_type_name(node->type));
	if (node->type != HGT_NODE_STRING || !hgt_name_is_valid(node->text))
		return reader_refuse(r, node, "a name is 1 to 63 of a-z 0-9 - . _, first and last a letter or digit");
	copy = hgt_arena_strndup(r->arena, node->text, node->len);
	if (!copy)
		return hgt_error_nomem(r->err);
	*(const char **)field = copy;
	return 0;
}

static int parse_format(struct reader *r, const struct hgt_node *node, void *field)
{
	int format = node->type == HGT_NODE_STRING ? hgt_webhook_format_parse(node->text) : -1;

	if (format < 0)
		return reader_refuse(r, node, "expected cloudevents, github, gitlab, gitea or jenkins");
	*(enum hgt_webhook_format *)field = (enum hgt_webhook_format)format;
	return 0;
}

static int parse_kind(struct reader *r, const struct hgt_node *node, void *field)
{
	int format = node->type == HGT_NODE_STRING ? hgt_webhook_format_parse(node->text) : -1;

	if (format != HGT_WEBHOOK_GITHUB && format != HGT_WEBHOOK_GITLAB && format != HGT_WEBHOOK_GITEA)
		return reader_refuse(r, node, "expected github, gitlab or gitea");
	*(enum hgt_webhook_format *)field = (enum hgt_webhook_format)format;
	return 0;
}

static int parse_allow(struct reader *r, const struct hgt_node *node, void *field)
{
	struct hgt_config_webhook *hook = (struct hgt_config_webhook *)((char *)field - HOOK(allow));
	struct hgt_strings texts;
	struct hgt_error why = {0};
	int code = reader_read_strings(r, node, &texts);

	if (code < 0)
		return code;
	hook->allow.items = hgt_arena_array(r->arena, texts.n + 1, sizeof(*hook->allow.items));
	if (!hook->allow.items)
		return hgt_error_nomem(r->err);
	for (; hook->allow.n < texts.n; hook->allow.n++)
		if (hgt_range_parse(texts.items[hook->allow.n], &hook->allow.items[hook->allow.n], &why) < 0)
			return reader_refuse(r, node->v.seq.items[hook->allow.n], "%s", why.message);
	return 0;
}

/* http://HOST[:PORT][/PATH][?QUERY] or https://: what a webhook may be sent to. */
static int check_url(struct reader *r, const struct hgt_node *node, const char *url)
{
	size_t scheme = strncmp(url, "https://", 8) == 0 ? 8 : strncmp(url, "http://", 7) == 0 ? 7 : 0;
	size_t host = strcspn(url + scheme, "/?#");

	if (!scheme || !host)
		return reader_refuse(r, node, "expected a URL that begins with https:// or http://, and a host");
	if (memchr(url + scheme, '@', host))
		return reader_refuse(r, node, "a user or password has no place here; a secret goes into a file that secret_file names");
	if (strchr(url, '#'))
		return reader_refuse(r, node, "a URL to send to has no fragment; leave out the # and what follows");
	for (const unsigned char *p = (const unsigned char *)url; *p; p++)
		if (*p <= ' ' || *p >= 0x7f || *p == '\\' || *p == '"' || *p == '<' || *p == '>')
			return reader_refuse(r, node, "a URL has no spaces, quotes or letters beyond ASCII; percent-encode them");
	return 0;
}

static int complete_webhook(struct reader *r, const struct hgt_node *node, void *base)
{
	const struct hgt_config_webhook *hook = base;
	const struct hgt_node *url = hgt_node_get(node, "url"), *events = hgt_node_get(node, "events");
	const struct hgt_node *first = hgt_node_get(node, "retry_first"), *most = hgt_node_get(node, "retry_most");
	bool shows = hook->format == HGT_WEBHOOK_GITLAB || hook->format == HGT_WEBHOOK_JENKINS;
	int code = check_url(r, url ? url : node, hook->url);

	if (code < 0)
		return code;
	if (hook->retry_first > hook->retry_most)
		return reader_refuse(r, first ? first : most ? most : node, "retry_first is longer than retry_most");
	if (shows && hook->secret_file && !hook->insecure && strncmp(hook->url, "http://", 7) == 0)
		return reader_refuse(r, url ? url : node, "the format %s sends the secret itself, and plain HTTP shows it to the network; use "
			"https://, or say insecure: true", hgt_webhook_format_name(hook->format));
	for (size_t i = 0; hook->format != HGT_WEBHOOK_CLOUDEVENTS && i < hook->events.n; i++)
		if (strcmp(hook->events.items[i], "ref.updated") != 0)
			return reader_refuse(r, events ? events : node, "the format %s has a word for ref.updated alone; cloudevents has one for all",
				hgt_webhook_format_name(hook->format));
	return 0;
}

static const struct option webhook_options[] = {
	{.key = "name", .type = OPTION_CUSTOM, .offset = HOOK(name), .parse = parse_name, .required = true, .shape = "name",
		.help = "What it is called in headgate webhook. Its cursor goes with the name: a new name begins with what comes from then on."},
	{.key = "url", .type = OPTION_STRING, .offset = HOOK(url), .required = true, .shape = "URL",
		.help = "Where to send to. Redirects are not followed."},
	{.key = "format", .type = OPTION_CUSTOM, .offset = HOOK(format), .parse = parse_format, .fallback = "cloudevents",
		.shape = "cloudevents | github | gitlab | gitea | jenkins", .help = "In which form."},
	{.key = "secret_file", .type = OPTION_PATH, .offset = HOOK(secret_file),
		.help = "The file that holds the secret to sign with, readable by its owner, or its owner and group, alone. "
		"Without it, nothing is signed."},
	{.key = "ca_file", .type = OPTION_PATH, .offset = HOOK(ca_file),
		.help = "The certificates, in PEM, of whom the receiver's has to come. Without it, those of the system."},
	{.key = "repos", .type = OPTION_GLOBS, .offset = HOOK(repos), .fallback = "[\"**\"]", .help = "Of which repositories, by name."},
	{.key = "refs", .type = OPTION_GLOBS, .offset = HOOK(refs), .fallback = "[\"**\"]", .help = "Of which refs, by their full names."},
	{.key = "events", .type = OPTION_GLOBS, .offset = HOOK(events), .fallback = "[\"ref.updated\"]",
		.help = "Which types of events, without io.headgate. and .v1. The formats of forges have a word for ref.updated alone."},
	{.key = "http_url", .type = OPTION_STRING, .offset = HOOK(http_url), .fallback = "https://{site}/{repo}.git", .shape = "URL",
		.help = "Where the receiver clones a repository by HTTP. Receivers find out by it which of their sources has changed."},
	{.key = "ssh_url", .type = OPTION_STRING, .offset = HOOK(ssh_url), .fallback = "git@{site}:{repo}.git", .shape = "URL",
		.help = "The same by ssh."},
	{.key = "web_url", .type = OPTION_STRING, .offset = HOOK(web_url), .fallback = "https://{site}/{repo}", .shape = "URL",
		.help = "Where people look at it; Argo CD compares this one, host and path, with its repoURL."},
	{.key = "insecure", .type = OPTION_BOOL, .offset = HOOK(insecure), .fallback = "false",
		.help = "Allow a format that sends the secret itself over plain HTTP."},
	{.key = "allow_private", .type = OPTION_BOOL, .offset = HOOK(allow_private), .fallback = "false",
		.help = "Allow connections to loopback and private addresses. Link-local addresses and those of metadata services stay closed."},
	{.key = "allow", .type = OPTION_CUSTOM, .offset = HOOK(allow), .parse = parse_allow, .fallback = "[]",
		.shape = "list of address ranges",
		.help = "Allow connections to these addresses, whatever they are, such as 10.1.2.0/24."},
	{.key = "timeout", .type = OPTION_SECONDS, .offset = HOOK(timeout), .min = 1, .max = 300, .fallback = "10s",
		.help = "How long one attempt may take, the look-up of the name included."},
	{.key = "retry_first", .type = OPTION_SECONDS, .offset = HOOK(retry_first), .min = 1, .max = 3600, .fallback = "2s",
		.help = "The longest wait after the first failed attempt. It doubles with each; the wait itself is drawn from below it."},
	{.key = "retry_most", .type = OPTION_SECONDS, .offset = HOOK(retry_most), .min = 1, .max = 86400, .fallback = "10m",
		.help = "The longest wait between attempts."},
	{.key = "retry_for", .type = OPTION_SECONDS, .offset = HOOK(retry_for), .min = 0, .max = 2592000, .fallback = "6h",
		.help = "How old an event may be for another attempt. An older one is parked, and those after it go on."},
	{.key = "body", .type = OPTION_SIZE, .offset = HOOK(body), .min = 65536, .max = 64 * 1024 * 1024, .fallback = "2MiB",
		.help = "The largest body. One that would be larger has no list of paths, which receivers take for anything."},
	{.key = "keep", .type = OPTION_COUNT, .offset = HOOK(keep), .min = 1, .max = 100000, .fallback = "500",
		.help = "How many deliveries are remembered, and how many parked ones besides."},
};
const struct section webhook_section = {"an entry of webhooks", sizeof(struct hgt_config_webhook), webhook_options,
	COUNT(webhook_options),
	HOOK(line), complete_webhook};

static const struct option inbound_options[] = {
	{.key = "name", .type = OPTION_CUSTOM, .offset = INBOUND(name), .parse = parse_name, .required = true, .shape = "name",
		.help = "The forge sends to /v1/inbound/ and this name."},
	{.key = "kind", .type = OPTION_CUSTOM, .offset = INBOUND(kind), .parse = parse_kind, .required = true,
		.shape = "github | gitlab | gitea",
		.help = "Whose webhooks come in; gitea for Forgejo too."},
	{.key = "secret_file", .type = OPTION_PATH, .offset = INBOUND(secret_file), .required = true,
		.help = "The file that holds the secret which the forge signs with, or with gitlab sends."},
	{.key = "repo", .type = OPTION_STRING, .offset = INBOUND(repo), .required = true, .shape = "name",
		.help = "The repository that the events are about."},
	{.key = "window", .type = OPTION_SECONDS, .offset = INBOUND(window), .min = 60, .max = 2592000, .fallback = "24h",
		.help = "How long a delivery is remembered, so that one that comes again is passed over."},
};
const struct section inbound_section = {"an entry of inbound", sizeof(struct hgt_config_inbound), inbound_options,
	COUNT(inbound_options),
	INBOUND(line), NULL};

int refuse_twin(struct reader *r, uint32_t line, const char *what, const char *name)
{
	return hgt_error_set(r->err, HGT_EPARSE, "%s:%u:1: there is another %s named \"%s\"", r->path, line, what, name);
}

int check_webhooks(struct reader *r, const struct hgt_config *config)
{
	for (size_t i = 0; i < config->n_webhooks; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(config->webhooks[i].name, config->webhooks[j].name))
				return refuse_twin(r, config->webhooks[i].line, "webhook", config->webhooks[i].name);
	for (size_t i = 0; i < config->n_inbound; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(config->inbound[i].name, config->inbound[j].name))
				return refuse_twin(r, config->inbound[i].line, "inbound webhook", config->inbound[i].name);
	return 0;
}
