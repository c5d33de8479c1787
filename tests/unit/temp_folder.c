/* A private folder of a test. */
#include "temp_folder.h"

#include <assert.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *temp_folder_new(void)
{
	char *path = strdup("/tmp/hgt-test-XXXXXX");
	char *made = path ? mkdtemp(path) : NULL;

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
