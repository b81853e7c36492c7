#!/usr/bin/env python3
"""Attacks a daemon in every known way at the same time, while users claim workspaces from it.

usage: mixed-attack.py PREWARM [--seconds N] [--p99-ms N] [--memory-mb N]

The script creates a folder with a git repository, a configuration and tokens. It starts `PREWARM serve` in the folder
and runs these attacks for N seconds (default: 300):
  plans      plans of a commit that does not exist, for a good source and for one whose server never answers; most
             clients hang up early
  tokens     bearer tokens whose header or payload is a deeply nested list
  commits    manifests with a megabyte of misspelled names, with a costly pattern, and with 18,000 unknown keys a file
  answers    a provisioner that answers with deeply nested JSON
  posts      thousands of connections that send 1 MiB to a webhook that does not exist
  idlers     thousands of connections that send nothing
  lookers    viewers that read presets and status
Meanwhile one process claims and releases ten workspaces per second. The script prints one JSON object. It exits with 1
if a claim failed, the daemon ended, or a limit was exceeded: --p99-ms for the 99th percentile of the claims' times
(default: no limit), or --memory-mb for the daemon's peak memory (default: 300).
"""

import argparse
import base64
import http.client
import json
import multiprocessing
import os
import random
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

POOLS, INSTANCES, CLAIMS_A_SECOND = 10, 40, 10

CONFIGURATION = """
apiVersion: prewarm/v1
kind: Config
store: sqlite:prewarm.db
sources:
  - {{name: presets, url: "file://{folder}/repo", ref: {{branch: main}}, interval: 2s}}
  - {{name: silent, url: "http://127.0.0.1:{silent}/repo.git", ref: {{branch: main}}, interval: 5s, timeout: 30s}}
provisioners:
  - {{name: local, default: true, command: [/bin/true], operations: [create, delete], concurrency: 2}}
  - {{name: liar, command: [./liar], operations: [create, delete], concurrency: 1}}
policy: {{limits: {{instancesPerPreset: 1000, instances: 10000}}, deletionGuard: {{percent: 100, above: 10000}}}}
server:
  webhooks: [{{name: forge, kind: generic, secrets: [a-secret-that-is-long-enough]}}]
  oidc:
    - issuer: https://127.0.0.1:{silent}
      audience: prewarm
      rules: [{{claims: {{repository_id: "1"}}, role: viewer}}]
"""

PRESET = "apiVersion: prewarm/v1\nkind: Preset\nmetadata: {{name: {name}}}\nspec:\n  template: {template}\n{more}"
LIAR = """#!/bin/sh
cat > /dev/null
head -c 200000 /dev/zero | tr '\\0' '['
"""


