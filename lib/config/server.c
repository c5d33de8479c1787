/* The server's config: its table, and what the table cannot say. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "config/server_private.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define CONFIG(member) offsetof(struct hgt_config, member)
#define POLICY(member) offsetof(struct hgt_config_policy, member)

static int parse_class(struct reader *r, const struct hgt_node *node, void *field)
{
	int cls = node->type == HGT_NODE_STRING ? hgt_class_parse(node->text) : -1;

	if (cls < 0)
		return reader_refuse(r, node, "unknown class; \"headgate check --help\" lists them");
	*(enum hgt_class *)field = (enum hgt_class)cls;
	return 0;
}

static int parse_log_level(struct reader *r, const struct hgt_node *node, void *field)
{
	*(int *)field = node->type == HGT_NODE_STRING ? hgt_log_level_parse(node->text) : -1;
	return *(int *)field < 0 ? reader_refuse(r, node, "expected error, warning, info or debug") : 0;
}

static int parse_log_format(struct reader *r, const struct hgt_node *node, void *field)
{
	*(int *)field = node->type == HGT_NODE_STRING ? hgt_log_format_parse(node->text) : -1;
	return *(int *)field < 0 ? reader_refuse(r, node, "expected logfmt, json or journal") : 0;
}

static int parse_push_rule(struct reader *r, const struct hgt_node *node, void *field)
{
	if (node->type == HGT_NODE_STRING && strcmp(node->text, "never") == 0)
		*(enum hgt_push_rule *)field = HGT_PUSH_NEVER;
	else if (node->type == HGT_NODE_STRING && strcmp(node->text, "allow") == 0)
		*(enum hgt_push_rule *)field = HGT_PUSH_ALLOW;
	else
		return reader_refuse(r, node, "expected never or allow");
	return 0;
}

/* "1.36"; without quotes YAML takes it for a number, whose text it still has. */
static int parse_kubernetes(struct reader *r, const struct hgt_node *node, void *field)
{
	if (node->type == HGT_NODE_SEQ || node->type == HGT_NODE_MAP || !hgt_kubernetes_parse(node->text, field))
		return reader_refuse(r, node, "expected a version of Kubernetes, such as \"1.36\"");
	return 0;
}

/* Whether a rule setting names a rule, or with "group/" and a star the rules of a group. */
static bool names_a_rule(const char *text)
{
	size_t len = strlen(text), n;
	const struct hgt_rule *rules;

	if (hgt_rule_find(text))
		return true;
	if (len < 3 || strcmp(text + len - 2, "/*") != 0)
		return false;
	rules = hgt_rules(&n);
	for (size_t i = 0; i < n; i++)
		if (strncmp(rules[i].id, text, len - 1) == 0)
			return true;
	return false;
}

static int parse_rules(struct reader *r, const struct hgt_node *node, void *field)
{
	struct hgt_config_policy *policy = (struct hgt_config_policy *)((char *)field - POLICY(rules));
	struct hgt_rule_setting *settings;

	if (node->type != HGT_NODE_MAP)
		return reader_refuse(r, node, "expected a map from rules to severities");
	settings = hgt_arena_array(r->arena, node->v.map.n + 1, sizeof(*settings));
	if (!settings)
		return hgt_error_nomem(r->err);
	for (size_t i = 0; i < node->v.map.n; i++) {
		const struct hgt_pair *pair = &node->v.map.pairs[i];
		bool off = pair->value->type == HGT_NODE_BOOL && !pair->value->v.boolean;
		int severity = off ? HGT_SEVERITY_OFF : hgt_severity_parse(pair->value->text);

		if (!names_a_rule(pair->key->text))
			return reader_refuse(r, pair->key, "no such rule; \"headgate explain\" lists them");
		if (severity < 0)
			return reader_refuse(r, pair->value, "expected off, info, warning or error");
		settings[i].rule = hgt_arena_strndup(r->arena, pair->key->text, pair->key->len);
		settings[i].severity = (enum hgt_severity)severity;
		if (!settings[i].rule)
			return hgt_error_nomem(r->err);
	}
	policy->rules = settings;
	policy->n_rules = node->v.map.n;
	return 0;
}

