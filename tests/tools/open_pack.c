/*
 * Opens a pack again and again and finds an entry in it; prints the median time in nanoseconds, the median of the page faults, the
 * number of kinds and the bytes of the pack.
 *
 *	open_pack PACK ENTRY [ROUNDS]
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "pack/pack.h"

enum { ROUNDS = 1000, ROUNDS_MAX = 1000 * 1000 };

static int order(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

static long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000L + time.tv_nsec;
}

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

int main(int argc, char **argv)
{
	long rounds = argc > 3 ? strtol(argv[3], NULL, 10) : ROUNDS;
	long *times, *touched;
	size_t size = 0;
	uint32_t kinds = 0;

	if (argc < 3 || rounds < 1 || rounds > ROUNDS_MAX)
		errx(2, "usage: open_pack PACK ENTRY [ROUNDS]");
	times = calloc((size_t)rounds, sizeof(*times));
	touched = calloc((size_t)rounds, sizeof(*touched));
	if (!times || !touched)
		err(2, "calloc");
	for (long i = 0; i < rounds; i++) {
		struct hgt_error error = {0};
		struct hgt_pack *pack;
		uint32_t schema;
		long before = faults(), began = now();

		if (hgt_pack_open(argv[1], &pack, &error) || hgt_image_find(&pack->image, argv[2], &schema, NULL, &error))
			errx(1, "%s", error.message);
		times[i] = now() - began;
		touched[i] = faults() - before;
		size = pack->size;
		kinds = pack->image.n_entries;
		hgt_pack_close(pack);
	}
	qsort(times, (size_t)rounds, sizeof(*times), order);
	qsort(touched, (size_t)rounds, sizeof(*touched), order);
	printf("%ld %ld %u %zu\n", times[rounds / 2], touched[rounds / 2], (unsigned)kinds, size);
	free(times);
	free(touched);
	return 0;
}