class Scene:
    def __init__(self, prewarm):
        self.folder = tempfile.mkdtemp(prefix="prewarm-attack-")
        self.prewarm = os.path.abspath(prewarm)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.write(
            "prewarm.yaml",
            CONFIGURATION.format(folder=self.folder, silent=self.listener.getsockname()[1]))
        self.write("liar", LIAR)
        os.chmod(os.path.join(self.folder, "liar"), 0o755)
        self.git("init", "-q", "-b", "main", "repo", at=self.folder)
        for pool in range(POOLS):
            self.manifest(f"pool-{pool}", "plain", f"  version: '1'\n  instances: {INSTANCES}\n")
        self.write(
            "repo/liar.yaml",
            "apiVersion: prewarm/v1\nkind: Template\nmetadata: {name: liar}\nspec: {provisioner: liar}\n")
        self.manifest("lies", "liar", "  version: '1'\n  instances: 2\n  failureLimit: 1000\n")
        self.commit()
        self.token("ops", "operator")
        self.viewer, self.claimer = self.token("screen", "viewer"), self.token("ada", "claimer")
        self.log = open(os.path.join(self.folder, "serve.log"), "wb")
        self.daemon = subprocess.Popen(
            [self.prewarm, "serve", "--listen", "127.0.0.1:0"], cwd=self.folder, stderr=self.log)
        self.port = self.wait_for_port()

    def write(self, path, text):
        with open(os.path.join(self.folder, path), "w") as file:
            file.write(text)

    def manifest(self, name, template, more):
        self.write(f"repo/{name}.yaml", PRESET.format(name=name, template=template, more=more))

    def git(self, *arguments, at=None):
        subprocess.run(
            ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", *arguments],
            cwd=at or os.path.join(self.folder, "repo"), check=True, stdout=subprocess.DEVNULL)

    def commit(self):
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "change")

    def token(self, name, role):
        made = subprocess.run(
            [self.prewarm, "token", "create", name, "--role", role, "-o", "json"], cwd=self.folder, check=True,
            stdout=subprocess.PIPE)
        return json.loads(made.stdout)["token"]

    def wait_for_port(self):
        for _ in range(1200):
            with open(os.path.join(self.folder, "serve.log")) as file:
                text = file.read()
            if "url=http://" in text:
                return int(text.split("url=http://", 1)[1].split()[0].rsplit(":", 1)[1])
            if self.daemon.poll() is not None:
                raise SystemExit("the daemon ended: " + text)
            time.sleep(0.05)
        raise SystemExit("the daemon did not start")

    def memory(self):
        with open(f"/proc/{self.daemon.pid}/status") as file:
            fields = dict(line.split(":", 1) for line in file if line.startswith(("VmHWM", "VmRSS")))
        return {name: int(text.split()[0]) // 1024 for name, text in fields.items()}

    def close(self):
        self.daemon.terminate()
        try:
            self.daemon.wait(60)
        except subprocess.TimeoutExpired:
            self.daemon.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def ask(port, token, method, path, body=None, timeout=60):
    """Returns the status and the body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(
            method, path, body, {"Authorization": "Bearer " + token, "Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def claim_steadily(port, token, seconds, results):
    """Claims and releases workspaces at fixed times without waiting for earlier answers.

    Puts the time in seconds, the status and the error text of each claim into `results`, and None at the end.
    """
    def one(number, planned):
        try:
            # A claim that takes longer has failed, also on a machine that does much else.
            status, text = ask(
                port, token, "POST", f"/api/v1/presets/pool-{number % POOLS}/claims", '{"owner": "ada"}', timeout=180)
            results.put((time.monotonic() - planned, status, "" if status == 201 else text.decode(errors="replace")))
            if status == 201:
                ask(port, token, "POST", f"/api/v1/workspaces/{json.loads(text)['id']}/release", "{}")
        except (OSError, http.client.HTTPException) as error:
            results.put((time.monotonic() - planned, 0, repr(error)))

    start = time.monotonic()
    threads = []
    for number in range(seconds * CLAIMS_A_SECOND):
        planned = start + number / CLAIMS_A_SECOND
        time.sleep(max(0, planned - time.monotonic()))
        thread = threading.Thread(target=one, args=(number, planned), daemon=True)
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join(200)
    results.put(None)


class Attack:
    def __init__(self, scene, seconds):
        self.scene, self.end = scene, time.monotonic() + seconds
        self.counts = {}
        self.lock = threading.Lock()

    def count(self, name):
        with self.lock:
            self.counts[name] = self.counts.get(name, 0) + 1

    def loop(self, name, step, pause=0.0):
        while time.monotonic() < self.end:
            try:
                step()
            except (OSError, http.client.HTTPException):
                pass
            self.count(name)
            time.sleep(pause)

    def start(self):
        loops = [("plans", self.plan, 0.01)] * 10 + [("tokens", self.forge, 0.01)] * 3
        loops += [("commits", self.commit, 5), ("posts", self.post, 0.5), ("idlers", self.idle, 1)]
        loops += [("lookers", self.look, 0.1)] * 2
        threads = [threading.Thread(target=self.loop, args=loop, daemon=True) for loop in loops]
        threads.append(threading.Thread(target=self.swallow, daemon=True))
        for thread in threads:
            thread.start()
        return threads

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.scene.port), timeout=20)

    def swallow(self):
        """Accepts connections and never answers."""
        kept = []
        while True:
            kept.append(self.scene.listener.accept()[0])
            del kept[:-256]

    def plan(self):
        source = random.choice(["", "&source=silent", "&source=presets"])
        with self.connect() as client:
            client.sendall(
                f"GET /api/v1/plan?revision=abcdef12{source} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                f"Authorization: Bearer {self.scene.viewer}\r\n\r\n".encode())
            client.settimeout(random.choice([0.001, 0.01, 0.1, 2]))
            client.recv(65536)

    def forge(self):
        depth = random.choice([480, 5000, 10000])
        nested = b'{"alg": "RS256", "kid": "k", "x": ' + b"[" * depth + b"]" * depth + b"}"
        plain = b'{"alg": "RS256", "kid": "k"}'
        payload = b'{"iss": "https://127.0.0.1", "aud": "prewarm"}'
        parts = random.choice([(nested, payload), (plain, nested)])
        token = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts + (b"signature",))
        ask(self.scene.port, token.decode(), "GET", "/api/v1/presets", timeout=20)

    def commit(self):
        scene, kind = self.scene, random.choice(["names", "pattern", "keys", "nothing"])
        for name in ("bad-0", "bad-1", "bad-2", "bad-3", "bad-4"):
            path = os.path.join(scene.folder, "repo", name + ".yaml")
            if os.path.exists(path):
                os.remove(path)
        if kind == "names":
            text = "---\n".join(
                PRESET.format(
                    name=f"n{number}", template="plain",
                    more=f"  version: '1'\n  instances: 0\n  deprecated: {{replacement: pool-{number}x{'y' * 30}}}\n")
                for number in range(1200))
            for number in range(5):
                scene.write(f"repo/bad-{number}.yaml", text.replace("name: n", f"name: n{number}-"))
        elif kind == "pattern":
            scene.write(
                "repo/bad-0.yaml",
                "apiVersion: prewarm/v1\nkind: Template\nmetadata: {name: costly}\nspec:\n  parameters:\n"
                "    - {name: a, type: string, pattern: \"(a?){4900}Z\"}\n")
            scene.write(
                "repo/bad-1.yaml",
                "---\n".join(
                    PRESET.format(
                        name=f"p{number}", template="costly",
                        more=f"  version: '1'\n  instances: 0\n  parameters: {{a: {'a' * 400}}}\n")
                    for number in range(500)))
        elif kind == "keys":
            for number in range(5):
                keys = "".join(f"  k{key}: 1\n" for key in range(18_000))
                scene.manifest(f"bad-{number}", "plain", "  version: '1'\n  instances: 0\n" + keys)
        scene.commit()

    def post(self):
        clients = []
        body = b"x" * 65536
        for _ in range(1000):
            try:
                client = self.connect()
                client.sendall(
                    b"POST /webhooks/nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048576\r\n\r\n")
                clients.append(client)
            except OSError:
                break
        for client in clients:
            try:
                client.setblocking(False)
                for _ in range(15):
                    client.send(body)
            except OSError:
                pass
        for client in clients:
            client.close()

    def idle(self):
        clients = []
        for _ in range(2000):
            try:
                clients.append(self.connect())
            except OSError:
                break
        time.sleep(2)
        for client in clients:
            client.close()

    def look(self):
        path = random.choice(["/api/v1/status", "/api/v1/presets/pool-1", "/api/v1/workspaces?limit=50"])
        ask(self.scene.port, self.scene.viewer, "GET", path)


def wait_until_full(scene):
    for _ in range(1800):
        try:
            status, text = ask(scene.port, scene.viewer, "GET", "/api/v1/presets?limit=100")
            pools = [pool for pool in json.loads(text) if pool["name"].startswith("pool-")] if status == 200 else []
            if len(pools) == POOLS and all(pool["eligible"] >= INSTANCES for pool in pools):
                return
        except (OSError, ValueError):
            pass
        time.sleep(0.1)
    raise SystemExit("the pools did not fill")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("prewarm")
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--p99-ms", type=float, default=None)
    parser.add_argument("--memory-mb", type=int, default=300)
    arguments = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    scene = Scene(arguments.prewarm)
    try:
        wait_until_full(scene)
        results = multiprocessing.Queue()
        users = multiprocessing.Process(
            target=claim_steadily, args=(scene.port, scene.claimer, arguments.seconds, results), daemon=True)
        attack = Attack(scene, arguments.seconds)
        users.start()
        attack.start()
        claims = []
        while (result := results.get(timeout=arguments.seconds + 180)) is not None:
            claims.append(result)
        times = sorted(time for time, _, _ in claims)
        failed = [(status, text[:300]) for _, status, text in claims if status != 201]
        isAlive = scene.daemon.poll() is None
        memory = scene.memory() if isAlive else {}
        report = {
            "claims": len(claims), "failed": len(failed), "firstFailures": failed[:3],
            "medianMilliseconds": round(times[len(times) // 2] * 1000, 1),
            "p99Milliseconds": round(times[len(times) * 99 // 100] * 1000, 1),
            "slowestMilliseconds": round(times[-1] * 1000, 1), "isAlive": isAlive, "memoryMB": memory,
            "attacks": attack.counts,
        }
        print(json.dumps(report))
        isGood = isAlive and not failed and memory["VmHWM"] <= arguments.memory_mb
        if arguments.p99_ms is not None:
            isGood = isGood and report["p99Milliseconds"] <= arguments.p99_ms
        if not isGood:
            with open(os.path.join(scene.folder, "serve.log"), errors="replace") as file:
                sys.stderr.write("".join(file.readlines()[-30:]))
        return 0 if isGood else 1
    finally:
        scene.close()


if __name__ == "__main__":
    sys.exit(main())
