/* Percentiles of what was measured; what a server takes of the machine. */
#include <dirent.h>
#include <err.h>

#include "base/io.h"
#include "tests/tools/load/load.h"

void out_of_memory_if(bool failed)
{
	if (failed)
		errx(1, "out of memory");
}

void figures_add(struct figures *figures, const int64_t *items, size_t n)
{
	if (figures->n + n > figures->cap) {
		figures->cap = (figures->n + n) * 2;
		figures->items = reallocarray(figures->items, figures->cap, sizeof *figures->items);
		out_of_memory_if(!figures->items);
	}
	if (n)
		memcpy(figures->items + figures->n, items, n * sizeof *items);
	figures->n += n;
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int64_t figures_at(struct figures *figures, unsigned percent)
{
	size_t at = figures->n * percent / 100;

	if (!figures->n)
		errx(1, "nothing was measured");
	qsort(figures->items, figures->n, sizeof *figures->items, by_size);
	return figures->items[at < figures->n ? at : figures->n - 1];
}

void figures_release(struct figures *figures)
{
	free(figures->items);
	*figures = (struct figures){0};
}

static uint64_t number_after(const char *text, const char *name, const char *path)
{
	const char *at = strstr(text, name);
	uint64_t n;

	if (!at)
		errx(1, "%s does not say %s", path, name);
	at += strlen(name);
	at += strspn(at, " \t");
	n = strtoull(at, NULL, 10);
	return n;
}

struct memory load_memory(const struct load *load)
{
	struct memory memory = {0};

	for (size_t i = 0; i < load->n_pids; i++) {
		struct hgt_buf text = HGT_BUF_INIT;
		struct hgt_error error = {0};
		char path[64];

		snprintf(path, sizeof path, "/proc/%d/smaps_rollup", load->pids[i]);
		if (hgt_read_file(path, 65536, &text, &error) < 0)
			errx(1, "%s", error.message);
		memory.resident += number_after(text.data, "\nRss:", path);
		memory.shared_out += number_after(text.data, "\nPss:", path);
		memory.anonymous += number_after(text.data, "\nAnonymous:", path);
		hgt_buf_release(&text);
	}
	return memory;
}

static uint64_t task_processor_ns(int pid, const char *task)
{
	struct hgt_buf path = HGT_BUF_INIT, text = HGT_BUF_INIT;
	uint64_t ns = 0;

	hgt_buf_addf(&path, "/proc/%d/task/%s/schedstat", pid, task);
	out_of_memory_if(path.failed);
	/* A thread may have ended since the folder was read. */
	if (hgt_read_file(path.data, 4096, &text, NULL) == 0)
		ns = strtoull(text.data, NULL, 10);
	hgt_buf_release(&path);
	hgt_buf_release(&text);
	return ns;
}

uint64_t load_processor_ns(const struct load *load)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < load->n_pids; i++) {
		const struct dirent *entry;
		char path[64];
		DIR *folder;

		snprintf(path, sizeof path, "/proc/%d/task", load->pids[i]);
		folder = opendir(path);
		if (!folder)
			err(1, "%s", path);
		while ((entry = readdir(folder)))
			if (entry->d_name[0] != '.')
				ns += task_processor_ns(load->pids[i], entry->d_name);
		closedir(folder);
	}
	return ns;
}
