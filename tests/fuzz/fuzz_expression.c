/* Expressions of policies and definitions, and base64: whatever is read, the place of a mistake is within the text. */
#include <assert.h>
#include <stdint.h>

#include "base/base64.h"
#include "k8s/cel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct names {
	const char *text;
	size_t len;
};

static void note(void *ctx, const char *owner, size_t owner_len, const char *name, size_t len, size_t at)
{
	const struct names *names = ctx;

	assert(owner >= names->text && owner_len && owner + owner_len < name);
	assert(name == names->text + at && at + len <= names->len);
}

static void note_name(void *ctx, const char *name, size_t len, size_t at)
{
	const struct names *names = ctx;

	assert(name == names->text + at && len && at + len <= names->len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct names given = {text, size};
	const struct hgt_cel_names names = {note, note_name, note_name, &given};
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_cel cel;
	size_t bad = 0;

	if (!hgt_cel_check(text, size, &names, &cel))
		assert(cel.at <= size && cel.wrong);
	else if (cel.kind == HGT_CEL_PATH)
		assert(cel.path < size);
	if (hgt_base64_decode(&out, text, size, &bad))
		assert(out.failed || out.len <= size / 4 * 3);
	else
		assert(bad <= size);
	hgt_buf_release(&out);
	return 0;
}
