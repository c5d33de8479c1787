/* k8s/security-context: as whom containers run, and what the pod shares with its host. */
#include "k8s/pod.h"

static const char rule[] = "k8s/security-context";

static const char *const lists[] = {"containers", "initContainers"};

/* seccompProfile and appArmorProfile: the name of a profile goes with Localhost, and only with that. */
static void check_profile(struct hgt_pod *pod, const struct hgt_field *context, const char *name)
{
	struct hgt_field profile = hgt_field_get(context, name), type = hgt_field_get(&profile, "type");
	struct hgt_field local = hgt_field_get(&profile, "localhostProfile");
	const char *word = hgt_field_string(&type);

	if (!word)
		return;
	if (strcmp(word, "Localhost") == 0 && !local.node)
		hgt_tell_field(pod->subject, rule, &local, "name the profile on the node", "is missing, and type Localhost needs it");
	else if (strcmp(word, "Localhost") != 0 && local.node)
		hgt_tell_key(pod->subject, rule, &local, "remove it, or use type: Localhost", "may only be set when type is Localhost");
}

/* Whether a sysctl's name begins with the word; one whose first separator is a slash has slashes for dots and the other way round. */
static bool begins(const char *name, const char *word)
{
	bool slashes = name[strcspn(name, "./")] == '/';

	for (; *word; name++, word++)
		if ((slashes && *name == '/' ? '.' : slashes && *name == '.' ? '/' : *name) != *word)
			return false;
	return true;
}

/* The namespace of the kernel that a sysctl is of: 'n' of the network, 'i' of the IPC, 0 of another. */
static char namespace_of(const char *name)
{
	static const char *const ipc[] = {"kernel.sem", "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced",
		"kernel.shm", "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.msg"};

	for (size_t i = 0; i < sizeof(ipc) / sizeof(ipc[0]); i++)
		if (strlen(name) == strlen(ipc[i]) && begins(name, ipc[i]))
			return 'i';
	return begins(name, "net.") ? 'n' : begins(name, "fs.mqueue.") ? 'i' : 0;
}

static void check_sysctls(struct hgt_pod *pod, const struct hgt_field *context)
{
	struct hgt_field sysctls = hgt_field_get(context, "sysctls"), host_ipc = hgt_field_get(&pod->spec, "hostIPC");
	bool has_host_ipc = hgt_field_is_true(&host_ipc);
	struct hgt_seen seen = HGT_SEEN_INIT;

	HGT_EACH_ITEM(&sysctls, sysctl) {
		struct hgt_field name = hgt_field_get(&sysctl, "name");
		const char *text = hgt_field_string(&name);
		const struct hgt_node *first;
		char namespace;

		if (!text || !*text)
			continue;
		if ((first = hgt_seen_before(pod->subject, &seen, name.node, "%s", text)))
			hgt_tell_again(pod->subject, "k8s/duplicate-name", &name, first);
		namespace = namespace_of(text);
		if ((namespace == 'n' && pod->has_host_network) || (namespace == 'i' && has_host_ipc))
			hgt_tell_field(pod->subject, rule, &name, "it would change the node's", "%s cannot be set when %s is true",
				hgt_quote(text), namespace == 'n' ? "hostNetwork" : "hostIPC");
	}
	hgt_seen_release(&seen);
}

static void check_context(struct hgt_pod *pod, const struct hgt_field *context, bool host_users)
{
	struct hgt_field escalation = hgt_field_get(context, "allowPrivilegeEscalation");
	struct hgt_field privileged = hgt_field_get(context, "privileged"), mount = hgt_field_get(context, "procMount");
	struct hgt_field capabilities = hgt_field_get(context, "capabilities"), add = hgt_field_get(&capabilities, "add");
	bool allowed;

	check_profile(pod, context, "seccompProfile");
	check_profile(pod, context, "appArmorProfile");
	if (host_users && hgt_field_equals(&mount, "Unmasked"))
		hgt_tell_field(pod->subject, rule, &mount, "set hostUsers: false", "Unmasked can only be when hostUsers is false");
	if (!hgt_field_bool(&escalation, &allowed) || allowed)
		return;
	if (hgt_field_is_true(&privileged))
		hgt_tell_field(pod->subject, rule, &escalation, "a privileged container can escalate",
			"cannot be false when privileged is true");
	if (hgt_field_has(&add, "CAP_SYS_ADMIN"))
		hgt_tell_field(pod->subject, rule, &escalation, "a container with CAP_SYS_ADMIN can escalate",
			"cannot be false when CAP_SYS_ADMIN is added");
}

/* Switches that are off and an empty list of these are not there for the server. */
static bool is_unused(const char *name, const struct hgt_field *field)
{
	bool value;

	if (strcmp(name, "hostPID") == 0 || strcmp(name, "hostIPC") == 0)
		return hgt_field_bool(field, &value) && !value;
	return strcmp(name, "sysctls") == 0 && hgt_field_is_empty(field);
}

static void forbid(struct hgt_pod *pod, const struct hgt_field *in, const char *const *names, const char *os)
{
	for (; *names; names++) {
		struct hgt_field field = hgt_field_get(in, *names);

		if (field.node && !is_unused(*names, &field))
			hgt_tell_key(pod->subject, rule, &field, "remove it, or correct os.name", "cannot be set for a %s pod", os);
	}
}

