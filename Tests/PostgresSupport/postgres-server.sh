#!/usr/bin/env bash
# Runs PostgreSQL for the tests, with a cluster of its own. It ends, and removes everything, when the process PARENT ends.
#
# usage: postgres-server.sh FOLDER PARENT
#
# The server listens to a Unix socket in FOLDER, and with TLS to the address in FOLDER/host: for the user ada with the
# password correct-horse, and for the user eve with the certificate FOLDER/client.crt. FOLDER/ca.crt is the authority.
# FOLDER/ready exists when it answers. FOLDER/control CALL runs
# pg_ctl, for example `restart --mode=immediate`. FOLDER/psql runs psql. PgBouncer listens in FOLDER, too, at port 6432.
set -euo pipefail
folder=$1
parent=$2
programs=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort --version-sort | tail -1)
[[ -x $programs/initdb ]] || {
    echo "error: there is no PostgreSQL: install the package postgresql" >&2
    exit 1
}
[[ -x /usr/sbin/pgbouncer ]] || {
    echo "error: there is no PgBouncer: install the package pgbouncer" >&2
    exit 1
}

# PostgreSQL refuses to run as root.
user=()
if ((EUID == 0)); then user=(setpriv --reuid=postgres --regid=postgres --clear-groups); fi

clean() {
    trap - EXIT
    # A process of the tests may start this script with SIGTERM blocked, and PgBouncer keeps that.
    if [[ -n ${bouncer:-} ]]; then kill -KILL "$bouncer" 2>/dev/null || true; fi
    "${user[@]}" "$programs/pg_ctl" stop --silent --pgdata="$folder/data" --mode=immediate || true
    cd /
    rm -rf "$folder"
}
trap clean EXIT
trap 'exit 1' INT TERM
mkdir -m 755 "$folder"
if ((EUID == 0)); then chown postgres: "$folder"; fi
cd "$folder"

# The locale differs from the sorting of prewarm, as on many servers.
"${user[@]}" "$programs/initdb" --pgdata=data --username=prewarm --auth-local=trust --auth-host=reject \
    --encoding=UTF8 --locale=C.UTF-8 --no-sync >initdb.log
# Each server has an address of its own, so that all can use the same port.
host=127.$((64 + $$ / 65536 % 128)).$(($$ / 256 % 256)).$(($$ % 254 + 1))
echo "$host" >host
certificate() { # certificate NAME SUBJECT EXTENSION: makes NAME.key, and NAME.crt of the authority.
    openssl req -new -newkey rsa:2048 -nodes -subj "/CN=$2" -keyout "$1.key" 2>/dev/null |
        openssl x509 -req -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile <(echo "$3") -out "$1.crt" 2>/dev/null
    chmod 600 "$1.key"
}
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=authority -days 2 -keyout ca.key -out ca.crt 2>/dev/null
certificate server localhost "subjectAltName=IP:$host"
certificate client eve "extendedKeyUsage=clientAuth"
if ((EUID == 0)); then chown postgres: server.key; fi
# The first line that matches decides.
cat >hba - data/pg_hba.conf <<END
hostssl all ada 127.0.0.0/8 scram-sha-256
hostssl all eve 127.0.0.0/8 cert
END
cat hba >data/pg_hba.conf
cat >>data/postgresql.conf <<END
listen_addresses = '$host'
ssl = on
ssl_cert_file = '$folder/server.crt'
ssl_key_file = '$folder/server.key'
ssl_ca_file = '$folder/ca.crt'
unix_socket_directories = '$folder'
max_connections = 400
shared_buffers = 64MB
fsync = off
log_min_messages = log
log_line_prefix = '%m %p %a '
END
cat >control <<END
#!/bin/sh
exec ${user[*]} $programs/pg_ctl --silent --pgdata=$folder/data --log=$folder/server.log --wait --timeout=120 "\$@"
END
cat >psql <<END
#!/bin/sh
exec $programs/psql --host=$folder --username=prewarm --dbname=postgres --no-psqlrc --quiet --tuples-only --no-align \
    --set=ON_ERROR_STOP=1 "\$@"
END
chmod +x control psql
./control start
./psql --command='CREATE DATABASE prewarm' --command="CREATE ROLE ada SUPERUSER LOGIN PASSWORD 'correct-horse'" \
    --command='CREATE ROLE eve SUPERUSER LOGIN'

# A transaction at a time gets one of few connections, as in transaction mode on a busy server.
echo '"prewarm" ""' >users
cat >pgbouncer.ini <<END
[databases]
* = host=$folder
[pgbouncer]
listen_addr =
unix_socket_dir = $folder
listen_port = 6432
auth_type = trust
auth_file = $folder/users
pool_mode = transaction
default_pool_size = 2
max_client_conn = 500
END
"${user[@]}" /usr/sbin/pgbouncer --quiet "$folder/pgbouncer.ini" 2>pgbouncer.log &
bouncer=$!
until [[ -S $folder/.s.PGSQL.6432 ]]; do
    kill -0 "$bouncer"
    sleep 0.05
done
touch ready

while kill -0 "$parent" 2>/dev/null; do sleep 0.5; done
