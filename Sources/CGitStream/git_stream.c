#define _GNU_SOURCE
#include "git_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <git2.h>
#include <git2/sys/stream.h>

struct prewarm_git_watch {
    /* Guards `descriptor` and `report`, so that a shutdown from another thread never meets a number used anew. */
    pthread_mutex_t lock;
    int connect, idle, total;
    long long end;
    int descriptor;
    char *host, *port;
    /* Through a proxy: `host:port` of the one behind it; else NULL. */
    char *target;
    /* What may come in, and what had come in, over all connections of the pass, when that was said; 0: no limit. */
    unsigned long long most, before;
    prewarm_git_report report;
    /* Only for the thread of the pass. */
    prewarm_git_hook connected, closed;
    void *payload;
};

/* libgit2's ssh transport casts a stream to its private git_socket_stream: these four, in this order. */
typedef struct {
    git_stream parent;
    char *host;
    char *port;
    int s;
    prewarm_git_watch *watch;
} timed_stream;

static _Thread_local prewarm_git_watch *current;

/* In milliseconds. */
#define SLICE 100

static long long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (long long)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* The first finding stands, but for an end that may be expected: what follows is only its consequence. Returns -1 for its caller to return. */
static int note_locked(prewarm_git_watch *watch, prewarm_git_phase phase, prewarm_git_cause cause, int error)
{
    if (watch->report.cause == PREWARM_GIT_FINE || watch->report.cause == PREWARM_GIT_CLOSED) {
        watch->report.phase = phase;
        watch->report.cause = cause;
        watch->report.error = error;
    }
    return -1;
}

static int note(timed_stream *stream, prewarm_git_phase phase, prewarm_git_cause cause, int error)
{
    pthread_mutex_lock(&stream->watch->lock);
    note_locked(stream->watch, phase, cause, error);
    pthread_mutex_unlock(&stream->watch->lock);
    if (cause != PREWARM_GIT_CLOSED)
        git_error_set_str(GIT_ERROR_NET, cause == PREWARM_GIT_FAILED ? "the network failed" : "no answer in time");
    return -1;
}

static int is_over(timed_stream *stream, prewarm_git_phase phase)
{
    pthread_mutex_lock(&stream->watch->lock);
    if (now() >= stream->watch->end)
        note_locked(stream->watch, phase, PREWARM_GIT_OVERDUE, 0);
    prewarm_git_cause cause = stream->watch->report.cause;
    pthread_mutex_unlock(&stream->watch->lock);
    if (cause != PREWARM_GIT_OVERDUE && cause != PREWARM_GIT_ABORTED)
        return 0;
    git_error_set_str(GIT_ERROR_NET, "no answer in time");
    return 1;
}

/* Waits until the descriptor is ready, for `limit` milliseconds or the rest of the total time. */
static int wait_until_ready(timed_stream *stream, int descriptor, short events, prewarm_git_phase phase, int limit)
{
    long long idle_end = now() + limit;
    for (;;) {
        if (is_over(stream, phase))
            return -1;
        long long left = (idle_end < stream->watch->end ? idle_end : stream->watch->end) - now();
        struct pollfd ready = {.fd = descriptor, .events = events};
        int count = poll(&ready, 1, left > 0 ? (int)left : 0);
        if (count > 0)
            return 0;
        if (count < 0 && errno != EINTR)
            return note(stream, phase, PREWARM_GIT_FAILED, errno);
        if (count == 0 && now() >= idle_end)
            return note(stream, phase, PREWARM_GIT_IDLE, 0);
    }
}

