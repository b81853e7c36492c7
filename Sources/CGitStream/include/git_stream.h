#ifndef PREWARM_GIT_STREAM_H
#define PREWARM_GIT_STREAM_H

/*
 * A socket stream for libgit2 that ends in time. libgit2 1.5 has no timeouts of its own: a silent server hangs it for
 * ever. Each pass over the network is made under a watch, which knows the limits and remembers what went wrong.
 */

typedef enum {
    PREWARM_GIT_RESOLVING = 0,
    PREWARM_GIT_CONNECTING = 1,
    PREWARM_GIT_READING = 2,
    PREWARM_GIT_WRITING = 3,
} prewarm_git_phase;

typedef enum {
    PREWARM_GIT_FINE = 0,
    /* `error` is an errno, or one of getaddrinfo's while resolving. */
    PREWARM_GIT_FAILED = 1,
    /* Nothing came or went for the idle time, or no connection in the time for connecting. */
    PREWARM_GIT_IDLE = 2,
    PREWARM_GIT_OVERDUE = 3,
    PREWARM_GIT_ABORTED = 4,
    PREWARM_GIT_CLOSED = 5,
    /* A redirect to another host or port. */
    PREWARM_GIT_ELSEWHERE = 6,
    /* More came than may. */
    PREWARM_GIT_TOO_MUCH = 7,
} prewarm_git_cause;

typedef struct {
    prewarm_git_phase phase;
    prewarm_git_cause cause;
    int error;
    /* Bytes that came in through the stream; 0 with ssh, which reads past it. */
    unsigned long long received;
} prewarm_git_report;

typedef struct prewarm_git_watch prewarm_git_watch;

/* Makes libgit2 use the stream. TLS is built on it. Call once, after git_libgit2_init. */
int prewarm_git_stream_register(void);

/*
 * Connections to `host` and `port` alone are let through; where that is a proxy, to `target`, as `host:port`, alone
 * behind it, else `target` is NULL. Limits in milliseconds; the total one runs from now on. NULL without memory.
 */
prewarm_git_watch *prewarm_git_watch_new(const char *host, const char *port, const char *target, int connect, int idle,
                                         int total);
void prewarm_git_watch_free(prewarm_git_watch *watch);
/* Lets the total time run from now on. */
void prewarm_git_watch_begin(prewarm_git_watch *watch);

/*
 * Called on the thread of the pass: `connected` when a connection is there, before anything is sent on it (a negative
 * answer gives it up), `closed` when it is closed. NULL: nothing is called.
 */
typedef int (*prewarm_git_hook)(void *payload);
void prewarm_git_watch_set_hooks(prewarm_git_watch *watch, prewarm_git_hook connected, prewarm_git_hook closed,
                                 void *payload);

/* Puts this thread's streams under the watch, until it leaves. What an earlier pass met is forgotten. */
void prewarm_git_watch_enter(prewarm_git_watch *watch);
void prewarm_git_watch_leave(prewarm_git_watch *watch);
/* In bytes, of what comes in from the server while the limit is set, give or take some; 0: no limit. */
void prewarm_git_watch_limit(prewarm_git_watch *watch, unsigned long long most);

/* The following may be called from any thread. */

/* Whether the total time is over or the pass was aborted; remembers it. */
int prewarm_git_watch_is_over(prewarm_git_watch *watch);
/* Shuts the connection down: whoever waits on it wakes up. */
void prewarm_git_watch_abort(prewarm_git_watch *watch);
/* The same where a limit has passed. For ssh, since libssh2 reads the descriptor itself and waits without limit. */
void prewarm_git_watch_patrol(prewarm_git_watch *watch);
prewarm_git_report prewarm_git_watch_report(prewarm_git_watch *watch);

/* Whose thread this is, as a number of the caller's; 0: nobody's. */
void prewarm_git_thread_set_owner(unsigned long owner);
unsigned long prewarm_git_thread_owner(void);
#endif