static int parse_groups(struct reader *r, const struct hgt_node *node, void *field)
{
	struct hgt_config *config = (struct hgt_config *)((char *)field - CONFIG(groups));
	struct hgt_config_group *groups;

	if (node->type != HGT_NODE_MAP)
		return reader_refuse(r, node, "expected a map from group names to lists of users");
	groups = hgt_arena_array(r->arena, node->v.map.n + 1, sizeof(*groups));
	if (!groups)
		return hgt_error_nomem(r->err);
	for (size_t i = 0; i < node->v.map.n; i++) {
		const struct hgt_pair *pair = &node->v.map.pairs[i];
		int code = reader_read_strings(r, pair->value, &groups[i].members);

		if (code < 0)
			return code;
		groups[i].name = hgt_arena_strndup(r->arena, pair->key->text, pair->key->len);
		if (!groups[i].name)
			return hgt_error_nomem(r->err);
	}
	config->groups = groups;
	config->n_groups = node->v.map.n;
	return 0;
}

static int complete_log(struct reader *r, const struct hgt_node *node, void *base)
{
	struct hgt_config *config = (struct hgt_config *)((char *)base - CONFIG(log));

	(void)r;
	if (!hgt_node_get(node, "format"))
		config->log.format = -1;
	return 0;
}

static int parse_addresses(struct reader *r, const struct hgt_node *node, void *field)
{
	unsigned char room[sizeof(struct in6_addr)];
	struct hgt_strings *list = field;
	int code = reader_read_strings(r, node, list);

	for (size_t i = 0; code == 0 && i < list->n; i++)
		if (inet_pton(AF_INET, list->items[i], room) != 1 && inet_pton(AF_INET6, list->items[i], room) != 1)
			code = reader_refuse(r, node->v.seq.items[i], "expected an address, such as 127.0.0.1 or ::1");
	return code;
}

static int complete_push(struct reader *r, const struct hgt_node *node, void *base)
{
	struct hgt_config_policy *policy = (struct hgt_config_policy *)((char *)base - POLICY(push));

	(void)r;
	policy->push.restricted = hgt_node_get(node, "allow") != NULL;
	return 0;
}

static const struct option push_options[] = {
	{.key = "allow", .type = OPTION_STRINGS, .offset = POLICY(push.allow) - POLICY(push), .shape = "list of users and @groups",
		.help = "Who may push here at all. Without it, whoever the Git server lets in. "
		"What comes by a gated mirror is pushed by the user mirror:NAME."},
	{.key = "force", .type = OPTION_CUSTOM, .offset = POLICY(push.force) - POLICY(push), .parse = parse_push_rule,
		.fallback = "never", .shape = "never | allow", .help = "Whether a push may rewrite history."},
	{.key = "delete", .type = OPTION_CUSTOM, .offset = POLICY(push.delete) - POLICY(push), .parse = parse_push_rule,
		.fallback = "never", .shape = "never | allow", .help = "Whether a push may delete the ref."},
	{.key = "signed", .type = OPTION_LATER},
	{.key = "linear", .type = OPTION_LATER},
};
static const struct section push_section = {"push", sizeof(((struct hgt_config_policy *)0)->push), push_options,
	COUNT(push_options), SIZE_MAX, complete_push};

static const struct option check_options[] = {
	{.key = "paths", .type = OPTION_GLOBS, .offset = offsetof(struct hgt_config_check, paths), .required = true,
		.help = "Which files this row is about."},
	{.key = "as", .type = OPTION_CUSTOM, .offset = offsetof(struct hgt_config_check, as), .parse = parse_class,
		.shape = "class", .help = "What these files are, whatever their names and contents look like; other: not checked. "
		"Without it, name and content decide."},
	{.key = "strict", .type = OPTION_BOOL, .offset = offsetof(struct hgt_config_check, strict), .fallback = "false",
		.help = "Whether warnings that have a strict form become errors."},
};
static const struct section check_section = {"an entry of checks", sizeof(struct hgt_config_check), check_options,
	COUNT(check_options), SIZE_MAX, NULL};

