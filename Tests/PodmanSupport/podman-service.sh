#!/usr/bin/env bash
# Runs Podman's API for the tests, with images, containers and networks of its own. It ends, and removes everything,
# when the process PARENT ends.
#
# usage: podman-service.sh FOLDER PARENT
#
# FOLDER/podman.sock is the socket. FOLDER/ready exists when the socket answers. FOLDER/podman is the command line of the
# same Podman. FOLDER/registry has the address of a registry, which asks for the login ada:correct-horse.
set -euo pipefail
folder=$1
parent=$2
image=localhost/prewarm-test

mkdir -p "$folder"
cd "$folder"

# The limits and the runtime work as root, in a container and without systemd.
cat >containers.conf <<END
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
END
port=$(python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >registries.conf <<END
unqualified-search-registries = []
[[registry]]
location = "127.0.0.1:$port"
insecure = true
END
echo '{}' >auth.json
export CONTAINERS_CONF=$folder/containers.conf CONTAINERS_REGISTRIES_CONF=$folder/registries.conf
export REGISTRY_AUTH_FILE=$folder/auth.json
unset DOCKER_HOST CONTAINER_HOST
cat >podman <<END
#!/bin/sh
export CONTAINERS_CONF=$CONTAINERS_CONF CONTAINERS_REGISTRIES_CONF=$CONTAINERS_REGISTRIES_CONF
export REGISTRY_AUTH_FILE=$REGISTRY_AUTH_FILE
exec podman --root $folder/root --runroot $folder/run "\$@"
END
chmod +x podman

children=()
clean() {
    trap - EXIT
    kill "${children[@]}" 2>/dev/null || true
    wait
    ./podman rm --force --all --time 0 || true
    ./podman volume rm --force --all || true
    # Podman keeps the monitor of a program that ran in a container for five minutes.
    for process in /proc/[0-9]*; do
        [[ $(tr '\0' ' ' <"$process/cmdline" 2>/dev/null) != *"/conmon "*" -b $folder/"* ]] || kill "${process#/proc/}"
    done
    umount root/overlay 2>/dev/null || true
    cd /
    rm -rf "$folder"
}
trap clean EXIT
trap 'exit 1' INT TERM

# An image with the applets of busybox, and one with a program of another architecture.
mkdir -p files/bin files/tmp files/www
echo "a workspace" >files/www/index.html
cp /bin/busybox files/bin/
for applet in sh sleep httpd nc echo cat env id true false printf touch test ls yes dd head; do
    ln -s busybox "files/bin/$applet"
done
tar -C files -c . | ./podman import --quiet --change 'ENV PATH=/bin' - "$image:1"
./podman tag "$image:1" "$image:2"
# The images of the guide.
./podman tag "$image:1" registry.example.org/dev/go:1.0.0
./podman tag "$image:1" registry.example.org/dev/go:1.1.0
mkdir foreign
# The two bytes are the machine AArch64 in the header of the program.
cp /bin/busybox foreign/program
printf '\xb7\x00' | dd of=foreign/program bs=1 seek=18 conv=notrunc status=none
tar -C foreign -c . | ./podman import --quiet --arch arm64 - "$image:arm64"

# A registry, from which the tests pull.
python3 -W ignore -c 'import crypt
print("ada:" + crypt.crypt("correct-horse", crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))' >htpasswd
cat >registry.yml <<END
version: 0.1
log:
  level: error
storage:
  filesystem:
    rootdirectory: $folder/registry-data
http:
  addr: 127.0.0.1:$port
auth:
  htpasswd:
    realm: test
    path: $folder/htpasswd
END
# The registry takes variables that begin with REGISTRY_ for settings.
env --unset=REGISTRY_AUTH_FILE docker-registry serve registry.yml >registry.log 2>&1 &
children+=($!)
echo "127.0.0.1:$port" >registry

./podman system service --time=0 "unix://$folder/podman.sock" >service.log 2>&1 &
children+=($!)
echo "${children[-1]}" >service.pid
until curl --silent --fail --noproxy '*' --unix-socket podman.sock http://localhost/_ping >/dev/null; do sleep 0.1; done
until curl --silent --noproxy '*' "http://127.0.0.1:$port/v2/" >/dev/null; do sleep 0.1; done
./podman push --quiet --creds ada:correct-horse "$image:1" "127.0.0.1:$port/dev/test:1"
touch ready

while kill -0 "$parent" 2>/dev/null; do sleep 0.5; done
