/* One line of a hook's stdin: a ref that is to move, or has moved. */
#include "git/update.h"

#include "headgate/protocol.h"

#define REF_MAX 4096	/* bytes of a ref's name */

bool hgt_ref_is_own(const char *ref)
{
	return strncmp(ref, HGT_OWN_REFS, sizeof(HGT_OWN_REFS) - 1) == 0;
}

bool hgt_oid_is_zero(const char *hex)
{
	return *hex && hex[strspn(hex, "0")] == '\0';
}

bool hgt_oid_is_valid(const char *hex)
{
	size_t n = strspn(hex, "0123456789abcdef");

	return hex[n] == '\0' && (n == HGT_OID_HEX || n == HGT_OID_HEX_SHA256);
}

enum hgt_change hgt_update_change(const struct hgt_update *update)
{
	if (hgt_oid_is_zero(update->new_id))
		return HGT_CHANGE_DELETE;
	return hgt_oid_is_zero(update->old_id) ? HGT_CHANGE_CREATE : HGT_CHANGE_UPDATE;
}

const char *hgt_change_name(enum hgt_change change)
{
	static const char *const names[] = {"create", "update", "delete"};

	return names[change];
}

/* Cut one space-terminated id off the front of the line; NULL when there is none. */
static const char *take_id(char **rest)
{
	char *id = *rest;
	char *space = strchr(id, ' ');

	if (!space)
		return NULL;
	*space = '\0';
	*rest = space + 1;
	return hgt_oid_is_valid(id) ? id : NULL;
}

static bool ref_is_valid(const char *ref)
{
	size_t len = 0;

	for (; ref[len]; len++) {
		if ((unsigned char)ref[len] <= ' ' || ref[len] == 0x7f)
			return false;
	}
	return len > strlen("refs/") && len <= REF_MAX && strncmp(ref, "refs/", 5) == 0;
}

/* Parse one terminated line in place. */
static int parse_line(char *line, size_t number, struct hgt_update *out, struct hgt_error *err)
{
	out->old_id = take_id(&line);
	out->new_id = out->old_id ? take_id(&line) : NULL;
	if (!out->new_id || strlen(out->old_id) != strlen(out->new_id))
		return hgt_error_set(err, HGT_EPARSE, "line %zu of the hook's input is not \"<old> <new> <ref>\"", number);
	if (strlen(out->old_id) != HGT_OID_HEX)
		return hgt_error_set(err, HGT_EUNSUPPORTED, "this is a SHA-256 repository, which Headgate does not read yet");
	if (!ref_is_valid(line))
		return hgt_error_set(err, HGT_EPARSE, "line %zu of the hook's input names no ref", number);
	out->ref = line;
	return 0;
}

int hgt_updates_parse(const char *text, size_t len, struct hgt_arena *arena, struct hgt_updates *out,
	struct hgt_error *err)
{
	struct hgt_updates updates = {0};
	size_t lines = 0;
	char *line;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	if (lines > HGT_HOOK_UPDATES_MAX)
		return hgt_error_set(err, HGT_ELIMIT, "the push moves %zu refs; %d at once is the most", lines,
			HGT_HOOK_UPDATES_MAX);
	if (memchr(text, '\0', len) || (len > 0 && text[len - 1] != '\n'))
		return hgt_error_set(err, HGT_EPARSE, "line %zu of the hook's input is cut short or holds a NUL byte", lines + 1);
	updates.items = hgt_arena_array(arena, lines, sizeof(*updates.items));
	line = hgt_arena_strndup(arena, text, len);
	if (!updates.items || !line)
		return hgt_error_nomem(err);
	for (; updates.n < lines; updates.n++) {
		char *end = strchr(line, '\n');
		int code;

		*end = '\0';
		code = parse_line(line, updates.n + 1, &updates.items[updates.n], err);
		if (code < 0)
			return code;
		line = end + 1;
	}
	*out = updates;
	return 0;
}
