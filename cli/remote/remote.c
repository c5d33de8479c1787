/* What the verbs of headgate-remote share. */
#include "cli/remote/remote.h"

#include "base/escape.h"
#include "base/io.h"
#include "cli/terminal.h"

int remote_config(const char *given, struct hgt_config **out, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	int code = hgt_config_find(given, NULL, &path, err);

	if (code == 0)
		code = hgt_config_load(path.data, out, err);
	hgt_buf_release(&path);
	/* That this file is missing is no answer to what was asked (remote_fail). */
	if (code == HGT_ENOENT && err)
		code = err->code = HGT_EINVAL;
	return code;
}

int remote_connect(const char *given, struct client **out, struct hgt_error *err)
{
	struct hgt_config *config = NULL;
	int code = remote_config(given, &config, err);

	if (code == 0)
		code = client_open(config->sockets.admin, out, err);
	hgt_config_free(config);
	return code;
}

int remote_ask(const char *given, int (*ask)(struct client *client, void *ctx, struct hgt_error *err), void *ctx)
{
	struct client *client = NULL;
	struct hgt_error err = {0};
	int status = remote_connect(given, &client, &err);

	if (status == 0)
		status = ask(client, ctx, &err);
	if (status < 0)
		status = remote_fail(&err);
	client_close(client);
	return status;
}

int remote_fail(const struct hgt_error *err)
{
	terminal_complain(NULL, err->message);
	return err->code == HGT_ENOENT || err->code == HGT_ECONFLICT ? HGT_EXIT_NOT : HGT_EXIT_TROUBLE;
}

int remote_print(const struct hgt_buf *text)
{
	struct hgt_error err;

	return hgt_buf_check(text, &err) < 0 ? remote_fail(&err) : terminal_print(text->data);
}

int remote_print_answer(const struct client_answer *answer)
{
	size_t len = answer->text.len;
	struct hgt_buf out = HGT_BUF_INIT;
	int status;

	while (len && answer->text.data[len - 1] == '\n')
		len--;
	hgt_buf_add(&out, answer->text.data, len);
	hgt_buf_addc(&out, '\n');
	status = remote_print(&out);
	hgt_buf_release(&out);
	return status;
}

bool remote_number(const char *verb, const char *option, const char *text, uint64_t least, uint64_t most,
	uint64_t *out)
{
	uint64_t value;
	char what[96];

	if (hgt_parse_u64(text, most, &value) == 0 && value >= least) {
		*out = value;
		return true;
	}
	snprintf(what, sizeof(what), "%s is a number from %llu to %llu, not", option, (unsigned long long)least,
		(unsigned long long)most);
	terminal_usage_error(verb, what, text);
	return false;
}

void remote_add_query(struct hgt_buf *path, const char *key, const char *value)
{
	if (!value)
		return;
	hgt_buf_addf(path, "%c%s=", strchr(path->data, '?') ? '&' : '?', key);
	hgt_escape_url(path, value, strlen(value));
}
