/* What git and ssh say as they push and fetch. */
#include "mirror/words.h"

#include "base/digest.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define HIDDEN "[hidden]"

enum {
	SECRET_LEAST = 3,	/* shorter ones are not told from ordinary text */
	TOKEN_LEAST = 20,	/* a user's name of this length is a token */
};

/* A cursor over what is left of a line. */
struct rest {
	const char *at;
	size_t len;
};

static bool skip(struct rest *rest, const char *word)
{
	size_t n = strlen(word);

	if (rest->len < n || memcmp(rest->at, word, n) != 0)
		return false;
	rest->at += n;
	rest->len -= n;
	return true;
}

static void skip_spaces(struct rest *rest)
{
	while (rest->len && *rest->at == ' ') {
		rest->at++;
		rest->len--;
	}
}

static bool take_number(struct rest *rest, uint64_t *out)
{
	uint64_t n = 0;
	size_t digits = 0;

	while (digits < rest->len && digits < 18 && rest->at[digits] >= '0' && rest->at[digits] <= '9')
		n = n * 10 + (uint64_t)(rest->at[digits++] - '0');
	if (!digits)
		return false;
	rest->at += digits;
	rest->len -= digits;
	*out = n;
	return true;
}

/* "1.20 MiB", "627 bytes". */
static bool take_size(struct rest *rest, uint64_t *out)
{
	static const struct {
		const char *unit;
		uint64_t bytes;
	} units[] = {{" bytes", 1}, {" byte", 1}, {" KiB", 1 << 10}, {" MiB", 1 << 20}, {" GiB", 1 << 30}};
	uint64_t whole, hundredths = 0;

	if (!take_number(rest, &whole) || whole > UINT32_MAX)
		return false;
	if (skip(rest, ".") && (!take_number(rest, &hundredths) || hundredths > 99))
		return false;
	for (size_t i = 0; i < COUNT(units); i++)
		if (skip(rest, units[i].unit)) {
			*out = whole * units[i].bytes + hundredths * units[i].bytes / 100;
			return true;
		}
	return false;
}

bool hgt_words_progress(const char *line, size_t len, struct hgt_progress *out)
{
	static const struct {
		const char *words, *phase;
	} phases[] = {
		{"Enumerating objects: ", "enumerating"}, {"Counting objects: ", "counting"}, {"Compressing objects: ", "compressing"},
		{"Writing objects: ", "sending"}, {"Receiving objects: ", "receiving"}, {"Resolving deltas: ", "resolving"},
		{"Unpacking objects: ", "unpacking"}, {"Checking connectivity: ", "checking"}, {"Checking objects: ", "checking"},
	};
	struct rest rest = {line, len};
	struct hgt_progress found = {0};
	uint64_t first;

	if (skip(&rest, "remote: "))
		skip_spaces(&rest);
	for (size_t i = 0; i < COUNT(phases) && !found.phase; i++)
		if (skip(&rest, phases[i].words))
			found.phase = phases[i].phase;
	skip_spaces(&rest);
	if (!found.phase || !take_number(&rest, &first))
		return false;
	found.objects = first;
	if (skip(&rest, "% (")) {
		if (first > 100 || !take_number(&rest, &found.objects) || !skip(&rest, "/") || !take_number(&rest, &found.total) ||
			!skip(&rest, ")"))
			return false;
		found.percent = (unsigned)first;
		if (skip(&rest, ", ") && !take_size(&rest, &found.bytes))
			found.bytes = 0;
	}
	*out = found;
	return true;
}

/* Of "! <from>:<to>\t[remote rejected] (<why>)" what lies in the parentheses, which may have others within. */
static void find_why(struct rest summary, struct hgt_push_line *out)
{
	const char *open = memchr(summary.at, '(', summary.len);

	if (!open || summary.at[summary.len - 1] != ')')
		return;
	out->why = open + 1;
	out->why_len = summary.len - (size_t)(open + 1 - summary.at) - 1;
}

static bool why_is(const struct hgt_push_line *line, const char *why)
{
	return line->why_len == strlen(why) && !memcmp(line->why, why, line->why_len);
}

static enum hgt_pushed judge_rejected(struct rest summary, const struct hgt_push_line *line)
{
	static const char *const overtaken[] = {"incorrect old value provided", "failed to update ref", "failed to lock", "fetch first"};

	if (skip(&summary, "[remote rejected]")) {
		for (size_t i = 0; i < COUNT(overtaken); i++)
			if (why_is(line, overtaken[i]))
				return HGT_PUSHED_OVERTAKEN;
		/* Nothing of that push was taken in, for want of room, say: that is trouble, and nobody's decision. */
		if (why_is(line, "unpacker error"))
			return HGT_PUSHED_LOST;
		return why_is(line, "pre-receive hook declined") ? HGT_PUSHED_REFUSED_ALL : HGT_PUSHED_REFUSED;
	}
	if (skip(&summary, "[rejected]"))
		return why_is(line, "atomic push failed") ? HGT_PUSHED_LOST : HGT_PUSHED_OVERTAKEN;
	if (skip(&summary, "[no match]"))
		return HGT_PUSHED_REFUSED;
	return HGT_PUSHED_LOST;		/* [remote failure] */
}

