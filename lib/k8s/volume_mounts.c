/* k8s/volume-mount: where a container has its volumes. */
#include "k8s/pod.h"

static const char rule[] = "k8s/volume-mount";

/* The volume of that name, or NULL, as for a claim's; told of when there is none. */
static const struct hgt_node *find_volume(struct hgt_pod *pod, const struct hgt_field *name)
{
	const char *text = hgt_field_string(name);
	const struct hgt_node *volume;

	if (!text || !*text || hgt_names_get(&pod->claims, text))
		return NULL;
	volume = hgt_names_get(&pod->volumes, text);
	if (!volume && !pod->volumes.open && !pod->claims.open)
		hgt_tell_field(pod->subject, rule, name, "add it to volumes, or name one that is there", "the pod has no volume %s",
			hgt_quote(text));
	return volume;
}

static bool is_privileged(const struct hgt_field *container)
{
	struct hgt_field context = hgt_field_get(container, "securityContext"), privileged = hgt_field_get(&context, "privileged");

	return hgt_field_is_true(&privileged);
}

static void check_modes(struct hgt_pod *pod, const struct hgt_field *container, const struct hgt_field *mount)
{
	struct hgt_field propagation = hgt_field_get(mount, "mountPropagation"), read_only = hgt_field_get(mount, "readOnly");
	struct hgt_field recursive = hgt_field_get(mount, "recursiveReadOnly");
	struct hgt_field path = hgt_field_get(mount, "subPath"), expr = hgt_field_get(mount, "subPathExpr");

	if (hgt_field_equals(&propagation, "Bidirectional") && !is_privileged(container))
		hgt_tell_field(pod->subject, rule, &propagation, "use HostToContainer, or make the container privileged",
			"Bidirectional is for privileged containers only");
	if (hgt_field_equals(&recursive, "Enabled") || hgt_field_equals(&recursive, "IfPossible")) {
		if (!hgt_field_is_true(&read_only))
			hgt_tell_field(pod->subject, rule, &recursive, "add readOnly: true", "may only be set when readOnly is true");
		if (!hgt_field_is_empty(&propagation) && !hgt_field_equals(&propagation, "None"))
			hgt_tell_field(pod->subject, rule, &recursive, NULL, "may only be set when mountPropagation is None or not there");
	}
	if (!hgt_field_is_empty(&path) && !hgt_field_is_empty(&expr))
		hgt_tell_key(pod->subject, rule, &expr, "keep one of the two", "cannot be set together with subPath");
}

static void check_mount(struct hgt_pod *pod, const struct hgt_field *container, const struct hgt_field *mount,
	struct hgt_seen *names, struct hgt_seen *paths)
{
	struct hgt_field name = hgt_field_get(mount, "name"), path = hgt_field_get(mount, "mountPath");
	struct hgt_field options = hgt_field_get(mount, "bindMountOptions");
	const char *name_text = hgt_field_string(&name), *path_text = hgt_field_string(&path);
	const struct hgt_node *volume = find_volume(pod, &name), *first;

	if (path_text && *path_text && (first = hgt_seen_before(pod->subject, paths, path.node, "%s", path_text)))
		hgt_tell_again(pod->subject, rule, &path, first);
	if (name_text && *name_text)
		hgt_seen_before(pod->subject, names, name.node, "%s", name_text);
	if (volume && !hgt_field_is_empty(&options) && hgt_node_get(volume, "image"))
		hgt_tell_key(pod->subject, rule, &options, "remove it", "cannot be set for a volume that is an image");
	check_modes(pod, container, mount);
}

static void check_device(struct hgt_pod *pod, const struct hgt_field *device, struct hgt_seen *names, struct hgt_seen *paths)
{
	struct hgt_field name = hgt_field_get(device, "name"), path = hgt_field_get(device, "devicePath");
	const char *name_text = hgt_field_string(&name), *path_text = hgt_field_string(&path);
	const struct hgt_node *volume = find_volume(pod, &name), *first;

	if (volume && !hgt_node_get(volume, "persistentVolumeClaim") && !hgt_node_get(volume, "ephemeral"))
		hgt_tell_field(pod->subject, rule, &name, "mount it below volumeMounts",
			"the volume %s is no block device; only a persistentVolumeClaim or an ephemeral volume can be", hgt_quote(name_text));
	if (name_text && *name_text && (first = hgt_seen_before(pod->subject, names, name.node, "%s", name_text)))
		hgt_tell_again(pod->subject, rule, &name, first);
	if (path_text && *path_text && (first = hgt_seen_before(pod->subject, paths, path.node, "%s", path_text)))
		hgt_tell_again(pod->subject, rule, &path, first);
}

/* A volume is mounted or is a device, and no path is both; the names and paths of mounts are known when devices are looked at. */
void hgt_check_volume_mounts(struct hgt_pod *pod, const struct hgt_field *container)
{
	struct hgt_field mounts = hgt_field_get(container, "volumeMounts"), devices = hgt_field_get(container, "volumeDevices");
	struct hgt_seen names = HGT_SEEN_INIT, paths = HGT_SEEN_INIT;

	HGT_EACH_ITEM(&mounts, mount)
		check_mount(pod, container, &mount, &names, &paths);
	HGT_EACH_ITEM(&devices, device)
		check_device(pod, &device, &names, &paths);
	hgt_seen_release(&names);
	hgt_seen_release(&paths);
}
