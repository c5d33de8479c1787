/* Mirrors, their copies and refs as people read them: out of the answers of GET /v1/mirrors and /v1/mirrors/refs. */
#ifndef HEADGATE_CLI_REMOTE_MIRROR_VIEW_H
#define HEADGATE_CLI_REMOTE_MIRROR_VIEW_H

#include "cli/remote/show.h"
#include "doc/doc.h"

/* Nodes of several answers, in the order in which they are to be shown; borrowed. */
struct mirror_list {
	const struct hgt_node **items;
	size_t n;
};

/* Copies, the worst first: stopped, failing, behind, new, in step; of one state, the one that is behind for longest. */
void mirror_list_sort(struct mirror_list *copies);

/* Whether a copy is in step: its state alone counts. */
bool mirror_view_is_well(const struct hgt_node *copy);

/* A table of mirrors: "mirrors" of the answer. */
int mirror_view_mirrors(const struct hgt_node *mirrors, bool color, struct hgt_buf *out, struct hgt_error *err) HGT_MUST_CHECK;

/* A table of copies, at most `most` of them; `named`: with the name of the mirror, because they are of several. */
int mirror_view_copies(const struct mirror_list *copies, size_t most, bool named, int64_t now_ms, bool color, struct hgt_buf *out,
	struct hgt_error *err) HGT_MUST_CHECK;

/* What is known of one copy, a line a subject, and what to do about it where that is known. */
void mirror_view_copy(const struct hgt_node *copy, int64_t now_ms, bool color, struct hgt_buf *out);

/* A table of refs; `known`: of the copy that they are of, refs are known, so that none here is good news. */
int mirror_view_refs(const struct mirror_list *refs, bool known, int64_t now_ms, bool color, struct hgt_buf *out,
	struct hgt_error *err) HGT_MUST_CHECK;

/* What accepting does to a ref that is diverged or held, as one line; nothing is added for another. */
void mirror_view_accept(const struct hgt_node *ref, bool push, struct hgt_buf *out);

/* How a turn has ended, as one line: "infra: in step, 1.5 MiB moved". before: bytes that had moved by its beginning. */
void mirror_view_end(const struct hgt_node *copy, uint64_t bytes_before, int64_t now_ms, bool color, struct hgt_buf *out);

/* "45 s", "3 min", "5 h 20 min", "2 days"; and of bytes "512 bytes", "1.5 MiB". */
void mirror_view_span(int64_t ms, struct hgt_buf *out);
void mirror_view_bytes(uint64_t bytes, struct hgt_buf *out);

#endif
