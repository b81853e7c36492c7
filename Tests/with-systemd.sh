#!/usr/bin/env bash
# Runs a command on a machine whose first process is systemd: with-systemd.sh COMMAND [ARGUMENT...]
#
# If systemd runs already, the command runs as it is. Otherwise, the script starts the real systemd as the first process of
# new namespaces, on the file system of this machine but with empty folders /run and /var/lib, and with no units but the
# targets that every service needs. So no service of this machine starts. Needs root.
set -euo pipefail

if [[ -d /run/systemd/system ]]; then exec "$@"; fi

log=$(mktemp)
boot=$(mktemp)
cat >"$boot" <<'END'
set -e
mount --make-rprivate /
for folder in /run /var/lib /etc/systemd/system /usr/lib/systemd/system; do
    mkdir -p "$folder"
    mount -t tmpfs tmpfs "$folder"
done
for name in sysinit basic sockets multi-user shutdown umount; do
    printf '[Unit]\nDescription=%s\nDefaultDependencies=no\n' "$name" >"/usr/lib/systemd/system/$name.target"
done
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --unit=multi-user.target --log-target=console --show-status=0
END

# shellcheck disable=SC2317
finish() {
    if [[ -n ${first:-} ]]; then kill -KILL "$first" 2>/dev/null || true; fi
    wait || true
    # systemd leaves the folders of its control groups behind.
    local attempt
    for attempt in 1 2 3; do
        find /sys/fs/cgroup -depth -type d \( -path '*/init.scope' -o -path '*.slice' -o -path '*.slice/*' \) \
            -exec rmdir {} + 2>/dev/null || sleep "0.$attempt"
    done
    rm -f "$log" "$boot"
}
trap finish EXIT

unshare --mount --pid --fork --mount-proc --ipc --cgroup bash "$boot" >"$log" 2>&1 </dev/null &
starter=$!
for ((attempt = 0; attempt < 600; attempt++)); do
    first=$(pgrep -P "$starter" -o || true)
    if [[ -n $first && $(cat "/proc/$first/comm" 2>/dev/null) == systemd ]] &&
        nsenter -t "$first" -m -p systemctl is-active --quiet multi-user.target 2>/dev/null; then
        code=0
        nsenter -t "$first" -m -p -i -w"$PWD" -- "$@" || code=$?
        exit "$code"
    fi
    kill -0 "$starter" 2>/dev/null || break
    sleep 0.2
done
echo "error: systemd does not start in namespaces of this machine" >&2
cat "$log" >&2
exit 70
