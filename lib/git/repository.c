/* Refs, commits and blobs of an open repository. */
#include "git/repository_private.h"

enum { SYMBOLIC_MAX = 5 };	/* symbolic refs that Git follows one after the other */

int hgt_git_error(struct hgt_error *err, int returned, const char *fmt, ...)
{
	const git_error *last = git_error_last();
	struct hgt_buf what = HGT_BUF_INIT;
	int code = HGT_EIO;
	va_list ap;

	if (last && last->klass == GIT_ERROR_NOMEMORY)
		return hgt_error_nomem(err);
	if (returned == GIT_ENOTFOUND)
		code = HGT_ENOENT;
	else if (returned == GIT_EOWNER)
		code = HGT_EPERM;
	else if (returned == GIT_EMISMATCH)
		code = HGT_ECORRUPT;
	va_start(ap, fmt);
	hgt_buf_addvf(&what, fmt, ap);
	va_end(ap);
	hgt_error_set(err, code, "%s: %s", what.data, last && last->message ? last->message : "unknown reason");
	hgt_buf_release(&what);
	return code;
}

int hgt_git_oid(const char *hex, git_oid *out, struct hgt_error *err)
{
	if (strlen(hex) != HGT_OID_HEX || git_oid_fromstr(out, hex) < 0)
		return hgt_error_set(err, HGT_EINVAL, "not an object id: %.64s", hex);
	return 0;
}

int hgt_git_commit(struct hgt_repo *repo, const char *hex, git_commit **out, struct hgt_error *err)
{
	git_object *object = NULL, *target = NULL;
	git_oid oid;
	int code = hgt_git_oid(hex, &oid, err);

	if (code < 0)
		return code;
	code = git_object_lookup(&object, repo->git, &oid, GIT_OBJECT_ANY);
	if (code < 0)
		return hgt_git_error(err, code, "cannot read object %s", hex);
	/* Of a tag: what it names in the end. A commit would be peeled to its tree. */
	if (git_object_type(object) == GIT_OBJECT_TAG) {
		code = git_object_peel(&target, object, GIT_OBJECT_ANY);
		git_object_free(object);
		if (code < 0)
			return hgt_git_error(err, code, "cannot read what tag %s names", hex);
		object = target;
	}
	if (git_object_type(object) != GIT_OBJECT_COMMIT) {
		code = hgt_error_set(err, HGT_ENOENT, "%s names a %s, not a commit", hex,
			git_object_type2string(git_object_type(object)));
		git_object_free(object);
		return code;
	}
	*out = (git_commit *)object;
	return 0;
}

int hgt_repo_default_branch(struct hgt_repo *repo, struct hgt_buf *ref, struct hgt_error *err)
{
	git_reference *head = NULL;
	const char *target;
	int code = git_reference_lookup(&head, repo->git, "HEAD");

	if (code < 0)
		return hgt_git_error(err, code, "cannot read HEAD");
	target = git_reference_symbolic_target(head);
	code = target ? hgt_repo_real_ref(repo, target, ref, err) : hgt_error_set(err, HGT_ENOENT, "HEAD is detached");
	git_reference_free(head);
	return code;
}

int hgt_repo_real_ref(struct hgt_repo *repo, const char *ref, struct hgt_buf *out, struct hgt_error *err)
{
	git_reference *held = NULL;
	const char *name = ref;
	int code = 0;

	for (int steps = 0; name; steps++) {
		git_reference *next = NULL;
		const char *target = NULL;

		if (steps > SYMBOLIC_MAX) {
			code = hgt_error_set(err, HGT_ECORRUPT, "the symbolic ref %s leads nowhere in %d steps", ref, SYMBOLIC_MAX);
			goto out;
		}
		code = git_reference_lookup(&next, repo->git, name);
		if (code == 0)
			target = git_reference_symbolic_target(next);
		else if (code != GIT_ENOTFOUND && code != GIT_EINVALIDSPEC) {
			code = hgt_git_error(err, code, "cannot read ref %s", name);
			goto out;
		}
		if (!target)
			hgt_buf_adds(out, name);
		git_reference_free(held);
		held = next;
		name = target;
	}
	code = hgt_buf_check(out, err);
out:
	git_reference_free(held);
	return code;
}

int hgt_repo_ref(struct hgt_repo *repo, const char *ref, char *id, struct hgt_error *err)
{
	git_oid oid;
	int code = git_reference_name_to_id(&oid, repo->git, ref);

	if (code == GIT_EINVALIDSPEC)
		return hgt_error_set(err, HGT_ENOENT, "no ref can be called %s", ref);
	if (code < 0)
		return hgt_git_error(err, code, "cannot read ref %s", ref);
	git_oid_tostr(id, HGT_OID_HEX + 1, &oid);
	return 0;
}

