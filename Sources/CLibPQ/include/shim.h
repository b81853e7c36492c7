#ifndef PREWARM_CLIBPQ_SHIM_H
#define PREWARM_CLIBPQ_SHIM_H
#include <stddef.h>

/*
 * The functions of libpq, PostgreSQL's client library, that prewarm uses
 * (https://www.postgresql.org/docs/current/libpq.html). libpq is neither linked nor needed for a build. The first call
 * loads libpq.so.5, because it depends on some twenty libraries that most commands do not need. The binary interface of
 * version 5 is stable. Each function is called only after prewarm_pq_is_loaded has returned 1.
 */

typedef struct prewarm_pq_connection prewarm_pq_connection;
typedef struct prewarm_pq_result prewarm_pq_result;

/* A connection option, in the layout of PQconninfoOption. The array ends with an option without a keyword. */
typedef struct {
    char *keyword;
    char *envvar;
    char *compiled;
    char *val;
    char *label;
    char *dispchar;
    int dispsize;
} prewarm_pq_option;

/* A notification, in the layout of PGnotify. */
typedef struct {
    char *channel;
    int process;
    char *payload;
    void *next;
} prewarm_pq_notification;

/* The values of libpq's enums. */
enum {
    PREWARM_PQ_CONNECTION_OK = 0,
    PREWARM_PQ_CONNECTION_BAD = 1,
    PREWARM_PQ_POLLING_FAILED = 0,
    PREWARM_PQ_POLLING_READING = 1,
    PREWARM_PQ_POLLING_WRITING = 2,
    PREWARM_PQ_POLLING_OK = 3,
    PREWARM_PQ_COMMAND_OK = 1,
    PREWARM_PQ_TUPLES_OK = 2,
    PREWARM_PQ_IN_TRANSACTION = 2,
    PREWARM_PQ_DIAG_SQLSTATE = 'C',
    PREWARM_PQ_DIAG_MESSAGE_PRIMARY = 'M'
};

/* Returns 1 if libpq is loaded, otherwise 0. It tries to load it first. */
int prewarm_pq_is_loaded(void);
/* The reason why libpq cannot be loaded. */
const char *prewarm_pq_problem(void);

prewarm_pq_option *prewarm_pq_parse(const char *info, char **error);
void prewarm_pq_free_options(prewarm_pq_option *options);
void prewarm_pq_free_memory(void *memory);

prewarm_pq_connection *prewarm_pq_connect_start(const char *const *keywords, const char *const *values);
int prewarm_pq_connect_poll(prewarm_pq_connection *connection);
int prewarm_pq_status(const prewarm_pq_connection *connection);
int prewarm_pq_transaction_status(const prewarm_pq_connection *connection);
int prewarm_pq_socket(const prewarm_pq_connection *connection);
int prewarm_pq_server_version(const prewarm_pq_connection *connection);
const char *prewarm_pq_parameter(const prewarm_pq_connection *connection, const char *name);
const char *prewarm_pq_error(const prewarm_pq_connection *connection);
void prewarm_pq_finish(prewarm_pq_connection *connection);
/* Makes the connection non-blocking and discards its notices. Returns 0, or -1 if it fails. */
int prewarm_pq_prepare(prewarm_pq_connection *connection);

/* The process of the server. Behind PgBouncer it is another number than that of pg_backend_pid(). */
int prewarm_pq_backend(const prewarm_pq_connection *connection);
/* Returns the next notification that has arrived, or NULL. The caller frees it with prewarm_pq_free_memory. */
prewarm_pq_notification *prewarm_pq_notified(prewarm_pq_connection *connection);

int prewarm_pq_send(prewarm_pq_connection *connection, const char *command);
int prewarm_pq_send_params(prewarm_pq_connection *connection, const char *command, int count, const unsigned *types,
                           const char *const *values, const int *lengths, const int *formats, int result_format);
int prewarm_pq_flush(prewarm_pq_connection *connection);
int prewarm_pq_consume(prewarm_pq_connection *connection);
int prewarm_pq_is_busy(prewarm_pq_connection *connection);
prewarm_pq_result *prewarm_pq_result_next(prewarm_pq_connection *connection);

int prewarm_pq_result_status(const prewarm_pq_result *result);
const char *prewarm_pq_result_field(const prewarm_pq_result *result, int field);
const char *prewarm_pq_result_tag(prewarm_pq_result *result);
const char *prewarm_pq_result_changes(prewarm_pq_result *result);
int prewarm_pq_result_rows(const prewarm_pq_result *result);
int prewarm_pq_result_is_null(const prewarm_pq_result *result, int row, int column);
int prewarm_pq_result_length(const prewarm_pq_result *result, int row, int column);
const char *prewarm_pq_result_value(const prewarm_pq_result *result, int row, int column);
void prewarm_pq_clear(prewarm_pq_result *result);
#endif
