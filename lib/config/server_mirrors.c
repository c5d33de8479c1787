/* The server's config: mirrors. */
#include <stddef.h>

#include "config/server_private.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MIRROR(member) offsetof(struct hgt_config_mirror, member)

static int parse_direction(struct reader *r, const struct hgt_node *node, void *field)
{
	const char *word = node->type == HGT_NODE_STRING ? node->text : "";

	if (strcmp(word, "push") != 0 && strcmp(word, "pull") != 0)
		return reader_refuse(r, node, "expected push or pull");
	*(enum hgt_mirror_direction *)field = strcmp(word, "push") == 0 ? HGT_MIRROR_PUSH : HGT_MIRROR_PULL;
	return 0;
}

static int parse_rule(struct reader *r, const struct hgt_node *node, void *field)
{
	static const char *const words[] = {[HGT_MIRROR_KEEP] = "keep", [HGT_MIRROR_FOLLOW] = "follow", [HGT_MIRROR_STOP] = "stop"};

	for (size_t i = 0; node->type == HGT_NODE_STRING && i < COUNT(words); i++)
		if (!strcmp(node->text, words[i])) {
			*(enum hgt_mirror_rule *)field = (enum hgt_mirror_rule)i;
			return 0;
		}
	return reader_refuse(r, node, "expected keep, follow or stop");
}

static int parse_peer(struct reader *r, const struct hgt_node *node, void *field)
{
	const char *word = node->type == HGT_NODE_STRING ? node->text : "";

	if (strcmp(word, "leader") != 0 && strcmp(word, "follower") != 0)
		return reader_refuse(r, node, "expected leader or follower");
	*(enum hgt_mirror_peer *)field = strcmp(word, "leader") == 0 ? HGT_MIRROR_LEADER : HGT_MIRROR_FOLLOWER;
	return 0;
}

static bool begins(const char *s, const char *start)
{
	return strncmp(s, start, strlen(start)) == 0;
}

/* A user and a password, or a token in their place: what stands in a URL is seen in process lists. */
static bool has_password(const char *url)
{
	const char *host = strstr(url, "://") + 3, *at = memchr(host, '@', strcspn(host, "/?#"));

	return at && (!begins(url, "ssh://") || memchr(host, ':', (size_t)(at - host)));
}

/*
 * What git takes for a URL and we let it have: ssh, https, http, file, HOST:PATH as scp has it, or an absolute path. None of the
 * helpers that git would run for another scheme ("ext::", say), nothing that it or ssh would take for an option.
 */
static int check_url(struct reader *r, const struct hgt_node *node, const char *url)
{
	const char *scheme = strstr(url, "://"), *colon = strchr(url, ':'), *slash = strchr(url, '/');
	bool known = begins(url, "ssh://") || begins(url, "https://") || begins(url, "http://") || begins(url, "file:///");
	bool scp = !scheme && colon && colon > url && colon[1] && colon[1] != ':' && (!slash || slash > colon) && url[0] != '[';

	for (const unsigned char *p = (const unsigned char *)url; *p; p++)
		if (*p <= ' ' || *p >= 0x7f || *p == '\\' || *p == '"' || *p == '\'' || *p == '<' || *p == '>')
			return reader_refuse(r, node, "a URL has no spaces, quotes or letters beyond ASCII; percent-encode them");
	if (!known && !scp && url[0] != '/')
		return reader_refuse(r, node, "expected a URL that begins with ssh://, https://, http:// or file:///, HOST:PATH, or an absolute path");
	if (url[0] == '-' || (scheme && (scheme[3] == '-' || (scheme[3] == '/' && !begins(url, "file://")) || !scheme[3])))
		return reader_refuse(r, node, "a URL needs a host, which does not begin with a dash");
	if (strstr(url, "@-"))
		return reader_refuse(r, node, "a host does not begin with a dash");
	if (scheme && known && !begins(url, "file://") && has_password(url))
		return reader_refuse(r, node, "a password has no place here; put it into a file that credentials_file names");
	return 0;
}

/* Where there may be several repositories each needs a place of its own. */
static int check_place(struct reader *r, const struct hgt_node *node, const struct hgt_config_mirror *mirror)
{
	if (strstr(mirror->url, "{repo}") || (mirror->repos.n == 1 && !strpbrk(mirror->repos.items[0], "*?[{")))
		return 0;
	return reader_refuse(r, node, "several repositories would go by one URL; write {repo} where the name of each has its place");
}

