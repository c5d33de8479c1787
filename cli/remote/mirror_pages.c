/* Copies and refs of mirrors, page by page. */
#include <stdlib.h>

#include "base/json_writer.h"
#include "cli/remote/mirror.h"
#include "cli/remote/remote.h"

#define PAGE "500"	/* stays well below the reader's limit on nodes */

/* A name as a pattern that matches nothing else. */
static void add_name_query(struct hgt_buf *path, const char *key, const char *name)
{
	struct hgt_buf text = HGT_BUF_INIT;

	for (const char *p = name; p && *p; p++) {
		if (strchr("*?[]\\", *p))
			hgt_buf_addc(&text, '\\');
		hgt_buf_addc(&text, *p);
	}
	remote_add_query(path, key, name ? text.data : NULL);
	path->failed |= text.failed;
	hgt_buf_release(&text);
}

static int add_answer(struct mirror_pages *pages, struct client_answer **out, struct hgt_error *err)
{
	struct client_answer **grown = realloc(pages->answers, (pages->n + 1) * sizeof(*grown));
	struct client_answer *answer = malloc(sizeof(*answer));

	if (grown)
		pages->answers = grown;
	if (!grown || !answer) {
		free(answer);
		return hgt_error_nomem(err);
	}
	client_answer_init(answer);
	pages->answers[pages->n++] = answer;
	*out = answer;
	return 0;
}

static int take_items(struct mirror_pages *pages, const struct client_answer *answer, const char *key, struct hgt_error *err)
{
	const struct hgt_node *items = hgt_node_get(answer->root, key);
	const struct hgt_node **grown;

	if (!items || items->type != HGT_NODE_SEQ)
		return hgt_error_set(err, HGT_EPARSE, "the daemon's answer is none about mirrors");
	grown = realloc(pages->list.items, (pages->list.n + items->v.seq.n + 1) * sizeof(*grown));
	if (!grown)
		return hgt_error_nomem(err);
	pages->list.items = grown;
	for (size_t i = 0; i < items->v.seq.n; i++)
		grown[pages->list.n++] = items->v.seq.items[i];
	return 0;
}

static int read_pages(struct client *client, const struct hgt_buf *start, const char *key, size_t most, struct mirror_pages *pages,
	struct hgt_error *err)
{
	const size_t had = pages->list.n;
	const char *after = NULL;
	int code;

	do {
		struct hgt_buf path = HGT_BUF_INIT;
		struct client_answer *answer = NULL;

		hgt_buf_add(&path, start->data, start->len);
		remote_add_query(&path, "after", after);
		path.failed |= start->failed;
		code = hgt_buf_check(&path, err);
		if (code == 0)
			code = add_answer(pages, &answer, err);
		if (code == 0)
			code = client_call(client, "GET", path.data, NULL, answer, err);
		if (code == 0)
			code = take_items(pages, answer, key, err);
		if (code == 0)
			after = hgt_node_get_string(answer->root, "after");
		hgt_buf_release(&path);
	} while (code == 0 && after && (!most || pages->list.n - had < most));
	return code;
}

int mirror_pages_copies(struct client *client, const struct mirror_want *want, size_t most, struct mirror_pages *pages,
	struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	int code;

	hgt_buf_adds(&path, "/v1/mirrors?limit=" PAGE);
	remote_add_query(&path, "mirror", want->mirror);
	add_name_query(&path, "repo", want->repo);
	remote_add_query(&path, "state", want->states);
	code = read_pages(client, &path, "copies", most, pages, err);
	hgt_buf_release(&path);
	return code;
}

int mirror_pages_refs(struct client *client, const char *mirror, const char *repo, bool all, struct mirror_pages *pages,
	struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	int code;

	hgt_buf_adds(&path, "/v1/mirrors/refs?limit=" PAGE);
	remote_add_query(&path, "mirror", mirror);
	remote_add_query(&path, "repo", repo);
	remote_add_query(&path, "all", all ? "true" : NULL);
	code = read_pages(client, &path, "refs", 0, pages, err);
	hgt_buf_release(&path);
	return code;
}

void mirror_pages_release(struct mirror_pages *pages)
{
	for (size_t i = 0; i < pages->n; i++) {
		client_answer_release(pages->answers[i]);
		free(pages->answers[i]);
	}
	free(pages->answers);
	free(pages->list.items);
	*pages = (struct mirror_pages){0};
}

const struct hgt_node *mirror_pages_mirrors(const struct mirror_pages *pages)
{
	return pages->n ? hgt_node_get(pages->answers[0]->root, "mirrors") : NULL;
}

void mirror_pages_write(const struct mirror_pages *pages, const char *key, struct hgt_json *json)
{
	hgt_json_key(json, key);
	hgt_json_begin_array(json);
	for (size_t i = 0; i < pages->list.n; i++)
		hgt_node_write_json(pages->list.items[i], json);
	hgt_json_end_array(json);
}
