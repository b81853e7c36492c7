#ifndef PREWARM_CLIBGIT2_SHIM_H
#define PREWARM_CLIBGIT2_SHIM_H
#include <git2.h>
#include <git2/sys/transport.h>
#include <sys/types.h>

/*
 * libgit2 is not linked. The first call of one of its functions loads it (forwards.c contains the functions that are
 * used), because it depends on a dozen libraries that most commands do not need. If it cannot be loaded, its functions
 * return an error, and git_error_last returns the reason.
 */

/* Returns a function of libgit2 or of one of its libraries by name, or NULL if it does not exist. */
void *prewarm_git_symbol(const char *name);

/* Returns 1 if libgit2 is loaded, otherwise 0. It tries to load it first. */
int prewarm_git_is_there(void);

/* Swift does not import the variadic git_libgit2_opts, so each option that is used has its own function. */

int prewarm_git_set_cache_size(ssize_t bytes);
int prewarm_git_set_search_path(int level, const char *path);
int prewarm_git_set_owner_validation(int enabled);

/*
 * Limits the memory of libgit2: a block has at most `piece` bytes, and all blocks of 1 MiB or more together have at most
 * `all` bytes. Call it once, directly after git_libgit2_init. Returns a negative value if libgit2 does not accept it.
 */
int prewarm_git_limit_memory(size_t piece, size_t all);
/* Returns 1 if a block was refused on this thread since the last call of this function, otherwise 0. */
int prewarm_git_was_refused_memory(void);

/*
 * A transport that moves bytes by functions of the caller. libgit2 speaks the git protocol over it. All functions are
 * called on the thread that uses the remote. A function that fails sets a message with git_error_set_str.
 */
typedef struct {
    /*
     * Opens a stream, which lists the references if `is_listing` is 1, or returns NULL. A stateless transport opens a
     * stream for each request, another one only a stream for all.
     */
    void *(*open)(void *pass, int is_listing);
    /* Returns the number of bytes, 0 at the end of the stream, or a negative number. It blocks for the first byte. */
    ssize_t (*read)(void *stream, char *buffer, size_t size);
    /* Writes all bytes. Returns 0 or a negative number. */
    int (*write)(void *stream, const char *buffer, size_t size);
    /* Ends the stream and frees it. */
    void (*finish)(void *stream);
} prewarm_git_calls;

/* Creates the transport of a remote, as git_transport_cb does. `calls` and `pass` live as long as the remote. */
int prewarm_git_transport_new(git_transport **out, git_remote *owner, int is_stateless, const prewarm_git_calls *calls,
                              void *pass);

/* Makes libgit2 refuse the network for a remote without such a transport. Call it once, after git_libgit2_init. */
int prewarm_git_refuse_other_transports(void);

/* The owner of the current thread, as a number of the caller; 0 if it has none. */
void prewarm_git_thread_set_owner(unsigned long owner);
unsigned long prewarm_git_thread_owner(void);
#endif
