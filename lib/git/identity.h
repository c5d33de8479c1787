/*
 * Which folder a repository's is, by whatever name: its file system, its inode and when it was made. It stays with the folder as
 * long as that is there, a restart of the machine included; a copy has another.
 */
#ifndef HEADGATE_GIT_IDENTITY_H
#define HEADGATE_GIT_IDENTITY_H

#define HGT_IDENTITY_TEXT 80

/* "" where it cannot be told: there is no such folder, or its file system does not keep when it was made. */
void hgt_folder_identity(const char *path, char out[HGT_IDENTITY_TEXT]);

#endif