static const struct option policy_limit_options[] = {
	{.key = "seconds", .type = OPTION_COUNT, .offset = POLICY(limits.seconds) - POLICY(limits), .min = 1, .max = 300,
		.fallback = "5", .help = "The time in which a push must have been judged; past it, it is refused."},
	{.key = "blob", .type = OPTION_SIZE, .offset = POLICY(limits.blob) - POLICY(limits), .min = 1, .max = 256 * 1024 * 1024,
		.fallback = "10MiB", .help = "The largest file that is checked; a larger one that would be is refused."},
	{.key = "findings", .type = OPTION_COUNT, .offset = POLICY(limits.findings) - POLICY(limits), .min = 1, .max = 1000,
		.fallback = "50", .help = "The most findings told for one ref; the rest are counted."},
};
static const struct section policy_limit_section = {"limits", sizeof(((struct hgt_config_policy *)0)->limits),
	policy_limit_options, COUNT(policy_limit_options), SIZE_MAX, NULL};

static const struct option policy_options[] = {
	{.key = "repos", .type = OPTION_GLOBS, .offset = POLICY(repos), .fallback = "[\"**\"]",
		.help = "Which repositories this policy is about, by name."},
	{.key = "refs", .type = OPTION_GLOBS, .offset = POLICY(refs), .fallback = "[HEAD]",
		.help = "Which refs, by full name; HEAD stands for the default branch."},
	{.key = "push", .type = OPTION_SECTION, .offset = POLICY(push), .section = &push_section, .fallback = "{}",
		.help = "Who may move these refs, and how."},
	{.key = "checks", .type = OPTION_LIST, .offset = POLICY(checks), .section = &check_section,
		.help = "What is checked as what: the first row whose paths match decides. Without rows every file is checked as what "
		"its name and content say; with rows, a file that none names is not checked."},
	{.key = "kubernetes", .type = OPTION_CUSTOM, .offset = POLICY(kubernetes), .parse = parse_kubernetes, .shape = "1.NN",
		.help = "The version of Kubernetes that the objects are for: its schemas, and what it has removed. Default: the newest "
		"that is known."},
	{.key = "rules", .type = OPTION_CUSTOM, .offset = POLICY(rules), .parse = parse_rules,
		.shape = "map from rules to off | info | warning | error",
		.help = "Severities other than the rules' own; group/* stands for all rules of a group."},
	{.key = "limits", .type = OPTION_SECTION, .offset = POLICY(limits), .section = &policy_limit_section, .fallback = "{}",
		.help = "Bounds of the judging."},
};
static const struct section policy_section = {"a policy", sizeof(struct hgt_config_policy), policy_options,
	COUNT(policy_options), POLICY(line), NULL};

/*
 * The address in "127.0.0.1:7420" or "[::1]:7420": 1 when it is loopback, 0 when not, negative when it is none. No names: what a
 * name means may change, and whether it is loopback is a promise.
 */
static int loopback(const char *address, const char *colon)
{
	char host[INET6_ADDRSTRLEN + 2] = "";
	struct in6_addr six;
	struct in_addr four;
	size_t len = (size_t)(colon - address);

	if (len < 2 || len >= sizeof(host))
		return -1;
	memcpy(host, address, len);
	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	if (host[0] != '[' || host[len - 1] != ']')
		return -1;
	host[len - 1] = '\0';
	return inet_pton(AF_INET6, host + 1, &six) == 1 ? IN6_IS_ADDR_LOOPBACK(&six) : -1;
}

static int complete_listen(struct reader *r, const struct hgt_node *node, void *base)
{
	const struct hgt_config_listen *listen = base;
	const struct hgt_node *value = hgt_node_get(node, "address");
	const char *colon = strrchr(listen->address, ':');
	int local = colon ? loopback(listen->address, colon) : -1;
	uint64_t port;

	if (local < 0 || hgt_parse_u64(colon + 1, 65535, &port) < 0)
		return reader_refuse(r, value ? value : node, "expected an address and a port, such as \"127.0.0.1:7420\" or "
			"\"[::1]:7420\"");
	if (!listen->insecure && !local && !listen->tls.cert)
		return reader_refuse(r, value ? value : node,
			"plain HTTP beyond loopback shows every token to the network; say tls: {cert: FILE, key: FILE}, or listen on "
			"127.0.0.1 behind a TLS proxy, or say insecure: true");
	return 0;
}

