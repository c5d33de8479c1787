/* What the checks of single kinds share: what counts as absent, lists without repetitions, addresses. */
#ifndef HEADGATE_K8S_PARTS_H
#define HEADGATE_K8S_PARTS_H

#include "base/map.h"
#include "k8s/k8s.h"
#include "schema/format_kubernetes.h"

/* Whether it is as good as absent: missing, null, "", an empty list or mapping. */
bool hgt_field_is_empty(const struct hgt_field *field);

/* The string; `fallback` when it is as good as absent; NULL when it is none or cannot be judged. */
const char *hgt_field_text(const struct hgt_field *field, const char *fallback);

/* Whether it is an integer other than 0, which is as good as absent for most numbers. */
bool hgt_field_is_number(const struct hgt_field *field);

/* Whether it is `true`. */
bool hgt_field_is_true(const struct hgt_field *field);

/* The quantity that a string or a number stands for. */
bool hgt_field_quantity(const struct hgt_field *field, struct hgt_quantity *out);

/* Whether a list has this string. */
bool hgt_field_has(const struct hgt_field *list, const char *text);

/* Whether the string is among words, which ends with NULL. */
bool hgt_is_one_of(const char *text, const char *const *words);

/* The list's items and the mapping's members in turn; one that a later member of the same name overrides is left out. */
#define HGT_EACH_ITEM(list, item) \
	for (struct hgt_field item = hgt_field_first_item(list); item.up; item = hgt_field_next_item(&item))
#define HGT_EACH_MEMBER(map, member) \
	for (struct hgt_field member = hgt_field_first_member(map); member.up; member = hgt_field_next_member(&member))

/* `up` is NULL past the last. */
struct hgt_field hgt_field_first_item(const struct hgt_field *list);
struct hgt_field hgt_field_next_item(const struct hgt_field *item);
struct hgt_field hgt_field_first_member(const struct hgt_field *map);
struct hgt_field hgt_field_next_member(const struct hgt_field *member);

/* Texts that have come up, with the node of each. */
#define HGT_SEEN_FEW 8
struct hgt_seen {
	size_t n;
	struct hgt_seen_text {
		const char *text;
		size_t len;
		const struct hgt_node *node;
	} few[HGT_SEEN_FEW];
	struct hgt_map map;	/* of all, when they are more than a few */
	struct hgt_arena arena;
};

#define HGT_SEEN_INIT {0}

void hgt_seen_release(struct hgt_seen *seen);

/* Whether all that was added to the buffer is in it; when not, memory ran out, and the engine knows it. */
bool hgt_is_built(struct hgt_subject *s, const struct hgt_buf *buf);

/* Note the text; the node it came with before, or NULL for a new one. */
const struct hgt_node *hgt_seen_before(struct hgt_subject *subject, struct hgt_seen *seen, const struct hgt_node *node,
	const char *fmt, ...) HGT_PRINTF(4, 5);

/* The node that a text came with, or NULL. */
const struct hgt_node *hgt_seen_get(const struct hgt_seen *seen, const char *text, size_t len);

/* Note the keys of a mapping; whether a text has come up. */
void hgt_seen_keys(struct hgt_subject *subject, struct hgt_seen *seen, const struct hgt_field *map);
bool hgt_seen_has(const struct hgt_seen *seen, const char *text);

/* Tell of a field that repeats what another has: "duplicate \"web\"", with the other's line as the hint. */
void hgt_tell_again(struct hgt_subject *subject, const char *rule, const struct hgt_field *field, const struct hgt_node *first);

/* Tell of each string of a list that comes up twice. */
void hgt_check_unique(struct hgt_subject *subject, const char *rule, const struct hgt_field *list);

/* Tell when it is as good as absent. */
bool hgt_check_required(struct hgt_subject *subject, const char *rule, const struct hgt_field *field, const char *hint);

/* The same for a list; what is no list is the schema's business. */
bool hgt_check_required_list(struct hgt_subject *subject, const char *rule, const struct hgt_field *list, const char *hint);

/* Tell when a member that is told apart only by others is there: "may only be set when ..." */
void hgt_check_forbidden(struct hgt_subject *subject, const char *rule, const struct hgt_field *field, const char *when);

/* Tell when the string is neither absent nor among words. */
void hgt_check_enum(struct hgt_subject *subject, const char *rule, const struct hgt_field *field, const char *const *words);

/* Tell of keys that no label has and values that none has; of a selector's mapping too. */
void hgt_check_label_map(struct hgt_subject *subject, const char *rule, const struct hgt_field *map);

/* The same for a LabelSelector, and whether its expressions have values where they should. The rule is k8s/selector. */
void hgt_check_label_selector(struct hgt_subject *subject, const struct hgt_field *selector);

/* storage.c: the spec of a PersistentVolumeClaim, wherever it stands. */
void hgt_check_claim_spec(struct hgt_subject *subject, const struct hgt_field *spec);

/* A block of addresses: 10.0.0.0/8. */
struct hgt_block {
	struct hgt_ip ip;
	unsigned bits;
};

/* The string read as an address or a block, told of when it is none that this version of Kubernetes takes; false then, and when
 * there is nothing to be read. */
bool hgt_check_ip(struct hgt_subject *subject, const char *rule, const struct hgt_field *field, struct hgt_ip *out);
bool hgt_check_block(struct hgt_subject *subject, const char *rule, const struct hgt_field *field, struct hgt_block *out);
bool hgt_check_block_text(struct hgt_subject *subject, const char *rule, const struct hgt_field *field, const char *text,
	size_t len,
	struct hgt_block *out);

/* Why the address is none that traffic can be sent to, or NULL. */
const char *hgt_ip_not_reachable(const struct hgt_ip *ip);

/* Whether the inner block is a part of the outer, and not all of it. */
bool hgt_block_is_within(const struct hgt_block *inner, const struct hgt_block *outer);

#endif
