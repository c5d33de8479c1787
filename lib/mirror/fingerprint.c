/* The fingerprint of a repository's refs, as grokmirror has it: SHA-1 over what `git show-ref` prints. */
#include <git2.h>
#include <nettle/sha1.h>
#include <stdlib.h>

#include "base/io.h"
#include "git/repository_private.h"
#include "mirror/manifest.h"

struct line {
	char *ref;
	char id[HGT_OID_HEX + 1];
};

struct lines {
	struct line *items;
	size_t n, room;
};

static int add_line(struct lines *lines, const char *ref, const git_oid *id, struct hgt_error *err)
{
	struct line *line;

	if (lines->n == lines->room) {
		size_t room = lines->room ? lines->room * 2 : 32;
		struct line *items = realloc(lines->items, room * sizeof(*items));

		if (!items)
			return hgt_error_nomem(err);
		lines->items = items;
		lines->room = room;
	}
	line = &lines->items[lines->n];
	line->ref = strdup(ref);
	if (!line->ref)
		return hgt_error_nomem(err);
	git_oid_tostr(line->id, sizeof(line->id), id);
	lines->n++;
	return 0;
}

/* When the commit at the tip was made; of a tag git has no such time. */
static void note_time(struct hgt_repo *repo, const git_oid *id, int64_t *modified)
{
	git_commit *commit = NULL;

	if (git_commit_lookup(&commit, repo->git, id) == 0 && git_commit_time(commit) > *modified)
		*modified = git_commit_time(commit);
	git_commit_free(commit);
}

/* A symbolic ref is listed with what it leads to; one that leads nowhere is not. */
static int take_ref(struct hgt_repo *repo, const git_reference *ref, struct lines *lines, int64_t *modified, struct hgt_error *err)
{
	git_reference *real = NULL;
	int code = 0;

	if (hgt_ref_is_own(git_reference_name(ref)))
		return 0;
	code = git_reference_resolve(&real, ref);
	if (code == GIT_ENOTFOUND)
		return 0;
	if (code < 0)
		return hgt_git_error(err, code, "cannot read %s of %s", git_reference_name(ref), repo->path);
	code = add_line(lines, git_reference_name(ref), git_reference_target(real), err);
	if (code == 0 && modified)
		note_time(repo, git_reference_target(real), modified);
	git_reference_free(real);
	return code;
}

static int by_ref(const void *a, const void *b)
{
	return strcmp(((const struct line *)a)->ref, ((const struct line *)b)->ref);
}

static void digest_lines(const struct lines *lines, char out[HGT_FINGERPRINT_HEX])
{
	uint8_t digest[SHA1_DIGEST_SIZE];
	struct sha1_ctx sha;

	sha1_init(&sha);
	for (size_t i = 0; i < lines->n; i++) {
		sha1_update(&sha, HGT_OID_HEX, (const uint8_t *)lines->items[i].id);
		sha1_update(&sha, 1, (const uint8_t *)" ");
		sha1_update(&sha, strlen(lines->items[i].ref), (const uint8_t *)lines->items[i].ref);
		sha1_update(&sha, 1, (const uint8_t *)"\n");
	}
	sha1_digest(&sha, sizeof(digest), digest);
	hgt_hex(digest, sizeof(digest), out);
}

int hgt_fingerprint(struct hgt_repo *repo, char out[HGT_FINGERPRINT_HEX], int64_t *modified, struct hgt_error *err)
{
	git_reference_iterator *iterator = NULL;
	struct lines lines = {0};
	int64_t newest = 0;
	int code = git_reference_iterator_new(&iterator, repo->git);

	if (code < 0)
		return hgt_git_error(err, code, "cannot list the refs of %s", repo->path);
	while (code == 0) {
		git_reference *ref = NULL;
		int got = git_reference_next(&ref, iterator);

		if (got == GIT_ITEROVER)
			break;
		code = got < 0 ? hgt_git_error(err, got, "cannot list the refs of %s", repo->path) :
			take_ref(repo, ref, &lines, modified ? &newest : NULL, err);
		git_reference_free(ref);
	}
	git_reference_iterator_free(iterator);
	if (code == 0) {
		out[0] = '\0';
		if (lines.n > 1)
			qsort(lines.items, lines.n, sizeof(*lines.items), by_ref);
		if (lines.n)
			digest_lines(&lines, out);
		if (modified)
			*modified = newest;
	}
	for (size_t i = 0; i < lines.n; i++)
		free(lines.items[i].ref);
	free(lines.items);
	return code;
}
