"""A small web service that returns a greeting, its version and its workspace."""

import argparse
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import phrasebook

from . import __version__


def main():
    options = argparse.ArgumentParser(prog="greeter", description=__doc__)
    options.add_argument("--port", type=int, default=8080)
    options.add_argument("--language", default="en", choices=sorted(phrasebook.GREETINGS))
    options.add_argument("--workspace", default="none", help="the workspace ID that /healthz returns")
    options = options.parse_args()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/healthz":
                answer = {"status": "ok", "workspace": options.workspace, "version": __version__}
            elif self.path == "/":
                answer = {"message": phrasebook.greet(options.language, "developer"), "version": __version__}
            else:
                self.send_error(404)
                return
            body = json.dumps(answer).encode() + b"\n"
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    print(f"greeter {__version__} listens on port {options.port}", flush=True)
    ThreadingHTTPServer(("127.0.0.1", options.port), Handler).serve_forever()


main()
