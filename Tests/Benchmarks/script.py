#!/usr/bin/env python3
"""The program that a team would write for itself in an afternoon: git, a YAML library, a table of workspaces.

    script.py URL MIRROR DATABASE

One pass: fetch; end where the commit has not moved; else read every manifest, compare with the table, write what is
missing and take away what is too much in one transaction.
"""
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import time
import uuid

import yaml

url, mirror, path = sys.argv[1:4]
loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def git(*arguments, **options):
    return subprocess.run(["git", "-C", mirror, *arguments], check=True, stdout=subprocess.PIPE, **options).stdout


def manifests(commit):
    blobs = []
    for entry in git("ls-tree", "-r", "-z", commit).split(b"\0"):
        if entry.endswith(b".yaml"):
            blobs.append(entry.split(b"\t")[0].split()[2])
    output = git("cat-file", "--batch", input=b"\n".join(blobs) + b"\n")
    position = 0
    for _ in blobs:
        end = output.index(b"\n", position)
        size = int(output[position:end].split()[2])
        yield yaml.load(output[end + 1 : end + 1 + size], loader)
        position = end + 2 + size


def fingerprint(spec):
    text = json.dumps([spec["template"], spec["version"], spec["parameters"]], sort_keys=True)
    return hashlib.sha1(text.encode()).hexdigest()


if not os.path.isdir(mirror):
    subprocess.run(["git", "clone", "-q", "--bare", "--no-local", "--no-tags", url, mirror], check=True)
    git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
git("fetch", "-q", "origin")
head = git("rev-parse", "refs/remotes/origin/main").decode().strip()

database = sqlite3.connect(path, isolation_level=None)
database.executescript(
    """PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT);
    CREATE TABLE IF NOT EXISTS workspaces (
        id TEXT PRIMARY KEY, preset TEXT NOT NULL, fingerprint TEXT NOT NULL, created INTEGER) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS workspaces_of_preset ON workspaces (preset);"""
)
row = database.execute("SELECT value FROM meta WHERE name = 'head'").fetchone()
if row is None or row[0] != head:
    wanted = {}
    for manifest in manifests(head):
        spec = manifest["spec"]
        wanted[manifest["metadata"]["name"]] = (fingerprint(spec), int(spec["instances"]))
    there = {}
    for identifier, preset, digest in database.execute("SELECT id, preset, fingerprint FROM workspaces"):
        there.setdefault(preset, []).append((identifier, digest))
    inserts, deletes = [], []
    for preset, (digest, count) in wanted.items():
        good = [identifier for identifier, other in there.get(preset, ()) if other == digest]
        deletes += [identifier for identifier, other in there.get(preset, ()) if other != digest] + good[count:]
        inserts += [(str(uuid.uuid4()), preset, digest, int(time.time())) for _ in range(count - len(good))]
    for preset in there.keys() - wanted.keys():
        deletes += [identifier for identifier, _ in there[preset]]
    database.execute("BEGIN IMMEDIATE")
    database.executemany("DELETE FROM workspaces WHERE id = ?", [(identifier,) for identifier in deletes])
    database.executemany("INSERT INTO workspaces VALUES (?,?,?,?)", inserts)
    database.execute("INSERT OR REPLACE INTO meta VALUES ('head', ?)", (head,))
    database.execute("COMMIT")
