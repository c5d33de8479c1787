/* The other side of a mirror: its URL and its refs. */
#include "mirror/remote.h"

#include "base/escape.h"
#include "git/update.h"

#define REPO "{repo}"

enum { TIPS_MAX = 1000000, REF_MAX = 4096 };

static bool is_url(const char *url)
{
	return strstr(url, "://") != NULL;
}

/* A name within a URL's path: its folders stay folders. */
static void add_name(struct hgt_buf *out, const char *name)
{
	while (*name) {
		size_t n = strcspn(name, "/");

		hgt_escape_url(out, name, n);
		name += n;
		if (*name == '/') {
			hgt_buf_addc(out, '/');
			name++;
		}
	}
}

int hgt_remote_url(const char *url, const char *repo, struct hgt_buf *out, struct hgt_error *err)
{
	const char *rest = url, *at;

	while ((at = strstr(rest, REPO))) {
		hgt_buf_add(out, rest, (size_t)(at - rest));
		if (is_url(url))
			add_name(out, repo);
		else
			hgt_buf_adds(out, repo);
		rest = at + strlen(REPO);
	}
	hgt_buf_adds(out, rest);
	return hgt_buf_check(out, err);
}

/* HOST:PATH, as scp has it: the first colon comes before the first slash, but for those within the brackets of an address. */
static size_t scp_host(const char *url)
{
	size_t n = url[0] == '[' || strstr(url, "@[") ? strcspn(url, "]") : 0;
	size_t len = n + strcspn(url + n, ":/");

	return url[len] == ':' ? len : 0;
}

int hgt_remote_host(const char *url, struct hgt_buf *out, struct hgt_error *err)
{
	const char *host = is_url(url) ? strstr(url, "://") + 3 : url;
	size_t len = is_url(url) ? strcspn(host, "/?#") : scp_host(url);

	if (!strncmp(url, "file://", 7))
		len = 0;
	for (size_t i = 0; i < len; i++)
		if (host[i] == '@') {
			host += i + 1;
			len -= i + 1;
			i = (size_t)-1;
		}
	for (size_t i = 0; i < len; i++)
		hgt_buf_addc(out, host[i] >= 'A' && host[i] <= 'Z' ? (char)(host[i] - 'A' + 'a') : host[i]);
	return hgt_buf_check(out, err);
}

static int grow(struct hgt_tips *tips)
{
	size_t room = tips->room ? tips->room * 2 : 64;
	struct hgt_tip *items = reallocarray(tips->items, room, sizeof(*items));

	if (!items)
		return HGT_ENOMEM;
	tips->items = items;
	tips->room = room;
	return 0;
}

static int add(struct hgt_tips *tips, const char *ref, size_t len, const char *id, struct hgt_error *err)
{
	struct hgt_tip *tip;

	if (tips->n >= TIPS_MAX)
		return hgt_error_set(err, HGT_ELIMIT, "there are more than %d refs", TIPS_MAX);
	if (tips->n == tips->room && grow(tips) < 0)
		return hgt_error_nomem(err);
	tip = &tips->items[tips->n];
	tip->ref = strndup(ref, len);
	if (!tip->ref)
		return hgt_error_nomem(err);
	memcpy(tip->id, id, HGT_OID_HEX);
	tip->id[HGT_OID_HEX] = '\0';
	tips->n++;
	return 0;
}

int hgt_tips_add(struct hgt_tips *tips, const char *ref, const char *id, struct hgt_error *err)
{
	if (strlen(id) != HGT_OID_HEX)
		return hgt_error_set(err, HGT_EUNSUPPORTED, "%s is no SHA-1 id", id);
	return add(tips, ref, strlen(ref), id, err);
}

static int by_ref(const void *a, const void *b)
{
	const struct hgt_tip *left = a, *right = b;

	return strcmp(left->ref, right->ref);
}

void hgt_tips_sort(struct hgt_tips *tips)
{
	if (tips->n > 1)
		qsort(tips->items, tips->n, sizeof(*tips->items), by_ref);
}

const char *hgt_tips_find(const struct hgt_tips *tips, const char *ref)
{
	size_t from = 0, to = tips->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int order = strcmp(tips->items[middle].ref, ref);

		if (order == 0)
			return tips->items[middle].id;
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return NULL;
}

void hgt_tips_release(struct hgt_tips *tips)
{
	for (size_t i = 0; i < tips->n; i++)
		free(tips->items[i].ref);
	free(tips->items);
	*tips = (struct hgt_tips)HGT_TIPS_INIT;
}

/* git-check-ref-format(1), for a full name: below refs/, each component not empty, not begun by a dot, not ended by ".lock". */
static bool is_component(const char *s, size_t len)
{
	return len && s[0] != '.' && !(len >= 5 && !memcmp(s + len - 5, ".lock", 5));
}

static bool is_ref(const char *s, size_t len)
{
	size_t begin = 0;

	if (len <= 5 || len > REF_MAX || memcmp(s, "refs/", 5) != 0 || s[len - 1] == '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c <= ' ' || c == 0x7f || strchr("~^:?*[\\", c) || (i && c == '.' && s[i - 1] == '.') || (i && c == '{' && s[i - 1] == '@'))
			return false;
		if (c != '/')
			continue;
		if (!is_component(s + begin, i - begin))
			return false;
		begin = i + 1;
	}
	return is_component(s + begin, len - begin);
}

int hgt_tips_take(struct hgt_tips *tips, const char *line, size_t len, struct hgt_error *err)
{
	const char *tab = memchr(line, '\t', len);
	size_t hex = tab ? (size_t)(tab - line) : 0, left;

	for (size_t i = 0; i < hex; i++)
		if (!strchr("0123456789abcdef", line[i]) || !line[i])
			hex = 0;
	if (hex == HGT_OID_HEX_SHA256)
		return hgt_error_set(err, HGT_EUNSUPPORTED, "the other side has SHA-256 objects; a mirror needs one of SHA-1 as here");
	if (hex != HGT_OID_HEX)
		return hgt_error_set(err, HGT_EPARSE, "what the other side says of its refs cannot be read");
	left = len - hex - 1;
	if ((left == 4 && !memcmp(tab + 1, "HEAD", 4)) || (left > 3 && !memcmp(line + len - 3, "^{}", 3)))
		return 0;
	if (!is_ref(tab + 1, left))
		return hgt_error_set(err, HGT_EPARSE, "the other side has a ref whose name is none");
	return add(tips, tab + 1, left, line, err);
}
