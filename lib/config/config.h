/*
 * The server's and the agent's configuration: YAML, read through one table that validates, fills these structs and prints the
 * reference (docs/headgate.yaml.5).
 *
 *	struct hgt_config *config;
 *	if (hgt_config_load(path, &config, &err) < 0)	("<path>:<line>:<column>: <message>")
 *		...
 *	hgt_config_free(config);
 *
 * A config is immutable once loaded; all its strings live in it.
 */
#ifndef HEADGATE_CONFIG_CONFIG_H
#define HEADGATE_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "check/engine.h"
#include "webhook/address.h"
#include "webhook/format.h"

struct hgt_strings {
	char **items;
	size_t n;
};

struct hgt_config_listen {
	const char *address;	/* "127.0.0.1:7420", "[::1]:7420", port 0: the kernel chooses */
	bool insecure;		/* plain HTTP off loopback is wanted */
	struct {
		const char *cert, *key;	/* PEM files; NULL: plain HTTP */
		const char *client_ca;	/* the same, or NULL */
	} tls;
	bool metrics;		/* /metrics is for anyone here */
};

enum hgt_push_rule { HGT_PUSH_NEVER, HGT_PUSH_ALLOW };	/* of force and delete: "never" or "allow" */

struct hgt_config_check {
	struct hgt_strings paths;	/* globs */
	enum hgt_class as;		/* HGT_CLASS_AUTO when not said */
	bool strict;
};

struct hgt_config_policy {
	struct hgt_strings repos;	/* globs over repository names */
	struct hgt_strings refs;	/* globs over full ref names; "HEAD" stands for the default branch */
	struct {
		bool restricted;		/* allow was given */
		struct hgt_strings allow;	/* names and "@group"s */
		enum hgt_push_rule force;	/* default never */
		enum hgt_push_rule delete;	/* default never */
	} push;
	struct hgt_config_check *checks;	/* the first whose paths match decides; none given: all paths, AUTO */
	size_t n_checks;
	unsigned kubernetes;	/* minor version of Kubernetes 1 that the objects are for; 0: the newest known */
	struct hgt_rule_setting *rules;
	size_t n_rules;
	struct {
		unsigned seconds;	/* default 5 */
		uint64_t blob;		/* bytes, default 10 MiB */
		unsigned findings;	/* told in one push, default 50 */
	} limits;
	uint32_t line;		/* where the file states it */
};

struct hgt_config_group {
	const char *name;
	struct hgt_strings members;
};

struct hgt_config_webhook {
	const char *name;
	const char *url;
	enum hgt_webhook_format format;	/* default cloudevents */
	const char *secret_file;	/* or NULL: nothing is signed */
	const char *ca_file;		/* or NULL: the system's */
	struct hgt_strings repos, refs;	/* globs; default "**" */
	struct hgt_strings events;	/* globs over types without "io.headgate." and ".v1"; default ref.updated */
	const char *http_url, *ssh_url, *web_url;	/* of a repository, with {site} and {repo} */
	bool insecure;			/* a secret may go over plain HTTP */
	bool allow_private;
	struct {
		struct hgt_range *items;
		size_t n;
	} allow;
	uint32_t timeout;		/* seconds of one attempt */
	uint32_t retry_first, retry_most, retry_for;	/* seconds */
	uint64_t body;			/* bytes */
	unsigned keep;			/* deliveries in the history, and parked ones besides */
	uint32_t line;
};

struct hgt_config_inbound {
	const char *name;
	enum hgt_webhook_format kind;	/* github, gitlab, gitea */
	const char *secret_file;
	const char *repo;		/* the name that the event bears */
	uint32_t window;		/* seconds */
	uint32_t line;
};

enum hgt_mirror_direction { HGT_MIRROR_PUSH, HGT_MIRROR_PULL };

/* What is done about a ref that upstream has moved to where it does not contain what it was, or has deleted. */
enum hgt_mirror_rule {
	HGT_MIRROR_KEEP,	/* follow, and keep what it was under refs/headgate/kept/ */
	HGT_MIRROR_FOLLOW,
	HGT_MIRROR_STOP,	/* leave it as it is, and tell */
};

/* Of two Headgates that keep the same repositories: which one takes pushes until a hand-over has said otherwise. */
enum hgt_mirror_peer { HGT_MIRROR_ALONE, HGT_MIRROR_LEADER, HGT_MIRROR_FOLLOWER };