#define TLS(member) (offsetof(struct hgt_config_listen, tls.member) - offsetof(struct hgt_config_listen, tls))

static const struct option tls_options[] = {
	{.key = "cert", .type = OPTION_PATH, .offset = TLS(cert), .required = true,
		.help = "The certificate in PEM, followed by those between it and the root."},
	{.key = "key", .type = OPTION_PATH, .offset = TLS(key), .required = true, .help = "Its key in PEM, without a pass phrase."},
	{.key = "client_ca", .type = OPTION_PATH, .offset = TLS(client_ca),
		.help = "Who may issue certificates of clients, in PEM. A client that shows one which does not hold is turned away; one "
		"that shows one and no token is the agent that was added with --certificate and a name in it: of its host names (DNS subject "
		"alternative names), or, when it has none of those, its common name."},
};
static const struct section tls_section = {"tls", sizeof(((struct hgt_config_listen *)0)->tls), tls_options, COUNT(tls_options),
	SIZE_MAX, NULL};

static const struct option listen_options[] = {
	{.key = "address", .type = OPTION_STRING, .offset = offsetof(struct hgt_config_listen, address), .required = true,
		.shape = "address:port", .help = "Where agents connect. Port 0 lets the kernel choose; the log tells which."},
	{.key = "insecure", .type = OPTION_BOOL, .offset = offsetof(struct hgt_config_listen, insecure), .fallback = "false",
		.help = "Allow plain HTTP on an address that is not loopback."},
	{.key = "tls", .type = OPTION_SECTION, .offset = offsetof(struct hgt_config_listen, tls), .section = &tls_section,
		.help = "Speak HTTPS here, TLS 1.2 and later. The files are read again at a reload, and when somebody connects who "
		"finds them changed; what is wrong with them then is logged, and the old ones stay in force."},
	{.key = "metrics", .type = OPTION_BOOL, .offset = offsetof(struct hgt_config_listen, metrics), .fallback = "false",
		.help = "Answer /metrics here to anyone, without a token. It names repositories' numbers, agents and rules, and nothing that "
		"they hold; an address of its own, which only the scraper reaches, is the usual way."},
};
static const struct section listen_section = {"an entry of listen", sizeof(struct hgt_config_listen), listen_options,
	COUNT(listen_options), SIZE_MAX, complete_listen};

static const struct option repositories_options[] = {
	{.key = "root", .type = OPTION_PATH, .offset = CONFIG(repositories.root) - CONFIG(repositories), .required = true,
		.help = "The folder that all repositories lie below. A repository's name is its path below it without .git."},
	{.key = "include", .type = OPTION_GLOBS, .offset = CONFIG(repositories.include) - CONFIG(repositories),
		.fallback = "[\"**\"]", .help = "Which repositories are served, by name."},
	{.key = "exclude", .type = OPTION_GLOBS, .offset = CONFIG(repositories.exclude) - CONFIG(repositories), .fallback = "[]",
		.help = "Which of those are not."},
};
static const struct section repositories_section = {"repositories", sizeof(((struct hgt_config *)0)->repositories),
	repositories_options, COUNT(repositories_options), SIZE_MAX, NULL};

static const struct option sockets_options[] = {
	{.key = "hook", .type = OPTION_PATH, .offset = CONFIG(sockets.hook) - CONFIG(sockets),
		.fallback = "/run/headgate/hook.sock", .help = "Where hooks announce pushes; for the Git user and its group."},
	{.key = "admin", .type = OPTION_PATH, .offset = CONFIG(sockets.admin) - CONFIG(sockets),
		.fallback = "/run/headgate/admin.sock", .help = "Where headgate(1) talks to the daemon; for its owner alone."},
};
static const struct section sockets_section = {"sockets", sizeof(((struct hgt_config *)0)->sockets), sockets_options,
	COUNT(sockets_options), SIZE_MAX, NULL};

static const struct option journal_options[] = {
	{.key = "keep_days", .type = OPTION_COUNT, .offset = CONFIG(journal.keep_days) - CONFIG(journal), .max = 36500, .fallback = "400",
		.help = "How many days an event is kept; 0: for ever."},
	{.key = "keep_events", .type = OPTION_COUNT, .offset = CONFIG(journal.keep_events) - CONFIG(journal), .max = UINT32_MAX,
		.fallback = "10000000", .help = "How many events are kept, a sixteenth more at times; 0: any number."},
};
static const struct section journal_section = {"journal", sizeof(((struct hgt_config *)0)->journal), journal_options,
	COUNT(journal_options), SIZE_MAX, NULL};

