"""Runs a server that answers like a daemon, but with the text of a file in every text of every document.

usage: hostile-server.py FIRST SECOND PORT

FIRST and SECOND are files with a text. A list has a document of each text. Any other document has the first text, or
the second if the path contains "second". The server writes its port to the file PORT. It answers a path that contains
"refuse" with a problem.
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

texts = [open(path, encoding="utf-8", newline="").read() for path in sys.argv[1:3]]

TIME = "2026-01-01T00:00:00Z"
MOST = 2**63 - 1


def texts_of(text, names):
    return {name: text for name in names.split()}


def condition(text, kind, status="False"):
    return {"type": kind, "status": status, "since": TIME} | texts_of(text, "reason message")


def conditions(text):
    return [condition(text, kind) for kind in ["Ready", "Stalled", "Suspended", "Pinned", text]]


def diagnostic(text):
    return {"severity": "error", "line": 1, "column": 1} | texts_of(text, "file message hint excerpt")


def failure(text):
    return {"cause": text, "builds": 1, "nextTryAt": TIME}


def preset(text):
    counts = """actual expired outdated extraneous starting stopping deleting failed claimed claimable waiting
    waitingClaims unhealthy"""
    numbers = dict.fromkeys(counts.split(), 1) | {"line": 1, "eligible": 1, "desired": 2}
    return numbers | texts_of(text, "name source file template version provisioner fingerprint") | {
        "parameters": {text: text}, "labels": {text: text}, "annotations": {text: text}, "converged": False,
        "conditions": conditions(text), "failure": failure(text), "recentClaims": {"claims": 1, "hitRate": 0.5}}


def lease(text):
    return {"state": text, "expiresAt": TIME, "ttl": text,
            "hold": {"until": "2999-01-01T00:00:00Z", "reason": text, "by": text}}


def workspace(text):
    names = """id name preset source template version fingerprint owner ownerKind ownerIssuer endpoint revision handover
    redirectedFrom clampedBy"""
    return texts_of(text, names) | {
        "state": "failed", "parameters": {text: text}, "metadata": {text: text}, "createdAt": TIME,
        "lease": lease(text), "otherPresets": [text], "selection": {"select": text, "why": text},
        "credentials": {text: text}}


def operation(text):
    return texts_of(text, "id workspace preset source provisioner reason error type") | {
        "state": "failed", "attempt": 1, "createdAt": TIME, "nextAttemptAt": TIME}


def event(text):
    return texts_of(text, "reason object source preset message") | {"at": TIME, "type": "Warning"}


def source(text):
    return texts_of(text, "name url revision hint") | {
        "appliedAt": TIME, "files": 1, "conditions": conditions(text), "diagnostics": [diagnostic(text)],
        "daemon": {"webhooksArrive": True, "problem": text}}


def claim(text):
    names = """id preset source owner ownerKind ownerIssuer asked workspace workspaceName result endReason endedBy
    endMessage why"""
    return texts_of(text, names) | {"askedAt": TIME, "lease": lease(text)}


def change(text, kind):
    return {"object": text, "name": text, "source": text, "moreFields": MOST, "change": kind,
            "fields": [{"field": text, "old": text, "new": text}]}


def changes(text):
    return [change(text, kind) for kind in ["added", "changed", "removed", text]]


def action(text):
    return texts_of(text, "action preset source workspace reason message heldBy") | {"needsApproval": True}


def plan(text):
    return {
        "revisions": {text: text}, "revision": text, "at": TIME, "applied": {text: text}, "changes": changes(text),
        "moreChanges": MOST, "actions": [action(text)], "held": [action(text)], "presets": [preset(text)],
        "rollouts": [{"preset": text, "source": text, "replaces": n, "keepsClaimable": n, "desired": n, "heldBy": text,
                      "held": held} for n in [1, MOST, -2**63] for held in [False, True]],
        "diagnostics": [diagnostic(text)], "failures": [],
        "summary": {"create": 1, "delete": 0, "cancel": 0, "held": 1, "replace": MOST, "replaceHeld": MOST}}


def status(text):
    return {
        "at": TIME, "healthy": False, "sources": [source(text)], "presets": [preset(text)],
        "store": {"identity": text, "damage": text, "hold": {"reason": text, "message": text, "hint": text, "since": TIME}},
        "totals": {"pools": 1, "attention": 1, "desired": 1, "ready": 1, "starting": 1, "claimed": 1},
        "morePresets": MOST, "moreFailing": MOST, "failing": [operation(text)], "orphansTotal": 1,
        "orphans": [orphan(text)], "suspectLists": [{"provisioner": text, "missing": 1}],
        "brokenClaims": [texts_of(text, "id name preset source provisioner state message") | {"since": TIME}],
        "failingLists": [{"provisioner": text, "message": text, "since": TIME}],
        "outages": [{"provisioner": text, "cause": text, "since": TIME}],
        "removedSources": [{"name": text, "unclaimed": 1, "revision": text}], "missingProvisioners": [text],
        "unconfiguredSources": [text], "expiringClaims": [claim(text)], "moreExpiringClaims": MOST}


def orphan(text):
    return texts_of(text, "id provisioner state store") | {"since": TIME}


def sync(text):
    return {"request": text, "state": "failed", "message": text, "hint": text, "sources": [text], "createdAt": TIME,
            "applied": {text: text}, "unfinished": [{"preset": text, "source": text, "message": text}],
            "diagnostics": [diagnostic(text)]}


def token(text):
    return texts_of(text, "id name role createdBy token") | {
        "presets": [text], "priority": 1, "createdAt": TIME, "expired": False}


LISTED = {
    "presets": preset, "workspaces": workspace, "operations": operation, "events": event, "sources": source,
    "orphans": orphan, "claims": claim, "tokens": token,
    "templates": lambda text: texts_of(text, "name source file provisioner activeVersion") | {
        "line": 1, "parameters": [{"name": text, "type": text, "required": True}], "deprecated": False},
    "revisions": lambda text: texts_of(text, "source revision author subject") | {
        "appliedAt": TIME, "created": 1, "deleted": 1, "cancelled": 1, "changes": changes(text)},
    "audit": lambda text: texts_of(text, "who from action object name revision detail") | {"sequence": 1, "at": TIME},
    "deliveries": lambda text: texts_of(text, "webhook kind id event from outcome message") | {
        "at": TIME, "status": 200, "sources": [text], "bytes": 1},
    "approve": lambda text: {"source": text, "revision": text, "deletions": 1, "presets": {text: 1}},
    "logs": lambda text: {"operation": text, "type": text, "state": "failed", "error": text,
                          "attempts": [{"attempt": 1, "at": TIME, "text": text}]},
}

NAMED = {
    "presets": lambda text: preset(text) | texts_of(text, "revision ttl strategy") | {
        "story": [text], "workspaces": [workspace(text)], "events": [event(text)]},
    "workspaces": lambda text: workspace(text) | texts_of(text, "provisioner because manifest") | {
        "isCurrent": False, "commit": {"subject": text, "author": text}, "operations": [operation(text)]},
    "operations": lambda text: operation(text) | {"workspaceName": text, "logEnd": text},
}

WHOLE = {
    "status": status, "plan": plan, "sync": sync, "requests": sync,
    "export": lambda text: {"at": TIME, "workspaces": [workspace(text)], "operations": [operation(text)]},
    "report": lambda text: {"since": TIME, "by": text, "rows": [], "unclaimed": []},
    "caller": lambda text: texts_of(text, "kind name role") | {"presets": [text], "priority": 1},
}


def done(text):
    return {"message": text, "changed": True, "revision": text, "still": {"message": text, "hint": text}}


class Handler(BaseHTTPRequestHandler):
    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        path = self.path.split("?")[0].split("/api/v1")[-1].strip("/").split("/")
        text = texts["/second" in self.path]
        if "refuse" in self.path:
            return self.send({"type": text, "title": text, "status": 409, "detail": text, "hint": text}, 409)
        value, is_list = self.document(path), False
        if len(path) == 1 and path[0] in LISTED and not (path[0] in ["tokens", "claims"] and self.command != "GET"):
            value, is_list = LISTED[path[0]], True
        if path[-1] in ["logs", "adopt"]:
            value, is_list = LISTED["logs"] if path[-1] == "logs" else workspace, True
        self.send([value(text) for text in texts] if is_list else value(text), 200)

    def document(self, path):
        """Returns the function that makes the document of a path that is no list."""
        if path[-1] == "claims":
            return lambda text: workspace(text) | {"readyAt": TIME}
        if path[0] == "tokens":
            return token
        if path[0] in WHOLE:
            return WHOLE[path[0]]
        if path[0] == "claims":
            return claim
        if len(path) == 2 and path[0] in NAMED and self.command == "GET":
            return NAMED[path[0]]
        return workspace if path[0] == "workspaces" else done

    def send(self, value, status):
        body = json.dumps(value, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(sys.argv[3] + ".new", "w") as out:
    out.write(str(server.server_port))
os.rename(sys.argv[3] + ".new", sys.argv[3])
server.serve_forever()
