/* Reading base64. */
#include "base/base64.h"

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static void add(struct hgt_buf *out, unsigned bits, int bytes)
{
	for (int i = 0; i < bytes; i++)
		hgt_buf_addc(out, (char)(bits >> (16 - 8 * i) & 0xff));
}

bool hgt_base64_decode(struct hgt_buf *out, const char *text, size_t len, size_t *bad)
{
	unsigned bits = 0;
	int digits = 0, padding = 0;
	bool ended = false;

	for (size_t i = 0; i < len; i++) {
		int value = value_of(text[i]);

		if (text[i] == '\n' || text[i] == '\r')
			continue;
		*bad = i;
		if (ended || (text[i] == '=' ? digits < 2 : value < 0 || padding))
			return false;
		if (value < 0)
			padding++;
		else
			bits |= (unsigned)value << (18 - 6 * digits++);
		if (digits + padding < 4)
			continue;
		add(out, bits, digits - 1);
		ended = padding;
		bits = 0;
		digits = padding = 0;
	}
	*bad = len;
	return digits + padding == 0;
}
