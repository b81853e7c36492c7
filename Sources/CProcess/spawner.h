#ifndef PREWARM_SPAWNER_H
#define PREWARM_SPAWNER_H

#include <stddef.h>
#include <sys/types.h>

/*
 * The spawner: a small copy of this process that makes its child processes. A copy of a process with much memory and many
 * threads costs milliseconds, and makes each page of the original slow to write while the copy exists. So the copy is made
 * once, while the process is small, and only the spawner is copied for each child. The children are children of this
 * process, because the spawner makes them with CLONE_PARENT (clone(2)). If the spawner is killed, the next child starts
 * another one, which then is a copy of the process as it is.
 *
 * The spawner has one thread, calls only async-signal-safe functions, and ends when this process ends.
 */

/* The descriptors that a child gets, in this order. */
enum { CHILD_INPUT, CHILD_OUTPUT, CHILD_LOG, CHILD_GATE, CHILD_REPORT, CHILD_COMMAND, CHILD_DESCRIPTORS };

/* The command of a child. Its descriptor CHILD_COMMAND is a file in memory with its strings, each with a final 0: the
 * path, the directory if there is one, the arguments, and the variables of the environment. */
typedef struct {
    size_t bytes;
    size_t arguments;
    size_t variables;
    int has_directory;
} prewarm_command;

/* Makes a child, and starts the spawner if it does not run. It may be called from any thread, and blocks until the child
 * exists. Returns 0 or an error number. */
int prewarm_spawner_make(const prewarm_command *command, const int descriptors[CHILD_DESCRIPTORS], pid_t *process);
#endif