bool hgt_words_pushed(const char *line, size_t len, struct hgt_push_line *out)
{
	struct hgt_push_line found = {.why = "", .what = HGT_PUSHED_DONE};
	const char *end = len > 2 && line[1] == '\t' ? memchr(line + 2, '\t', len - 2) : NULL;
	const char *colon = end ? memrchr(line + 2, ':', (size_t)(end - line) - 2) : NULL;
	struct rest summary;

	if (!colon || !memchr(" +-*=!", line[0], 6) || end - colon < 2)
		return false;
	found.ref = colon + 1;
	found.ref_len = (size_t)(end - colon) - 1;
	summary = (struct rest){end + 1, len - (size_t)(end + 1 - line)};
	if (line[0] == '=')
		found.what = HGT_PUSHED_SAME;
	if (line[0] == '!') {
		if (summary.len)
			find_why(summary, &found);
		found.what = judge_rejected(summary, &found);
	}
	*out = found;
	return true;
}

/* The first that is found decides: what says more stands before what follows from it. */
static const struct {
	const char *words;
	enum hgt_cause cause;
} causes[] = {
	{"REMOTE HOST IDENTIFICATION HAS CHANGED", HGT_CAUSE_HOST_KEY_CHANGED},
	{"Host key for ", HGT_CAUSE_HOST_KEY_CHANGED},
	{"host key is known for ", HGT_CAUSE_HOST_KEY_UNKNOWN},
	{"Host key verification failed", HGT_CAUSE_HOST_KEY_UNKNOWN},
	{"UNPROTECTED PRIVATE KEY FILE", HGT_CAUSE_KEY_FILE},
	{"Load key \"", HGT_CAUSE_KEY_FILE},
	{"not accessible: No such file", HGT_CAUSE_KEY_FILE},
	{"Permission denied (", HGT_CAUSE_KEY_REFUSED},
	{"Too many authentication failures", HGT_CAUSE_KEY_REFUSED},
	{"Authentication failed for ", HGT_CAUSE_CREDENTIALS},
	{"could not read Username", HGT_CAUSE_CREDENTIALS},
	{"could not read Password", HGT_CAUSE_CREDENTIALS},
	{"The requested URL returned error: 401", HGT_CAUSE_CREDENTIALS},
	{"The requested URL returned error: 403", HGT_CAUSE_FORBIDDEN},
	{"SSL certificate problem", HGT_CAUSE_CERTIFICATE},
	{"server certificate verification failed", HGT_CAUSE_CERTIFICATE},
	{"no alternative certificate subject name", HGT_CAUSE_CERTIFICATE},
	{"does not match target host name", HGT_CAUSE_CERTIFICATE},
	{"Could not resolve host", HGT_CAUSE_NAME},
	{"Name or service not known", HGT_CAUSE_NAME},
	{"Temporary failure in name resolution", HGT_CAUSE_NAME},
	{"does not support this repository's hash algorithm", HGT_CAUSE_OBJECT_FORMAT},
	{"mismatched algorithms", HGT_CAUSE_OBJECT_FORMAT},
	{"does not appear to be a git repository", HGT_CAUSE_NOT_FOUND},
	{"repository not found", HGT_CAUSE_NOT_FOUND},
	{"Repository not found", HGT_CAUSE_NOT_FOUND},
	{"' not found", HGT_CAUSE_NOT_FOUND},
	{"/ not found", HGT_CAUSE_NOT_FOUND},
	{"The requested URL returned error: 404", HGT_CAUSE_NOT_FOUND},
	{"matches more than one", HGT_CAUSE_AMBIGUOUS_NAME},
	{"Connection refused", HGT_CAUSE_AWAY},
	{"Connection timed out", HGT_CAUSE_AWAY},
	{"Connection reset", HGT_CAUSE_AWAY},
	{"Connection closed by", HGT_CAUSE_AWAY},
	{"Network is unreachable", HGT_CAUSE_AWAY},
	{"No route to host", HGT_CAUSE_AWAY},
	{"Operation timed out", HGT_CAUSE_AWAY},
	{"Failed to connect to", HGT_CAUSE_AWAY},
	{"Couldn't connect to server", HGT_CAUSE_AWAY},
	{"Timeout, server ", HGT_CAUSE_AWAY},
	{"The requested URL returned error: 502", HGT_CAUSE_AWAY},
	{"The requested URL returned error: 503", HGT_CAUSE_AWAY},
	{"The requested URL returned error: 504", HGT_CAUSE_AWAY},
	{"Read-only file system", HGT_CAUSE_READ_ONLY},
	{"No space left on device", HGT_CAUSE_DISK_HERE},
	{"Disk quota exceeded", HGT_CAUSE_DISK_HERE},
	{"dubious ownership", HGT_CAUSE_OWNER_HERE},
	{"is corrupt", HGT_CAUSE_CORRUPT_HERE},
	{"inflate: data stream error", HGT_CAUSE_CORRUPT_HERE},
	{"bad object ", HGT_CAUSE_CORRUPT_HERE},
	{"unable to read tree", HGT_CAUSE_CORRUPT_HERE},
	{"missing blob ", HGT_CAUSE_CORRUPT_HERE},
	{"index-pack abnormal exit", HGT_CAUSE_CORRUPT_THERE},
	{"unpack-objects abnormal exit", HGT_CAUSE_CORRUPT_THERE},
};