static const struct option log_options[] = {
	{.key = "level", .type = OPTION_CUSTOM, .offset = CONFIG(log.level) - CONFIG(log), .parse = parse_log_level, .fallback = "info",
		.shape = "error | warning | info | debug", .help = "What the daemon's log tells: what is at least this bad. debug has a line for "
		"each request."},
	{.key = "format", .type = OPTION_CUSTOM, .offset = CONFIG(log.format) - CONFIG(log), .parse = parse_log_format,
		.shape = "logfmt | json | journal", .help = "How. Default: journal where systemd-journald(8) reads, else logfmt. journal "
		"is logfmt without time and level, which journald keeps itself; to journald json has its levels too."},
};
static const struct section log_section = {"log", sizeof(((struct hgt_config *)0)->log), log_options, COUNT(log_options), SIZE_MAX,
	complete_log};

#define LIMITS(member) (CONFIG(limits.member) - CONFIG(limits))

static const struct option limits_options[] = {
	{.key = "archive_cache", .type = OPTION_SIZE, .offset = CONFIG(limits.archive_cache) - CONFIG(limits), .min = 1024 * 1024,
		.max = UINT64_MAX / 2, .fallback = "256MiB", .help = "How much of the state folder archives may take."},
	{.key = "streams", .type = OPTION_COUNT, .offset = CONFIG(limits.streams) - CONFIG(limits), .min = 1, .max = 1000000,
		.fallback = "10000", .help = "The most event streams open at once."},
	{.key = "waits", .type = OPTION_COUNT, .offset = LIMITS(waits), .max = 100000, .fallback = "64",
		.help = "How many pushes (git push -o headgate.wait) and requests may wait for agents at once. 0: none waits."},
	{.key = "wait", .type = OPTION_SECONDS, .offset = LIMITS(wait), .min = 1, .max = 86400, .fallback = "10m",
		.help = "How long a push may wait."},
	{.key = "address_connections", .type = OPTION_COUNT, .offset = LIMITS(address_connections), .max = 1000000, .fallback = "1024",
		.help = "The most connections open at once from one address; of IPv6, from one /64. Loopback and proxies are not counted. 0: no "
		"limit, here and in the next four."},
	{.key = "address_requests", .type = OPTION_COUNT, .offset = LIMITS(address_requests), .max = 1000000, .fallback = "50",
		.help = "How many requests a second one address may make without a good token; ten times as many at once."},
	{.key = "client_open", .type = OPTION_COUNT, .offset = LIMITS(client_open), .max = 1000000, .fallback = "64",
		.help = "The most requests and streams that one agent or token may have open at once."},
	{.key = "client_requests", .type = OPTION_COUNT, .offset = LIMITS(client_requests), .max = 1000000, .fallback = "100",
		.help = "How many requests a second one agent or token may make; ten times as many at once."},
	{.key = "wrong_tokens", .type = OPTION_COUNT, .offset = LIMITS(wrong_tokens), .max = 1000000, .fallback = "10",
		.help = "After so many different wrong tokens within wrong_window an address is locked out: none of its tokens is looked at."},
	{.key = "wrong_window", .type = OPTION_SECONDS, .offset = LIMITS(wrong_window), .min = 1, .max = 86400, .fallback = "60s",
		.help = "See wrong_tokens."},
	{.key = "lockout", .type = OPTION_SECONDS, .offset = LIMITS(lockout), .min = 1, .max = 86400, .fallback = "60s",
		.help = "For how long, the first time; each further time twice as long."},
	{.key = "lockout_most", .type = OPTION_SECONDS, .offset = LIMITS(lockout_most), .min = 1, .max = 604800, .fallback = "1h",
		.help = "The longest lock-out; whoever keeps quiet for so long begins anew."},
	{.key = "mirrors", .type = OPTION_COUNT, .offset = LIMITS(mirrors), .min = 1, .max = 256, .fallback = "8",
		.help = "Repositories that mirrors bring into step at once."},
	{.key = "mirrors_per_host", .type = OPTION_COUNT, .offset = LIMITS(mirrors_per_host), .min = 1, .max = 256, .fallback = "4",
		.help = "How many of these may be busy with one host."},
	{.key = "manifest", .type = OPTION_SIZE, .offset = LIMITS(manifest), .min = 1024, .max = 1024 * 1024 * 1024, .fallback = "64MiB",
		.help = "The largest manifest of an upstream that is read, uncompressed. Reading it takes up to twenty times as much memory for a "
		"moment."},
};
static const struct section limits_section = {"limits", sizeof(((struct hgt_config *)0)->limits), limits_options,
	COUNT(limits_options), SIZE_MAX, NULL};