/* Returns 0, or an errno; ETIMEDOUT where `limit` passed; -1 where the whole pass is over. */
static int connect_to(timed_stream *stream, struct addrinfo *address, int limit)
{
    int type = address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK;
    int descriptor = socket(address->ai_family, type, address->ai_protocol);
    if (descriptor < 0)
        return errno;
    int error = 0, on = 1;
    socklen_t size = sizeof(error);
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(descriptor, address->ai_addr, address->ai_addrlen) < 0 && errno != EINPROGRESS && errno != EINTR) {
        error = errno;
    } else {
        struct pollfd ready = {.fd = descriptor, .events = POLLOUT};
        long long end = now() + limit;
        int count;
        /* In slices: who gives up has no descriptor to shut down yet. */
        do {
            long long left = end - now();
            count = poll(&ready, 1, left > SLICE ? SLICE : left > 0 ? (int)left : 0);
        } while ((count < 0 && errno == EINTR) || (count == 0 && now() < end && !is_over(stream, PREWARM_GIT_CONNECTING)));
        if (count <= 0)
            error = count == 0 ? ETIMEDOUT : errno;
        else if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
            error = errno;
    }
    if (error != 0) {
        close(descriptor);
        return error;
    }
    pthread_mutex_lock(&stream->watch->lock);
    stream->s = descriptor;
    stream->watch->descriptor = descriptor;
    /* Where the peer closed the connection before this one, that was no failure. */
    if (stream->watch->report.cause == PREWARM_GIT_CLOSED)
        stream->watch->report.cause = PREWARM_GIT_FINE;
    pthread_mutex_unlock(&stream->watch->lock);
    return 0;
}

/* getaddrinfo can't be ended: it has a thread of its own, which whoever gives up leaves to itself. */
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t done;
    /* The thread, and who waits for it. */
    int users, is_done, error;
    struct addrinfo *addresses;
    char *host, *port;
} lookup;

static int look_up_now(const char *host, const char *port, int flags, struct addrinfo **addresses)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC, .ai_flags = flags};
    return getaddrinfo(host, port, &hints, addresses);
}

static void lookup_leave(lookup *lookup)
{
    pthread_mutex_lock(&lookup->lock);
    int is_last = --lookup->users == 0;
    pthread_mutex_unlock(&lookup->lock);
    if (!is_last)
        return;
    if (lookup->addresses != NULL)
        freeaddrinfo(lookup->addresses);
    pthread_mutex_destroy(&lookup->lock);
    pthread_cond_destroy(&lookup->done);
    free(lookup->host);
    free(lookup->port);
    free(lookup);
}

static void *lookup_run(void *argument)
{
    lookup *lookup = argument;
    struct addrinfo *addresses = NULL;
    int error = look_up_now(lookup->host, lookup->port, 0, &addresses);
    pthread_mutex_lock(&lookup->lock);
    lookup->addresses = addresses;
    lookup->error = error;
    lookup->is_done = 1;
    pthread_cond_signal(&lookup->done);
    pthread_mutex_unlock(&lookup->lock);
    lookup_leave(lookup);
    return NULL;
}

static lookup *lookup_start(const char *host, const char *port)
{
    lookup *lookup = calloc(1, sizeof(*lookup));
    if (lookup == NULL)
        return NULL;
    lookup->host = strdup(host);
    lookup->port = strdup(port);
    lookup->users = 2;
    pthread_mutex_init(&lookup->lock, NULL);
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&lookup->done, &clock);
    pthread_condattr_destroy(&clock);
    pthread_t thread;
    if (lookup->host == NULL || lookup->port == NULL || pthread_create(&thread, NULL, lookup_run, lookup) != 0) {
        lookup->users = 1;
        lookup_leave(lookup);
        return NULL;
    }
    pthread_detach(thread);
    return lookup;
}

