/* Paths as texts. */
#include "base/path.h"

#include <string.h>

/* The next component that says something, and past it; its length, 0 at the end. */
static size_t next_component(const char **path, const char **component)
{
	size_t len;

	do {
		*path += strspn(*path, "/");
		*component = *path;
		len = strcspn(*path, "/");
		*path += len;
	} while (len == 1 && **component == '.');
	return len;
}

bool hgt_path_is_within(const char *inner, const char *outer)
{
	const char *a, *b;
	size_t n;

	while ((n = next_component(&outer, &b)) > 0)
		if (next_component(&inner, &a) != n || memcmp(a, b, n) != 0)
			return false;
	return true;
}