int hgt_repo_refs(struct hgt_repo *repo, hgt_repo_ref_cb cb, void *ctx, struct hgt_error *err)
{
	git_reference_iterator *iterator = NULL;
	int code = git_reference_iterator_new(&iterator, repo->git);

	if (code < 0)
		return hgt_git_error(err, code, "cannot list the refs of %s", repo->path);
	for (;;) {
		git_reference *ref = NULL;
		char id[HGT_OID_HEX + 1];

		code = git_reference_next(&ref, iterator);
		if (code == GIT_ITEROVER) {
			code = 0;
			break;
		}
		if (code < 0) {
			code = hgt_git_error(err, code, "cannot list the refs of %s", repo->path);
			break;
		}
		if (git_reference_type(ref) == GIT_REFERENCE_DIRECT) {
			git_oid_tostr(id, sizeof(id), git_reference_target(ref));
			code = cb(ctx, git_reference_name(ref), id);
		}
		git_reference_free(ref);
		if (code < 0)
			break;
	}
	git_reference_iterator_free(iterator);
	return code;
}

bool hgt_repo_has(struct hgt_repo *repo, const char *id)
{
	git_oid oid;

	return hgt_git_oid(id, &oid, NULL) == 0 && git_odb_exists(repo->odb, &oid) == 1;
}

int hgt_repo_commit(struct hgt_repo *repo, const char *id, char *commit, struct hgt_error *err)
{
	git_commit *found = NULL;
	int code = hgt_git_commit(repo, id, &found, err);

	if (code == 0)
		git_oid_tostr(commit, HGT_OID_HEX + 1, git_commit_id(found));
	git_commit_free(found);
	return code;
}

int hgt_repo_resolve(struct hgt_repo *repo, const char *rev, char *commit, struct hgt_error *err)
{
	git_object *object = NULL, *peeled = NULL;
	int code = git_revparse_single(&object, repo->git, rev);

	if (code < 0) {
		code = hgt_git_error(err, code == GIT_EINVALIDSPEC || code == GIT_EAMBIGUOUS ? GIT_ENOTFOUND : code,
			"cannot resolve \"%s\"", rev);
		goto out;
	}
	code = git_object_peel(&peeled, object, GIT_OBJECT_COMMIT);
	if (code < 0) {
		code = hgt_error_set(err, HGT_ENOENT, "\"%s\" names no commit", rev);
		goto out;
	}
	git_oid_tostr(commit, HGT_OID_HEX + 1, git_object_id(peeled));
out:
	git_object_free(peeled);
	git_object_free(object);
	return code;
}

int hgt_repo_descends(struct hgt_repo *repo, const char *id, const char *ancestor, struct hgt_error *err)
{
	git_oid tip, base;
	int code = hgt_git_oid(id, &tip, err);

	if (code == 0)
		code = hgt_git_oid(ancestor, &base, err);
	if (code < 0)
		return code;
	if (git_oid_equal(&tip, &base))
		return 1;
	code = git_graph_descendant_of(repo->git, &tip, &base);
	return code < 0 ? hgt_git_error(err, code, "cannot tell whether %s descends from %s", id, ancestor) : code;
}

int hgt_repo_commit_time(struct hgt_repo *repo, const char *commit, int64_t *seconds, struct hgt_error *err)
{
	git_commit *found = NULL;
	int code = hgt_git_commit(repo, commit, &found, err);

	if (code == 0)
		*seconds = git_commit_time(found);
	git_commit_free(found);
	return code;
}

static int header(struct hgt_repo *repo, const char *id, const char *kind, git_oid *oid, size_t *size, struct hgt_error *err)
{
	git_object_t type;
	int code = hgt_git_oid(id, oid, err);

	if (code < 0)
		return code;
	code = git_odb_read_header(size, &type, repo->odb, oid);
	if (code < 0)
		return hgt_git_error(err, code, "cannot read object %s", id);
	if (type != git_object_string2type(kind))
		return hgt_error_set(err, HGT_ENOENT, "%s is a %s, not a %s", id, git_object_type2string(type), kind);
	return 0;
}

int hgt_repo_blob_size(struct hgt_repo *repo, const char *id, uint64_t *size, struct hgt_error *err)
{
	git_oid oid;
	size_t found;
	int code = header(repo, id, "blob", &oid, &found, err);

	if (code == 0)
		*size = found;
	return code;
}

int hgt_repo_raw(struct hgt_repo *repo, const char *id, const char *kind, size_t limit, struct hgt_buf *out, struct hgt_error *err)
{
	git_odb_object *object = NULL;
	git_oid oid;
	size_t size;
	int code = header(repo, id, kind, &oid, &size, err);

	if (code < 0)
		return code;
	if (size > limit)
		return hgt_error_set(err, HGT_ELIMIT, "%s %s has %zu bytes; %zu is the most", kind, id, size, limit);
	code = git_odb_read(&object, repo->odb, &oid);
	if (code < 0)
		return hgt_git_error(err, code, "cannot read %s %s", kind, id);
	hgt_buf_add(out, git_odb_object_data(object), git_odb_object_size(object));
	git_odb_object_free(object);
	return hgt_buf_check(out, err);
}

int hgt_repo_blob(struct hgt_repo *repo, const char *id, size_t limit, struct hgt_buf *out, struct hgt_error *err)
{
	return hgt_repo_raw(repo, id, "blob", limit, out, err);
}
