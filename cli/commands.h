/* The verbs that are part of `headgate` itself. Each gets its own arguments (argv[0] is the verb) and
 * returns the exit status (enum hgt_exit). */
#ifndef HEADGATE_CLI_COMMANDS_H
#define HEADGATE_CLI_COMMANDS_H

int check_main(int argc, char **argv);
int explain_main(int argc, char **argv);
int install_main(int argc, char **argv);
int replay_main(int argc, char **argv);
int schema_main(int argc, char **argv);

#endif