/* Whether the place lies in a line of the other side's. */
static bool is_theirs(const char *said, const char *at)
{
	while (at > said && at[-1] != '\n')
		at--;
	return !strncmp(at, "remote: ", 8) || !strncmp(at, "error: remote unpack failed", 27);
}

enum hgt_cause hgt_words_cause(const char *said)
{
	for (size_t i = 0; i < COUNT(causes); i++) {
		const char *at = strstr(said, causes[i].words);
		bool theirs = at && is_theirs(said, at);
		enum hgt_cause cause = causes[i].cause;

		/* What a hook there says in its own words is no cause of ours. */
		if (!at || (theirs && cause < HGT_CAUSE_DISK_THERE && cause != HGT_CAUSE_NOT_FOUND))
			continue;
		if (theirs && cause == HGT_CAUSE_DISK_HERE)
			return HGT_CAUSE_DISK_THERE;
		if (theirs && cause == HGT_CAUSE_CORRUPT_HERE)
			return HGT_CAUSE_CORRUPT_THERE;
		if (theirs && cause == HGT_CAUSE_OWNER_HERE)
			return HGT_CAUSE_OWNER_THERE;
		return cause;
	}
	return HGT_CAUSE_OTHER;
}

static bool is_consequence(struct rest line)
{
	static const char *const words[] = {"fatal: Could not read from remote repository", "error: failed to push some refs",
		"fatal: the remote end hung up", "fatal: The remote end hung up", "error: RPC failed", "send-pack: unexpected disconnect",
		"fetch-pack: unexpected disconnect", "fatal: early EOF", "error: remote unpack failed",
		"fatal: sha1 file '<stdout>' write error"};

	for (size_t i = 0; i < COUNT(words); i++)
		if (skip(&line, words[i]))
			return true;
	return false;
}

/* How much a line says: 0 nothing, 3 most. */
static int weight(struct rest line)
{
	struct rest rest = line;

	if (!line.len || skip(&rest, "hint: ") || skip(&rest, "Please make sure") || skip(&rest, "and the repository exists") ||
		skip(&rest, "warning: ") || skip(&rest, "To "))
		return 0;
	if (is_consequence(line))
		return 1;
	if (skip(&rest, "fatal: ") || skip(&rest, "error: "))
		return 3;
	if (skip(&rest, "remote: ")) {
		skip_spaces(&rest);
		return skip(&rest, "fatal: ") || skip(&rest, "error: ") ? 3 : 2;
	}
	return 2;
}

void hgt_words_gist(const char *said, struct hgt_buf *out)
{
	struct rest best = {"", 0};
	int most = 0;

	for (const char *at = said; *at; at += strcspn(at, "\n"), at += *at == '\n') {
		struct rest line = {at, strcspn(at, "\n")};
		int weighs = weight(line);

		/* The first of those that say most; of the rest the last. */
		if (weighs > most || (weighs == most && weighs == 2)) {
			best = line;
			most = weighs;
		}
	}
	if (skip(&best, "remote: "))
		skip_spaces(&best);
	if (!skip(&best, "fatal: "))
		skip(&best, "error: ");
	while (best.len && (best.at[best.len - 1] == ' ' || best.at[best.len - 1] == '.'))
		best.len--;
	hgt_buf_add(out, best.at, best.len);
}

