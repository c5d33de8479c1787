/* The table of rules: what `headgate explain` tells. */
#include "check/engine.h"

/*
 * Sorted by id. A `why` says why it matters, shows a bad and a good example, and the way out. Lines that begin with a
 * blank are shown as they are; the others are paragraphs, filled to the width of the terminal.
 */
static const struct hgt_rule rules[] = {
	{"gate/timeout", "The checks ran out of time",
		"A push waits while it is checked, so the gate has a time limit: five seconds, unless the policy's limits.seconds says "
		"otherwise. What could not be checked in that time is not let in, because a gate that gives up must stay shut. "
		"Files that were checked before keep their findings.\n"
		"\n"
		"It is nearly always a push of very many files at once, or a server under heavy load. Push in smaller parts, push "
		"again when the server is quiet, or have the limit raised:\n"
		"\n"
		"    policies:\n"
		"      - repos: [\"infra/**\"]\n"
		"        limits: {seconds: 20}\n"
		"\n"
		"Severities in a policy's rules do not apply to this rule.",
		HGT_SEVERITY_ERROR},
	{"git/binary", "Binary data in a file that should be text",
		"The name says YAML or JSON, the content has NUL bytes, so no tool will read it as either: it is an archive, an image, a "
		"compiled program, or text in UTF-16, which some editors and PowerShell's redirection write. Kubernetes and Ansible "
		"read UTF-8.\n"
		"\n"
		"    bad:   Get-Content in.yaml > deploy.yaml\n"
		"    good:  Get-Content in.yaml | Set-Content -Encoding utf8 deploy.yaml\n"
		"\n"
		"Save text as UTF-8; give data a name of its own, such as .bin.",
		HGT_SEVERITY_ERROR},
	{"git/blob-size", "A file larger than what is checked",
		"A file that is to be checked has to be read whole while the push waits. Past a limit, 10 MiB unless the policy's "
		"limits.blob says otherwise, it is refused by its size without being read. A manifest of that size is a mistake as a "
		"rule: an etcd object holds 1.5 MiB at the most, so Kubernetes would not take it either.\n"
		"\n"
		"    bad:   backup.json, 400 MB, exported from a cluster\n"
		"    good:  the export in an object store, its address in the repository\n"
		"\n"
		"Take the file out (the push is judged by what it leaves on the branch; a further commit without the file is enough), or "
		"have a policy check the path as other.",
		HGT_SEVERITY_ERROR},
	{"git/symlink", "A link that leads past the checks",
		"kubectl, kustomize and Ansible follow a symbolic link and read what is behind it. Where a link has the name of a file that "
		"is checked, what it leads to has to be checked as well, or whoever may push could have anything read under that name: a "
		"file of another name, one in a folder that no policy looks at, one of the server itself.\n"
		"\n"
		"    bad:   deploy.yaml -> notes.txt, config.yaml -> /etc/shadow\n"
		"    good:  deploy.yaml -> ../base/deploy.yaml\n"
		"\n"
		"Commit the file itself, or link to one of the repository that is checked.",
		HGT_SEVERITY_ERROR},
	{"json/syntax", "JSON that cannot be read",
		"A file named .json has to be one JSON text as RFC 8259 has it: double quotes, no comments, no comma after the last "
		"value, nothing after the end. Programs that are more lenient hide the mistake until the file meets one that is not.\n"
		"\n"
		"    bad:   {\"replicas\": 2, }\n"
		"    good:  {\"replicas\": 2}\n"
		"\n"
		"Files that are JSON with comments by habit (tsconfig.json, .vscode, .devcontainer) are not checked; let a policy check "
		"others of that sort as other.",
		HGT_SEVERITY_ERROR},
	{"k8s/duplicate-resource", "A resource stated twice",
		"When two documents state one resource (same group, kind, namespace and name), the one that is applied last wins, "
		"which one that is nobody chose, and tools that apply both go back and forth for ever. Kustomize refuses such a "
		"folder outright.\n"
		"\n"
		"    bad:   web.yaml and web-copy.yaml of one folder both have\n"
		"             kind: Service\n"
		"             metadata: {name: web}\n"
		"    good:  metadata: {name: web-internal} in the second\n"
		"\n"
		"Trees of bases and overlays, and folders of environments, repeat resources with good reason. Therefore documents are "
		"compared within one file, and files within one folder, never across folders. Within a folder a file is left out of "
		"the comparison when it is likely a patch or not applied: its name has \"patch\" in it, it lies below patches, test, "
		"tests, testdata, examples, samples or fixtures, or its resource lacks what the kind cannot do without (a Deployment "
		"without a selector, a Service without ports). Only the files of the push are compared.",
		HGT_SEVERITY_ERROR},
	{"k8s/name", "A name that Kubernetes does not take",
		"The API server refuses the object. Most names are DNS names: small letters, digits, \"-\" and \".\", beginning and "
		"ending with a letter or digit, 253 characters at the most. Namespaces, and the namespace that an object names, are "
		"DNS labels: no dots, 63 characters. Services too, and they begin with a letter. A CronJob's name has 52 characters at the "
		"most, because its jobs get names that are longer. RBAC names may have anything but \"/\" and \"%\".\n"
		"\n"
		"    bad:   name: Web_Frontend\n"
		"    good:  name: web-frontend\n"
		"\n"
		"Names with something to be filled in later, such as ${CLUSTER}-web or {{ name }}, are left alone.",
		HGT_SEVERITY_ERROR},
	{"k8s/type-meta", "An object without its apiVersion, kind or name",
		"Every Kubernetes object says which API it belongs to, what it is, and what it is called: apiVersion, kind, and "
		"metadata.name or metadata.generateName. The keys are exact, capitals included; a list of objects has items in place "
		"of a name. Without them nothing can be applied. The API server sees it only after the change is in.\n"
		"\n"
		"    bad:   apiversion: apps/v1\n"
		"           Kind: deployment\n"
		"    good:  apiVersion: apps/v1\n"
		"           kind: Deployment\n"
		"           metadata:\n"
		"             name: web\n"
		"\n"
		"A file counts as an object when it has apiVersion and kind, or one of them beside metadata or spec, or when the policy "
		"checks it as kubernetes. Files of other tools that look alike (kubeadm, kind, skaffold, Backstage...) are left "
		"alone.",
		HGT_SEVERITY_ERROR},
	{"policy/delete", "Deleting a protected ref",
		"The policy of this ref says delete: never, which is the default: every host and cluster that lives by the branch would "
		"be left without what it follows, and its history could be lost.\n"
		"\n"
		"    bad:   git push origin --delete main\n"
		"    good:  remove the files in a commit, and push that\n"
		"\n"
		"When the ref is to go, have its policy say push: {delete: allow}, delete it, and put the policy back.",
		HGT_SEVERITY_ERROR},
	{"policy/force-push", "Rewriting the history of a protected ref",
		"The new tip does not descend from the old one, and the policy of this ref says force: never, which is the default. "
		"Commits that others have, and that agents have applied and reported, would disappear from the branch; often they "
		"are somebody else's, pushed a minute before.\n"
		"\n"
		"    bad:   git push --force\n"
		"    good:  git pull --rebase, then git push; git revert to take a change back\n"
		"\n"
		"When history has to be rewritten, have the policy say push: {force: allow} for the time being.",
		HGT_SEVERITY_ERROR},
	{"policy/not-allowed", "Not among those who may push here",
		"The policy of this ref has a list of who may push to it (push: {allow: [...]}, names and @groups), and the one who "
		"pushes, as the Git server tells it, is not on it.\n"
		"\n"
		"    bad:   git push origin main\n"
		"    good:  git push origin HEAD:my-change, and a merge request\n"
		"\n"
		"Have somebody on the list take the change in, or have the administrator add the name. Who one is to the gate is "
		"what the server says: the login of a forge, the user of an ssh key or of HTTP.",
		HGT_SEVERITY_ERROR},
	{"yaml/alias-bomb", "Aliases that multiply without bound",
		"An alias (*name) stands for all that its anchor (&name) holds. Aliases of aliases multiply: ten lines can become a "
		"thousand million values and take the memory of whatever reads them; the API server has had that hole "
		"(CVE-2019-11253). Likewise an anchor that holds its own alias never ends.\n"
		"\n"
		"    bad:   a: &a [x, x, x, x]\n"
		"           b: &b [*a, *a, *a, *a]\n"
		"           c: &c [*b, *b, *b, *b]    and so on\n"
		"    good:  each alias used a few times, for values rather than for other aliases\n"
		"\n"
		"Write out what is repeated, or let a tool that generates the file expand it.",
		HGT_SEVERITY_ERROR},
	{"yaml/depth", "Nested too deeply",
		"Values lie within values, more than 100 deep. Nothing real passes 40; text that does is broken or meant to "
		"exhaust whatever reads it.\n"
		"\n"
		"    bad:   [[[[[[[[[[[[[[[[[[[[[[[[...\n"
		"    good:  values at the depth that the schema has them\n"
		"\n"
		"Look at the place that the finding names for brackets that are not closed, or for a generator that has run away.",
		HGT_SEVERITY_ERROR},
	{"yaml/duplicate-key", "A key that stands twice in a mapping",
		"YAML and JSON allow a key once in a mapping. Of two, Kubernetes takes the last without a word, other tools take the first "
		"or refuse: what was reviewed is not what is applied. It happens when a block is pasted or two branches are "
		"merged.\n"
		"\n"
		"    bad:   image: web:1\n"
		"           ports: [...]\n"
		"           image: web:2\n"
		"    good:  image: web:2\n"
		"           ports: [...]\n"
		"\n"
		"Remove the one that is not meant. A key that overrides one from a merge (<<) is no duplicate.",
		HGT_SEVERITY_ERROR},
	{"yaml/limit", "A text larger than what is read",
		"The file has more documents, more values, or takes more memory than anything real does: 10,000 documents and "
		"2,000,000 values. What lies past a limit has not been checked, so the file is not let in.\n"
		"\n"
		"    bad:   one file with every object of a cluster\n"
		"    good:  a file for each application\n"
		"\n"
		"Split the file.",
		HGT_SEVERITY_ERROR},
	{"yaml/syntax", "YAML that cannot be read",
		"No tool can read the file beyond this place, so nothing in this document has any effect. The usual reasons: a tab used "
		"to indent, a line indented differently from its neighbours, a missing space after a colon, a quote or bracket that is "
		"not closed, a value that begins with one of * & ! { [ % @ ` and has no quotes, marks of a merge conflict, bytes "
		"that are not UTF-8.\n"
		"\n"
		"    bad:   args: [--verbose\n"
		"           image: @registry/web\n"
		"    good:  args: [--verbose]\n"
		"           image: \"@registry/web\"\n"
		"\n"
		"The place shown is where reading stopped; the mistake is there or a little before. Templates (Helm, Jinja) are no YAML "
		"before they are rendered: keep them in a folder named templates, or let a policy check their path as "
		"helm-template.",
		HGT_SEVERITY_ERROR},
};

const struct hgt_rule *hgt_rules(size_t *n)
{
	*n = sizeof(rules) / sizeof(rules[0]);
	return rules;
}

static int compare_id(const void *id, const void *rule)
{
	return strcmp(id, ((const struct hgt_rule *)rule)->id);
}

const struct hgt_rule *hgt_rule_find(const char *id)
{
	return bsearch(id, rules, sizeof(rules) / sizeof(rules[0]), sizeof(rules[0]), compare_id);
}
