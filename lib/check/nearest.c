/* The known word that a mistyped one was meant to be. */
#include "check/nearest.h"

#include "base/error.h"

enum { LONGEST = 64, FAR = LONGEST };

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Changes of a letter, two swapped neighbours counting as one, that make a of b; case does not count. */
static unsigned distance(const char *a, const char *b)
{
	unsigned rows[3][LONGEST + 1];
	size_t n = strlen(a), m = strlen(b);

	if (n > LONGEST || m > LONGEST)
		return FAR;
	for (unsigned j = 0; j <= m; j++)
		rows[0][j] = j;
	for (unsigned i = 1; i <= n; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i - 1) % 3], *two_above = rows[(i + 1) % 3];

		row[0] = i;
		for (unsigned j = 1; j <= m; j++) {
			char x = lower(a[i - 1]), y = lower(b[j - 1]);

			row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == lower(b[j - 2]) && y == lower(a[i - 2]) && two_above[j - 2] + 1 < row[j])
				row[j] = two_above[j - 2] + 1;
		}
	}
	return rows[n % 3][m];
}

static unsigned allowed(const char *name)
{
	size_t len = strlen(name);

	return len < 3 ? 0 : len < 7 ? 1 : 2;
}

bool hgt_is_near(const char *word, const char *name)
{
	return strcmp(word, name) != 0 && distance(word, name) <= allowed(name);
}

const char *hgt_nearest(const char *word, const char *const *names, size_t n)
{
	const char *best = NULL;
	unsigned best_distance = FAR;

	for (size_t i = 0; i < n; i++) {
		unsigned d = distance(word, names[i]);

		if (strcmp(word, names[i]) != 0 && d <= allowed(names[i]) && d < best_distance) {
			best = names[i];
			best_distance = d;
		}
	}
	return best;
}
