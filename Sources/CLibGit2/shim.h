#ifndef PREWARM_CLIBGIT2_SHIM_H
#define PREWARM_CLIBGIT2_SHIM_H
#include <git2.h>
#include <git2/sys/stream.h>

/* git_libgit2_opts is variadic, which Swift does not import: one function for each option that is used. */

static inline int prewarm_git_set_cache_size(ssize_t bytes)
{
    return git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, bytes);
}

static inline int prewarm_git_set_search_path(int level, const char *path)
{
    return git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, path);
}

static inline int prewarm_git_set_owner_validation(int enabled)
{
    return git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, enabled);
}

static inline int prewarm_git_set_certificate_file(const char *file)
{
    return git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, file, (const char *)NULL);
}

static inline int prewarm_git_set_user_agent(const char *agent)
{
    return git_libgit2_opts(GIT_OPT_SET_USER_AGENT, agent);
}
#endif
