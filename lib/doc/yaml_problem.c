/* libyaml's complaints as sentences that help. */
#include "doc/yaml_problem.h"

struct hgt_place hgt_yaml_explain(struct hgt_tree *tree, const struct hgt_yaml_complaint *complaint)
{
	hgt_buf_adds(&tree->message, complaint->problem);
	return complaint->where;
}
