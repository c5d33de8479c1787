/* The text of a file by its lines, for excerpts. */
#include "check/source.h"

#include "base/utf8.h"
#include "check/finding.h"

/* Of a line longer than this many characters an excerpt shows a window around the column. */
enum { WHOLE_LINE = 160, WINDOW = 120, BEFORE = 60 };

void hgt_source_init(struct hgt_source *source, const char *data, size_t len)
{
	*source = (struct hgt_source){.data = data, .len = len, .line = 1};
}

/* The offset of the newline that ends the line which begins at `start`, or of the text's end. A line ends at
 * \n, as lib/doc counts. */
static size_t line_end(const struct hgt_source *source, size_t start)
{
	const char *nl = memchr(source->data + start, '\n', source->len - start);

	return nl ? (size_t)(nl - source->data) : source->len;
}

/* The bytes of the character at s. */
static size_t step(const char *s, size_t len)
{
	uint32_t cp;
	size_t n = hgt_utf8_decode(s, len, &cp);

	return n ? n : 1;
}

static void window(struct hgt_finding *finding, const char *line, size_t len)
{
	uint32_t first = finding->column > BEFORE ? finding->column - BEFORE : 1;
	uint32_t column = 1;
	size_t from = 0, to;

	while (column < first && from < len) {
		from += step(line + from, len - from);
		column++;
	}
	to = from;
	for (unsigned i = 0; i < WINDOW && to < len; i++)
		to += step(line + to, len - to);
	finding->excerpt = line + from;
	finding->excerpt_len = to - from;
	finding->excerpt_column = column;
	finding->excerpt_cut = to < len;
}

void hgt_source_excerpt(struct hgt_source *source, struct hgt_finding *finding)
{
	static const char bom[] = "\xef\xbb\xbf";
	size_t end, len, chars = 0;
	const char *line;

	if (!finding->line)
		return;
	if (finding->line < source->line) {
		source->line = 1;
		source->offset = 0;
	}
	end = line_end(source, source->offset);
	while (source->line < finding->line && end < source->len) {
		source->offset = end + 1;
		source->line++;
		end = line_end(source, source->offset);
	}
	if (source->line != finding->line)
		return;
	line = source->data + source->offset;
	len = end - source->offset;
	if (len && line[len - 1] == '\r')
		len--;
	/* Columns count from behind it. */
	if (!source->offset && len >= 3 && memcmp(line, bom, 3) == 0) {
		line += 3;
		len -= 3;
	}
	for (size_t i = 0; i < len && chars <= WHOLE_LINE; chars++)
		i += step(line + i, len - i);
	if (chars > WHOLE_LINE) {
		window(finding, line, len);
		return;
	}
	finding->excerpt = line;
	finding->excerpt_len = len;
}

void hgt_source_position(const struct hgt_source *source, size_t offset, uint32_t *line, uint32_t *column)
{
	size_t start = 0;

	*line = 1;
	for (size_t end = line_end(source, 0); end < offset; end = line_end(source, start)) {
		start = end + 1;
		++*line;
	}
	*column = 1;
	for (size_t i = start; i < offset; ++*column)
		i += step(source->data + i, source->len - i);
}
