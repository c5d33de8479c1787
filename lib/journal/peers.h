/*
 * What mirrors know of the Headgate upstream, in the journal's database: how far its events have been followed, and which of two peers
 * leads. Written through the store.
 */
#ifndef HEADGATE_JOURNAL_PEERS_H
#define HEADGATE_JOURNAL_PEERS_H

#include "journal/journal.h"
#include "mirror/peer.h"

/* A cursor is of one server: at another one it means nothing. */
int hgt_feed_put(struct hgt_journal *journal, const char *mirror, const char *server, const char *cursor,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Appended; nothing where none is known of that server. */
int hgt_feed_get(struct hgt_journal *journal, const char *mirror, const char *server, struct hgt_buf *cursor,
	struct hgt_error *err) HGT_MUST_CHECK;

struct hgt_peer_row {
	struct hgt_peer peer;
	int64_t since_ms;	/* wall clock: when role, term and phase became so */
	int64_t met_ms;		/* when all was last known to be here that the leader had; 0 never */
};

int hgt_peer_put(struct hgt_journal *journal, const char *mirror, const struct hgt_peer_row *row, struct hgt_error *err) HGT_MUST_CHECK;

/* The time alone; nothing where there is no row. */
int hgt_peer_met(struct hgt_journal *journal, const char *mirror, int64_t met_ms, struct hgt_error *err) HGT_MUST_CHECK;

/* 1; 0 when there is none. HGT_ECORRUPT when what is there cannot be. */
int hgt_peer_get(struct hgt_journal *journal, const char *mirror, struct hgt_peer_row *row, struct hgt_error *err) HGT_MUST_CHECK;

#endif
