"""A git server for tests: `git http-backend` behind HTTP or HTTPS, which also fails in the ways of real servers.

    http-backend.py STATE ROOT [--tls CERTIFICATE KEY] [--tls13] [--client-ca FILE] [--login USER:PASSWORD|@FILE] [--redirect URL]
        [--ssh CONFIGURATION] [--app ID PUBLIC-KEY LIFETIME] [--proxy-login USER:PASSWORD]

It listens on a free port of the loopback address and writes the number to STATE/port. Each request is a line of
STATE/requests: method, path, authorization. The first part of a path says how the server behaves:

    /open/REPOSITORY       answers
    /login/REPOSITORY      answers a request with the login, and 401 without it
    /status/NUMBER/...     answers with that status
    /page/...              answers with a page
    /redirect/...          redirects to the URL with the rest of the path
    /silent/...            reads the request and sends nothing
    /halting/...           begins an answer and sends nothing more
    /echo/...              refuses, and repeats the request in its answer
    /stall/REPOSITORY      stops in the middle of a pack
    /trickle/REPOSITORY    sends a byte of a pack every tenth of a second
    /cut/REPOSITORY        closes the connection in the middle of a pack
    /endless/...           lists references forever

    /app/installations/7/access_tokens     is GitHub's API for the tokens of an app: checks the assertion as GitHub does,
                                           and creates a token, which is written to the file of --login as the new login

It is also a proxy for CONNECT. With --ssh, sshd serves each connection instead.
"""

import argparse
import base64
import hashlib
import http.server
import json
import os
import select
import shutil
import socket
import socketserver
import ssl
import subprocess
import tempfile
import threading
import time

parser = argparse.ArgumentParser()
parser.add_argument("state")
parser.add_argument("root")
parser.add_argument("--tls", nargs=2)
parser.add_argument("--login")
parser.add_argument("--redirect")
parser.add_argument("--ssh")
parser.add_argument("--tls13", action="store_true")
parser.add_argument("--client-ca")
parser.add_argument("--app", nargs=3)
parser.add_argument("--proxy-login")
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
        elif manner == "app":
            self.token(body)
        elif manner == "silent":
            time.sleep(60)
        elif manner == "endless":
            self.send_response(200)
            self.send_header("Content-Type", "application/x-git-upload-pack-advertisement")
            self.end_headers()
            self.wfile.write(b"001e# service=git-upload-pack\n0000")
            self.wfile.write(b"00450123456789012345678901234567890123456789 HEAD\x00symref=HEAD:refs/a\n")
            line = b"004d0123456789012345678901234567890123456789 refs/heads/aaaaaaaaaaaaaaaaaaaa\n"
            self.close_connection = True
            try:
                while True:
                    self.wfile.write(line * 1000)
            except OSError:
                pass
        elif manner == "halting":
            self.send_response(201)
            self.send_header("Content-Length", "200")
            self.end_headers()
            self.wfile.write(b"{")
            time.sleep(60)
            self.close_connection = True
        elif manner == "echo":
            message = f"\x1b[31mbad\nAuthorization: {authorization}"
            self.answer(401, "application/json", json.dumps({"message": message}).encode())
        elif manner == "login" and authorization != expected_login():
            self.answer(401, "text/plain", b"who are you", **{"WWW-Authenticate": 'Basic realm="git"'})
        elif manner in ("open", "login", "stall", "trickle", "cut"):
            self.backend(manner, rest, body)
        else:
            self.answer(404, "text/plain", b"no")

    do_POST = do_GET

    def do_CONNECT(self):
        given = self.headers.get("Proxy-Authorization", "-")
        with lock, open(os.path.join(arguments.state, "requests"), "a") as log:
            log.write(f"CONNECT {self.path} {given}\n")
        if arguments.proxy_login and given != basic(arguments.proxy_login):
            self.answer(407, "text/plain", b"who are you", **{"Proxy-Authenticate": 'Basic realm="proxy"'})
            return
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port))) as other:
            self.send_response(200)
            self.end_headers()
            ends = {self.connection: other, other: self.connection}
            while True:
                for ready in select.select(list(ends), [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        self.close_connection = True
                        return
                    ends[ready].sendall(data)

    def token(self, _):
        app, key, lifetime = arguments.app
        problem = assertion_problem(self.headers.get("Authorization", ""), app, key)
        if problem:
            self.answer(401, "application/json", json.dumps({"message": problem}).encode())
            return
        token = "ghs_" + hashlib.sha256(os.urandom(16)).hexdigest()[:36]
        file = arguments.login[1:]
        with open(file + ".new", "w") as new:
            new.write("x-access-token:" + token)
        os.rename(file + ".new", file)
        expiry = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + int(lifetime)))
        self.answer(201, "application/json", json.dumps({"token": token, "expires_at": expiry}).encode())

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
            # The thread of the connection does the handshake at its first read.
            connection = self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, *_):
        pass


def basic(login):
    return "Basic " + base64.b64encode(login.encode()).decode()


def expected_login():
    login = arguments.login or ""
    if login.startswith("@"):
        with open(login[1:]) as file:
            login = file.read()
    return basic(login)


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def assertion_problem(authorization, app, key):
    """Returns why GitHub would refuse the assertion of an app, or None if it would accept it."""
    head, _, text = authorization.partition(" ")
    parts = text.split(".")
    if head != "Bearer" or len(parts) != 3:
        return "A JSON web token could not be decoded"
    header, claims = json.loads(decoded(parts[0])), json.loads(decoded(parts[1]))
    with tempfile.NamedTemporaryFile() as signature:
        signature.write(decoded(parts[2]))
        signature.flush()
        command = ["openssl", "dgst", "-sha256", "-verify", key, "-signature", signature.name]
        signed = f"{parts[0]}.{parts[1]}".encode()
        if header.get("alg") != "RS256" or subprocess.run(command, input=signed, stdout=subprocess.DEVNULL).returncode:
            return "A JSON web token could not be decoded"
    if str(claims["iss"]) != app:
        return "Integration not found"
    if claims["exp"] <= time.time() or claims["exp"] > time.time() + 600 or claims["iat"] > time.time():
        return "'Expiration time' claim ('exp') is too far in the future"
    return None


server = Server(("127.0.0.1", 0), SSHHandler if arguments.ssh else Handler)
if arguments.tls:
    server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.context.load_cert_chain(*arguments.tls)
    if arguments.tls13:
        server.context.minimum_version = ssl.TLSVersion.TLSv1_3
    if arguments.client_ca:
        server.context.verify_mode = ssl.CERT_REQUIRED
        server.context.load_verify_locations(arguments.client_ca)
port = os.path.join(arguments.state, "port")
with open(port + ".new", "w") as file:
    file.write(str(server.server_address[1]))
os.rename(port + ".new", port)
server.serve_forever()
