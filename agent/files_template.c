/* Files in which words in double braces stand for what the agent knows of a target. */
#include "agent/files_template.h"

#include <string.h>
#include <unistd.h>

#include "base/escape.h"

#define WORD_MAX 200

static const char *find_label(const struct hgt_labels *labels, const char *name, size_t len)
{
	for (size_t i = 0; i < labels->n; i++)
		if (strlen(labels->items[i].name) == len && memcmp(labels->items[i].name, name, len) == 0)
			return labels->items[i].value;
	return NULL;
}

static bool is(const char *word, size_t len, const char *what)
{
	return len == strlen(what) && memcmp(word, what, len) == 0;
}

/* What the word stands for; NULL when it is none. `host` has room for the host's name. */
static const char *value_of(const char *word, size_t len, const struct hgt_agent_target *target, char host[256])
{
	static const char label[] = "label.";
	size_t n = sizeof(label) - 1;

	if (is(word, len, "target"))
		return target->name;
	if (is(word, len, "\"{{\""))
		return "{{";
	if (is(word, len, "host")) {
		if (gethostname(host, 256) < 0)
			return NULL;
		host[255] = '\0';
		return host;
	}
	return len > n && memcmp(word, label, n) == 0 ? find_label(&target->labels, word + n, len - n) : NULL;
}

static unsigned line_of(const char *text, const char *at)
{
	unsigned line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

static int refuse(const char *path, unsigned line, const char *word, size_t len, struct hgt_error *err)
{
	struct hgt_buf shown = HGT_BUF_INIT;
	int code;

	hgt_escape_text(&shown, word, len < 60 ? len : 60);
	code = hgt_error_set(err, HGT_EPARSE, "%s:%u: {{%s}} stands for nothing: there are target, host, label.NAME of this target's labels, and "
		"\"{{\"", path, line, shown.failed ? "" : shown.data);
	hgt_buf_release(&shown);
	return code;
}

int template_render(const char *text, size_t len, const char *path, const struct hgt_agent_target *target, struct hgt_buf *out,
	struct hgt_error *err)
{
	const char *p = text, *end = text + len, *open;
	char host[256];

	while ((open = memmem(p, (size_t)(end - p), "{{", 2))) {
		const char *word = open + 2;
		size_t room = (size_t)(end - word) < WORD_MAX ? (size_t)(end - word) : WORD_MAX, n;
		const char *close = memmem(word, room, "}}", 2), *value;

		n = close ? (size_t)(close - word) : 0;
		while (n > 0 && *word == ' ') {
			word++;
			n--;
		}
		while (n > 0 && word[n - 1] == ' ')
			n--;
		value = close ? value_of(word, n, target, host) : NULL;
		if (!value)
			return refuse(path, line_of(text, open), word, close ? n : strcspn(word, "\n") < room ? strcspn(word, "\n") : room, err);
		hgt_buf_add(out, p, (size_t)(open - p));
		hgt_buf_adds(out, value);
		p = close + 2;
	}
	hgt_buf_add(out, p, (size_t)(end - p));
	return hgt_buf_check(out, err);
}
