/* What git, ssh and the other side of a mirror say: the first byte chooses what it is taken for. */
#include <assert.h>
#include <stdint.h>

#include "mirror/remote.h"
#include "mirror/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_line(const char *line, size_t len)
{
	struct hgt_progress progress;
	struct hgt_push_line pushed;

	if (hgt_words_progress(line, len, &progress))
		assert(progress.phase && progress.percent <= 100);
	if (hgt_words_pushed(line, len, &pushed)) {
		assert(pushed.ref >= line && pushed.ref_len > 0 && pushed.ref + pushed.ref_len <= line + len);
		assert(!pushed.why_len || (pushed.why >= line && pushed.why + pushed.why_len <= line + len));
	}
}

static void take_tips(const char *text, size_t len)
{
	struct hgt_tips tips = HGT_TIPS_INIT;

	for (size_t at = 0; at <= len;) {
		const char *stop = memchr(text + at, '\n', len - at);
		size_t n = stop ? (size_t)(stop - text) - at : len - at;
		struct hgt_error err = {0};
		int code = hgt_tips_take(&tips, text + at, n, &err);

		assert(code == 0 || (code == err.code && err.message[0]));
		at += n + 1;
	}
	hgt_tips_sort(&tips);
	for (size_t i = 0; i < tips.n; i++) {
		assert(!strncmp(tips.items[i].ref, "refs/", 5) && !strpbrk(tips.items[i].ref, " :~^?*[\\\x7f"));
		assert(strlen(tips.items[i].id) == 40 && hgt_tips_find(&tips, tips.items[i].ref));
	}
	hgt_tips_release(&tips);
}

static void take_said(const char *text)
{
	struct hgt_buf gist = HGT_BUF_INIT;

	assert(hgt_words_cause(text) <= HGT_CAUSE_AMBIGUOUS_NAME);
	hgt_words_gist(text, &gist);
	assert(gist.len <= strlen(text) && !memchr(gist.data, '\n', gist.len));
	hgt_buf_release(&gist);
}

/* The first line is a file of credentials, the rest what is said; nothing that is hidden is left in it. */
static void take_secrets(const char *text, size_t len)
{
	const char *stop = memchr(text, '\n', len);
	size_t first = stop ? (size_t)(stop - text) : len;
	struct hgt_hidden hidden = HGT_HIDDEN_INIT;
	struct hgt_buf out = HGT_BUF_INIT;

	assert(hgt_hidden_read(&hidden, text, first, NULL) == 0);
	hgt_words_hide(&hidden, text + first, len - first, &out);
	for (size_t i = 0; i < hidden.n; i++)
		assert(hidden.items[i].len >= 3 && (strstr("[hidden]", hidden.items[i].data) || memchr(hidden.items[i].data, '[', hidden.items[i].len) ||
			memchr(hidden.items[i].data, ']', hidden.items[i].len) || !memmem(out.data, out.len, hidden.items[i].data, hidden.items[i].len)));
	hgt_buf_release(&out);
	hgt_hidden_release(&hidden);
}

static void take_url(const char *url)
{
	struct hgt_buf out = HGT_BUF_INIT;

	assert(hgt_remote_host(url, &out, NULL) == 0 && out.len <= strlen(url));
	hgt_buf_reset(&out);
	assert(hgt_remote_url(url, "a/b", &out, NULL) == 0 && !strstr(out.data, "{repo}"));
	hgt_buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hgt_buf text = HGT_BUF_INIT;

	if (!size)
		return 0;
	hgt_buf_add(&text, data + 1, size - 1);
	if (data[0] == 'l')
		take_line(text.data, text.len);
	else if (data[0] == 't')
		take_tips(text.data, text.len);
	else if (data[0] == 's')
		take_said(text.data);
	else if (data[0] == 'u')
		take_url(text.data);
	else
		take_secrets(text.data, text.len);
	hgt_buf_release(&text);
	return 0;
}