struct hgt_config_mirror {
	const char *name;
	enum hgt_mirror_direction direction;
	struct hgt_strings repos;	/* globs over names of repositories here */
	const char *url;		/* with {repo}: ssh, https, http, file, HOST:PATH or an absolute path */
	struct hgt_strings refs;	/* globs over full ref names, default refs/heads/ and refs/tags/ */
	uint32_t every;			/* seconds between two looks at an upstream; 0: none by the clock */
	bool gate;			/* pull: what comes is judged as a push would be */
	enum hgt_mirror_rule on_force, on_delete;	/* pull */
	unsigned guard;			/* pull: percent of the refs that may go or be forced at once */
	bool create;			/* pull: make repositories that are not here yet */
	const char *manifest;		/* pull: where upstream's manifest is, http, https, file or an absolute path; or NULL */
	struct {
		const char *server;	/* pull: the URL of the Headgate upstream, whose events are followed; or NULL */
		const char *token_file;
		const char *ca_file;	/* or NULL: the system's */
		const char *repo;	/* the name there of the one repository that the mirror has; or NULL: as here */
	} upstream;
	enum hgt_mirror_peer peer;	/* pull, with upstream: the role at the very beginning */
	bool lfs;			/* objects of Git LFS follow */
	const char *identity_file;	/* of ssh: the private key; or NULL: as the account has it */
	const char *known_hosts_file;	/* of ssh; or NULL */
	const char *credentials_file;	/* of http and https: lines as git-credential-store(1) has them; or NULL */
	bool insecure;			/* credentials may go over plain HTTP */
	uint32_t timeout;		/* seconds that one run of git may take */
	uint32_t silence;		/* seconds without a byte after which a transfer is given up */
	uint32_t retry_first, retry_most;	/* seconds */
	uint32_t alert_after;		/* seconds behind */
	uint32_t verify_every;		/* seconds; 0 never */
	uint32_t line;
};

struct hgt_config {
	struct hgt_arena arena;
	const char *path;	/* of the file, as it was given */
	unsigned refs;		/* hgt_config_ref: holders beyond the first */
	const char *site;	/* default: the host's name */
	const char *state;	/* folder; default /var/lib/headgate */
	struct {
		const char *root;	/* absolute; required */
		struct hgt_strings include;	/* globs over names; default "**" */
		struct hgt_strings exclude;
	} repositories;
	struct {
		const char *hook;	/* default /run/headgate/hook.sock */
		const char *admin;	/* default /run/headgate/admin.sock */
	} sockets;
	struct {
		int level, format;	/* enums of base/log.h; -1 for the default */
	} log;
	struct hgt_config_listen *listen;	/* default: one, 127.0.0.1:7420 */
	size_t n_listen;
	struct hgt_config_policy *policies;	/* n_policies 0: the built-in one holds (lib/policy) */
	size_t n_policies;
	bool schemas_given;	/* else every pack that is found */
	struct hgt_strings schemas;	/* names or paths of packs, besides Kubernetes' own */
	struct hgt_config_group *groups;
	size_t n_groups;
	struct hgt_config_webhook *webhooks;
	size_t n_webhooks;
	struct hgt_config_inbound *inbound;
	size_t n_inbound;
	struct hgt_config_mirror *mirrors;
	size_t n_mirrors;
	struct {
		const char *file;	/* NULL: none is published */
		struct hgt_strings repos;	/* globs */
		bool export_ok;		/* only repositories with a file git-daemon-export-ok */
	} manifest;
	struct {
		unsigned keep_days;	/* default 400; 0: for ever */
		unsigned keep_events;	/* default 10 million; 0: for ever */
	} journal;
	struct {
		uint64_t archive_cache;	/* bytes of archives kept, default 256 MiB */
		unsigned streams;	/* open at once, default 10000 */
		unsigned waits;		/* that are open at once, default 64 */
		uint32_t wait;		/* seconds that one may take, default 600 */
		unsigned address_connections;	/* of one address, default 1024; 0: no limit, as of those that follow */
		unsigned address_requests;	/* of one address, a second, without a good token; default 50 */
		unsigned client_open;		/* of one agent or token: requests and streams at once, default 64 */
		unsigned client_requests;	/* of the same, a second, default 100 */
		unsigned wrong_tokens;		/* different ones within wrong_window that lock an address out; default 10 */
		uint32_t wrong_window;		/* seconds, default 60 */
		uint32_t lockout;		/* seconds, default 60; doubled each time up to lockout_most, default 3600 */
		uint32_t lockout_most;
		unsigned mirrors;		/* that move at once, default 8 */
		unsigned mirrors_per_host;	/* of these with one host, default 4 */
		uint64_t manifest;	/* bytes of an upstream's, uncompressed, default 64 MiB */
	} limits;
	uint32_t stale_after;		/* seconds, default 2 minutes */
	struct hgt_strings proxies;	/* addresses whose X-Forwarded-For is believed */
};

