/* lib/base/escape: nothing from outside may move the cursor, hide or reorder text. */
#include "base/escape.h"

#include "base/utf8.h"
#include "tests/unit/unit.h"

static void escapes_text(void **state)
{
	static const struct {
		const char *in;
		size_t len;
		const char *out;
	} cases[] = {
		{"", 0, ""}, {"plain text", 10, "plain text"}, {"a\nb\rc\td\x1b[31m", 12, "a\\nb\\rc\\td\\e[31m"},
		{"\\n", 2, "\\\\n"}, {"\0\x01\x7f", 3, "\\x00\\x01\\x7f"}, {"\xff\xc3", 2, "\\xff\\xc3"},
		{"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
		{"\xc2\x9b", 2, "\\u{9b}"},		/* CSI as one code point */
		{"\xe2\x80\xae", 3, "\\u{202e}"},	/* right-to-left override */
		{"\xe2\x81\xa6", 3, "\\u{2066}"}, {"\xe2\x80\x8b", 3, "\\u{200b}"}, {"\xef\xbb\xbf", 3, "\\u{feff}"},
		{"\xd8\x9c", 2, "\\u{61c}"}, {"\xf3\xa0\x81\x81", 4, "\\u{e0041}"}, {"\xe2\x80\xa8", 3, "\\u{2028}"},
		{"\xc2\xad", 2, "\\u{ad}"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf out = HGT_BUF_INIT;

		hgt_escape_text(&out, cases[i].in, cases[i].len);
		assert_string_equal(out.data, cases[i].out);
		hgt_buf_release(&out);
	}
}

/* whatever bytes go in: valid UTF-8 without control characters comes out */
static void never_lets_a_control_out(void **state)
{
	(void)state;
	for (unsigned a = 0; a < 256; a++) {
		for (unsigned b = 0; b < 256; b++) {
			char in[3] = {(char)a, (char)b, '\x80'};
			struct hgt_buf out = HGT_BUF_INIT;
			uint32_t cp;

			hgt_escape_text(&out, in, sizeof(in));
			for (size_t i = 0; i < out.len;) {
				size_t n = hgt_utf8_decode(out.data + i, out.len - i, &cp);

				if (!n || cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
					fail_msg("bytes %02x %02x 80 let %x out", a, b, n ? cp : 0);
				i += n;
			}
			hgt_buf_release(&out);
		}
	}
}

static void quotes_where_needed(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"", ""}, {"a/b c.yaml", "a/b c.yaml"}, {"a\nb", "\"a\\nb\""}, {"caf\xc3\xa9", "caf\xc3\xa9"},
		{"a\\b", "\"a\\\\b\""}, {"\xff", "\"\\xff\""},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf out = HGT_BUF_INIT;

		hgt_buf_adds(&out, "x ");
		hgt_escape_str(&out, cases[i].in);
		assert_string_equal(out.data + 2, cases[i].out);
		hgt_buf_release(&out);
	}
}

static void encodes_for_urls(void **state)
{
	struct hgt_buf out = HGT_BUF_INIT;

	(void)state;
	hgt_escape_url(&out, "aZ09-._~ /?&=+%\xc3\xa9\0", 18);
	assert_string_equal(out.data, "aZ09-._~%20%2F%3F%26%3D%2B%25%C3%A9%00");
	hgt_buf_release(&out);
}

static void escapes_xml(void **state)
{
	static const struct {
		const char *in;
		size_t len;
		const char *out;
	} cases[] = {
		{"", 0, ""}, {"a b/c.yaml", 10, "a b/c.yaml"}, {"<a b=\"c\">&'", 11, "&lt;a b=&quot;c&quot;&gt;&amp;'"},
		{"\n\r\t", 3, "&#10;&#13;&#9;"}, {"a\0\x01\x1b" "b", 5, "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" "b"},
		{"\xff\xc3", 2, "\xef\xbf\xbd\xef\xbf\xbd"}, {"\xef\xbf\xbe\xef\xbf\xbf", 6, "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xef\xbf\xbd", 3, "\xef\xbf\xbd"}, {"\x7f\xc2\x9b\xc2\xa0", 5, "&#127;&#155;\xc2\xa0"},
		{"\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},	/* a surrogate */
		{"\xf0\x9f\x98\x80]]>", 7, "\xf0\x9f\x98\x80]]&gt;"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf out = HGT_BUF_INIT;

		hgt_escape_xml(&out, cases[i].in, cases[i].len);
		assert_string_equal(out.data, cases[i].out);
		hgt_buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_text), cmocka_unit_test(escapes_xml), cmocka_unit_test(never_lets_a_control_out),
		cmocka_unit_test(quotes_where_needed), cmocka_unit_test(encodes_for_urls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
