/*
 * The one engine behind every door of the gate: files go in, findings come out.
 *
 *	struct hgt_engine *engine;
 *	hgt_engine_new(&options, &engine, &err);
 *	for each file:
 *		hgt_engine_file(engine, path, data, len, HGT_CLASS_AUTO, &err);
 *	hgt_engine_finish(engine, &err);	(what is judged over files: duplicates)
 *	const struct hgt_findings *list = hgt_engine_findings(engine);
 *	hgt_engine_free(engine);
 *
 * The engine knows documents, not Git and not files: whoever calls it brings the bytes.
 */
#ifndef HEADGATE_CHECK_ENGINE_H
#define HEADGATE_CHECK_ENGINE_H

#include "base/buf.h"
#include "check/finding.h"

/* What a file is; it decides which checks look at it. */
enum hgt_class {
	HGT_CLASS_AUTO,		/* decide by name and content */
	HGT_CLASS_OTHER,	/* not looked at */
	HGT_CLASS_YAML,
	HGT_CLASS_JSON,
	HGT_CLASS_KUBERNETES,
	HGT_CLASS_KUSTOMIZATION,
	HGT_CLASS_KUSTOMIZE_PATCH,
	HGT_CLASS_HELM_CHART,
	HGT_CLASS_HELM_VALUES,
	HGT_CLASS_HELM_TEMPLATE,	/* not YAML before it is rendered: not parsed */
	HGT_CLASS_FLUX,		/* Flux and Argo CD objects are Kubernetes objects too */
	HGT_CLASS_ARGO,
	HGT_CLASS_OPENSHIFT_TEMPLATE,
	HGT_CLASS_ANSIBLE,
	HGT_CLASS_TERRAFORM,
	HGT_CLASS_SOPS,		/* encrypted: structure is checked, values are not */
	HGT_CLASS_VAULT,	/* ansible-vault: not parsed */
	HGT_CLASS_COUNT
};

/* "kubernetes", "helm-template", ...; NULL-terminated list for help texts. */
const char *hgt_class_name(enum hgt_class cls);
int hgt_class_parse(const char *name);	/* or -1 */

/* The class by name alone; HGT_CLASS_AUTO when the content must decide, HGT_CLASS_OTHER when nobody needs to read it.
 * The path "-", standard input, is AUTO. */
enum hgt_class hgt_class_of_path(const char *path);

/* Whether the name says JSON. */
bool hgt_class_is_json(const char *path);

/* One row of the table of rules. */
struct hgt_rule {
	const char *id;
	const char *title;	/* one line */
	const char *why;	/* a paragraph: why it matters, an example, the way out */
	enum hgt_severity severity;	/* default */
};

/* The table, sorted by id; hgt_rule_find gives NULL for an unknown id. */
const struct hgt_rule *hgt_rules(size_t *n);
const struct hgt_rule *hgt_rule_find(const char *id);

struct hgt_engine;

struct hgt_rule_setting {
	const char *rule;	/* an id, or "group/" with a star for all of a group; gate/ rules are not to be changed */
	enum hgt_severity severity;
};

/* One file of the new state, as a walk shows it; path and the rest last for the call. */
struct hgt_tree_file {
	const char *path;	/* from the root of the repository, raw bytes */
	uint64_t size;
	enum hgt_class cls;	/* what it is to be checked as: what hgt_engine_file would be given */
	/* Put its bytes into out, in place of what is there. 0, HGT_ENOMEM, or what the caller's store says. */
	int (*load)(const struct hgt_tree_file *file, struct hgt_buf *out, struct hgt_error *err);
	void *ctx;		/* load's */
};

/* 0 to go on, 1 to stop, or an error, which the walk passes on. */
typedef int (*hgt_tree_file_cb)(void *ctx, const struct hgt_tree_file *file);

/*
 * Show `each` every file of the new state, changed or not, that would be checked: regular files, in any order. Whoever makes the
 * engine gives this, because the engine knows no Git. It is asked for only when something in the change calls for a look around,
 * since its cost follows the repository. `each` asks for the time (hgt_engine_out_of_time). 0, also when stopped, or an error.
 */
typedef int (*hgt_tree_cb)(void *ctx, hgt_tree_file_cb each, void *each_ctx, struct hgt_error *err);

/* Append the file at path, from the root as the paths of files are, of the new state. HGT_ENOENT: there is none; HGT_ELIMIT. */
typedef int (*hgt_read_cb)(void *ctx, const char *path, size_t limit, struct hgt_buf *out, struct hgt_error *err);

/* The newest minor version of Kubernetes 1 that is known here. */
#define HGT_KUBERNETES_NEWEST 37

/* "1.36" into 36; false when it is no such version. */
bool hgt_kubernetes_parse(const char *text, unsigned *minor);

struct hgt_catalog;

