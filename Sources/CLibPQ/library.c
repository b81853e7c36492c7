#define _GNU_SOURCE
#include "shim.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int is_there;
static char problem[512];

static void note(const char *message)
{
    snprintf(problem, sizeof(problem), "%s", message != NULL ? message : "it cannot be loaded");
}

typedef void (*receiver)(void *pass, const prewarm_pq_result *result);

/* The functions: result, name here, name in libpq, parameters. */
#define FUNCTIONS(F)                                                                                                   \
    F(prewarm_pq_option *, parse, PQconninfoParse, (const char *, char **))                                            \
    F(void, free_options, PQconninfoFree, (prewarm_pq_option *))                                                       \
    F(void, free_memory, PQfreemem, (void *))                                                                          \
    F(prewarm_pq_connection *, start, PQconnectStartParams, (const char *const *, const char *const *, int))           \
    F(int, poll, PQconnectPoll, (prewarm_pq_connection *))                                                             \
    F(int, status, PQstatus, (const prewarm_pq_connection *))                                                          \
    F(int, transaction_status, PQtransactionStatus, (const prewarm_pq_connection *))                                   \
    F(int, socket, PQsocket, (const prewarm_pq_connection *))                                                          \
    F(int, server_version, PQserverVersion, (const prewarm_pq_connection *))                                           \
    F(const char *, parameter, PQparameterStatus, (const prewarm_pq_connection *, const char *))                       \
    F(const char *, error, PQerrorMessage, (const prewarm_pq_connection *))                                            \
    F(void, finish, PQfinish, (prewarm_pq_connection *))                                                               \
    F(int, set_nonblocking, PQsetnonblocking, (prewarm_pq_connection *, int))                                          \
    F(receiver, set_receiver, PQsetNoticeReceiver, (prewarm_pq_connection *, receiver, void *))                        \
    F(int, backend, PQbackendPID, (const prewarm_pq_connection *))                                                     \
    F(prewarm_pq_notification *, notified, PQnotifies, (prewarm_pq_connection *))                                      \
    F(int, send, PQsendQuery, (prewarm_pq_connection *, const char *))                                                 \
    F(int, send_params, PQsendQueryParams,                                                                             \
      (prewarm_pq_connection *, const char *, int, const unsigned *, const char *const *, const int *, const int *,    \
       int))                                                                                                           \
    F(int, flush, PQflush, (prewarm_pq_connection *))                                                                  \
    F(int, consume, PQconsumeInput, (prewarm_pq_connection *))                                                         \
    F(int, is_busy, PQisBusy, (prewarm_pq_connection *))                                                               \
    F(prewarm_pq_result *, next, PQgetResult, (prewarm_pq_connection *))                                               \
    F(int, result_status, PQresultStatus, (const prewarm_pq_result *))                                                 \
    F(const char *, field, PQresultErrorField, (const prewarm_pq_result *, int))                                       \
    F(const char *, tag, PQcmdStatus, (prewarm_pq_result *))                                                           \
    F(const char *, changes, PQcmdTuples, (prewarm_pq_result *))                                                       \
    F(int, rows, PQntuples, (const prewarm_pq_result *))                                                               \
    F(int, is_null, PQgetisnull, (const prewarm_pq_result *, int, int))                                                \
    F(int, length, PQgetlength, (const prewarm_pq_result *, int, int))                                                 \
    F(const char *, value, PQgetvalue, (const prewarm_pq_result *, int, int))                                          \
    F(void, clear, PQclear, (prewarm_pq_result *))

#define DECLARE(result, here, there, parameters) static result(*pq_##here) parameters;
FUNCTIONS(DECLARE)

static void load(void)
{
    void *library = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        note(dlerror());
        return;
    }
#define FIND(result, here, there, parameters)                                                                          \
    pq_##here = (result(*) parameters)dlsym(library, #there);                                                          \
    if (pq_##here == NULL) {                                                                                           \
        note(dlerror());                                                                                               \
        return;                                                                                                        \
    }
    FUNCTIONS(FIND)
    is_there = 1;
}

