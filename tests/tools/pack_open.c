/*
 * What it costs to open a pack and find one kind in it, as every process does.
 *
 *	pack_open PACK APIVERSION KIND
 *
 * "<microseconds> <page faults>", of the mean of many times; each maps the file afresh, and lets it go.
 */
#include <err.h>
#include <sys/resource.h>

#include "base/timing.h"
#include "pack/catalog.h"

enum { TIMES = 1000 };

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

int main(int argc, char **argv)
{
	struct hgt_catalog *catalog;
	struct hgt_catalog_hit hit;
	struct hgt_error error = {0};
	int64_t start = hgt_time_mono_us();
	long before = faults();

	if (argc != 4)
		errx(2, "usage: pack_open PACK APIVERSION KIND");
	for (size_t i = 0; i < TIMES; i++) {
		if (hgt_catalog_new(&catalog, &error) < 0 || hgt_catalog_load(catalog, argv[1], &error) < 0 ||
			hgt_catalog_find(catalog, argv[2], argv[3], &hit, &error) < 0)
			errx(1, "%s", error.message);
		hgt_catalog_free(catalog);
	}
	printf("%.1f %.1f\n", (double)(hgt_time_mono_us() - start) / TIMES, (double)(faults() - before) / TIMES);
	return 0;
}
