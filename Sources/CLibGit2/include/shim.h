#ifndef PREWARM_CLIBGIT2_SHIM_H
#define PREWARM_CLIBGIT2_SHIM_H
#include <git2.h>
#include <git2/sys/stream.h>

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
int prewarm_git_set_certificate_file(const char *file);
int prewarm_git_set_user_agent(const char *agent);

/*
 * Limits the memory of libgit2: a block has at most `piece` bytes, and all blocks of 1 MiB or more together have at most
 * `all` bytes. Call it once, directly after git_libgit2_init. Returns a negative value if libgit2 does not accept it.
 */
int prewarm_git_limit_memory(size_t piece, size_t all);
/* Returns 1 if a block was refused on this thread since the last call of this function, otherwise 0. */
int prewarm_git_was_refused_memory(void);
#endif
