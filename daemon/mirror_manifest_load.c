/* Reading the manifest of an upstream, on a worker; and the fingerprints of what is here. */
#include "daemon/mirror_manifest_load.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "daemon/mirror_parts.h"
#include "daemon/repos.h"
#include "git/repository_pool.h"

int manifest_load_new(const struct mirror *mirror, const char *file, const struct manifest_stamp *stamp, struct manifest_load **out,
	struct hgt_error *err)
{
	const struct daemon *daemon = mirror->mirrors->daemon;
	struct manifest_load *load = calloc(1, sizeof(*load));
	int code = 0;

	if (!load)
		return hgt_error_nomem(err);
	hgt_buf_init(&load->body);
	load->stamp = *stamp;
	load->limit = daemon->config->limits.manifest;
	load->pool = repos_pool(daemon->repos);
	load->file = file ? strdup(file) : NULL;
	load->places = calloc(mirror->n_copies + 1, sizeof(*load->places));
	if (!load->places || (file && !load->file))
		code = hgt_error_nomem(err);
	for (size_t i = 0; code == 0 && i < mirror->n_copies; i++) {
		const struct repo *repo = repos_find(daemon->repos, mirror->copies[i]->repo);
		struct manifest_place *place = &load->places[load->n];

		if (!repo || repo->trouble)
			continue;
		load->n++;
		place->name = strdup(repo->name);
		place->path = strdup(repo->path);
		if (!place->name || !place->path)
			code = hgt_error_nomem(err);
	}
	if (code == 0)
		*out = load;
	else
		manifest_load_free(load);
	return code;
}

void manifest_load_free(struct manifest_load *load)
{
	if (!load)
		return;
	for (size_t i = 0; i < load->n; i++) {
		free(load->places[i].name);
		free(load->places[i].path);
	}
	free(load->places);
	free(load->file);
	hgt_buf_release(&load->body);
	hgt_manifest_release(&load->manifest);
	free(load);
}

static int read_file(struct manifest_load *load)
{
	struct manifest_stamp stamp;
	struct stat st;
	int fd = open(load->file, O_RDONLY | O_NONBLOCK | O_CLOEXEC), code;

	if (fd < 0 || fstat(fd, &st) < 0) {
		code = hgt_error_set_errno(&load->err, "cannot open %s", load->file);
	} else if (!S_ISREG(st.st_mode)) {
		code = hgt_error_set(&load->err, HGT_EINVAL, "%s is no file", load->file);
	} else {
		stamp = (struct manifest_stamp){(uint64_t)st.st_ino, (uint64_t)st.st_mtim.tv_sec, (uint64_t)st.st_mtim.tv_nsec,
			(uint64_t)st.st_size};
		load->unchanged = memcmp(&stamp, &load->stamp, sizeof(stamp)) == 0;
		load->stamp = stamp;
		code = load->unchanged ? 0 : hgt_read_fd(fd, load->file, load->limit, &load->body, &load->err);
	}
	if (fd >= 0)
		close(fd);
	return code;
}

/* One that cannot be read is looked at by its turn, which tells why. */
static void print_place(const struct manifest_load *load, struct manifest_place *place)
{
	struct hgt_repo *repo = NULL;

	if (hgt_repo_pool_get(load->pool, place->path, &repo, NULL) < 0 || hgt_fingerprint(repo, place->print, NULL, NULL) < 0)
		place->print[0] = '\0';
	hgt_repo_pool_put(load->pool, repo);
}

void manifest_load_run(void *arg)
{
	struct manifest_load *load = arg;

	load->code = load->file ? read_file(load) : 0;
	if (load->code < 0 || load->unchanged)
		return;
	load->code = hgt_manifest_read(load->body.data, load->body.len, load->limit, &load->manifest, &load->err);
	hgt_buf_release(&load->body);
	/* As grokmirror has it: a server that had no repositories would not say so. */
	if (load->code == 0 && load->manifest.n == 0)
		load->code = hgt_error_set(&load->err, HGT_EPARSE, "it tells of no repository at all, which is not believed");
	for (size_t i = 0; load->code == 0 && i < load->n; i++)
		if (hgt_manifest_find(&load->manifest, load->places[i].name))
			print_place(load, &load->places[i]);
}

static int by_name(const void *key, const void *place)
{
	return strcmp(key, ((const struct manifest_place *)place)->name);
}

const char *manifest_load_print(const struct manifest_load *load, const char *repo)
{
	const struct manifest_place *place = load->n ? bsearch(repo, load->places, load->n, sizeof(*load->places), by_name) : NULL;

	return place && place->print[0] ? place->print : NULL;
}
