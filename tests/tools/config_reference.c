/* Prints the reference of the server's or the agent's config, as tests/docs compares it with the man pages. */
#include "config/config.h"

int main(int argc, char **argv)
{
	struct hgt_buf out = HGT_BUF_INIT;

	if (argc == 2 && strcmp(argv[1], "headgate.yaml") == 0)
		hgt_config_reference(&out);
	else if (argc == 2 && strcmp(argv[1], "headgate-agent.yaml") == 0)
		hgt_agent_config_reference(&out);
	else
		fputs("usage: config_reference headgate.yaml | headgate-agent.yaml\n", stderr);
	fputs(out.data, stdout);
	if (out.failed || !out.len)
		return 2;
	hgt_buf_release(&out);
	return 0;
}
