/*
 * What a repository's refs look like from outside: a digest of what stat tells of every file and folder they are in (refs/, packed-refs, the
 * config that says in which form they are). It costs a tenth of what opening the repository and listing them does. While it is the same, no ref has
 * moved: whoever writes one makes a new file or changes a ctime, and nobody turns a ctime back but with the clock.
 */
#ifndef HEADGATE_GIT_REF_STAMP_H
#define HEADGATE_GIT_REF_STAMP_H

#define HGT_REF_STAMP_TEXT 33	/* 32 hex digits and a terminator */

/*
 * Of the .git folder at path. "" when it would prove nothing: something cannot be read, or has changed within the last two seconds, so that one
 * more change might show the same times.
 */
void hgt_ref_stamp(const char *path, char out[HGT_REF_STAMP_TEXT]);

#endif
