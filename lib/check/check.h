/*
 * Inside lib/check: what a check is given and how it speaks. A check is a function over one document or one object,
 * and a row in the table of checks.c; its rule is a row in the table of rules.c.
 *
 *	static void check_replicas(struct hgt_subject *subject)
 *	{
 *		const struct hgt_node *n = hgt_node_get(hgt_node_get(subject->object, "spec"), "replicas");
 *		if (n && n->type != HGT_NODE_INT)
 *			hgt_tell(subject, "k8s/replicas", hgt_span_of(n), "/spec/replicas", NULL, "...");
 *	}
 */
#ifndef HEADGATE_CHECK_CHECK_H
#define HEADGATE_CHECK_CHECK_H

#include "check/engine.h"
#include "check/kustomize.h"
#include "check/source.h"
#include "doc/doc.h"

struct hgt_duplicates;
struct hgt_schemas;
struct hgt_transitions;

struct hgt_subject {
	struct hgt_engine *engine;
	struct hgt_source *source;
	struct hgt_duplicates *duplicates;	/* of the engine: over all files */
	struct hgt_schemas *schemas;		/* of the engine; NULL: objects are not held against any */
	struct hgt_transitions *transitions;	/* what was before; NULL when nothing was brought */
	struct hgt_findings *held;	/* findings go here, not into the engine; NULL as a rule */
	const char *path;
	size_t file;		/* its number in this run, from 1 */
	enum hgt_class cls;	/* of the document */
	enum hgt_kustomize_role role;	/* of the file: what the object lacks may come from a kustomization */
	const struct hgt_node *object;	/* the document's root, or one item of a list of objects */
	const char *pointer;	/* of the object in its document: "", "/items/3" */
	unsigned kubernetes;	/* the minor version of Kubernetes 1 that it is for */
};

/* A place in the text that a finding marks. */
struct hgt_span {
	uint32_t line, column, end_column;
};

/* Of a scalar: all of it, when it is on one line. Of a collection: its first character. */
struct hgt_span hgt_span_of(const struct hgt_node *node);

/* Of the `at`-th byte of a scalar: that character where the text stands in the source as it is, else the
 * whole scalar. */
struct hgt_span hgt_span_in(const struct hgt_node *node, size_t at);

/* Add a finding. `pointer` is below the object's; hint may be NULL. Outside text among the arguments must
 * have been through hgt_quote. Want of memory is remembered by the engine. */
void hgt_tell(struct hgt_subject *subject, const char *rule, struct hgt_span span, const char *pointer, const char *hint,
	const char *fmt, ...) HGT_PRINTF(6, 7);

/* Text from outside as it goes into a sentence: escaped, in double quotes, cut when it is long; empty when
 * memory has run out, which the finding around it will meet too. */
#define HGT_QUOTE_MAX 352
struct hgt_quote {
	char text[HGT_QUOTE_MAX];
};
struct hgt_quote hgt_quote_text(const char *s, size_t len);
#define hgt_quote(s) (hgt_quote_text((s), strlen(s)).text)

/* The same for what is one plain word as a rule, a kind or a key: without the quotes then. */
struct hgt_quote hgt_quote_word(const char *s);
#define hgt_word(s) (hgt_quote_word(s).text)

/* Run the table over one document. */
void hgt_run_checks(struct hgt_subject *subject);

/* class.c: the class that name and wish agree on, before the content is looked at; then what the text, and one document of it says about
 * it. forced: that somebody asked for. */
enum hgt_class hgt_class_agreed(const char *path, enum hgt_class wanted);
enum hgt_class hgt_class_of_text(const char *path, const char *text, size_t len, enum hgt_class cls, bool forced);
enum hgt_class hgt_class_of_document(const char *path, const char *text, const struct hgt_doc *doc, enum hgt_class cls,
	bool forced);

/* Whether text of a class is JSON; whether it is parsed at all. */
bool hgt_class_reads_json(const char *path, enum hgt_class cls);
bool hgt_class_is_parsed(enum hgt_class cls);

/* object.c: what several checks ask about an object. */
struct hgt_gvk {
	const char *group;	/* of group_len bytes, not terminated there; none for the core group */
	size_t group_len;
	const char *version;
	const char *kind;
};

/* Whether apiVersion and kind are both strings that are not empty. *out has what is there of them, "" for
 * the rest; it lives with the object. */
bool hgt_k8s_gvk(const struct hgt_node *object, struct hgt_gvk *out);
bool hgt_k8s_group_is(const struct hgt_gvk *gvk, const char *group);
bool hgt_k8s_group_ends(const struct hgt_gvk *gvk, const char *suffix);

/* A group that Kubernetes itself serves. */
bool hgt_k8s_group_is_native(const struct hgt_gvk *gvk);

/* The list of objects that this object is a mere envelope of (`items` of a List), or NULL; *key is its key. */
const struct hgt_node *hgt_k8s_items(const struct hgt_node *object, const char **key);

/* Whether text has a place for something to be put in later: ${NAME}, {{ name }}, $(NAME), or is SOPS' ENC[...]. */
bool hgt_k8s_has_placeholder(const char *text);

/* k8s/duplicate.c: what is remembered over files. */
struct hgt_duplicates *hgt_duplicates_new(void);
void hgt_duplicates_free(struct hgt_duplicates *duplicates);

/*
 * k8s/transition.c: what objects were before the change. concern: whether a text may hold an object of which that matters.
 * finish: judge what has moved and what is gone.
 */
struct hgt_transitions *hgt_transitions_new(void);
void hgt_transitions_free(struct hgt_transitions *transitions);
bool hgt_transitions_concern(const char *text, size_t len);
int hgt_transitions_before(struct hgt_transitions *transitions, const char *path, const char *data, size_t len,
	enum hgt_class cls, bool forced, const struct hgt_doc_limits *limits, struct hgt_error *err) HGT_MUST_CHECK;
int hgt_transitions_finish(struct hgt_transitions *transitions, struct hgt_engine *engine,
	const struct hgt_engine_options *options, struct hgt_error *err) HGT_MUST_CHECK;

/* checks.c: whether documents of the class are Kubernetes objects. */
bool hgt_class_holds_objects(enum hgt_class cls);

/* link.c: where a link or name in the file at path leads, from the repository's root, into an empty buffer; false when out of it. */
bool hgt_link_resolve(const char *path, const char *target, struct hgt_buf *out);

/* two_readers.c: values that kubectl reads otherwise; then, of a whole file, documents. objects: some that a YAML parser sees are
 * Kubernetes objects. 0 or HGT_ENOMEM. */
void hgt_check_two_readers(struct hgt_subject *subject);
int hgt_compare_readers(struct hgt_subject *file, bool json, const struct hgt_doc_set *set, const struct hgt_doc_limits *limits,
	bool objects, bool forced, struct hgt_error *err) HGT_MUST_CHECK;

/*
 * engine.c: add a finding under the engine's settings; remembers want of memory. keeps: whether it would be kept, not merely counted,
 * so that it needs an excerpt: of a long line that takes time, and a hostile file has many findings.
 */
bool hgt_engine_keeps(struct hgt_engine *engine, const struct hgt_finding *finding);
void hgt_engine_tell(struct hgt_engine *engine, const struct hgt_finding *finding);
void hgt_engine_fail(struct hgt_engine *engine);

#endif