static int hide(struct hgt_hidden *hidden, const char *text, size_t len)
{
	struct hgt_buf *items;

	if (len < SECRET_LEAST)
		return 0;
	items = reallocarray(hidden->items, hidden->n + 1, sizeof(*items));
	if (!items)
		return HGT_ENOMEM;
	hidden->items = items;
	hgt_buf_init(&items[hidden->n]);
	hgt_buf_add(&items[hidden->n], text, len);
	return items[hidden->n++].failed ? HGT_ENOMEM : 0;
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void decode(const char *text, size_t len, struct hgt_buf *out)
{
	for (size_t i = 0; i < len; i++) {
		int high = text[i] == '%' && len - i > 2 ? digit(text[i + 1]) : -1, low = high >= 0 ? digit(text[i + 2]) : -1;

		hgt_buf_addc(out, low >= 0 ? (char)(high * 16 + low) : text[i]);
		i += low >= 0 ? 2 : 0;
	}
}

static void wipe(struct hgt_buf *buf)
{
	if (buf->cap)
		explicit_bzero(buf->data, buf->cap);
	hgt_buf_release(buf);
}

/* A secret as it stands in a URL, and as it is meant. */
static int hide_both(struct hgt_hidden *hidden, const char *text, size_t len)
{
	struct hgt_buf plain = HGT_BUF_INIT;
	int code = hide(hidden, text, len);

	decode(text, len, &plain);
	if (code == 0 && plain.failed)
		code = HGT_ENOMEM;
	if (code == 0 && (plain.len != len || memcmp(plain.data, text, len) != 0))
		code = hide(hidden, plain.data, plain.len);
	wipe(&plain);
	return code;
}

/* user:password, for "Authorization: Basic". */
static int hide_basic(struct hgt_hidden *hidden, const char *user, size_t user_len, const char *password, size_t password_len)
{
	struct hgt_buf plain = HGT_BUF_INIT, basic = HGT_BUF_INIT;
	int code;

	decode(user, user_len, &plain);
	hgt_buf_addc(&plain, ':');
	decode(password, password_len, &plain);
	hgt_base64(&basic, plain.data, plain.len);
	code = plain.failed || basic.failed ? HGT_ENOMEM : hide(hidden, basic.data, basic.len);
	wipe(&plain);
	wipe(&basic);
	return code;
}

static int hide_line(struct hgt_hidden *hidden, const char *line, size_t len)
{
	const char *user = memmem(line, len, "://", 3), *at, *colon;
	size_t user_len;
	int code;

	if (!user)
		return 0;
	user += 3;
	at = memrchr(user, '@', len - (size_t)(user - line));
	if (!at)
		return 0;
	colon = memchr(user, ':', (size_t)(at - user));
	user_len = (size_t)((colon ? colon : at) - user);
	code = !colon || user_len >= TOKEN_LEAST ? hide_both(hidden, user, user_len) : 0;
	if (code == 0 && colon)
		code = hide_both(hidden, colon + 1, (size_t)(at - colon) - 1);
	return code < 0 || !colon ? code : hide_basic(hidden, user, user_len, colon + 1, (size_t)(at - colon) - 1);
}

int hgt_hidden_read(struct hgt_hidden *hidden, const char *text, size_t len, struct hgt_error *err)
{
	const char *end = text + len;

	for (const char *at = text, *stop; at < end; at = stop + 1) {
		stop = memchr(at, '\n', (size_t)(end - at));
		if (!stop)
			stop = end;
		if (hide_line(hidden, at, (size_t)(stop - at)) < 0)
			return hgt_error_nomem(err);
	}
	return 0;
}

void hgt_hidden_release(struct hgt_hidden *hidden)
{
	for (size_t i = 0; i < hidden->n; i++)
		wipe(&hidden->items[i]);
	free(hidden->items);
	*hidden = (struct hgt_hidden)HGT_HIDDEN_INIT;
}

/* The length of the longest secret that begins here; 0: none does. */
static size_t secret_at(const struct hgt_hidden *hidden, const char *at, size_t len)
{
	size_t most = 0;

	for (size_t i = 0; i < hidden->n; i++)
		if (hidden->items[i].len <= len && hidden->items[i].len > most && !memcmp(at, hidden->items[i].data, hidden->items[i].len))
			most = hidden->items[i].len;
	return most;
}

/* The length of "user:password" here, right behind "://"; 0: there is none. */
static size_t userinfo_at(const char *at, size_t len)
{
	bool colon = false;

	for (size_t i = 0; i < len && !strchr("/ \t'\"\n", at[i] ? at[i] : ' '); i++) {
		if (at[i] == '@')
			return colon ? i : 0;
		colon |= at[i] == ':';
	}
	return 0;
}

void hgt_words_hide(const struct hgt_hidden *hidden, const char *text, size_t len, struct hgt_buf *out)
{
	for (size_t i = 0; i < len;) {
		size_t n = secret_at(hidden, text + i, len - i);

		if (!n && i >= 3 && !memcmp(text + i - 3, "://", 3))
			n = userinfo_at(text + i, len - i);
		if (n)
			hgt_buf_adds(out, HIDDEN);
		else
			hgt_buf_addc(out, text[i]);
		i += n ? n : 1;
	}
}