/* Read and check the file. HGT_ENOENT, HGT_EPERM, HGT_EPARSE...; the message begins with path:line:column: where it can. */
int hgt_config_load(const char *path, struct hgt_config **out, struct hgt_error *err) HGT_MUST_CHECK;

/* The same from memory; `path` stands for it in messages. */
int hgt_config_parse(const char *text, size_t len, const char *path, struct hgt_config **out, struct hgt_error *err) HGT_MUST_CHECK;
void hgt_config_free(struct hgt_config *config);

/* A program that puts another config in force while it runs has holders of the old one: each takes a reference and gives it up, all
 * on one thread. Loading gives the first; with the last the config is freed. NULL is fine for unref. */
const struct hgt_config *hgt_config_ref(const struct hgt_config *config);
void hgt_config_unref(const struct hgt_config *config);

/*
 * Make a config that was just loaded one that may follow `running`: what a running daemon cannot change (state, sockets) is taken
 * over. The keys that say otherwise are appended to `kept`, comma-separated.
 */
int hgt_config_follow(struct hgt_config *config, const struct hgt_config *running, struct hgt_buf *kept,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Which file a program reads: `given` (from -c, may be NULL), else HEADGATE_CONFIG, else `repo_path`/headgate/config when repo_path
 * is not NULL and that is there, else the default path. Appended to out. */
int hgt_config_find(const char *given, const char *repo_path, struct hgt_buf *out, struct hgt_error *err) HGT_MUST_CHECK;

/* The name of a repository by its path: below the root, without ".git"; resolved through symbolic links; appended to out.
 * HGT_ENOENT when include and exclude leave it out; HGT_EINVAL when it is not below the root at all, which is no one's wish
 * but a mistake in the config, and must not open a gate. */
int hgt_config_repo_name(const struct hgt_config *config, const char *repo_path, struct hgt_buf *out,
	struct hgt_error *err) HGT_MUST_CHECK;

struct hgt_labels {
	struct hgt_label {
		const char *name, *value;
	} *items;
	size_t n;
};

/* Whose a file is and what may be done with it; what is not said stays as the agent and the umask make it. */
#define HGT_MODE_SAID 0x10000u
struct hgt_files_perms {
	const char *owner, *group;	/* names or numbers; or NULL */
	unsigned mode;			/* with HGT_MODE_SAID where it is said; of files that are not executable */
};

struct hgt_files_rule {
	struct hgt_strings paths;
	struct hgt_files_perms perms;
};

struct hgt_files_options {
	const char *into;		/* absolute folder, required */
	struct hgt_strings after;	/* command run after a change, its argv; empty for none */
	struct hgt_files_perms perms;
	unsigned folder_mode;		/* of the folders that the agent makes; as of perms */
	struct hgt_files_rule *rules;	/* the last one that fits counts */
	size_t n_rules;
	struct hgt_strings templates;	/* globs over paths in the tree */
	struct hgt_strings ignore;	/* what may differ */
	struct hgt_strings secret;	/* what is not shown in a diff */
	bool report_extra;		/* files that are not of the tree count as differing */
};

/* When a target may act by itself, by the clock on the wall. */
struct hgt_window {
	unsigned days;		/* on which it begins: bit 0 is Sunday, as tm_wday counts */
	unsigned from, to;	/* minutes of the day, to up to 24 * 60; not after `from`: it ends on the next day */
	bool utc;		/* else by the host's local time */
	bool deny;		/* nothing may be done in it */
};

/* A rule about places in Kubernetes objects; group, kind, namespace and name are globs. */
struct hgt_kubectl_rule {
	const char *group;	/* "" is the core group */
	const char *kind;
	const char *namespace;
	const char *name;
	struct hgt_strings pointers;	/* JSON pointers; a part that is * stands for any */
};

enum hgt_kustomize { HGT_KUSTOMIZE_AUTO, HGT_KUSTOMIZE_ALWAYS, HGT_KUSTOMIZE_NEVER };

struct hgt_kubectl_options {
	const char *command;	/* "kubectl", "oc" or a path */
	const char *kubeconfig;	/* NULL: kubectl's own way to find one */
	const char *context;	/* NULL: the current one */
	const char *namespace;	/* of objects that name none */
	const char *folder;	/* below the target's path; "": all of it */
	enum hgt_kustomize kustomize;
	bool force_conflicts;
	struct hgt_strings prune_allow;	/* kinds that are pruned although they take others with them */
	bool allow_empty;
	uint32_t health_timeout;	/* seconds; 0: health is not waited for */
	struct hgt_kubectl_rule *ignore;
	size_t n_ignore;
	struct hgt_kubectl_rule *redact;
	size_t n_redact;
	uint32_t timeout;	/* seconds, of one run */
	uint64_t output_limit;	/* bytes, of one run */
};

struct hgt_agent_target {
	const char *name;
	const char *repo;
	const char *ref;	/* default refs/heads/main */
	const char *path;	/* default "" */
	const char *driver;	/* "files"; whose options count */
	struct hgt_labels labels;	/* what the agent says of this target: templates and commands may ask */
	const char *recipe;	/* options and labels as text: what else than the tree decides what the target gets */
	struct hgt_files_options files;
	struct hgt_kubectl_options kubectl;
	struct {
		const char *command;	/* default ansible-playbook */
		const char *playbook;	/* required; of the tree, or absolute, as the other files here */
		struct hgt_strings inventory;	/* files, folders, "host," lists; empty: what ansible.cfg says */
		struct hgt_strings extra_vars;	/* files */
		const char *limit, *user;	/* or NULL */
		const char *vault_password_file;	/* or NULL */
		bool become;
		uint32_t compare_timeout, apply_timeout;	/* seconds */
	} ansible;
	struct {
		const char *command;	/* default terraform */
		const char *folder;	/* of the root module in the tree; "" */
		struct hgt_strings var_files;
		struct hgt_strings backend_config;	/* files */
		const char *workspace;	/* or NULL: as it is */
		const char *state_file;	/* absolute, of a configuration without a backend; or NULL */
		unsigned parallelism;	/* 0: the tool's own */
		uint32_t lock_timeout;	/* seconds */
		uint32_t compare_timeout, apply_timeout;
	} terraform;
	struct {
		struct hgt_strings compare, apply;	/* argv; both required */
		uint32_t compare_timeout, apply_timeout;
	} exec;
	struct {
		const char *allowed_signers;	/* of SSH signatures, ssh-keygen(1); or NULL */
		const char *revoked_keys;	/* or NULL */
		const char *keyring;		/* of OpenPGP signatures, gpgv(1); or NULL */
	} verify;		/* both NULL: commits need no signature */
	bool automatic;		/* sync: auto (default) or manual */
	bool self_heal;		/* default true */
	bool prune;		/* default true */
	uint32_t compare_every;	/* seconds, default 60; 0 never */
	uint32_t jitter;	/* seconds; default by the driver */
	struct {
		struct hgt_window *items;
		size_t n;
	} windows;		/* none: at any time */
	uint32_t line;
};

struct hgt_agent_config {
	struct hgt_arena arena;
	const char *path;
	const char *server;	/* "http://127.0.0.1:7420", "https://git.example.org:7420" */
	const char *ca_file;	/* of https; NULL: the system's */
	const char *cert, *key;	/* what the agent shows; both or neither */
	const char *token_file;	/* default /etc/headgate/agent.token */
	const char *state;	/* default /var/lib/headgate-agent */
	unsigned health_port;	/* on loopback; 0: none */
	unsigned parallel;	/* drivers at once, default 4 */
	uint32_t stop_within;	/* seconds, default 50 */
	struct hgt_agent_target *targets;
	size_t n_targets;
};

int hgt_agent_config_load(const char *path, struct hgt_agent_config **out, struct hgt_error *err) HGT_MUST_CHECK;
int hgt_agent_config_parse(const char *text, size_t len, const char *path, struct hgt_agent_config **out,
	struct hgt_error *err) HGT_MUST_CHECK;
void hgt_agent_config_free(struct hgt_agent_config *config);

/* The reference: every key with its type, range, default and help, as mdoc list items for the man pages. */
void hgt_config_reference(struct hgt_buf *out);
void hgt_agent_config_reference(struct hgt_buf *out);

/* Whether s is a name for an agent or target (headgate/protocol.h: HGT_NAME_MAX). */
bool hgt_name_is_valid(const char *s);

#endif
