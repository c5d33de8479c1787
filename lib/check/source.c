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

/* The offset of the end of the line that begins at `start`. */
static size_t line_end(const struct hgt_source *source, size_t start)
{
	const char *from = source->data + start;
	size_t left = source->len - start;
	const char *nl = memchr(from, '\n', left);
	size_t n = nl ? (size_t)(nl - from) : left;
	const char *cr = memchr(from, '\r', n);

	return start + (cr ? (size_t)(cr - from) : n);
}

/* The offset of the line after the one that ends at `end`; len when that was the last. */
static size_t next_line(const struct hgt_source *source, size_t end)
{
	if (end < source->len && source->data[end] == '\r')
		end++;
	if (end < source->len && source->data[end] == '\n')
		end++;
	return end;
}

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
	size_t end, chars = 0;
	const char *line;

	if (!finding->line)
		return;
	if (finding->line < source->line) {
		source->line = 1;
		source->offset = 0;
	}
	end = line_end(source, source->offset);
	while (source->line < finding->line && end < source->len) {
		source->offset = next_line(source, end);
		source->line++;
		end = line_end(source, source->offset);
	}
	if (source->line != finding->line)
		return;
	line = source->data + source->offset;
	for (size_t i = source->offset; i < end && chars <= WHOLE_LINE; chars++)
		i += step(source->data + i, end - i);
	if (chars > WHOLE_LINE) {
		window(finding, line, end - source->offset);
		return;
	}
	finding->excerpt = line;
	finding->excerpt_len = end - source->offset;
}

void hgt_source_position(const struct hgt_source *source, size_t offset, uint32_t *line, uint32_t *column)
{
	size_t start = 0, end = line_end(source, 0);

	*line = 1;
	*column = 1;
	while (end < offset && next_line(source, end) <= offset && next_line(source, end) > end) {
		start = next_line(source, end);
		end = line_end(source, start);
		++*line;
	}
	for (size_t i = start; i < offset && i < source->len; ++*column)
		i += step(source->data + i, source->len - i);
}
