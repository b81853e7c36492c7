#include "shim.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <git2/sys/alloc.h>

/*
 * An allocator for libgit2 with limits. A few kilobytes of a pack can represent an object of gigabytes, which libgit2
 * unpacks into one block of memory before a caller can ask for its size. So this allocator refuses a block above a
 * limit, and a block with which the sum of all large blocks would exceed a limit. libgit2 then fails the call as if
 * memory had run out.
 */

static size_t largest = SIZE_MAX, largest_sum = SIZE_MAX;
static atomic_size_t sum;
/* Whether a block was refused on this thread since the last call of prewarm_git_was_refused_memory. */
static _Thread_local int was_refused;

/* Blocks of fewer bytes are neither counted nor refused. */
#define LARGE ((size_t)1 << 20)

static size_t counted(void *piece)
{
    size_t size = piece != NULL ? malloc_usable_size(piece) : 0;
    return size >= LARGE ? size : 0;
}

static int admit(size_t size)
{
    if (size < LARGE || (size <= largest && atomic_load(&sum) + size <= largest_sum))
        return 1;
    was_refused = 1;
    errno = ENOMEM;
    return 0;
}

static void *keep(void *piece)
{
    size_t size = counted(piece);
    if (size > 0)
        atomic_fetch_add(&sum, size);
    return piece;
}

static void give_back(void *piece)
{
    size_t size = counted(piece);
    if (size > 0)
        atomic_fetch_sub(&sum, size);
    free(piece);
}

static void *resize(void *piece, size_t size)
{
    size_t before = counted(piece);
    if (!admit(size))
        return NULL;
    void *resized = realloc(piece, size);
    if (resized == NULL)
        return NULL;
    if (before > 0)
        atomic_fetch_sub(&sum, before);
    return keep(resized);
}

static void *bounded_malloc(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return admit(size) ? keep(malloc(size)) : NULL;
}

static void *bounded_calloc(size_t count, size_t size, const char *file, int line)
{
    size_t total;
    (void)file, (void)line;
    if (__builtin_mul_overflow(count, size, &total) || !admit(total))
        return NULL;
    return keep(calloc(count, size));
}

static void *bounded_realloc(void *piece, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return resize(piece, size);
}

static void *bounded_realloc_array(void *piece, size_t count, size_t size, const char *file, int line)
{
    size_t total;
    (void)file, (void)line;
    return __builtin_mul_overflow(count, size, &total) ? NULL : resize(piece, total);
}

static void *bounded_malloc_array(size_t count, size_t size, const char *file, int line)
{
    return bounded_realloc_array(NULL, count, size, file, line);
}

static char *bounded_substrdup(const char *text, size_t length, const char *file, int line)
{
    char *copy = bounded_malloc(length + 1, file, line);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

static char *bounded_strdup(const char *text, const char *file, int line)
{
    return bounded_substrdup(text, strlen(text), file, line);
}

static char *bounded_strndup(const char *text, size_t length, const char *file, int line)
{
    return bounded_substrdup(text, strnlen(text, length), file, line);
}

int prewarm_git_limit_memory(size_t piece, size_t all)
{
    static git_allocator allocator = {
        .gmalloc = bounded_malloc,
        .gcalloc = bounded_calloc,
        .gstrdup = bounded_strdup,
        .gstrndup = bounded_strndup,
        .gsubstrdup = bounded_substrdup,
        .grealloc = bounded_realloc,
        .greallocarray = bounded_realloc_array,
        .gmallocarray = bounded_malloc_array,
        .gfree = give_back,
    };
    typeof(&git_libgit2_opts) function = (typeof(function))prewarm_git_symbol("git_libgit2_opts");
    largest = piece;
    largest_sum = all;
    return function != NULL ? function(GIT_OPT_SET_ALLOCATOR, &allocator) : -1;
}

int prewarm_git_was_refused_memory(void)
{
    int answer = was_refused;
    was_refused = 0;
    return answer;
}
