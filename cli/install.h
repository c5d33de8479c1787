/* headgate install: put our hooks into repositories, and take them out again. */
#ifndef HEADGATE_CLI_INSTALL_H
#define HEADGATE_CLI_INSTALL_H

/* argv[0] is "install". Returns the exit status (enum hgt_exit). */
int install_main(int argc, char **argv);

#endif
