#ifndef PREWARM_GATED_SPAWN_H
#define PREWARM_GATED_SPAWN_H

#include <sys/types.h>

/*
 * Starts a process that waits at a gate: it is there, has a number, a session and its descriptors, and runs nothing
 * yet. One byte on the gate makes it execute the program. If the gate is closed without one, also because the parent
 * was killed, the process exits. So a parent can record the process before the process can act.
 */

typedef struct {
    pid_t process;
    /* Refers to the process (pidfd_open(2)); -1 if the kernel has none. */
    int process_descriptor;
    /* The end of the gate that the parent writes to. */
    int gate;
    /* Ends without a byte once the program runs; else it gives the error number of what failed, as an int. */
    int report;
} prewarm_gated_child;

/*
 * `path` is executed as it is, from `directory` if that is not NULL. `descriptors` become 0, 1 and 2 of the process; no
 * other one is inherited. Every signal has its default effect there. Returns 0 or an error number.
 */
int prewarm_gated_spawn(const char *path, char *const arguments[], char *const environment[], const char *directory,
                        const int descriptors[3], prewarm_gated_child *child);
#endif
