#define _GNU_SOURCE
#include "include/gated_spawn.h"

#include "spawner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Returns the number that the child wrote; EAGAIN if the child exited before. */
static int hear(int report) {
    int number;
    ssize_t count;
    do {
        count = read(report, &number, sizeof number);
    } while (count < 0 && errno == EINTR);
    return count == sizeof number ? number : EAGAIN;
}

/* Writes strings, each with a final 0. Returns their number. */
static size_t put(char *const strings[], FILE *file) {
    size_t count = 0;
    for (; strings[count] != NULL; count++) fwrite(strings[count], strlen(strings[count]) + 1, 1, file);
    return count;
}

/* Writes the strings of a command to a file in memory. Returns its descriptor, or -1 with errno. */
static int write_command(const char *path, char *const arguments[], char *const environment[], const char *directory,
                         prewarm_command *command) {
    int descriptor = memfd_create("prewarm-command", MFD_CLOEXEC);
    if (descriptor < 0) return -1;
    int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    FILE *file = copy < 0 ? NULL : fdopen(copy, "w");
    if (file == NULL) {
        int number = errno;
        if (copy >= 0) close(copy);
        close(descriptor);
        errno = number;
        return -1;
    }
    char *const first[] = {(char *)path, (char *)directory, NULL};
    put(first, file);
    command->has_directory = directory != NULL;
    command->arguments = put(arguments, file);
    command->variables = put(environment, file);
    command->bytes = (size_t)ftell(file);
    int is_written = !ferror(file);
    if (fclose(file) == 0 && is_written) return descriptor;
    int number = errno;
    close(descriptor);
    errno = number;
    return -1;
}

int prewarm_gated_spawn(const char *path, char *const arguments[], char *const environment[], const char *directory,
                        const int descriptors[3], prewarm_gated_child *child) {
    int gate[2] = {-1, -1}, report[2] = {-1, -1}, text = -1, number = 0;
    prewarm_command command;
    if (pipe2(gate, O_CLOEXEC) != 0 || pipe2(report, O_CLOEXEC) != 0 ||
        (text = write_command(path, arguments, environment, directory, &command)) < 0) {
        number = errno;
    } else {
        const int given[CHILD_DESCRIPTORS] = {descriptors[0], descriptors[1], descriptors[2], gate[0], report[1], text};
        number = prewarm_spawner_make(&command, given, &child->process);
    }
    const int inherited[] = {gate[0], report[1], text};
    for (int index = 0; index < 3; index++) {
        if (inherited[index] >= 0) close(inherited[index]);
    }
    if (number == 0) {
        /* After this message the process is in its session, so that ending the session reaches it. */
        number = hear(report[0]);
        if (number != 0) {
            while (waitpid(child->process, NULL, 0) < 0 && errno == EINTR) {
            }
        }
    }
    if (number != 0) {
        if (gate[1] >= 0) close(gate[1]);
        if (report[0] >= 0) close(report[0]);
        return number;
    }
    child->gate = gate[1];
    child->report = report[0];
#ifdef SYS_pidfd_open
    child->process_descriptor = (int)syscall(SYS_pidfd_open, child->process, 0);
#else
    child->process_descriptor = -1;
#endif
    return 0;
}
