/* A private folder of a test, removed with all that is in it. */
#ifndef HEADGATE_TESTS_TEMP_FOLDER_H
#define HEADGATE_TESTS_TEMP_FOLDER_H

/* A new folder below TMPDIR or /tmp; never NULL. */
char *temp_folder_new(void);

/* Remove it and free its path. */
void temp_folder_free(char *path);

#endif
