#ifndef PREWARM_GATED_CHILD_H
#define PREWARM_GATED_CHILD_H

/*
 * Runs in the new process and does not return. It makes a session, moves the descriptors to their numbers, reports 0 to
 * `report`, waits for a byte at `gate`, and executes the program. Only async-signal-safe functions are called.
 */
_Noreturn void prewarm_run_gated_child(const char *path, char *const arguments[], char *const environment[],
                                       const char *directory, const int descriptors[3], int gate, int report);

/* Writes errno to `report` and ends the process. It is async-signal-safe. */
_Noreturn void prewarm_fail_child(int report);

/* Closes all descriptors from `first` on. It is async-signal-safe. */
void prewarm_close_from(int first);
#endif