/* Every @group that a policy names must be there: a misspelt one would shut everybody out in silence. */
static int check_groups(struct reader *r, const struct hgt_config *config)
{
	for (size_t i = 0; i < config->n_policies; i++) {
		const struct hgt_strings *allow = &config->policies[i].push.allow;

		for (size_t j = 0; j < allow->n; j++) {
			bool found = allow->items[j][0] != '@';

			for (size_t g = 0; g < config->n_groups && !found; g++)
				found = strcmp(config->groups[g].name, allow->items[j] + 1) == 0;
			if (!found)
				return hgt_error_set(r->err, HGT_EPARSE, "%s:%u:1: this policy allows \"%s\", and no such group is in groups",
					r->path, config->policies[i].line, allow->items[j]);
		}
	}
	return 0;
}

static int complete_config(struct reader *r, const struct hgt_node *node, void *base)
{
	struct hgt_config *config = base;
	int code;

	config->schemas_given = hgt_node_get(node, "schemas") != NULL;
	if (!config->site) {
		char host[256] = "localhost";

		if (gethostname(host, sizeof(host) - 1) < 0 || !host[0])
			memcpy(host, "localhost", 10);
		config->site = hgt_arena_strndup(r->arena, host, strlen(host));
		if (!config->site)
			return hgt_error_nomem(r->err);
	}
	code = check_webhooks(r, config);
	if (code == 0)
		code = check_mirrors(r, config);
	return code < 0 ? code : check_groups(r, config);
}

