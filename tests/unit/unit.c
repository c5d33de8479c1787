/* Folders of unit tests. */
#include "tests/unit/unit.h"

#include "base/buf.h"
#include "tests/unit/temp_folder.h"

int unit_folder_make(void **state)
{
	*state = temp_folder_new();
	return 0;
}

int unit_folder_remove(void **state)
{
	temp_folder_free(*state);
	return 0;
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
