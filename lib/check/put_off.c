/* Files that are judged last. */
#include "check/put_off.h"

void hgt_put_off_init(struct hgt_put_off_list *list)
{
	*list = (struct hgt_put_off_list){.end = &list->first};
}

void hgt_put_off_release(struct hgt_put_off_list *list)
{
	while (list->first) {
		struct hgt_put_off *next = list->first->next;

		free(list->first);
		list->first = next;
	}
	hgt_put_off_init(list);
}

int hgt_put_off_add(struct hgt_put_off_list *list, const struct hgt_put_off *file, struct hgt_error *err)
{
	size_t path_size = strlen(file->path) + 1;
	struct hgt_put_off *copy;
	char *rest;

	if (file->len > HGT_PUT_OFF_MAX - list->bytes)
		return 0;
	copy = malloc(sizeof(*copy) + path_size + file->len);
	if (!copy)
		return hgt_error_nomem(err);
	rest = (char *)(copy + 1);
	memcpy(rest, file->path, path_size);
	memcpy(rest + path_size, file->data, file->len);
	*copy = *file;
	copy->path = rest;
	copy->data = rest + path_size;
	copy->next = NULL;
	*list->end = copy;
	list->end = &copy->next;
	list->bytes += file->len;
	return 1;
}
