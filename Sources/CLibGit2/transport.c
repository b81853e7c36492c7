#include "shim.h"

#include <git2/sys/transport.h>
#include <stdlib.h>

typedef struct {
    git_smart_subtransport parent;
    const prewarm_git_calls *calls;
    void *pass;
    int is_stateless;
    /* The stream that libgit2 has now, or NULL. */
    struct prewarm_git_stream *stream;
} subtransport;

typedef struct prewarm_git_stream {
    git_smart_subtransport_stream parent;
    void *object;
} stream;

static const prewarm_git_calls *calls_of(git_smart_subtransport_stream *parent)
{
    return ((subtransport *)parent->subtransport)->calls;
}

static int stream_read(git_smart_subtransport_stream *parent, char *buffer, size_t size, size_t *count)
{
    ssize_t result = calls_of(parent)->read(((stream *)parent)->object, buffer, size);
    *count = result > 0 ? (size_t)result : 0;
    return result < 0 ? -1 : 0;
}

static int stream_write(git_smart_subtransport_stream *parent, const char *buffer, size_t size)
{
    return calls_of(parent)->write(((stream *)parent)->object, buffer, size);
}

static void stream_free(git_smart_subtransport_stream *parent)
{
    subtransport *owner = (subtransport *)parent->subtransport;
    owner->calls->finish(((stream *)parent)->object);
    if (owner->stream == (stream *)parent)
        owner->stream = NULL;
    free(parent);
}

static int subtransport_action(git_smart_subtransport_stream **out, git_smart_subtransport *parent, const char *url,
                               git_smart_service_t service)
{
    (void)url;
    subtransport *this = (subtransport *)parent;
    int is_listing = service == GIT_SERVICE_UPLOADPACK_LS;
    if (!is_listing && service != GIT_SERVICE_UPLOADPACK) {
        git_error_set_str(GIT_ERROR_NET, "prewarm only reads repositories");
        return -1;
    }
    if (!this->is_stateless && !is_listing) {
        /* A connection with a state goes on with its only stream. */
        if (this->stream == NULL) {
            git_error_set_str(GIT_ERROR_NET, "the connection is closed");
            return -1;
        }
        *out = &this->stream->parent;
        return 0;
    }
    stream *new = calloc(1, sizeof(*new));
    if (new == NULL)
        return -1;
    new->object = this->calls->open(this->pass, is_listing);
    if (new->object == NULL) {
        free(new);
        return -1;
    }
    new->parent.subtransport = parent;
    new->parent.read = stream_read;
    new->parent.write = stream_write;
    new->parent.free = stream_free;
    this->stream = new;
    *out = &new->parent;
    return 0;
}

static int subtransport_close(git_smart_subtransport *parent)
{
    (void)parent;
    return 0;
}

static void subtransport_free(git_smart_subtransport *parent)
{
    free(parent);
}

typedef struct {
    const prewarm_git_calls *calls;
    void *pass;
    int is_stateless;
} parameters;

static int subtransport_new(git_smart_subtransport **out, git_transport *owner, void *payload)
{
    (void)owner;
    const parameters *wanted = payload;
    subtransport *this = calloc(1, sizeof(*this));
    if (this == NULL)
        return -1;
    this->parent.action = subtransport_action;
    this->parent.close = subtransport_close;
    this->parent.free = subtransport_free;
    this->calls = wanted->calls;
    this->pass = wanted->pass;
    this->is_stateless = wanted->is_stateless;
    *out = &this->parent;
    return 0;
}

int prewarm_git_transport_new(git_transport **out, git_remote *owner, int is_stateless, const prewarm_git_calls *calls,
                              void *pass)
{
    /* git_transport_smart reads the definition and does not keep it. */
    parameters wanted = {.calls = calls, .pass = pass, .is_stateless = is_stateless};
    git_smart_subtransport_definition definition = {
        .callback = subtransport_new, .rpc = (unsigned)is_stateless, .param = &wanted};
    return git_transport_smart(out, owner, &definition);
}

static int refuse(git_transport **out, git_remote *owner, void *payload)
{
    (void)out;
    (void)owner;
    (void)payload;
    git_error_set_str(GIT_ERROR_NET, "this remote has no transport of prewarm");
    return -1;
}

int prewarm_git_refuse_other_transports(void)
{
    static const char *const schemes[] = {"git", "http", "https", "ssh", "ssh+git", "git+ssh"};
    for (size_t index = 0; index < sizeof(schemes) / sizeof(*schemes); index++) {
        int result = git_transport_register(schemes[index], refuse, NULL);
        if (result < 0)
            return result;
    }
    return 0;
}

static _Thread_local unsigned long thread_owner;

void prewarm_git_thread_set_owner(unsigned long owner)
{
    thread_owner = owner;
}

unsigned long prewarm_git_thread_owner(void)
{
    return thread_owner;
}
