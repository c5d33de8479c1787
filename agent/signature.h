/*
 * Who has signed a text, by the programs that know: ssh-keygen(1) for SSH signatures (PROTOCOL.sshsig of OpenSSH, namespace "git"), gpgv(1)
 * for OpenPGP. Blocks; runs on a worker.
 */
#ifndef HEADGATE_AGENT_SIGNATURE_H
#define HEADGATE_AGENT_SIGNATURE_H

#include "config/config.h"
#include "base/buf.h"

/*
 * 0 when somebody whom the target's `verify` names has signed the payload, and it holds as of now: `who` gets their principal or key.
 * HGT_EPERM when nobody has: no signature, a wrong one, of somebody else, of a key that has expired or was revoked. Other codes: it
 * could not be told (the program is not there, the list of signers cannot be read). `folder` is one of the agent's own, for a file.
 */
int signature_check(const struct hgt_agent_target *target, const char *folder, const struct hgt_buf *payload,
	const struct hgt_buf *signature, int stop_fd, struct hgt_buf *who, struct hgt_error *err) HGT_MUST_CHECK;

#endif
