/* The files of a commit, as the engine asks for them when a change calls for a look around (check/engine.h). */
#ifndef HEADGATE_GATE_TREE_H
#define HEADGATE_GATE_TREE_H

#include "check/engine.h"
#include "git/repository.h"

/* Whether a path is checked, and then as what. */
typedef bool (*hgt_tree_class_cb)(void *ctx, const char *path, enum hgt_class *cls);

struct hgt_definitions;

struct hgt_tree {
	struct hgt_repo *repo;
	const char *commit;
	const char *known;	/* a commit that the repository keeps whatever becomes of `commit`, such as a ref's old tip; or all zero */
	hgt_tree_class_cb class_of;
	void *ctx;		/* class_of's */
	struct hgt_definitions *definitions;	/* instead of the record beside the repository; NULL: that record */
	int64_t deadline_ms;	/* hgt_time_mono_ms() value past which looking for definitions ends; 0: none */
};

/* The engine's `tree`, with the struct as its ctx. */
int hgt_tree_walk(void *tree, hgt_tree_file_cb each, void *each_ctx, struct hgt_error *err) HGT_MUST_CHECK;

/* The engine's `read`. */
int hgt_tree_read(void *tree, const char *path, size_t limit, struct hgt_buf *out, struct hgt_error *err) HGT_MUST_CHECK;

/*
 * The engine's `definitions`: the files that have the word CustomResourceDefinition in them. Which those are is kept in
 * <git folder>/headgate/definitions, where there is such a folder that may be written to, so that it is only looked for in what has
 * changed since:
 *
 *	"headgate definitions 1" LF <commit> LF, then for each file <id of the blob> SP <path> NUL
 */
int hgt_tree_definitions(void *tree, hgt_tree_file_cb each, void *each_ctx, struct hgt_error *err) HGT_MUST_CHECK;

/*
 * The same kept in memory, from one commit to another that differs little from it: for who goes through many commits and is to
 * leave the repository as it is.
 */
int hgt_definitions_new(struct hgt_definitions **out, struct hgt_error *err) HGT_MUST_CHECK;
void hgt_definitions_free(struct hgt_definitions *definitions);

/* The file, below a repository's own headgate folder. */
#define HGT_TREE_DEFINITIONS "definitions"

#endif
