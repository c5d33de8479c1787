/* Whose the files of a target are and what may be done with them. */
#include "agent/files_rules.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/glob.h"
#include "base/io.h"

#define LOOK_UP_MAX (256 * 1024)

/* By number, or by what `find` says: 1 found, 0 not. */
static int look_up(const char *what, const char *name, int (*find)(const char *name, char *room, size_t size, uint64_t *out), uint64_t *out,
	struct hgt_error *err)
{
	char *room;
	int found;

	if (hgt_parse_u64(name, UINT32_MAX - 1, out) == 0)
		return 0;
	room = malloc(LOOK_UP_MAX);
	if (!room)
		return hgt_error_nomem(err);
	found = find(name, room, LOOK_UP_MAX, out);
	free(room);
	return found ? 0 : hgt_error_set(err, HGT_ENOENT, "there is no %s %s on this host", what, name);
}

static int find_user(const char *name, char *room, size_t size, uint64_t *out)
{
	struct passwd user, *found = NULL;

	if (getpwnam_r(name, &user, room, size, &found) != 0 || !found)
		return 0;
	*out = user.pw_uid;
	return 1;
}

static int find_group(const char *name, char *room, size_t size, uint64_t *out)
{
	struct group group, *found = NULL;

	if (getgrnam_r(name, &group, room, size, &found) != 0 || !found)
		return 0;
	*out = group.gr_gid;
	return 1;
}

static int read_perms(const struct hgt_files_perms *said, struct perms *out, struct hgt_error *err)
{
	uint64_t id = 0;
	int code = said->owner ? look_up("user", said->owner, find_user, &id, err) : 0;

	*out = (struct perms){.has_owner = said->owner, .owner = (uid_t)id, .has_group = said->group,
		.has_mode = said->mode & HGT_MODE_SAID, .mode = said->mode & 07777};
	if (code == 0 && said->group)
		code = look_up("group", said->group, find_group, &id, err);
	out->group = (gid_t)id;
	return code;
}

int files_rules_init(struct files_rules *rules, const struct hgt_files_options *options, struct hgt_error *err)
{
	int code;

	*rules = (struct files_rules){.options = options, .rules = calloc(options->n_rules + 1, sizeof(struct perms))};
	if (!rules->rules)
		return hgt_error_nomem(err);
	code = read_perms(&options->perms, &rules->all, err);
	for (size_t i = 0; i < options->n_rules && code == 0; i++)
		code = read_perms(&options->rules[i].perms, &rules->rules[i], err);
	rules->folders = rules->all;
	rules->folders.has_mode = options->folder_mode & HGT_MODE_SAID;
	rules->folders.mode = options->folder_mode & 07777;
	return code;
}

void files_rules_release(struct files_rules *rules)
{
	free(rules->rules);
	rules->rules = NULL;
}

static void add(struct perms *to, const struct perms *more)
{
	if (more->has_owner) {
		to->has_owner = true;
		to->owner = more->owner;
	}
	if (more->has_group) {
		to->has_group = true;
		to->group = more->group;
	}
	if (more->has_mode) {
		to->has_mode = true;
		to->mode = more->mode;
	}
}

void files_rules_find(const struct files_rules *rules, const struct manifest_entry *entry, struct perms *out)
{
	*out = (struct perms){0};
	if (entry->kind == MANIFEST_FOLDER)
		*out = rules->folders;
	if (entry->kind != MANIFEST_FILE && entry->kind != MANIFEST_EXECUTABLE)
		return;
	*out = rules->all;
	for (size_t i = 0; i < rules->options->n_rules; i++) {
		const struct hgt_strings *paths = &rules->options->rules[i].paths;

		if (hgt_glob_match_any(paths->items, paths->n, entry->path))
			add(out, &rules->rules[i]);
	}
	if (entry->kind == MANIFEST_EXECUTABLE)
		out->mode |= (out->mode & 0444) >> 2;
}

bool files_rules_hold(const struct files_rules *rules, const struct manifest_entry *entry, const struct place *place)
{
	struct perms perms;

	files_rules_find(rules, entry, &perms);
	return (!perms.has_owner || place->uid == perms.owner) && (!perms.has_group || place->gid == perms.group) &&
		(!perms.has_mode || (place->mode & 07777) == perms.mode);
}

int files_perms_set(const struct perms *perms, int fd, const char *path, struct hgt_error *err)
{
	uid_t owner = perms->has_owner ? perms->owner : (uid_t)-1;
	gid_t group = perms->has_group ? perms->group : (gid_t)-1;

	if ((perms->has_owner || perms->has_group) && fchown(fd, owner, group) < 0)
		return errno == EPERM ? hgt_error_set(err, HGT_EPERM, "cannot give %s to another owner or group: only root may, and this agent is not", path) :
			hgt_error_set_errno(err, "cannot set the owner of %s", path);
	/* After the owner, whose change takes set-id bits away. */
	if (perms->has_mode && fchmod(fd, perms->mode) < 0)
		return hgt_error_set_errno(err, "cannot set the mode of %s", path);
	return 0;
}
