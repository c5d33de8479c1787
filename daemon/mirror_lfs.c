/* Objects of Git LFS. */
#include "daemon/mirror_lfs.h"

#include "base/log.h"
#include "mirror/words.h"

void mirror_lfs_arguments(const char *verb, const char *const *ids, size_t n, const char **out)
{
	const bool all = n > MIRROR_LFS_TIPS_MAX;
	size_t at = 0;

	out[at++] = "lfs";
	out[at++] = verb;
	/* A fetch without it brings what the tips themselves show, and not what is behind them; a push does that anyway. */
	if (all || !strcmp(verb, "fetch"))
		out[at++] = "--all";
	out[at++] = "mirror";
	for (size_t i = 0; i < n && !all; i++)
		out[at++] = ids[i];
	out[at] = NULL;
}

int mirror_lfs_judge(const struct turn *turn, const struct child_end *end, const char *said, struct hgt_error *err)
{
	struct mirror *mirror = turn->copy->mirror;
	struct hgt_buf gist = HGT_BUF_INIT;

	if (end->status == 0 && !end->timed_out && !end->stopped)
		return 0;
	if (strstr(said, "'lfs' is not a git command")) {
		if (!mirror->lfs_missed)
			hgt_log(HGT_LOG_WARNING, "mirrors", "objects of Git LFS are left behind: git-lfs is not installed here", HGT_S("mirror", mirror->name));
		mirror->lfs_missed = true;
		return 0;
	}
	hgt_words_gist(said, &gist);
	if (end->timed_out)
		hgt_error_set(err, HGT_ETIMEOUT, "git lfs: it took too long, or said nothing for too long");
	else
		hgt_error_set(err, HGT_EUNAVAILABLE, "git lfs: %.700s", gist.len ? gist.data : "it has failed, and says no more");
	hgt_buf_release(&gist);
	return err->code;
}