int prewarm_pq_is_loaded(void)
{
    pthread_once(&once, load);
    return is_there;
}

const char *prewarm_pq_problem(void)
{
    return problem;
}

static void discard(void *pass, const prewarm_pq_result *result)
{
    (void)pass, (void)result;
}

int prewarm_pq_prepare(prewarm_pq_connection *connection)
{
    pq_set_receiver(connection, discard, NULL);
    return pq_set_nonblocking(connection, 1);
}

prewarm_pq_connection *prewarm_pq_connect_start(const char *const *keywords, const char *const *values)
{
    return pq_start(keywords, values, 0);
}

prewarm_pq_option *prewarm_pq_parse(const char *info, char **error) { return pq_parse(info, error); }
void prewarm_pq_free_options(prewarm_pq_option *options) { pq_free_options(options); }
void prewarm_pq_free_memory(void *memory) { pq_free_memory(memory); }
int prewarm_pq_connect_poll(prewarm_pq_connection *connection) { return pq_poll(connection); }
int prewarm_pq_status(const prewarm_pq_connection *connection) { return pq_status(connection); }
int prewarm_pq_transaction_status(const prewarm_pq_connection *connection) { return pq_transaction_status(connection); }
int prewarm_pq_socket(const prewarm_pq_connection *connection) { return pq_socket(connection); }
int prewarm_pq_server_version(const prewarm_pq_connection *connection) { return pq_server_version(connection); }
const char *prewarm_pq_parameter(const prewarm_pq_connection *connection, const char *name)
{
    return pq_parameter(connection, name);
}
const char *prewarm_pq_error(const prewarm_pq_connection *connection) { return pq_error(connection); }
void prewarm_pq_finish(prewarm_pq_connection *connection) { pq_finish(connection); }
int prewarm_pq_backend(const prewarm_pq_connection *connection) { return pq_backend(connection); }
prewarm_pq_notification *prewarm_pq_notified(prewarm_pq_connection *connection) { return pq_notified(connection); }
int prewarm_pq_send(prewarm_pq_connection *connection, const char *command) { return pq_send(connection, command); }
int prewarm_pq_send_params(prewarm_pq_connection *connection, const char *command, int count, const unsigned *types,
                           const char *const *values, const int *lengths, const int *formats, int result_format)
{
    return pq_send_params(connection, command, count, types, values, lengths, formats, result_format);
}
int prewarm_pq_flush(prewarm_pq_connection *connection) { return pq_flush(connection); }
int prewarm_pq_consume(prewarm_pq_connection *connection) { return pq_consume(connection); }
int prewarm_pq_is_busy(prewarm_pq_connection *connection) { return pq_is_busy(connection); }
prewarm_pq_result *prewarm_pq_result_next(prewarm_pq_connection *connection) { return pq_next(connection); }
int prewarm_pq_result_status(const prewarm_pq_result *result) { return pq_result_status(result); }
const char *prewarm_pq_result_field(const prewarm_pq_result *result, int field) { return pq_field(result, field); }
const char *prewarm_pq_result_tag(prewarm_pq_result *result) { return pq_tag(result); }
const char *prewarm_pq_result_changes(prewarm_pq_result *result) { return pq_changes(result); }
int prewarm_pq_result_rows(const prewarm_pq_result *result) { return pq_rows(result); }
int prewarm_pq_result_is_null(const prewarm_pq_result *result, int row, int column)
{
    return pq_is_null(result, row, column);
}
int prewarm_pq_result_length(const prewarm_pq_result *result, int row, int column)
{
    return pq_length(result, row, column);
}
const char *prewarm_pq_result_value(const prewarm_pq_result *result, int row, int column)
{
    return pq_value(result, row, column);
}
void prewarm_pq_clear(prewarm_pq_result *result) { pq_clear(result); }
