/* Folders of unit tests. */
#include "tests/unit/unit.h"

#include <ftw.h>

#include "base/buf.h"

int unit_folder_make(void **state)
{
	const char *base = getenv("TMPDIR");
	char *path = unit_path(base && *base ? base : "/tmp", "headgate-unit.XXXXXX");

	*state = path;
	return mkdtemp(path) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int unit_folder_remove(void **state)
{
	int code = nftw(*state, remove_one, 16, FTW_DEPTH | FTW_PHYS);

	free(*state);
	return code;
}

char *unit_path(const char *folder, const char *name)
{
	struct hgt_buf path = HGT_BUF_INIT;
	char *text;

	hgt_buf_addf(&path, "%s/%s", folder, name);
	text = hgt_buf_take(&path);
	if (!text)
		abort();
	return text;
}
