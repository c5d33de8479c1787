/* The two configs: whatever text is read, either a config comes out that keeps its ranges, or words that say where it fails. */
#include <assert.h>
#include <stdint.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(int code, const struct hgt_error *err)
{
	assert(code < 0 && code == err->code);
	assert(strncmp(err->message, "c.yaml:", 7) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hgt_agent_config *agent = NULL;
	struct hgt_config *config = NULL;
	struct hgt_error err = {0};
	int code = hgt_config_parse((const char *)data, size, "c.yaml", &config, &err);

	if (code < 0) {
		assert(!config);
		check_error(code, &err);
	} else {
		assert(config->repositories.root[0] == '/' && config->state[0] == '/' && config->site[0]);
		for (size_t i = 0; i < config->n_policies; i++)
			assert(config->policies[i].limits.seconds >= 1 && config->policies[i].limits.seconds <= 300);
	}
	hgt_config_free(config);
	err = (struct hgt_error){0};
	code = hgt_agent_config_parse((const char *)data, size, "c.yaml", &agent, &err);
	if (code < 0) {
		assert(!agent);
		check_error(code, &err);
	} else {
		assert(agent->n_targets > 0);
		for (size_t i = 0; i < agent->n_targets; i++)
			assert(hgt_name_is_valid(agent->targets[i].name) &&
				(strcmp(agent->targets[i].driver, "files") != 0 || agent->targets[i].files.into[0] == '/'));
	}
	hgt_agent_config_free(agent);
	return 0;
}