static int refuse_pull_only(struct reader *r, const struct hgt_node *node)
{
	static const char *const keys[] = {"every", "gate", "on_force", "on_delete", "guard", "create", "manifest", "upstream", "peer"};

	for (size_t i = 0; i < COUNT(keys); i++) {
		const struct hgt_node *value = hgt_node_get(node, keys[i]);

		if (value)
			return reader_refuse(r, value, "%s is for direction: pull", keys[i]);
	}
	return 0;
}

/* Of a manifest: what libcurl loads, or a file. */
static int check_manifest(struct reader *r, const struct hgt_node *node, const struct hgt_config_mirror *mirror)
{
	const struct hgt_node *value = hgt_node_get(node, "manifest");
	const char *url = mirror->manifest;
	bool http = url && (begins(url, "https://") || begins(url, "http://")), file = url && (begins(url, "file:///") || url[0] == '/');

	if (!url)
		return 0;
	for (const unsigned char *p = (const unsigned char *)url; *p; p++)
		if (*p <= ' ' || *p >= 0x7f)
			return reader_refuse(r, value, "a URL has no spaces and no letters beyond ASCII; percent-encode them");
	if (!http && !file)
		return reader_refuse(r, value, "expected a URL that begins with https://, http:// or file:///, or an absolute path");
	if (http && has_password(url))
		return reader_refuse(r, value, "a password has no place in a URL, where it is seen by many; manifests are read without one");
	if (!strstr(mirror->url, "{repo}"))
		return reader_refuse(r, value, "a manifest tells of several repositories; write {repo} into url where the name of each has its place");
	return 0;
}

/* The Headgate upstream: a token goes there. */
static int check_upstream(struct reader *r, const struct hgt_node *node, const struct hgt_config_mirror *mirror)
{
	const struct hgt_node *upstream = hgt_node_get(node, "upstream"), *server = hgt_node_get(upstream, "server");
	const struct hgt_node *repo = hgt_node_get(upstream, "repo"), *peer = hgt_node_get(node, "peer"), *gate = hgt_node_get(node, "gate");
	const char *url = mirror->upstream.server;
	size_t host;

	if (peer && !url)
		return reader_refuse(r, peer, "peer needs upstream: the two speak with each other");
	if (peer && mirror->gate)
		return reader_refuse(r, gate ? gate : peer, "the gate of the peer that leads has judged what comes from it; leave gate out");
	if (!upstream)
		return 0;
	if (!url || !mirror->upstream.token_file)
		return reader_refuse(r, upstream, "upstream needs server and token_file");
	if (!begins(url, "https://") && !begins(url, "http://"))
		return reader_refuse(r, server, "expected a URL that begins with https:// or http://");
	host = strcspn(strstr(url, "://") + 3, "/?#@");
	if (!host || strstr(url, "://")[3 + host])
		return reader_refuse(r, server, "expected a URL such as https://git.example.org:7443, without a user or a path");
	if (begins(url, "http://") && !mirror->insecure && !begins(url, "http://127.0.0.1:") && !begins(url, "http://[::1]:") &&
	    !begins(url, "http://localhost:"))
		return reader_refuse(r, server, "plain HTTP shows the token to the network; use https://, or say insecure: true");
	if (repo && (mirror->repos.n != 1 || strpbrk(mirror->repos.items[0], "*?[{")))
		return reader_refuse(r, repo, "a name of one repository there is for a mirror of one repository here");
	return 0;
}

static int complete_mirror(struct reader *r, const struct hgt_node *node, void *base)
{
	const struct hgt_config_mirror *mirror = base;
	const struct hgt_node *url = hgt_node_get(node, "url"), *first = hgt_node_get(node, "retry_first");
	const struct hgt_node *most = hgt_node_get(node, "retry_most");
	int code = check_url(r, url ? url : node, mirror->url);

	if (code == 0)
		code = check_place(r, url ? url : node, mirror);
	if (code == 0 && mirror->direction == HGT_MIRROR_PUSH)
		code = refuse_pull_only(r, node);
	if (code == 0)
		code = check_manifest(r, node, mirror);
	if (code == 0)
		code = check_upstream(r, node, mirror);
	if (code < 0)
		return code;
	if (mirror->retry_first > mirror->retry_most)
		return reader_refuse(r, first ? first : most ? most : node, "retry_first is longer than retry_most");
	if (mirror->credentials_file && !mirror->insecure && begins(mirror->url, "http://"))
		return reader_refuse(r, url ? url : node, "plain HTTP shows the credentials to the network; use https://, or say insecure: true");
	return 0;
}

