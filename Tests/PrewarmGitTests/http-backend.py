"""A git server for tests: `git http-backend` behind HTTP or HTTPS, with the ways in which servers go wrong.

    http-backend.py STATE ROOT [--tls CERTIFICATE KEY] [--login USER:PASSWORD] [--redirect URL] [--ssh CONFIGURATION]

It listens on a free port of the loopback address and writes the number to STATE/port. Each request is a line of
STATE/requests: method, path, authorization. The first part of a path says how the server behaves:

    /open/REPOSITORY       answers
    /login/REPOSITORY      answers who sends the login, 401 to others
    /status/NUMBER/...     answers with that status
    /page/...              answers with a page
    /redirect/...          sends callers to the URL, followed by the rest of the path
    /silent/...            takes the request and says nothing
    /stall/REPOSITORY      says nothing more in the middle of a pack
    /trickle/REPOSITORY    sends a byte of a pack every tenth of a second
    /cut/REPOSITORY        hangs up in the middle of a pack

With --ssh, sshd serves each connection instead.
"""

import argparse
import base64
import http.server
import os
import shutil
import socketserver
import ssl
import subprocess
import threading
import time

parser = argparse.ArgumentParser()
parser.add_argument("state")
parser.add_argument("root")
parser.add_argument("--tls", nargs=2)
parser.add_argument("--login")
parser.add_argument("--redirect")
parser.add_argument("--ssh")
arguments = parser.parse_args()
lock = threading.Lock()
sshd = shutil.which("sshd", path=os.environ["PATH"] + ":/usr/sbin:/sbin") or "sshd"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        authorization = self.headers.get("Authorization", "-")
        with lock, open(os.path.join(arguments.state, "requests"), "a") as log:
            log.write(f"{self.command} {self.path} {authorization}\n")
        body = self.body()
        _, manner, rest = self.path.split("/", 2)
        if manner == "status":
            self.answer(int(rest.split("/")[0]), "text/plain", b"no")
        elif manner == "page":
            self.answer(200, "text/html", b"<html>")
        elif manner == "redirect":
            self.answer(302, "text/plain", b"", Location=f"{arguments.redirect}/{rest}")
        elif manner == "silent":
            time.sleep(60)
        elif manner == "login" and authorization != expected_login():
            self.answer(401, "text/plain", b"who are you", **{"WWW-Authenticate": 'Basic realm="git"'})
        elif manner in ("open", "login", "stall", "trickle", "cut"):
            self.backend(manner, rest, body)
        else:
            self.answer(404, "text/plain", b"no")

    do_POST = do_GET

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def answer(self, status, kind, body, **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def backend(self, manner, rest, body):
        path, _, query = rest.partition("?")
        environment = {
            **os.environ,
            "GIT_PROJECT_ROOT": arguments.root,
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": "/" + path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_ADDR": "127.0.0.1",
        }
        output = subprocess.run(["git", "http-backend"], input=body, env=environment, stdout=subprocess.PIPE).stdout
        head, _, content = output.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
        status = int(headers.pop("Status", "200").split()[0])
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if manner in ("open", "login") or not path.endswith("/git-upload-pack"):
            self.wfile.write(content)
            return
        half = len(content) // 2
        self.wfile.write(content[:half])
        self.wfile.flush()
        if manner == "stall":
            time.sleep(60)
        elif manner == "trickle":
            for place in range(half, len(content)):
                time.sleep(0.1)
                self.wfile.write(content[place : place + 1])
                self.wfile.flush()
        self.close_connection = True


class SSHHandler(socketserver.BaseRequestHandler):
    def handle(self):
        with open(os.path.join(arguments.state, "log"), "ab") as log:
            command = [sshd, "-i", "-e", "-f", arguments.ssh]
            subprocess.run(command, stdin=self.request, stdout=self.request, stderr=log)


class Server(http.server.ThreadingHTTPServer):
    context = None

    def get_request(self):
        connection, address = super().get_request()
        if self.context:
            # The handshake is made by the thread of the connection, at its first read.
            connection = self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, *_):
        pass


def expected_login():
    return "Basic " + base64.b64encode((arguments.login or "").encode()).decode()


server = Server(("127.0.0.1", 0), SSHHandler if arguments.ssh else Handler)
if arguments.tls:
    server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.context.load_cert_chain(*arguments.tls)
port = os.path.join(arguments.state, "port")
with open(port + ".new", "w") as file:
    file.write(str(server.server_address[1]))
os.rename(port + ".new", port)
server.serve_forever()
