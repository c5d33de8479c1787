/* Symbolic links: what is read through one has to be judged somewhere. */
#include "base/escape.h"
#include "check/check.h"

/* Take the last component off; false when there is none. */
static bool go_up(struct hgt_buf *path)
{
	const char *slash = memrchr(path->data, '/', path->len);

	if (!path->len)
		return false;
	hgt_buf_truncate(path, slash ? (size_t)(slash - path->data) : 0);
	return true;
}

bool hgt_link_resolve(const char *path, const char *target, struct hgt_buf *out)
{
	hgt_buf_adds(out, path);
	go_up(out);
	if (*target == '/')
		return false;
	while (*target) {
		size_t n = strcspn(target, "/");

		if (n == 2 && memcmp(target, "..", 2) == 0) {
			if (!go_up(out))
				return false;
		} else if (n > 0 && !(n == 1 && *target == '.')) {
			if (out->len)
				hgt_buf_addc(out, '/');
			hgt_buf_add(out, target, n);
		}
		target += n;
		target += strspn(target, "/");
	}
	return true;
}

int hgt_engine_link(struct hgt_engine *engine, const char *path, const char *target, hgt_checked_cb is_checked, void *ctx,
	struct hgt_error *err)
{
	struct hgt_buf where = HGT_BUF_INIT, message = HGT_BUF_INIT;
	bool inside = hgt_link_resolve(path, target, &where);
	int code = hgt_buf_check(&where, err);

	if (code < 0 || (inside && is_checked(ctx, where.data)))
		goto out;
	hgt_buf_adds(&message, "this is a symbolic link to ");
	hgt_escape_str(&message, target);
	hgt_buf_adds(&message, inside ? ", which is not checked" : ", outside the repository");
	code = hgt_buf_check(&message, err);
	if (code == 0)
		code = hgt_engine_add(engine, &(struct hgt_finding){.rule = "git/symlink", .path = path, .message = message.data,
			.hint = "commit the file itself, or link to one of the repository that is checked"}, err);
out:
	hgt_buf_release(&message);
	hgt_buf_release(&where);
	return code;
}