static const struct option config_options[] = {
	{.key = "site", .type = OPTION_STRING, .offset = CONFIG(site),
		.help = "The name of this server in events. Default: the host's name."},
	{.key = "state", .type = OPTION_PATH, .offset = CONFIG(state), .fallback = "/var/lib/headgate",
		.help = "The folder for the journal, the spool and the archives; the Git user must be able to write to it."},
	{.key = "repositories", .type = OPTION_SECTION, .offset = CONFIG(repositories), .section = &repositories_section,
		.required = true, .help = "Which repositories there are."},
	{.key = "sockets", .type = OPTION_SECTION, .offset = CONFIG(sockets), .section = &sockets_section, .fallback = "{}",
		.help = "The unix sockets of the daemon."},
	{.key = "log", .type = OPTION_SECTION, .offset = CONFIG(log), .section = &log_section, .fallback = "{}",
		.help = "The daemon's log, on standard error. Its command line counts before this."},
	{.key = "listen", .type = OPTION_LIST, .offset = CONFIG(listen), .section = &listen_section,
		.fallback = "[{address: \"127.0.0.1:7420\"}]", .help = "Where agents connect."},
	{.key = "stale_after", .type = OPTION_SECONDS, .offset = CONFIG(stale_after), .min = 1, .max = 604800, .fallback = "2m",
		.help = "What an agent has reported is shown as Unknown once its stream has been cut for so long, or for three times what passes between "
		"two comparisons of the target, if that is longer."},
	{.key = "proxies", .type = OPTION_CUSTOM, .offset = CONFIG(proxies), .parse = parse_addresses, .fallback = "[]",
		.shape = "list of addresses", .help = "Reverse proxies: of requests that come from there the last address in X-Forwarded-For is "
		"taken for the client's, for limits, lock-out and what is journaled. Name none that others can use to reach the daemon as they "
		"like."},
	{.key = "policies", .type = OPTION_LIST, .offset = CONFIG(policies), .section = &policy_section,
		.help = "What holds for which refs: the first whose repos and refs match. With no policies at all, the default branch of "
		"every repository takes no force push and no deletion and is checked by class. A ref that no policy names passes "
		"unchecked and is journaled."},
	{.key = "groups", .type = OPTION_CUSTOM, .offset = CONFIG(groups), .parse = parse_groups,
		.shape = "map from names to lists of users", .help = "Groups of users, for allow."},
	{.key = "journal", .type = OPTION_SECTION, .offset = CONFIG(journal), .section = &journal_section, .fallback = "{}",
		.help = "How long the journal keeps events. The oldest go first; where each ref is, the agents and their last reports stay "
		"whatever goes. What goes is told by an event, so that the rest can still be verified."},
	{.key = "limits", .type = OPTION_SECTION, .offset = CONFIG(limits), .section = &limits_section, .fallback = "{}",
		.help = "Bounds of the daemon."},
	{.key = "schemas", .type = OPTION_STRINGS, .offset = CONFIG(schemas), .shape = "list of packs",
		.help = "The packs of schemas, besides Kubernetes' own, that objects are held against: names as \"headgate schema list\" "
		"tells them, or paths. Without it, every pack that is found."},
	{.key = "webhooks", .type = OPTION_LIST, .offset = CONFIG(webhooks), .section = &webhook_section, .fallback = "[]",
		.help = "Who is told of events by HTTP, each in order, at least once."},
	{.key = "inbound", .type = OPTION_LIST, .offset = CONFIG(inbound), .section = &inbound_section, .fallback = "[]",
		.help = "Webhooks that forges send here, as events for whoever subscribes."},
	{.key = "mirrors", .type = OPTION_LIST, .offset = CONFIG(mirrors), .section = &mirror_section, .fallback = "[]",
		.help = "Copies of repositories that are kept in step: elsewhere of what is here, or here of what is elsewhere."},
	{.key = "manifest", .type = OPTION_SECTION, .offset = CONFIG(manifest), .section = &manifest_section,
		.help = "Tell mirrors which repositories there are here, and what has moved, by a manifest as grokmirror has it. Without this, "
		"none is written."},
};
static const struct section config_section = {"the config", sizeof(struct hgt_config), config_options, COUNT(config_options),
	SIZE_MAX, complete_config};

int hgt_config_parse(const char *text, size_t len, const char *path, struct hgt_config **out, struct hgt_error *err)
{
	return config_parse(&config_section, text, len, path, out, err);
}

int hgt_config_load(const char *path, struct hgt_config **out, struct hgt_error *err)
{
	return config_load(&config_section, path, out, err);
}

void hgt_config_free(struct hgt_config *config)
{
	hgt_config_unref(config);
}

const struct hgt_config *hgt_config_ref(const struct hgt_config *config)
{
	/* The count is no part of what is immutable. */
	((struct hgt_config *)config)->refs++;
	return config;
}

void hgt_config_unref(const struct hgt_config *config)
{
	struct hgt_config *held = (struct hgt_config *)config;

	if (held && held->refs > 0)
		held->refs--;
	else
		config_free(held);
}

/* One text that stays as it was. */
static int keep_text(struct hgt_config *config, const char **text, const char *running, const char *key, struct hgt_buf *kept,
	struct hgt_error *err)
{
	if (strcmp(*text, running) == 0)
		return 0;
	hgt_buf_addf(kept, "%s%s", kept->len ? ", " : "", key);
	*text = hgt_arena_strndup(&config->arena, running, strlen(running));
	return *text ? 0 : hgt_error_nomem(err);
}

int hgt_config_follow(struct hgt_config *config, const struct hgt_config *running, struct hgt_buf *kept, struct hgt_error *err)
{
	int code = keep_text(config, &config->state, running->state, "state", kept, err);

	if (code == 0)
		code = keep_text(config, &config->sockets.hook, running->sockets.hook, "sockets.hook", kept, err);
	if (code == 0)
		code = keep_text(config, &config->sockets.admin, running->sockets.admin, "sockets.admin", kept, err);
	return code < 0 ? code : hgt_buf_check(kept, err);
}

void hgt_config_reference(struct hgt_buf *out)
{
	section_reference(&config_section, "", out);
}
