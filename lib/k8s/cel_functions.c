/* The functions that expressions can call: CEL's own, those of its extensions, and Kubernetes'. */
#include <string.h>

#include "check/nearest.h"
#include "k8s/cel.h"

/* By what they come to. Functions of a namespace (sets.contains) are here by what stands behind the last dot. */
static const char *const bools[] = {"all", "allowed", "bool", "contains", "containsCIDR", "containsIP", "endsWith", "equivalent",
	"errored", "exists", "existsOne", "exists_one", "has", "hasValue", "includes", "intersects", "isCIDR", "isCanonical",
	"isGlobalUnicast", "isGreaterThan", "isIP", "isInteger", "isLessThan", "isLinkLocalMulticast", "isLinkLocalUnicast", "isLoopback",
	"isQuantity", "isSemver", "isSorted", "isURL", "isUnspecified", "matches", "startsWith"};
static const char *const numbers[] = {"asApproximateFloat", "asInteger", "compareTo", "double", "family", "getDate", "getDayOfMonth",
	"getDayOfWeek", "getDayOfYear", "getFullYear", "getHours", "getMilliseconds", "getMinutes", "getMonth", "getSeconds", "indexOf",
	"int", "lastIndexOf", "major", "minor", "patch", "prefixLength", "sign", "size", "uint"};
static const char *const strings[] = {"charAt", "error", "escapeKey", "find", "format", "getEscapedPath", "getHost", "getHostname",
	"getPort", "getScheme", "join", "lowerAscii", "quote", "reason", "string", "substring", "trim", "upperAscii"};
static const char *const lists[] = {"distinct", "filter", "findAll", "flatten", "map", "range", "slice", "sort", "sortBy", "split",
	"transformList"};
static const char *const objects[] = {"getQuery", "transformMap", "transformMapEntry"};
static const char *const others[] = {"add", "bind", "bytes", "check", "cidr", "date", "datetime", "decode", "dns1035Label",
	"dns1035LabelPrefix", "dns1123Label", "dns1123LabelPrefix", "dns1123Subdomain", "dns1123SubdomainPrefix", "duration", "dyn", "encode",
	"fieldSelector", "first", "group", "ip", "labelSelector", "labelValue", "last", "masked", "max", "min", "name", "named", "namespace",
	"none", "of", "ofNonZeroValue", "optFlatMap", "optMap", "or", "orValue", "path", "qualifiedName", "quantity", "replace", "resource",
	"reverse", "semver", "serviceAccount", "sub", "subresource", "sum", "timestamp", "type", "unwrap", "unwrapOpt", "uri", "url", "uuid",
	"validate", "value"};

#define GROUP(names, kind) {names, sizeof(names) / sizeof((names)[0]), kind}

static const struct {
	const char *const *names;
	size_t n;
	enum hgt_cel_kind kind;
} groups[] = {
	GROUP(bools, HGT_CEL_BOOL), GROUP(numbers, HGT_CEL_NUMBER), GROUP(strings, HGT_CEL_STRING), GROUP(lists, HGT_CEL_LIST),
	GROUP(objects, HGT_CEL_OBJECT), GROUP(others, HGT_CEL_ANY),
};

enum { N_GROUPS = sizeof(groups) / sizeof(groups[0]) };

bool hgt_cel_function(const char *name, size_t len, enum hgt_cel_kind *kind)
{
	for (size_t i = 0; i < N_GROUPS; i++) {
		for (size_t j = 0; j < groups[i].n; j++) {
			if (strlen(groups[i].names[j]) != len || memcmp(groups[i].names[j], name, len) != 0)
				continue;
			*kind = groups[i].kind;
			return true;
		}
	}
	*kind = HGT_CEL_ANY;
	return false;
}

const char *hgt_cel_nearest_function(const char *name)
{
	for (size_t i = 0; i < N_GROUPS; i++) {
		const char *near = hgt_nearest(name, groups[i].names, groups[i].n);

		if (near)
			return near;
	}
	return NULL;
}
