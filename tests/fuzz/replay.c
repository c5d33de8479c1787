/*
 * Feeds each file of a corpus to a fuzz target, under any compiler: arguments are files or folders of files. Names each file first,
 * so that a crash follows the name of its input.
 */
#include <dirent.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/io.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 64 * 1024 * 1024 };

static unsigned replayed;

static void replay_file(const char *path)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_error error = {0};
	uint8_t *exact;

	if (hgt_read_file(path, INPUT_MAX, &text, &error) < 0)
		errx(2, "%s", error.message);
	/* Without the terminator that the buffer adds: reading one byte too many must be seen. */
	exact = malloc(text.len ? text.len : 1);
	if (!exact)
		errx(2, "out of memory");
	memcpy(exact, text.data, text.len);
	fprintf(stderr, "%s\n", path);
	LLVMFuzzerTestOneInput(exact, text.len);
	replayed++;
	free(exact);
	hgt_buf_release(&text);
}

static void replay(const char *path)
{
	struct dirent **entries;
	struct stat st;
	int n;

	if (stat(path, &st) < 0)
		err(2, "%s", path);
	if (!S_ISDIR(st.st_mode)) {
		replay_file(path);
		return;
	}
	n = scandir(path, &entries, NULL, alphasort);
	if (n < 0)
		err(2, "%s", path);
	for (int i = 0; i < n; i++) {
		struct hgt_buf inner = HGT_BUF_INIT;

		hgt_buf_addf(&inner, "%s/%s", path, entries[i]->d_name);
		if (inner.failed)
			errx(2, "out of memory");
		if (entries[i]->d_name[0] != '.')
			replay(inner.data);
		hgt_buf_release(&inner);
		free(entries[i]);
	}
	free(entries);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	fprintf(stderr, "%u inputs replayed\n", replayed);
	/* A target without a corpus tests nothing. */
	return replayed == 0;
}