static const struct option upstream_options[] = {
	{.key = "server", .type = OPTION_STRING, .offset = MIRROR(upstream.server), .shape = "URL",
		.help = "Of its API: https://HOST:PORT; http:// on loopback, or with insecure."},
	{.key = "token_file", .type = OPTION_PATH, .offset = MIRROR(upstream.token_file),
		.help = "A token of that Headgate: a viewer's, or an operator's without a scope where there is peer."},
	{.key = "ca_file", .type = OPTION_PATH, .offset = MIRROR(upstream.ca_file),
		.help = "Who may have signed its certificate, as PEM. Without it, whom the system trusts."},
	{.key = "repo", .type = OPTION_STRING, .offset = MIRROR(upstream.repo),
		.help = "What the mirror's one repository is called there, where it is not as here."},
};
static const struct section upstream_section = {"upstream", 0, upstream_options, COUNT(upstream_options), SIZE_MAX, NULL};

static const struct option mirror_options[] = {
	{.key = "name", .type = OPTION_CUSTOM, .offset = MIRROR(name), .parse = parse_name, .required = true, .shape = "name",
		.help = "What it is called in headgate mirror. What is known of the other side goes with the name."},
	{.key = "direction", .type = OPTION_CUSTOM, .offset = MIRROR(direction), .parse = parse_direction, .required = true,
		.shape = "push | pull", .help = "push: what is here is kept there too. pull: what is there is kept here too."},
	{.key = "repos", .type = OPTION_GLOBS, .offset = MIRROR(repos), .fallback = "[\"**\"]", .help = "Which repositories, by their names here."},
	{.key = "url", .type = OPTION_STRING, .offset = MIRROR(url), .required = true, .shape = "URL",
		.help = "Where the other side is: ssh://, https://, http://, file:///, HOST:PATH, or an absolute path; {repo} stands for the "
		"repository's name."},
	{.key = "refs", .type = OPTION_GLOBS, .offset = MIRROR(refs), .fallback = "[\"refs/heads/**\", \"refs/tags/**\"]",
		.help = "Which refs, by their full names."},
	{.key = "every", .type = OPTION_SECONDS, .offset = MIRROR(every), .min = 0, .max = 604800, .fallback = "5m",
		.help = "Pull: how often upstream is looked at when nobody tells; up to a tenth is added by chance. 0s: only when somebody tells."},
	{.key = "gate", .type = OPTION_BOOL, .offset = MIRROR(gate), .fallback = "false",
		.help = "Pull: judge what comes by the policies, as a push of the user mirror:NAME. What is refused is not published; the last "
		"good state stays."},
	{.key = "on_force", .type = OPTION_CUSTOM, .offset = MIRROR(on_force), .parse = parse_rule, .fallback = "keep",
		.shape = "keep | follow | stop", .help = "Pull: a ref that upstream has moved so that it does not contain what it was. keep: go "
		"along, and keep what it was under refs/headgate/kept/. follow: go along. stop: leave it, and tell."},
	{.key = "on_delete", .type = OPTION_CUSTOM, .offset = MIRROR(on_delete), .parse = parse_rule, .fallback = "keep",
		.shape = "keep | follow | stop", .help = "Pull: the same of a ref that upstream has deleted."},
	{.key = "guard", .type = OPTION_COUNT, .offset = MIRROR(guard), .min = 0, .max = 100, .fallback = "20",
		.help = "Pull: how many percent of a repository's refs may be deleted or forced at once; past that nothing is moved until somebody "
		"says so. One ref always may. 100: no guard, but for an upstream with no refs at all, or with nothing in common with what is here."},
	{.key = "create", .type = OPTION_BOOL, .offset = MIRROR(create), .fallback = "false",
		.help = "Pull: make repositories that are not here yet: those of the manifest, and those that repos names without a wildcard."},
	{.key = "manifest", .type = OPTION_STRING, .offset = MIRROR(manifest), .shape = "URL",
		.help = "Pull: where upstream tells which repositories it has and a fingerprint of each, as grokmirror's manifest.js.gz: https://, "
		"http://, file:/// or an absolute path. It is looked at each time that every says, and then at those repositories alone "
		"whose fingerprint is another one here."},
	{.key = "upstream", .type = OPTION_SECTION, .section = &upstream_section,
		.help = "Pull: the other side is a Headgate too. What moves there is brought here at once, without waiting for the clock."},
	{.key = "peer", .type = OPTION_CUSTOM, .offset = MIRROR(peer), .parse = parse_peer, .shape = "leader | follower",
		.help = "Pull: both sides have this mirror, under one name, each with the other as upstream. One leads, and takes pushes; the other "
		"follows, and takes none. This is how it begins; headgate mirror promote changes it, and then that counts."},
	{.key = "lfs", .type = OPTION_BOOL, .offset = MIRROR(lfs), .fallback = "false",
		.help = "Bring objects of Git LFS too, by git-lfs(1)."},
	{.key = "identity_file", .type = OPTION_PATH, .offset = MIRROR(identity_file), .help = "ssh: the private key."},
	{.key = "known_hosts_file", .type = OPTION_PATH, .offset = MIRROR(known_hosts_file),
		.help = "ssh: the keys of hosts. Without it, those that the account knows. A host that is in neither is not spoken to."},
	{.key = "credentials_file", .type = OPTION_PATH, .offset = MIRROR(credentials_file),
		.help = "https: lines as git-credential-store(1) has them, readable by their owner, or owner and group, alone."},
	{.key = "insecure", .type = OPTION_BOOL, .offset = MIRROR(insecure), .fallback = "false",
		.help = "Allow credentials over plain HTTP."},
	{.key = "timeout", .type = OPTION_SECONDS, .offset = MIRROR(timeout), .min = 1, .max = 604800, .fallback = "1h",
		.help = "How long one run of git may take."},
	{.key = "silence", .type = OPTION_SECONDS, .offset = MIRROR(silence), .min = 1, .max = 86400, .fallback = "60s",
		.help = "How long a run of git may say nothing and move nothing before it is given up."},
	{.key = "retry_first", .type = OPTION_SECONDS, .offset = MIRROR(retry_first), .min = 1, .max = 3600, .fallback = "2s",
		.help = "The longest wait after the first failure. It doubles with each; the wait itself is drawn from below it."},
	{.key = "retry_most", .type = OPTION_SECONDS, .offset = MIRROR(retry_most), .min = 1, .max = 86400, .fallback = "10m",
		.help = "The longest wait between attempts, of which there is no last."},
	{.key = "alert_after", .type = OPTION_SECONDS, .offset = MIRROR(alert_after), .min = 1, .max = 2592000, .fallback = "1h",
		.help = "How long a repository may be behind before that is an event of its own."},
	{.key = "verify_every", .type = OPTION_SECONDS, .offset = MIRROR(verify_every), .min = 0, .max = 2592000, .fallback = "24h",
		.help = "How often the other side is asked for its refs although nothing has moved. 0s: never."},
};
const struct section mirror_section = {"an entry of mirrors", sizeof(struct hgt_config_mirror), mirror_options, COUNT(mirror_options),
	MIRROR(line), complete_mirror};

#define MANIFEST(member) (offsetof(struct hgt_config, manifest.member) - offsetof(struct hgt_config, manifest))

static const struct option manifest_options[] = {
	{.key = "file", .type = OPTION_PATH, .offset = MANIFEST(file), .required = true,
		.help = "Where: a file that a web server serves. It is compressed when its name ends in .gz. Nobody else writes it."},
	{.key = "repos", .type = OPTION_GLOBS, .offset = MANIFEST(repos), .fallback = "[\"**\"]",
		.help = "Which repositories it tells of, by name. Whoever can read the file sees their names."},
	{.key = "export_ok", .type = OPTION_BOOL, .offset = MANIFEST(export_ok), .fallback = "false",
		.help = "Of these, those alone that have a file git-daemon-export-ok."},
};
const struct section manifest_section = {"manifest", sizeof(((struct hgt_config *)0)->manifest), manifest_options, COUNT(manifest_options),
	SIZE_MAX, NULL};

int check_mirrors(struct reader *r, const struct hgt_config *config)
{
	for (size_t i = 0; i < config->n_mirrors; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(config->mirrors[i].name, config->mirrors[j].name))
				return refuse_twin(r, config->mirrors[i].line, "mirror", config->mirrors[i].name);
	return 0;
}
