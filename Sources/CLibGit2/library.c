#define _GNU_SOURCE
#include "shim.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static void *library;
static char problem[512];

/* Loads the version whose header this file was compiled with, because the ABI differs between minor versions. */
static void load(void)
{
    library = dlopen("libgit2.so." LIBGIT2_SOVERSION, RTLD_LAZY | RTLD_LOCAL);
    if (library == NULL) {
        const char *message = dlerror();
        snprintf(problem, sizeof(problem), "%s", message != NULL ? message : "it cannot be loaded");
    }
}

void *prewarm_git_symbol(const char *name)
{
    pthread_once(&once, load);
    return library != NULL ? dlsym(library, name) : NULL;
}

int prewarm_git_is_there(void)
{
    pthread_once(&once, load);
    return library != NULL;
}

const git_error *git_error_last(void)
{
    static git_error missing = {.message = problem, .klass = GIT_ERROR_OS};
    typeof(&git_error_last) function = (typeof(&git_error_last))prewarm_git_symbol("git_error_last");
    return function != NULL ? function() : &missing;
}

#define OPTION(name, parameters, ...)                                                                                  \
    int name parameters                                                                                                \
    {                                                                                                                  \
        typeof(&git_libgit2_opts) function = (typeof(function))prewarm_git_symbol("git_libgit2_opts");                 \
        return function != NULL ? function(__VA_ARGS__) : -1;                                                          \
    }

OPTION(prewarm_git_set_cache_size, (ssize_t bytes), GIT_OPT_SET_CACHE_MAX_SIZE, bytes)
OPTION(prewarm_git_set_search_path, (int level, const char *path), GIT_OPT_SET_SEARCH_PATH, level, path)
OPTION(prewarm_git_set_owner_validation, (int enabled), GIT_OPT_SET_OWNER_VALIDATION, enabled)