/* Negative where it was noted why there are none. */
static int resolve(timed_stream *stream, struct addrinfo **addresses)
{
    if (look_up_now(stream->host, stream->port, AI_NUMERICHOST, addresses) == 0)
        return 0;
    lookup *lookup = lookup_start(stream->host, stream->port);
    if (lookup == NULL)
        return note(stream, PREWARM_GIT_RESOLVING, PREWARM_GIT_FAILED, EAI_MEMORY);
    long long end = now() + stream->watch->connect;
    int result = 0;
    pthread_mutex_lock(&lookup->lock);
    while (!lookup->is_done && result == 0) {
        long long next = now() + SLICE;
        struct timespec time = {.tv_sec = next / 1000, .tv_nsec = next % 1000 * 1000000};
        pthread_cond_timedwait(&lookup->done, &lookup->lock, &time);
        if (lookup->is_done)
            break;
        if (is_over(stream, PREWARM_GIT_RESOLVING))
            result = -1;
        else if (now() >= end)
            result = note(stream, PREWARM_GIT_RESOLVING, PREWARM_GIT_IDLE, 0);
    }
    if (lookup->is_done && lookup->error != 0)
        result = note(stream, PREWARM_GIT_RESOLVING, PREWARM_GIT_FAILED, lookup->error);
    if (lookup->is_done && result == 0) {
        *addresses = lookup->addresses;
        lookup->addresses = NULL;
    }
    pthread_mutex_unlock(&lookup->lock);
    lookup_leave(lookup);
    return result;
}

static int stream_connect(git_stream *parent)
{
    timed_stream *stream = (timed_stream *)parent;
    prewarm_git_watch *watch = stream->watch;
    struct addrinfo *addresses = NULL, *address;
    if (resolve(stream, &addresses) < 0)
        return -1;
    int error = 0, count = 0;
    for (address = addresses; address != NULL; address = address->ai_next)
        count++;
    /* A dead address must leave time for the next one: IPv6 that leads nowhere is common. */
    long long end = now() + watch->connect;
    if (end > watch->end)
        end = watch->end;
    error = ETIMEDOUT;
    for (address = addresses; address != NULL; address = address->ai_next) {
        long long left = end - now();
        if (left <= 0 || is_over(stream, PREWARM_GIT_CONNECTING))
            break;
        if ((error = connect_to(stream, address, (int)(left / count--))) == 0)
            break;
    }
    freeaddrinfo(addresses);
    if (error == 0) {
        if (watch->connected == NULL || watch->connected(watch->payload) >= 0)
            return 0;
        git_error_set_str(GIT_ERROR_NET, "the connection was closed before its first use");
        return -1;
    }
    if (is_over(stream, PREWARM_GIT_CONNECTING))
        return -1;
    prewarm_git_cause cause = error == ETIMEDOUT ? PREWARM_GIT_IDLE : PREWARM_GIT_FAILED;
    return note(stream, PREWARM_GIT_CONNECTING, cause, error);
}

static ssize_t stream_read(git_stream *parent, void *data, size_t length)
{
    timed_stream *stream = (timed_stream *)parent;
    for (;;) {
        if (is_over(stream, PREWARM_GIT_READING))
            return -1;
        ssize_t count = recv(stream->s, data, length, MSG_DONTWAIT);
        if (count > 0) {
            prewarm_git_watch *watch = stream->watch;
            watch->report.received += (unsigned long long)count;
            if (watch->most > 0 && watch->report.received - watch->before > watch->most)
                return note(stream, PREWARM_GIT_READING, PREWARM_GIT_TOO_MUCH, 0);
            return count;
        }
        if (count == 0) {
            /* An end that is expected is no failure: only who fails afterwards asks for it. */
            note(stream, PREWARM_GIT_READING, PREWARM_GIT_CLOSED, 0);
            return 0;
        }
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK)
            return note(stream, PREWARM_GIT_READING, PREWARM_GIT_FAILED, errno);
        if (wait_until_ready(stream, stream->s, POLLIN, PREWARM_GIT_READING, stream->watch->idle) < 0)
            return -1;
    }
}

static int note_elsewhere(prewarm_git_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    note_locked(watch, PREWARM_GIT_CONNECTING, PREWARM_GIT_ELSEWHERE, 0);
    pthread_mutex_unlock(&watch->lock);
    git_error_set_str(GIT_ERROR_NET, "the server redirects to another host or port");
    return -1;
}

