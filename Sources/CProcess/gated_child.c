#define _GNU_SOURCE
#include "gated_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The descriptors of the gate and of the report in the child. 0, 1 and 2 are its standard streams. */
enum { GATE = 3, REPORT = 4, FIRST_FREE = 5 };

static void say(int report, int number) {
    while (write(report, &number, sizeof number) < 0 && errno == EINTR) {
    }
}

_Noreturn void prewarm_fail_child(int report) {
    say(report, errno);
    _exit(127);
}

void prewarm_close_from(int first) {
#ifdef SYS_close_range
    if (syscall(SYS_close_range, first, ~0U, 0) == 0) return;
#endif
    /* Linux before 5.9 has no close_range. */
    struct rlimit limit;
    rlim_t end = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 1 << 20 ? limit.rlim_cur : 1 << 20;
    for (rlim_t descriptor = (rlim_t)first; descriptor < end; descriptor++) close((int)descriptor);
}

/* Moves the descriptors to the numbers that the program expects. They are first copied to higher numbers, because one
 * may have the number that another needs. */
static void arrange(int gate, int report, const int descriptors[3]) {
    const int from[] = {descriptors[0], descriptors[1], descriptors[2], gate, report};
    int copies[5];
    for (int index = 0; index < 5; index++) {
        copies[index] = fcntl(from[index], F_DUPFD_CLOEXEC, FIRST_FREE);
        if (copies[index] < 0) prewarm_fail_child(report);
    }
    for (int index = 0; index < 5; index++) {
        if (dup2(copies[index], index) < 0) prewarm_fail_child(copies[4]);
    }
    fcntl(GATE, F_SETFD, FD_CLOEXEC);
    fcntl(REPORT, F_SETFD, FD_CLOEXEC);
    prewarm_close_from(FIRST_FREE);
}

static void reset_signals(void) {
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

void prewarm_run_gated_child(const char *path, char *const arguments[], char *const environment[], const char *directory,
                             const int descriptors[3], int gate, int report) {
    setsid();
    arrange(gate, report, descriptors);
    reset_signals();
    say(REPORT, 0);
    char go;
    ssize_t count;
    do {
        count = read(GATE, &go, 1);
    } while (count < 0 && errno == EINTR);
    if (count != 1) _exit(0);
    if (directory != NULL && chdir(directory) != 0) prewarm_fail_child(REPORT);
    execve(path, arguments, environment);
    prewarm_fail_child(REPORT);
}