/* What a pod says of a system that it is not for. */
static void check_os(struct hgt_pod *pod)
{
	static const char *const of_pod[] = {"appArmorProfile", "seLinuxOptions", "seccompProfile", "fsGroup", "fsGroupChangePolicy", "sysctls",
		"runAsUser", "runAsGroup", "supplementalGroups", "supplementalGroupsPolicy", "seLinuxChangePolicy", NULL};
	static const char *const of_container[] = {"appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities",
		"readOnlyRootFilesystem", "privileged", "allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup", NULL};
	static const char *const of_spec[] = {"hostUsers", "hostPID", "hostIPC", "shareProcessNamespace", "resources", NULL};
	static const char *const of_windows[] = {"windowsOptions", NULL};
	struct hgt_field os = hgt_field_get(&pod->spec, "os"), name = hgt_field_get(&os, "name");
	struct hgt_field context = hgt_field_get(&pod->spec, "securityContext");
	bool windows = hgt_field_equals(&name, "windows");

	if (!windows && !hgt_field_equals(&name, "linux"))
		return;
	forbid(pod, &context, windows ? of_pod : of_windows, windows ? "windows" : "linux");
	if (windows)
		forbid(pod, &pod->spec, of_spec, "windows");
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct hgt_field containers = hgt_field_get(&pod->spec, lists[i]);

		HGT_EACH_ITEM(&containers, container) {
			struct hgt_field own = hgt_field_get(&container, "securityContext");

			forbid(pod, &own, windows ? of_container : of_windows, windows ? "windows" : "linux");
		}
	}
}

struct host_process {
	bool of_pod, of_pod_set;
	size_t containers, with;
};

static void count_host_process(struct hgt_pod *pod, const struct hgt_field *container, struct host_process *count)
{
	struct hgt_field context = hgt_field_get(container, "securityContext"), options = hgt_field_get(&context, "windowsOptions");
	struct hgt_field process = hgt_field_get(&options, "hostProcess");
	bool value = count->of_pod;

	if (hgt_field_bool(&process, &value) && count->of_pod_set && value != count->of_pod)
		hgt_tell_field(pod->subject, rule, &process, "leave it to the pod's windowsOptions", "is not what the pod's says");
	count->containers++;
	count->with += value;
}

/* Containers that are processes of a Windows host: all of the pod or none. */
static void check_host_process(struct hgt_pod *pod)
{
	struct hgt_field context = hgt_field_get(&pod->spec, "securityContext"), options = hgt_field_get(&context, "windowsOptions");
	struct hgt_field process = hgt_field_get(&options, "hostProcess"), network = hgt_field_get(&pod->spec, "hostNetwork");
	struct host_process count = {0};

	count.of_pod_set = hgt_field_bool(&process, &count.of_pod);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct hgt_field containers = hgt_field_get(&pod->spec, lists[i]);

		HGT_EACH_ITEM(&containers, container)
			count_host_process(pod, &container, &count);
	}
	if (!count.with)
		return;
	if (count.with != count.containers)
		hgt_tell_field(pod->subject, rule, &pod->spec, NULL, "hostProcess has to be true for all containers or none");
	if (!pod->has_host_network)
		hgt_tell_field(pod->subject, rule, &network, "set hostNetwork: true", "has to be true when containers have hostProcess");
}

/* A pod with users of its own has no part in the host's namespaces. */
static void check_host_users(struct hgt_pod *pod)
{
	static const char *const shared[] = {"hostNetwork", "hostPID", "hostIPC"};

	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) {
		struct hgt_field field = hgt_field_get(&pod->spec, shared[i]);

		if (hgt_field_is_true(&field))
			hgt_tell_field(pod->subject, rule, &field, "remove it, or hostUsers: false", "cannot be true when hostUsers is false");
	}
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct hgt_field containers = hgt_field_get(&pod->spec, lists[i]);

		HGT_EACH_ITEM(&containers, container) {
			struct hgt_field devices = hgt_field_get(&container, "volumeDevices");

			if (!hgt_field_is_empty(&devices))
				hgt_tell_key(pod->subject, rule, &devices, NULL, "cannot be set when hostUsers is false");
		}
	}
}

void hgt_check_security(struct hgt_pod *pod)
{
	struct hgt_field context = hgt_field_get(&pod->spec, "securityContext"), users = hgt_field_get(&pod->spec, "hostUsers");
	struct hgt_field share = hgt_field_get(&pod->spec, "shareProcessNamespace"), pid = hgt_field_get(&pod->spec, "hostPID");
	bool host_users = true;

	/* What cannot be judged may be false. */
	if (users.node && !hgt_field_bool(&users, &host_users))
		host_users = false;
	check_profile(pod, &context, "seccompProfile");
	check_profile(pod, &context, "appArmorProfile");
	check_sysctls(pod, &context);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct hgt_field containers = hgt_field_get(&pod->spec, lists[i]);

		HGT_EACH_ITEM(&containers, container) {
			struct hgt_field own = hgt_field_get(&container, "securityContext");

			check_context(pod, &own, host_users);
		}
	}
	if (hgt_field_is_true(&share) && hgt_field_is_true(&pid))
		hgt_tell_field(pod->subject, rule, &share, "hostPID shares the processes already", "cannot be true when hostPID is true");
	if (hgt_field_bool(&users, &host_users) && !host_users)
		check_host_users(pod);
	check_os(pod);
	check_host_process(pod);
}
