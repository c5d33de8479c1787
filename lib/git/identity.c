/* Which folder a repository's is. */
#include "git/identity.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>

void hgt_folder_identity(const char *path, char out[HGT_IDENTITY_TEXT])
{
	unsigned fsid[2] = {0};
	struct statfs fs;
	struct statx st;

	out[0] = '\0';
	if (statx(AT_FDCWD, path, 0, STATX_INO | STATX_BTIME, &st) < 0 || statfs(path, &fs) < 0)
		return;
	if (!(st.stx_mask & STATX_INO) || !(st.stx_mask & STATX_BTIME) || (!st.stx_btime.tv_sec && !st.stx_btime.tv_nsec))
		return;
	memcpy(fsid, &fs.f_fsid, sizeof(fs.f_fsid) < sizeof(fsid) ? sizeof(fs.f_fsid) : sizeof(fsid));
	snprintf(out, HGT_IDENTITY_TEXT, "%08x%08x %llu %lld.%09u", fsid[0], fsid[1], (unsigned long long)st.stx_ino,
		(long long)st.stx_btime.tv_sec, st.stx_btime.tv_nsec);
}
