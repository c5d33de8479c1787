/* k8s/overlap: files of one volume that cannot both be there, because one stands where the other has to, or has its folder. */
#include "k8s/pod.h"

/* What a volume has: its files; folders, each with the first path that needs it; files of tokens. */
struct paths {
	struct hgt_seen files, folders, tokens;
};

/* Deeper folders are not looked at, so that the work stays in proportion to the text. */
enum { DEPTH = 32 };

static void tell(struct hgt_pod *pod, const struct hgt_field *path, const struct hgt_node *other)
{
	char hint[64];

	snprintf(hint, sizeof(hint), "the other is on line %" PRIu32, other->line);
	hgt_tell_field(pod->subject, "k8s/overlap", path, hint, "%s and %s cannot both be there",
		hgt_quote_text(path->node->text, path->node->len).text, hgt_quote_text(other->text, other->len).text);
}

/* The path of an item, of which `known` has been told where it is exactly the same as another. */
static void note(struct hgt_pod *pod, struct paths *paths, const struct hgt_field *in, const char *name, bool known)
{
	struct hgt_field path = hgt_field_get(in, name);
	const char *text = hgt_field_string(&path);
	size_t len = text ? path.node->len : 0, depth = 0;
	const struct hgt_node *other = NULL;

	while (len && text[len - 1] == '/')
		len--;
	if (!len || (other = hgt_seen_get(&paths->files, text, len))) {
		if (len && (!known || hgt_seen_get(&paths->tokens, text, len)))
			tell(pod, &path, other);
		return;
	}
	other = hgt_seen_get(&paths->folders, text, len);
	for (size_t i = 1; i < len && depth < DEPTH; i++) {
		if (text[i] != '/')
			continue;
		depth++;
		if (!other)
			other = hgt_seen_get(&paths->files, text, i);
		if (!hgt_seen_get(&paths->folders, text, i))
			hgt_seen_before(pod->subject, &paths->folders, path.node, "%.*s", (int)i, text);
	}
	if (other)
		tell(pod, &path, other);
	hgt_seen_before(pod->subject, &paths->files, path.node, "%.*s", (int)len, text);
}

static void note_items(struct hgt_pod *pod, struct paths *paths, const struct hgt_field *source, bool known)
{
	struct hgt_field items = hgt_field_get(source, "items");

	HGT_EACH_ITEM(&items, item)
		note(pod, paths, &item, "path", known);
}

static void note_token(struct hgt_pod *pod, struct paths *paths, const struct hgt_field *token)
{
	struct hgt_field path = hgt_field_get(token, "path");
	const char *text = hgt_field_string(&path);

	if (text)
		hgt_seen_before(pod->subject, &paths->tokens, path.node, "%s", text);
}

/* Of the sources of a projected volume all but a token's are told of exactly equal paths already. */
static void note_source(struct hgt_pod *pod, struct paths *paths, const struct hgt_field *source)
{
	struct hgt_field secret = hgt_field_get(source, "secret"), config = hgt_field_get(source, "configMap");
	struct hgt_field downward = hgt_field_get(source, "downwardAPI"), token = hgt_field_get(source, "serviceAccountToken");
	struct hgt_field bundle = hgt_field_get(source, "clusterTrustBundle"), certificate = hgt_field_get(source, "podCertificate");

	note_items(pod, paths, &config, true);
	note_items(pod, paths, &secret, true);
	note_items(pod, paths, &downward, true);
	note(pod, paths, &token, "path", false);
	note_token(pod, paths, &token);
	note(pod, paths, &bundle, "path", true);
	note(pod, paths, &certificate, "credentialBundlePath", true);
	note(pod, paths, &certificate, "keyPath", true);
	note(pod, paths, &certificate, "certificateChainPath", true);
}

void hgt_check_volume_paths(struct hgt_pod *pod, const struct hgt_field *volume)
{
	struct hgt_field config = hgt_field_get(volume, "configMap"), secret = hgt_field_get(volume, "secret");
	struct hgt_field downward = hgt_field_get(volume, "downwardAPI"), projected = hgt_field_get(volume, "projected");
	struct hgt_field sources = hgt_field_get(&projected, "sources");
	struct paths paths = {HGT_SEEN_INIT, HGT_SEEN_INIT, HGT_SEEN_INIT};

	note_items(pod, &paths, &config, false);
	note_items(pod, &paths, &secret, false);
	note_items(pod, &paths, &downward, false);
	HGT_EACH_ITEM(&sources, source)
		note_source(pod, &paths, &source);
	hgt_seen_release(&paths.files);
	hgt_seen_release(&paths.folders);
	hgt_seen_release(&paths.tokens);
}
