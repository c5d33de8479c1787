/* Trouble that many meet at once. */
#include "base/trouble.h"

bool hgt_trouble_tell(struct hgt_trouble *trouble, int64_t now_ms, uint64_t *left_out)
{
	trouble->met_ms = now_ms;
	if (trouble->there && now_ms - trouble->told_ms < HGT_TROUBLE_EVERY_MS) {
		trouble->left_out++;
		return false;
	}
	*left_out = trouble->left_out;
	*trouble = (struct hgt_trouble){.there = true, .told_ms = now_ms, .met_ms = now_ms};
	return true;
}

bool hgt_trouble_end(struct hgt_trouble *trouble, int64_t now_ms, uint64_t *left_out)
{
	if (!trouble->there || now_ms - trouble->met_ms < HGT_TROUBLE_EVERY_MS)
		return false;
	*left_out = trouble->left_out;
	*trouble = (struct hgt_trouble){0};
	return true;
}
