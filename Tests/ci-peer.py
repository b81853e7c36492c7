"""Reads CI files and plays the forge, for the tests of examples/ci.

steps FILE JOB: prints the shell commands of a job of GitHub Actions, Gitea or GitLab CI, with their variables, as JSON.
forge FILE: runs the comment API of a forge on loopback, and writes its port to FILE. It keeps comments in memory, and
    answers as the API of GitHub, of Gitea (/api/v1) and of GitLab (/api/v4) documents it: 401 without the token, 404
    for a wrong path. GET /comments lists everything. The token is the-forge.
"""

import json
import os
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


def steps(file, job):
    import yaml

    class Loader(yaml.SafeLoader):
        """Reads `on` as text, as forges do."""

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    with open(file) as text:
        document = yaml.load(text, Loader)
    if "jobs" in document:
        entry = document["jobs"][job]
        scripts = [step["run"] for step in entry["steps"] if "run" in step]
        variables = document.get("env", {}) | entry.get("env", {})
        about = {"uses": [step["uses"] for step in entry["steps"] if "uses" in step],
                 "permissions": entry.get("permissions", {}), "when": entry["if"], "on": sorted(document["on"])}
    else:
        entry = document[job]
        # GitLab joins the lines of a script to one shell script.
        scripts = ["\n".join(entry["script"])]
        variables = document["variables"]
        about = {"id_tokens": entry["id_tokens"], "when": entry["rules"][0]["if"], "reports": entry.get("artifacts", {})}
    print(json.dumps({"scripts": scripts, "variables": variables, "about": about}))


class Forge(BaseHTTPRequestHandler):
    comments = []
    token = "the-forge"
    paths = [
        ("/repos/team/presets/issues", "Bearer " + token),
        ("/api/v1/repos/team/presets/issues", "token " + token),
    ]

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def route(self):
        """Returns the id of the comment in the path, the method that changes it, and whether the token is right."""
        path = urlsplit(self.path).path
        for prefix, login in self.paths:
            found = re.fullmatch(prefix + r"/(?:comments/(\d+)|(\d+)/comments)", path)
            if found:
                return found[1], "PATCH", self.headers["Authorization"] == login
        found = re.fullmatch(r"/api/v4/projects/42/merge_requests/\d+/notes(?:/(\d+))?", path)
        if found:
            return found[1], "PUT", self.headers["PRIVATE-TOKEN"] == self.token
        return None

    def serve(self):
        length = int(self.headers["Content-Length"] or 0)
        body = self.rfile.read(length)
        if self.path == "/comments":
            return self.answer(200, self.comments)
        route = self.route()
        if route is None:
            return self.answer(404, {"message": "Not Found"})
        number, method, is_known = route
        if not is_known:
            return self.answer(401, {"message": "Bad credentials"})
        if self.command == "GET" and number is None:
            return self.answer(200, self.comments)
        if self.command == "POST" and number is None:
            self.comments.append({"id": len(self.comments) + 1, "body": json.loads(body)["body"], "edits": 0})
            return self.answer(201, self.comments[-1])
        if self.command == method and number is not None and 1 <= int(number) <= len(self.comments):
            comment = self.comments[int(number) - 1]
            comment.update(body=json.loads(body)["body"], edits=comment["edits"] + 1)
            return self.answer(200, comment)
        self.answer(404, {"message": "Not Found"})

    do_GET = do_POST = do_PATCH = do_PUT = serve

    def log_message(self, *_):
        pass


def forge(file):
    # A comment of a person comes first.
    Forge.comments.append({"id": 1, "body": "Looks good to me.", "edits": 0})
    server = ThreadingHTTPServer(("127.0.0.1", 0), Forge)
    with open(file + ".new", "w") as out:
        out.write(str(server.server_port))
    os.rename(file + ".new", file)
    server.serve_forever()


if __name__ == "__main__":
    {"steps": steps, "forge": forge}[sys.argv[1]](*sys.argv[2:])
