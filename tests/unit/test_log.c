/* lib/base/log: the three line formats, levels, and that a value cannot forge a second field or line. */
#include "base/log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "tests/unit/unit.h"

/* stderr goes into a file while a test logs, so that each line can be looked at. */
struct capture {
	int saved, fd;
};

static void capture_begin(struct capture *c)
{
	FILE *f = tmpfile();

	assert_non_null(f);
	c->fd = dup(fileno(f));
	fclose(f);
	c->saved = dup(STDERR_FILENO);
	assert_true(c->fd >= 0 && c->saved >= 0);
	dup2(c->fd, STDERR_FILENO);
}

static char *capture_end(struct capture *c)
{
	struct hgt_buf text = HGT_BUF_INIT;
	int code;

	dup2(c->saved, STDERR_FILENO);
	close(c->saved);
	lseek(c->fd, 0, SEEK_SET);
	code = hgt_read_fd(c->fd, "what was logged", 1 << 20, &text, NULL);
	close(c->fd);
	hgt_log_setup(HGT_LOG_INFO, HGT_LOG_LOGFMT);
	assert_int_equal(code, 0);
	return hgt_buf_take(&text);
}

static void journal_lines(void **state)
{
	struct capture c;
	char *text;

	(void)state;
	capture_begin(&c);
	hgt_log_setup(HGT_LOG_DEBUG, HGT_LOG_JOURNAL);
	hgt_log(HGT_LOG_ERROR, "hub", "gone", HGT_S("agent", "web1"), HGT_I("seq", -12));
	hgt_log(HGT_LOG_WARNING, "hub", "two words");
	hgt_log(HGT_LOG_INFO, "hub", "x", HGT_S("a", "b c"), HGT_S("q", "say \"hi\""), HGT_S("e", ""), HGT_S("n", NULL));
	hgt_log(HGT_LOG_DEBUG, "hub", "x", HGT_S("f", "a\nlevel=error \x1b[1m"), HGT_S("k", "a=b"), HGT_S("s", "a\\b"));
	text = capture_end(&c);
	assert_string_equal(text,
		"<3>component=hub msg=gone agent=web1 seq=-12\n"
		"<4>component=hub msg=\"two words\"\n"
		"<6>component=hub msg=x a=\"b c\" q=\"say \\\"hi\\\"\" e=\"\" n=\"\"\n"
		"<7>component=hub msg=x f=\"a\\nlevel=error \\e[1m\" k=\"a=b\" s=\"a\\\\b\"\n");
	free(text);
}

static void logfmt_and_json_lines(void **state)
{
	struct capture c;
	char *text;

	(void)state;
	capture_begin(&c);
	hgt_log(HGT_LOG_INFO, "hub", "gone", HGT_I("seq", 7));
	text = capture_end(&c);
	assert_memory_equal(text, "time=2", 6);
	assert_string_equal(text + 5 + 24, " level=info component=hub msg=gone seq=7\n");
	free(text);

	capture_begin(&c);
	hgt_log_setup(HGT_LOG_INFO, HGT_LOG_JSON);
	hgt_log(HGT_LOG_WARNING, "hub", "a \"b\"", HGT_I("seq", 7), HGT_S("s", "\n"));
	text = capture_end(&c);
	assert_memory_equal(text, "{\"time\":\"2", 10);
	assert_string_equal(text + 9 + 24,
		"\",\"level\":\"warning\",\"component\":\"hub\",\"msg\":\"a \\\"b\\\"\",\"seq\":7,\"s\":\"\\n\"}\n");
	free(text);
}

static void levels(void **state)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};
	struct capture c;
	char *text;

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(hgt_log_level_parse(names[i]), i);
	assert_int_equal(hgt_log_level_parse("loud"), -1);
	assert_int_equal(hgt_log_level_parse(""), -1);

	capture_begin(&c);
	hgt_log_setup(HGT_LOG_WARNING, HGT_LOG_JOURNAL);
	hgt_log(HGT_LOG_INFO, "x", "not this");
	hgt_log(HGT_LOG_WARNING, "x", "this");
	text = capture_end(&c);
	assert_string_equal(text, "<4>component=x msg=this\n");
	free(text);
}

static void knows_the_journal(void **state)
{
	struct capture c;
	struct stat st;
	char stream[64];
	enum hgt_log_format same, other, none;

	(void)state;
	capture_begin(&c);
	unsetenv("JOURNAL_STREAM");
	none = hgt_log_default_format();
	fstat(STDERR_FILENO, &st);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	same = hgt_log_default_format();
	setenv("JOURNAL_STREAM", "1:1", 1);
	other = hgt_log_default_format();
	unsetenv("JOURNAL_STREAM");
	free(capture_end(&c));
	assert_int_equal(none, HGT_LOG_LOGFMT);
	assert_int_equal(same, HGT_LOG_JOURNAL);
	assert_int_equal(other, HGT_LOG_LOGFMT);
}

/* journald takes the level off a line of JSON as well. */
static void json_to_the_journal(void **state)
{
	struct capture c;
	struct stat st;
	char stream[64], *text;

	(void)state;
	capture_begin(&c);
	fstat(STDERR_FILENO, &st);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	hgt_log_setup(HGT_LOG_INFO, HGT_LOG_JSON);
	hgt_log(HGT_LOG_ERROR, "hub", "gone");
	unsetenv("JOURNAL_STREAM");
	hgt_log_setup(HGT_LOG_INFO, HGT_LOG_JSON);
	hgt_log(HGT_LOG_ERROR, "hub", "gone");
	text = capture_end(&c);
	assert_memory_equal(text, "<3>{\"time\":\"2", 13);
	assert_non_null(strstr(text, "}\n{\"time\":\"2"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(journal_lines), cmocka_unit_test(logfmt_and_json_lines), cmocka_unit_test(levels),
		cmocka_unit_test(knows_the_journal), cmocka_unit_test(json_to_the_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