struct hgt_engine_options {
	unsigned kubernetes;		/* the minor version of Kubernetes 1 that the objects are for; 0: the newest */
	size_t blob_limit;		/* bytes; a larger file is an error finding git/blob-size. 0: 10 MiB */
	size_t findings_limit;		/* kept; 0: 100 */
	unsigned depth_limit;		/* 0: the default of lib/doc */
	const struct hgt_rule_setting *settings;	/* borrowed until hgt_engine_free; the last match wins */
	size_t n_settings;
	bool strict;			/* what would be a warning is an error */
	int64_t deadline_ms;		/* hgt_time_mono_ms() value; 0: none. Past it: an error finding gate/timeout */
	const struct hgt_catalog *catalog;	/* borrowed: objects are held against its schemas. NULL: against none */
	hgt_tree_cb definitions;	/* like tree, but may leave out files without a CustomResourceDefinition; or NULL */
	hgt_tree_cb tree;		/* NULL: there is no more than the files that are brought */
	hgt_read_cb read;	/* NULL: no kustomization is asked about a file */
	void *tree_ctx;		/* of these three */
};

int hgt_engine_new(const struct hgt_engine_options *options, struct hgt_engine **out, struct hgt_error *err) HGT_MUST_CHECK;
void hgt_engine_free(struct hgt_engine *engine);

/* From here on strict or not: a policy says so path by path. */
void hgt_engine_set_strict(struct hgt_engine *engine, bool strict);

/*
 * What stood at path before the change: what is judged of a change (the rules of transition/) compares it with the new state,
 * wherever an object has moved. All that stood before comes first, in any order, before the first hgt_engine_file; of a path
 * that is left as it is there is nothing to bring. data is borrowed for the call, cls is as in hgt_engine_file. What is no valid
 * text, or holds no kind that has such rules, is passed over at little cost; nothing is ever found in it. 0, or HGT_ENOMEM.
 */
int hgt_engine_before(struct hgt_engine *engine, const char *path, const char *data, size_t len, enum hgt_class cls,
	struct hgt_error *err) HGT_MUST_CHECK;

/*
 * Judge one file. data is borrowed for the call. 0, or HGT_ENOMEM; what is wrong with the file is a finding.
 *
 * A class other than AUTO holds for names that may hold documents (.yaml, .yml, .json): a README or a .tf file
 * beside them keeps the class of its name. KUBERNETES leaves alone what lives beside manifests and is known by
 * name (a kustomization, a chart, its values), and patches; everything else has to be an object then, for what a
 * file says of itself must not undo what was asked for: a template needs to be called one by whoever asks.
 */
int hgt_engine_file(struct hgt_engine *engine, const char *path, const char *data, size_t len, enum hgt_class cls,
	struct hgt_error *err) HGT_MUST_CHECK;

/*
 * The same in two halves (reading.h), the first of which needs no engine and may run ahead on other threads:
 *
 *	hgt_reading_read(&reading, path, data, len, wanted, hgt_engine_limits(engine), &err);
 *	hgt_engine_judge(engine, &reading, &err);
 */
struct hgt_doc_limits;
struct hgt_reading;
const struct hgt_doc_limits *hgt_engine_limits(const struct hgt_engine *engine);
int hgt_engine_judge(struct hgt_engine *engine, const struct hgt_reading *reading, struct hgt_error *err) HGT_MUST_CHECK;

/* A file whose bytes could not or must not be had (too large, unreadable, a symbolic link...): the finding,
 * made by the caller; it counts as a file. A rule of the table has the severity that table and settings give
 * it. */
int hgt_engine_add(struct hgt_engine *engine, const struct hgt_finding *finding, struct hgt_error *err) HGT_MUST_CHECK;

/* Whether the file at path, from the repository's root, would be checked. */
typedef bool (*hgt_checked_cb)(void *ctx, const char *path);

/* Judge a symbolic link that has the name of a file that would be checked: it must lead to one that is. 0 or HGT_ENOMEM. */
int hgt_engine_link(struct hgt_engine *engine, const char *path, const char *target, hgt_checked_cb is_checked, void *ctx,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Callers ask before they load a file that is to be checked. 0: load it. 1: it is over the limit; the
 * finding has been made, the file counted, and it must not be loaded. HGT_ENOMEM. size UINT64_MAX: larger than
 * the limit, how large is not known. */
int hgt_engine_too_large(struct hgt_engine *engine, const char *path, uint64_t size, struct hgt_error *err) HGT_MUST_CHECK;

/* Whether the deadline has passed; the first time it has, the finding gate/timeout is made. hgt_engine_file
 * asks by itself: this is for callers that have much to do between files. */
bool hgt_engine_out_of_time(struct hgt_engine *engine, const char *path);

/* Judge what takes all the files, and perhaps a walk of the tree, whose errors it passes on; sort. Call once. */
int hgt_engine_finish(struct hgt_engine *engine, struct hgt_error *err) HGT_MUST_CHECK;

const struct hgt_findings *hgt_engine_findings(const struct hgt_engine *engine);
size_t hgt_engine_files(const struct hgt_engine *engine);	/* judged, class OTHER not counted */
size_t hgt_engine_documents(const struct hgt_engine *engine);

#endif
