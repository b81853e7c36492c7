#include "shim.h"

/*
 * Forwarders to the functions of libgit2 that prewarm uses. Each looks up its function at the first call. The compiler
 * checks their types against git2.h. If a new function of libgit2 is used, the linker fails until a line is added here.
 */

#define FORWARD(type, name, parameters, arguments, otherwise)                                                          \
    type name parameters                                                                                               \
    {                                                                                                                  \
        static typeof(&name) known;                                                                                    \
        typeof(&name) function = __atomic_load_n(&known, __ATOMIC_ACQUIRE);                                            \
        if (function == NULL) {                                                                                        \
            function = (typeof(&name))prewarm_git_symbol(#name);                                                       \
            __atomic_store_n(&known, function, __ATOMIC_RELEASE);                                                      \
        }                                                                                                              \
        return function != NULL ? function arguments : otherwise;                                                      \
    }

FORWARD(void, git_blob_free, (git_blob *blob), (blob), (void)0)
FORWARD(int, git_blob_lookup, (git_blob **blob, git_repository *repo, const git_oid *id), (blob, repo, id), -1)
FORWARD(const void *, git_blob_rawcontent, (const git_blob *blob), (blob), NULL)
FORWARD(git_object_size_t, git_blob_rawsize, (const git_blob *blob), (blob), 0)

FORWARD(void, git_buf_dispose, (git_buf *buffer), (buffer), (void)0)

FORWARD(const git_signature *, git_commit_author, (const git_commit *commit), (commit), NULL)
FORWARD(int, git_commit_extract_signature,
        (git_buf *signature, git_buf *signed_data, git_repository *repo, git_oid *commit_id, const char *field),
        (signature, signed_data, repo, commit_id, field), -1)
FORWARD(void, git_commit_free, (git_commit *commit), (commit), (void)0)
FORWARD(int, git_commit_lookup, (git_commit **commit, git_repository *repo, const git_oid *id), (commit, repo, id), -1)
FORWARD(unsigned int, git_commit_parentcount, (const git_commit *commit), (commit), 0)
FORWARD(const git_oid *, git_commit_parent_id, (const git_commit *commit, unsigned int n), (commit, n), NULL)
FORWARD(const char *, git_commit_summary, (git_commit *commit), (commit), NULL)
FORWARD(git_time_t, git_commit_time, (const git_commit *commit), (commit), 0)
FORWARD(int, git_commit_tree, (git_tree **tree_out, const git_commit *commit), (tree_out, commit), -1)
FORWARD(const git_oid *, git_commit_tree_id, (const git_commit *commit), (commit), NULL)

FORWARD(void, git_error_clear, (void), (), (void)0)
FORWARD(int, git_error_set_str, (int error_class, const char *string), (error_class, string), -1)

FORWARD(int, git_fetch_options_init, (git_fetch_options *opts, unsigned int version), (opts, version), -1)

FORWARD(int, git_graph_descendant_of,
        (git_repository *repo, const git_oid *commit, const git_oid *ancestor),
        (repo, commit, ancestor), -1)

FORWARD(int, git_libgit2_init, (void), (), -1)
FORWARD(int, git_libgit2_version, (int *major, int *minor, int *rev), (major, minor, rev), -1)

FORWARD(void, git_object_free, (git_object *object), (object), (void)0)
FORWARD(const git_oid *, git_object_id, (const git_object *obj), (obj), NULL)
FORWARD(int, git_object_lookup_prefix,
        (git_object **object_out, git_repository *repo, const git_oid *id, size_t len, git_object_t type),
        (object_out, repo, id, len, type), -1)

FORWARD(int, git_odb_add_backend,
        (git_odb *odb, git_odb_backend *backend, int priority),
        (odb, backend, priority), -1)
FORWARD(int, git_odb_backend_one_pack, (git_odb_backend **out, const char *index_file), (out, index_file), -1)
FORWARD(int, git_odb_foreach, (git_odb *db, git_odb_foreach_cb cb, void *payload), (db, cb, payload), -1)
FORWARD(void, git_odb_free, (git_odb *db), (db), (void)0)
FORWARD(int, git_odb_new, (git_odb **out), (out), -1)
FORWARD(const void *, git_odb_object_data, (git_odb_object *object), (object), NULL)
FORWARD(void, git_odb_object_free, (git_odb_object *object), (object), (void)0)
FORWARD(size_t, git_odb_object_size, (git_odb_object *object), (object), 0)
FORWARD(int, git_odb_read, (git_odb_object **out, git_odb *db, const git_oid *id), (out, db, id), -1)
FORWARD(int, git_odb_read_header,
        (size_t *len_out, git_object_t *type_out, git_odb *db, const git_oid *id),
        (len_out, type_out, db, id), -1)

FORWARD(void, git_packbuilder_free, (git_packbuilder *pb), (pb), (void)0)
FORWARD(int, git_packbuilder_insert, (git_packbuilder *pb, const git_oid *id, const char *name), (pb, id, name), -1)
FORWARD(const char *, git_packbuilder_name, (git_packbuilder *pb), (pb), NULL)
FORWARD(int, git_packbuilder_new, (git_packbuilder **out, git_repository *repo), (out, repo), -1)
FORWARD(unsigned int, git_packbuilder_set_threads, (git_packbuilder *pb, unsigned int n), (pb, n), 0)
FORWARD(int, git_packbuilder_write,
        (git_packbuilder *pb, const char *path, unsigned int mode, git_indexer_progress_cb progress_cb,
         void *progress_cb_payload),
        (pb, path, mode, progress_cb, progress_cb_payload), -1)

FORWARD(int, git_oid_equal, (const git_oid *a, const git_oid *b), (a, b), 0)
FORWARD(int, git_oid_fmt, (char *out, const git_oid *id), (out, id), -1)
FORWARD(int, git_oid_fromstr, (git_oid *out, const char *str), (out, str), -1)
FORWARD(int, git_oid_fromstrn, (git_oid *out, const char *str, size_t length), (out, str, length), -1)

FORWARD(void, git_reference_free, (git_reference *ref), (ref), (void)0)
FORWARD(void, git_reference_iterator_free, (git_reference_iterator *iter), (iter), (void)0)
FORWARD(int, git_reference_iterator_new, (git_reference_iterator **out, git_repository *repo), (out, repo), -1)
FORWARD(int, git_reference_lookup, (git_reference **out, git_repository *repo, const char *name), (out, repo, name), -1)
FORWARD(int, git_reference_name_to_id, (git_oid *out, git_repository *repo, const char *name), (out, repo, name), -1)
FORWARD(int, git_reference_next, (git_reference **out, git_reference_iterator *iter), (out, iter), -1)
FORWARD(int, git_reference_peel, (git_object **out, const git_reference *ref, git_object_t type), (out, ref, type), -1)
FORWARD(const char *, git_reference_symbolic_target, (const git_reference *ref), (ref), NULL)
FORWARD(const git_oid *, git_reference_target, (const git_reference *ref), (ref), NULL)

FORWARD(int, git_remote_connect_ext,
        (git_remote *remote, git_direction direction, const git_remote_connect_options *opts),
        (remote, direction, opts), -1)
FORWARD(int, git_remote_connect_options_init, (git_remote_connect_options *opts, unsigned int version),
        (opts, version), -1)
FORWARD(int, git_remote_create_options_init, (git_remote_create_options *opts, unsigned int version), (opts, version), -1)
FORWARD(int, git_remote_create_with_opts,
        (git_remote **out, const char *url, const git_remote_create_options *opts),
        (out, url, opts), -1)
FORWARD(int, git_remote_create_detached, (git_remote **out, const char *url), (out, url), -1)
FORWARD(int, git_remote_fetch,
        (git_remote *remote, const git_strarray *refspecs, const git_fetch_options *opts, const char *reflog_message),
        (remote, refspecs, opts, reflog_message), -1)
FORWARD(void, git_remote_free, (git_remote *remote), (remote), (void)0)
FORWARD(int, git_remote_init_callbacks, (git_remote_callbacks *opts, unsigned int version), (opts, version), -1)
FORWARD(int, git_remote_ls, (const git_remote_head ***out, size_t *size, git_remote *remote), (out, size, remote), -1)

FORWARD(void, git_repository_free, (git_repository *repo), (repo), (void)0)
FORWARD(int, git_repository_init_ext,
        (git_repository **out, const char *repo_path, git_repository_init_options *opts),
        (out, repo_path, opts), -1)
FORWARD(int, git_repository_init_options_init,
        (git_repository_init_options *opts, unsigned int version),
        (opts, version), -1)
FORWARD(int, git_repository_odb, (git_odb **out, git_repository *repo), (out, repo), -1)
FORWARD(int, git_repository_open, (git_repository **out, const char *path), (out, path), -1)
FORWARD(int, git_repository_open_bare, (git_repository **out, const char *bare_path), (out, bare_path), -1)
FORWARD(const char *, git_repository_workdir, (const git_repository *repo), (repo), NULL)

FORWARD(void, git_revwalk_free, (git_revwalk *walk), (walk), (void)0)
FORWARD(int, git_revwalk_hide, (git_revwalk *walk, const git_oid *commit_id), (walk, commit_id), -1)
FORWARD(int, git_revwalk_new, (git_revwalk **out, git_repository *repo), (out, repo), -1)
FORWARD(int, git_revwalk_next, (git_oid *out, git_revwalk *walk), (out, walk), -1)
FORWARD(int, git_revwalk_push, (git_revwalk *walk, const git_oid *id), (walk, id), -1)

FORWARD(const git_status_entry *, git_status_byindex, (git_status_list *statuslist, size_t idx), (statuslist, idx), NULL)
FORWARD(size_t, git_status_list_entrycount, (git_status_list *statuslist), (statuslist), 0)
FORWARD(void, git_status_list_free, (git_status_list *statuslist), (statuslist), (void)0)
FORWARD(int, git_status_list_new,
        (git_status_list **out, git_repository *repo, const git_status_options *opts),
        (out, repo, opts), -1)
FORWARD(int, git_status_options_init, (git_status_options *opts, unsigned int version), (opts, version), -1)

FORWARD(int, git_transport_register, (const char *prefix, git_transport_cb cb, void *param), (prefix, cb, param), -1)
FORWARD(int, git_transport_smart, (git_transport **out, git_remote *owner, void *payload), (out, owner, payload), -1)

FORWARD(const git_tree_entry *, git_tree_entry_byindex, (const git_tree *tree, size_t idx), (tree, idx), NULL)
FORWARD(int, git_tree_entry_bypath,
        (git_tree_entry **out, const git_tree *root, const char *path),
        (out, root, path), -1)
FORWARD(int, git_tree_entry_cmp, (const git_tree_entry *e1, const git_tree_entry *e2), (e1, e2), 0)
FORWARD(git_filemode_t, git_tree_entry_filemode, (const git_tree_entry *entry), (entry), GIT_FILEMODE_UNREADABLE)
FORWARD(void, git_tree_entry_free, (git_tree_entry *entry), (entry), (void)0)
FORWARD(const git_oid *, git_tree_entry_id, (const git_tree_entry *entry), (entry), NULL)
FORWARD(const char *, git_tree_entry_name, (const git_tree_entry *entry), (entry), NULL)
FORWARD(git_object_t, git_tree_entry_type, (const git_tree_entry *entry), (entry), GIT_OBJECT_INVALID)
FORWARD(size_t, git_tree_entrycount, (const git_tree *tree), (tree), 0)
FORWARD(void, git_tree_free, (git_tree *tree), (tree), (void)0)
FORWARD(const git_oid *, git_tree_id, (const git_tree *tree), (tree), NULL)
FORWARD(int, git_tree_lookup, (git_tree **out, git_repository *repo, const git_oid *id), (out, repo, id), -1)
