#define _GNU_SOURCE
#include "gated_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The descriptors of the gate and of the report in the child. 0, 1 and 2 are its standard streams. */
enum { GATE = 3, REPORT = 4, FIRST_FREE = 5 };

static void say(int report, int number) {
    while (write(report, &number, sizeof number) < 0 && errno == EINTR) {
    }
}

static void fail(int report) {
    say(report, errno);
    _exit(127);
}

/* Returns the number that the child wrote; EAGAIN if the child exited before. */
static int hear(int report) {
    int number;
    ssize_t count;
    do {
        count = read(report, &number, sizeof number);
    } while (count < 0 && errno == EINTR);
    return count == sizeof number ? number : EAGAIN;
}

static void close_others(void) {
#ifdef SYS_close_range
    if (syscall(SYS_close_range, FIRST_FREE, ~0U, 0) == 0) return;
#endif
    /* Linux before 5.9 has no close_range. */
    struct rlimit limit;
    rlim_t end = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 1 << 20 ? limit.rlim_cur : 1 << 20;
    for (rlim_t descriptor = FIRST_FREE; descriptor < end; descriptor++) close((int)descriptor);
}

/* Moves the descriptors to the numbers that the program expects. They are first copied to higher numbers, because one
 * may have the number that another needs. */
static void arrange(int gate, int report, const int descriptors[3]) {
    const int from[] = {descriptors[0], descriptors[1], descriptors[2], gate, report};
    int copies[5];
    for (int index = 0; index < 5; index++) {
        copies[index] = fcntl(from[index], F_DUPFD_CLOEXEC, FIRST_FREE);
        if (copies[index] < 0) fail(report);
    }
    for (int index = 0; index < 5; index++) {
        if (dup2(copies[index], index) < 0) fail(copies[4]);
    }
    fcntl(GATE, F_SETFD, FD_CLOEXEC);
    fcntl(REPORT, F_SETFD, FD_CLOEXEC);
    close_others();
}

static void reset_signals(void) {
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Runs in the child. The parent has threads, so only async-signal-safe functions may run between fork and exec. */
static void run_child(const char *path, char *const arguments[], char *const environment[], const char *directory,
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
    if (directory != NULL && chdir(directory) != 0) fail(REPORT);
    execve(path, arguments, environment);
    fail(REPORT);
}

int prewarm_gated_spawn(const char *path, char *const arguments[], char *const environment[], const char *directory,
                        const int descriptors[3], prewarm_gated_child *child) {
    int gate[2], report[2];
    if (pipe2(gate, O_CLOEXEC) != 0) return errno;
    if (pipe2(report, O_CLOEXEC) != 0) {
        int number = errno;
        close(gate[0]);
        close(gate[1]);
        return number;
    }
    /* All signals are blocked, so that no handler of the parent runs in the child. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t process = fork();
    int number = errno;
    if (process == 0) run_child(path, arguments, environment, directory, descriptors, gate[0], report[1]);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(gate[0]);
    close(report[1]);
    if (process < 0) {
        close(gate[1]);
        close(report[0]);
        return number;
    }
    /* After this message the process is in its session, so that ending the session reaches it. */
    number = hear(report[0]);
    if (number != 0) {
        close(gate[1]);
        close(report[0]);
        while (waitpid(process, NULL, 0) < 0 && errno == EINTR) {
        }
        return number;
    }
    child->process = process;
    child->gate = gate[1];
    child->report = report[0];
#ifdef SYS_pidfd_open
    child->process_descriptor = (int)syscall(SYS_pidfd_open, process, 0);
#else
    child->process_descriptor = -1;
#endif
    return 0;
}
