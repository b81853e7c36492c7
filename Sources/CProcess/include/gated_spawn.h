#ifndef PREWARM_GATED_SPAWN_H
#define PREWARM_GATED_SPAWN_H

#include <sys/types.h>

/*
 * A process that waits at a gate. It exists, has a number, a session and its descriptors, and runs nothing yet. One
 * byte on the gate makes it execute the program. If the gate closes without a byte, also because the parent was killed,
 * the process exits. So the parent can record the process before the process can act.
 */

typedef struct {
    pid_t process;
    /* A descriptor of the process (pidfd_open(2)); -1 if the kernel has none. */
    int process_descriptor;
    /* The end of the gate to which the parent writes. */
    int gate;
    /* A pipe that ends without a byte once the program runs. If the start failed, it has the error number (int). */
    int report;
} prewarm_gated_child;

/*
 * Starts the process that makes the children. If it was not called before, the first prewarm_gated_spawn calls it. A daemon
 * calls it early, while its memory is small. It may be called from any thread. Returns 0 or an error number.
 */
int prewarm_spawner_start(void);

/*
 * Starts the process. `path` is executed without a search in PATH, from `directory` if that is not NULL. `descriptors`
 * become 0, 1 and 2 of the process, and it inherits no other descriptor. Its signals have their default actions.
 * Returns 0 or an error number.
 */
int prewarm_gated_spawn(const char *path, char *const arguments[], char *const environment[], const char *directory,
                        const int descriptors[3], prewarm_gated_child *child);
#endif