/* What a proxy is asked to connect to has to be what was configured. */
static int is_elsewhere(const prewarm_git_watch *watch, const char *data, size_t length)
{
    static const char method[] = "CONNECT ";
    size_t start = sizeof(method) - 1, size = watch->target != NULL ? strlen(watch->target) : 0;
    if (size == 0 || length < start || memcmp(data, method, start) != 0)
        return 0;
    return length <= start + size || strncasecmp(data + start, watch->target, size) != 0 || data[start + size] != ' ';
}

static ssize_t stream_write(git_stream *parent, const char *data, size_t length, int flags)
{
    timed_stream *stream = (timed_stream *)parent;
    if (is_elsewhere(stream->watch, data, length))
        return note_elsewhere(stream->watch);
    for (;;) {
        if (is_over(stream, PREWARM_GIT_WRITING))
            return -1;
        ssize_t count = send(stream->s, data, length, flags | MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count >= 0)
            return count;
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK)
            return note(stream, PREWARM_GIT_WRITING, PREWARM_GIT_FAILED, errno);
        if (wait_until_ready(stream, stream->s, POLLOUT, PREWARM_GIT_WRITING, stream->watch->idle) < 0)
            return -1;
    }
}

static int stream_close(git_stream *parent)
{
    timed_stream *stream = (timed_stream *)parent;
    pthread_mutex_lock(&stream->watch->lock);
    int descriptor = stream->s;
    stream->s = -1;
    if (stream->watch->descriptor == descriptor)
        stream->watch->descriptor = -1;
    if (descriptor >= 0)
        close(descriptor);
    pthread_mutex_unlock(&stream->watch->lock);
    if (stream->watch->closed != NULL)
        stream->watch->closed(stream->watch->payload);
    return 0;
}

static void stream_free(git_stream *parent)
{
    timed_stream *stream = (timed_stream *)parent;
    free(stream->host);
    free(stream->port);
    free(stream);
}

static int is_same_host(const char *left, const char *right)
{
    size_t length = strcspn(right, "]");
    if (*left == '[')
        left++;
    if (*right == '[')
        right++, length--;
    return strncasecmp(left, right, length) == 0 && (left[length] == '\0' || left[length] == ']');
}

static int stream_new(git_stream **out, const char *host, const char *port)
{
    if (current == NULL) {
        git_error_set_str(GIT_ERROR_NET, "a connection without a time limit was requested");
        return -1;
    }
    /* libgit2 compares the host of a redirect, but not its port. */
    if (!is_same_host(host, current->host) || strcmp(port, current->port) != 0)
        return note_elsewhere(current);
    timed_stream *stream = calloc(1, sizeof(*stream));
    if (stream == NULL)
        return -1;
    stream->host = strdup(host);
    stream->port = strdup(port);
    if (stream->host == NULL || stream->port == NULL) {
        stream_free(&stream->parent);
        return -1;
    }
    stream->s = -1;
    stream->watch = current;
    stream->parent.version = GIT_STREAM_VERSION;
    stream->parent.connect = stream_connect;
    stream->parent.read = stream_read;
    stream->parent.write = stream_write;
    stream->parent.close = stream_close;
    stream->parent.free = stream_free;
    *out = &stream->parent;
    return 0;
}

int prewarm_git_stream_register(void)
{
    git_stream_registration registration = {.version = GIT_STREAM_VERSION, .init = stream_new, .wrap = NULL};
    return git_stream_register(GIT_STREAM_STANDARD, &registration);
}

