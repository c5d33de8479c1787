/* Whether a repository of two peers takes pushes: a file for hooks. */
#include "mirror/door.h"

#include <errno.h>
#include <unistd.h>

#include "base/glob.h"
#include "base/io.h"
#include "mirror/remote.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const words[] = {[HGT_DOOR_OPEN] = "open", [HGT_DOOR_FOLLOWS] = "follows", [HGT_DOOR_CLOSING] = "closing",
	[HGT_DOOR_DISPUTED] = "disputed"};

static int path_of(const char *state, const char *mirror, struct hgt_buf *out, struct hgt_error *err)
{
	hgt_buf_addf(out, "%s/" HGT_DOOR_FOLDER "/%s", state, mirror);
	return hgt_buf_check(out, err);
}

int hgt_door_set(const char *state, const char *mirror, enum hgt_door door, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT, text = HGT_BUF_INIT;
	int code = path_of(state, mirror, &path, err);

	hgt_buf_addf(&text, "%s\n", words[door]);
	if (code == 0)
		code = hgt_buf_check(&text, err);
	if (code == 0)
		code = hgt_write_file(path.data, text.data, text.len, 0640, err);
	hgt_buf_release(&path);
	hgt_buf_release(&text);
	return code;
}

static void tell(enum hgt_door door, const struct hgt_config_mirror *mirror, const char *url, struct hgt_buf *why)
{
	switch (door) {
	case HGT_DOOR_FOLLOWS:
		hgt_buf_addf(why, "this repository follows another Headgate; push to %s", url);
		break;
	case HGT_DOOR_CLOSING:
		hgt_buf_addf(why, "this repository is being handed over to another Headgate; push again in a moment, here or to %s", url);
		break;
	case HGT_DOOR_DISPUTED:
		hgt_buf_addf(why, "two Headgates say that they lead mirror %s, this one and that of %s; the server's administrator must say which "
			"(headgate mirror promote --force)", mirror->name, url);
		break;
	case HGT_DOOR_OPEN:
		break;
	}
}

/* What is told of a file that is not there, or of another's making. */
static void tell_unknown(const struct hgt_config_mirror *mirror, struct hgt_buf *why)
{
	hgt_buf_addf(why, "it is not known whether this Headgate leads mirror %s; start headgated, which says so", mirror->name);
}

/* The word, a newline, and nothing else. */
static bool is_word(const struct hgt_buf *text, const char *word)
{
	const size_t len = strlen(word);

	return text->len == len + 1 && !memcmp(text->data, word, len) && text->data[len] == '\n';
}

static int check(const char *state, const struct hgt_config_mirror *mirror, const char *repo, struct hgt_buf *why, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT, text = HGT_BUF_INIT, url = HGT_BUF_INIT;
	size_t door = 0;
	int code = path_of(state, mirror->name, &path, err);

	if (code == 0)
		code = hgt_remote_url(mirror->url, repo, &url, err);
	if (code < 0)
		goto out;
	code = hgt_read_file(path.data, 64, &text, err);
	if (code == HGT_ENOENT || code == HGT_ELIMIT)
		code = 0;
	if (code < 0)
		goto out;
	while (door < COUNT(words) && !is_word(&text, words[door]))
		door++;
	if (door == COUNT(words))
		tell_unknown(mirror, why);
	else
		tell((enum hgt_door)door, mirror, url.data, why);
	code = hgt_buf_check(why, err);
out:
	hgt_buf_release(&path);
	hgt_buf_release(&text);
	hgt_buf_release(&url);
	return code;
}

int hgt_door_check(const struct hgt_config *config, const char *repo, const struct hgt_config_mirror **mirror, struct hgt_buf *why,
	struct hgt_error *err)
{
	*mirror = NULL;
	for (size_t i = 0; i < config->n_mirrors; i++) {
		const struct hgt_config_mirror *m = &config->mirrors[i];
		size_t before = why->len;
		int code;

		if (m->peer == HGT_MIRROR_ALONE || !hgt_glob_match_any(m->repos.items, m->repos.n, repo))
			continue;
		code = check(config->state, m, repo, why, err);
		if (code < 0)
			return code;
		if (why->len > before) {
			*mirror = m;
			return 0;
		}
	}
	return 0;
}
