#define _GNU_SOURCE
#include "spawner.h"

#include "gated_child.h"
#include "include/gated_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* The answer of the spawner. */
typedef struct {
    pid_t process;
    int error;
} answer;

/* The space for the descriptors that travel with a command. */
typedef union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(CHILD_DESCRIPTORS * sizeof(int))];
} descriptor_space;

/* The seconds for which this process waits for the spawner. A spawner that does not answer is replaced. */
enum { PATIENCE = 10 };

/* MARK: The child */

/* Returns the next string, and moves to the one after it. */
static char *take(char **next) {
    char *text = *next;
    *next += strlen(text) + 1;
    return text;
}

static _Noreturn void run_child(const prewarm_command *command, const int descriptors[CHILD_DESCRIPTORS]) {
    size_t count = command->arguments + command->variables + 2;
    char *next = mmap(NULL, command->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptors[CHILD_COMMAND], 0);
    char **pointers =
        mmap(NULL, count * sizeof *pointers, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (next == MAP_FAILED || pointers == MAP_FAILED) prewarm_fail_child(descriptors[CHILD_REPORT]);
    const char *path = take(&next);
    const char *directory = command->has_directory ? take(&next) : NULL;
    char **arguments = pointers, **environment = pointers + command->arguments + 1;
    for (size_t index = 0; index < command->arguments; index++) arguments[index] = take(&next);
    for (size_t index = 0; index < command->variables; index++) environment[index] = take(&next);
    prewarm_run_gated_child(path, arguments, environment, directory, descriptors, descriptors[CHILD_GATE],
                            descriptors[CHILD_REPORT]);
}

/* MARK: The spawner */

/* Receives a command with its descriptors. Returns 0, an error number, or -1 if the other process has ended. */
static int receive(int connection, prewarm_command *command, int descriptors[CHILD_DESCRIPTORS], size_t *count) {
    descriptor_space space;
    struct iovec part = {command, sizeof *command};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = space.bytes, .msg_controllen = sizeof space.bytes};
    ssize_t length;
    do {
        length = recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
    } while (length < 0 && errno == EINTR);
    *count = 0;
    if (length <= 0) return -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
        *count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(descriptors, CMSG_DATA(header), *count * sizeof(int));
    }
    /* The kernel leaves descriptors out if the process may not open more. */
    return *count == CHILD_DESCRIPTORS ? 0 : EMFILE;
}

static _Noreturn void serve(int connection) {
    for (;;) {
        prewarm_command command;
        int descriptors[CHILD_DESCRIPTORS];
        size_t count;
        answer answer = {-1, receive(connection, &command, descriptors, &count)};
        if (answer.error < 0) _exit(0);
        if (answer.error == 0) {
            answer.process = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);
            if (answer.process == 0) {
                prctl(PR_SET_NAME, "prewarm-child");
                run_child(&command, descriptors);
            }
            if (answer.process < 0) answer.error = errno;
        }
        for (size_t index = 0; index < count; index++) close(descriptors[index]);
        while (send(connection, &answer, sizeof answer, MSG_NOSIGNAL) < 0 && errno == EINTR) {
        }
    }
}

/* MARK: This process */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* The connection to the spawner; -1 if none runs. The lock protects it and the number of the spawner. */
static int connection = -1;
static pid_t spawner = -1;
/* The limit of open files that this process had at the first start. The children get it. */
static struct rlimit file_limit;
static int knows_file_limit = 0;

/* Starts the spawner. The lock is held. Returns 0 or an error number. */
static int start(void) {
    int ends[2];
    if (!knows_file_limit) knows_file_limit = getrlimit(RLIMIT_NOFILE, &file_limit) == 0;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return errno;
    struct timeval patience = {.tv_sec = PATIENCE};
    setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    /* The spawner keeps all signals blocked: signals to a group or a terminal are for this process, which decides when its
     * children end. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t process = fork();
    int number = errno;
    if (process == 0) {
        setsid();
        prctl(PR_SET_NAME, "prewarm-spawner");
        if (knows_file_limit) setrlimit(RLIMIT_NOFILE, &file_limit);
        if (dup2(ends[1], 0) < 0) _exit(1);
        prewarm_close_from(1);
        serve(0);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(ends[1]);
    if (process < 0) {
        close(ends[0]);
        return number;
    }
    connection = ends[0];
    spawner = process;
    return 0;
}

/* Ends a spawner that does not answer. The lock is held. */
static void stop(void) {
    close(connection);
    connection = -1;
    /* If it has ended and was reaped, its number may be that of another process. */
    if (waitpid(spawner, NULL, WNOHANG) != 0) return;
    kill(spawner, SIGKILL);
    while (waitpid(spawner, NULL, 0) < 0 && errno == EINTR) {
    }
}

/* Sends a command and receives the answer. The lock is held. Returns 0, EPIPE if the spawner did not get the command, or
 * EAGAIN if it does not answer. It may have made the child then, which ends because its gate closes. */
static int ask(const prewarm_command *command, const int descriptors[CHILD_DESCRIPTORS], answer *answer) {
    descriptor_space space;
    memset(&space, 0, sizeof space);
    struct iovec part = {(void *)command, sizeof *command};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = space.bytes, .msg_controllen = sizeof space.bytes};
    space.header.cmsg_level = SOL_SOCKET;
    space.header.cmsg_type = SCM_RIGHTS;
    space.header.cmsg_len = CMSG_LEN(CHILD_DESCRIPTORS * sizeof(int));
    memcpy(CMSG_DATA(&space.header), descriptors, CHILD_DESCRIPTORS * sizeof(int));
    ssize_t length;
    do {
        length = sendmsg(connection, &message, MSG_NOSIGNAL);
    } while (length < 0 && errno == EINTR);
    if (length < 0) return EPIPE;
    do {
        length = recv(connection, answer, sizeof *answer, 0);
    } while (length < 0 && errno == EINTR);
    return length == sizeof *answer ? 0 : EAGAIN;
}

int prewarm_spawner_start(void) {
    pthread_mutex_lock(&lock);
    int number = connection >= 0 ? 0 : start();
    pthread_mutex_unlock(&lock);
    return number;
}

int prewarm_spawner_make(const prewarm_command *command, const int descriptors[CHILD_DESCRIPTORS], pid_t *process) {
    answer answer = {-1, 0};
    pthread_mutex_lock(&lock);
    int number = connection >= 0 ? 0 : start();
    if (number == 0) number = ask(command, descriptors, &answer);
    if (number == EPIPE) {
        /* The spawner was killed before. */
        stop();
        number = start();
        if (number == 0) number = ask(command, descriptors, &answer);
    }
    if (number != 0 && connection >= 0) stop();
    pthread_mutex_unlock(&lock);
    *process = answer.process;
    return number != 0 ? number : answer.error;
}
