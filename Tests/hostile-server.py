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

TEXTS = """name source file template version provisioner fingerprint ttl strategy revision id preset workspace owner
ownerIssuer endpoint because manifest workspaceName logEnd object reason message hint excerpt error url author subject
who from action detail event outcome webhook kind operation text ticket request token createdBy heldBy inForce type
problem""".split()


def thing(text, depth=2):
    fields = {key: text for key in TEXTS}
    fields |= {"line": 1, "column": 1, "attempt": 1, "eligible": 1, "desired": 2, "deletions": 1, "status": 200,
               "severity": "error", "converged": False, "healthy": False, "changed": True, "cold": False,
               "createdAt": "2026-01-01T00:00:00Z", "at": "2026-01-01T00:00:00Z", "since": "2026-01-01T00:00:00Z",
               "metadata": {text: text}, "labels": {text: text}, "parameters": {text: text},
               "commit": {"subject": text, "author": text}, "summary": {"create": 1}, "state": "failed",
               "isCurrent": False, "revisions": {text: text}, "still": {"message": text, "hint": text},
               "otherPresets": [text], "story": [text], "missingProvisioners": [text], "sources": [text],
               "daemon": {"problem": text}, "unfinished": [{"message": text}]}
    fields["conditions"] = [{"type": kind, "status": "False", "reason": text, "message": text}
                            for kind in ["Ready", "Stalled", "Suspended", "Pinned", text]]
    fields |= {key: 2**63 - 1 for key in ["moreChanges", "moreFailing", "morePresets"]}
    # Only the document itself has these, so that the tests of large documents do not take long.
    if depth == 2:
        change = {"object": text, "name": text, "source": text, "moreFields": 2**63 - 1,
                  "fields": [{"field": text, "old": text, "new": text}]}
        fields["changes"] = [change | {"change": kind} for kind in ["added", "changed", "removed", text]]
        fields["rollouts"] = [{"preset": text, "source": text, "replaces": n, "keepsClaimable": n, "desired": n,
                               "heldBy": text, "held": held}
                              for n in [1, 2**63 - 1, -2**63] for held in [False, True]]
    fields["applied"] = {text: text}
    if depth:
        for key in ["workspaces", "events", "operations", "diagnostics", "actions", "held", "presets", "failing",
                    "suspectLists", "failingLists", "removedSources", "orphans", "attempts"]:
            fields[key] = [thing(text, depth - 1)]
        if depth == 2:
            fields["failures"] = []
    return fields


class Handler(BaseHTTPRequestHandler):
    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        path = self.path.split("?")[0].split("/api/v1")[-1].strip("/").split("/")
        text = texts["/second" in self.path]
        if "refuse" in self.path:
            return self.send({"type": text, "title": text, "status": 409, "detail": text, "hint": text}, 409)
        single = ["status", "plan", "export", "sync", "requests", "suspend", "resume", "retry"]
        is_list = path[0] not in single and (len(path) == 1 or path[-1] in ["logs", "adopt"])
        if path[0] == "tokens" and self.command != "GET":
            is_list = False
        value = thing(text)
        if path[0] == "status":
            value["sources"] = [thing(text, 1) | {"sources": []}]
        if path[-1] == "claims":
            value["readyAt"] = "2026-01-01T00:00:00Z"
        self.send([thing(text) for text in texts] if is_list else value, 200)

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
