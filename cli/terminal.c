/* How the verbs speak: complaints on stderr, and what the terminal can show. */
#include "cli/terminal.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/io.h"
#include "headgate/protocol.h"

enum { WIDTH = 80, NARROWEST = 40, WIDEST = 120 };

void terminal_complain(const char *what, const char *message)
{
	struct hgt_buf line = HGT_BUF_INIT;

	hgt_buf_adds(&line, "headgate: ");
	if (what) {
		hgt_escape_str(&line, what);
		hgt_buf_adds(&line, ": ");
	}
	hgt_escape_text(&line, message, strlen(message));
	hgt_buf_addc(&line, '\n');
	fputs(line.data, stderr);
	hgt_buf_release(&line);
}

int terminal_usage_error(const char *verb, const char *message, const char *argument)
{
	struct hgt_buf text = HGT_BUF_INIT;

	hgt_buf_addf(&text, "%s%s%s", message, argument ? " " : "", argument ? argument : "");
	terminal_complain(verb, text.data);
	fprintf(stderr, "Try 'headgate %s --help'.\n", verb);
	hgt_buf_release(&text);
	return HGT_EXIT_TROUBLE;
}

int terminal_option_error(const char *verb, int refused, const char *argument)
{
	return terminal_usage_error(verb, refused == ':' ? "a value is missing after" : "unknown option", argument);
}

bool terminal_has_color(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}

unsigned terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_col)
		return WIDTH;
	return size.ws_col < NARROWEST ? NARROWEST : size.ws_col > WIDEST ? WIDEST : size.ws_col;
}

int terminal_print(const char *text)
{
	if (hgt_write_all(STDOUT_FILENO, text, strlen(text)) == 0)
		return HGT_EXIT_OK;
	terminal_complain("cannot write the result", strerror(errno));
	return HGT_EXIT_TROUBLE;
}