prewarm_git_watch *prewarm_git_watch_new(const char *host, const char *port, const char *target, int connect, int idle,
                                         int total)
{
    prewarm_git_watch *watch = calloc(1, sizeof(*watch));
    if (watch == NULL)
        return NULL;
    pthread_mutex_init(&watch->lock, NULL);
    watch->host = strdup(host);
    watch->port = strdup(port);
    watch->target = target != NULL ? strdup(target) : NULL;
    if (watch->host == NULL || watch->port == NULL || (target != NULL && watch->target == NULL)) {
        prewarm_git_watch_free(watch);
        return NULL;
    }
    watch->connect = connect;
    watch->idle = idle;
    watch->total = total;
    watch->end = now() + total;
    watch->descriptor = -1;
    return watch;
}

void prewarm_git_watch_begin(prewarm_git_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    watch->end = now() + watch->total;
    pthread_mutex_unlock(&watch->lock);
}

void prewarm_git_watch_free(prewarm_git_watch *watch)
{
    pthread_mutex_destroy(&watch->lock);
    free(watch->host);
    free(watch->port);
    free(watch->target);
    free(watch);
}

void prewarm_git_watch_set_hooks(prewarm_git_watch *watch, prewarm_git_hook connected, prewarm_git_hook closed,
                                 void *payload)
{
    watch->connected = connected;
    watch->closed = closed;
    watch->payload = payload;
}

void prewarm_git_watch_enter(prewarm_git_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    if (watch->report.cause != PREWARM_GIT_OVERDUE && watch->report.cause != PREWARM_GIT_ABORTED)
        watch->report = (prewarm_git_report){0};
    pthread_mutex_unlock(&watch->lock);
    current = watch;
}

void prewarm_git_watch_leave(prewarm_git_watch *watch)
{
    if (current == watch)
        current = NULL;
}

void prewarm_git_watch_limit(prewarm_git_watch *watch, unsigned long long most)
{
    pthread_mutex_lock(&watch->lock);
    watch->most = most;
    watch->before = watch->report.received;
    pthread_mutex_unlock(&watch->lock);
}

int prewarm_git_watch_is_over(prewarm_git_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    if (now() >= watch->end)
        note_locked(watch, PREWARM_GIT_READING, PREWARM_GIT_OVERDUE, 0);
    prewarm_git_cause cause = watch->report.cause;
    pthread_mutex_unlock(&watch->lock);
    return cause == PREWARM_GIT_OVERDUE || cause == PREWARM_GIT_ABORTED;
}

static void shut_down_locked(prewarm_git_watch *watch, prewarm_git_cause cause)
{
    note_locked(watch, PREWARM_GIT_READING, cause, 0);
    if (watch->descriptor >= 0)
        shutdown(watch->descriptor, SHUT_RDWR);
}

void prewarm_git_watch_abort(prewarm_git_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    shut_down_locked(watch, PREWARM_GIT_ABORTED);
    pthread_mutex_unlock(&watch->lock);
}

void prewarm_git_watch_patrol(prewarm_git_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    struct tcp_info info;
    socklen_t size = sizeof(info);
    if (now() >= watch->end)
        shut_down_locked(watch, PREWARM_GIT_OVERDUE);
    else if (watch->descriptor >= 0 && getsockopt(watch->descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) == 0) {
        unsigned idle = (unsigned)watch->idle;
        if (info.tcpi_last_data_recv >= idle && info.tcpi_last_data_sent >= idle)
            shut_down_locked(watch, PREWARM_GIT_IDLE);
        else if (watch->most > 0 && info.tcpi_bytes_received > watch->most)
            shut_down_locked(watch, PREWARM_GIT_TOO_MUCH);
    }
    pthread_mutex_unlock(&watch->lock);
}

prewarm_git_report prewarm_git_watch_report(prewarm_git_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    prewarm_git_report report = watch->report;
    pthread_mutex_unlock(&watch->lock);
    return report;
}

static _Thread_local unsigned long owner;

void prewarm_git_thread_set_owner(unsigned long value)
{
    owner = value;
}

unsigned long prewarm_git_thread_owner(void)
{
    return owner;
}
