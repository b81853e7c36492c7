#ifndef PREWARM_CLIBGIT2_SHIM_H
#define PREWARM_CLIBGIT2_SHIM_H
#include <git2.h>
#include <git2/sys/stream.h>

/*
 * libgit2 is not linked but loaded by the first call of one of its functions (forwards.c has those that are used): it
 * brings a dozen libraries along, and most commands need none of them. Where it can't be loaded, functions fail as
 * libgit2's do, and git_error_last says why.
 */

/* A function of libgit2 or of a library that it stands on, by name; NULL where there is none. */
void *prewarm_git_symbol(const char *name);

/* Whether libgit2 is there. */
int prewarm_git_is_there(void);

/* git_libgit2_opts is variadic, which Swift does not import: one function for each option that is used. */

int prewarm_git_set_cache_size(ssize_t bytes);
int prewarm_git_set_search_path(int level, const char *path);
int prewarm_git_set_owner_validation(int enabled);
int prewarm_git_set_certificate_file(const char *file);
int prewarm_git_set_user_agent(const char *agent);

/*
 * Refuses pieces of memory of more than `piece` bytes, and large pieces that would be more than `all` bytes together, in
 * all of libgit2. Call once, right after git_libgit2_init. Negative where libgit2 does not take it.
 */
int prewarm_git_limit_memory(size_t piece, size_t all);
/* Whether a piece was refused on this thread since the last call of this function. */
int prewarm_git_was_refused_memory(void);
#endif
