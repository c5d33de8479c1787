/* A private folder of a test. */
#include "temp_folder.h"

#include <assert.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *temp_folder_new(void)
{
	const char *base = getenv("TMPDIR");
	char *path = NULL, *made = NULL;

	if (asprintf(&path, "%s/hgt-test-XXXXXX", base && *base ? base : "/tmp") > 0)
		made = mkdtemp(path);

	assert(made);
	return made;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

void temp_folder_free(char *path)
{
	if (path)
		nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(path);
}
