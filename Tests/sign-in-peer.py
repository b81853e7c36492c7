"""The peers of the dashboard's sign-in, for the tests.

provide FILE: runs an OpenID Connect provider on loopback that writes its port to FILE. It signs everyone in without a
    question, and checks what prewarm sends: the client, its secret, the redirect URL, PKCE, and that a code is used once.
    GET /misbehave?as=NAME makes it break one rule until the next call; GET /seen lists what it received. It serves for
    ten minutes.
authlib FILE: runs oidc-provider-mock, a provider that is made with Authlib and has pages of its own. It knows the person
    `u-17`, signs her in at a click, and writes its port to FILE. It serves for ten minutes.
proxy FILE CERTIFICATE KEY UPSTREAM: runs a proxy on loopback that speaks TLS to browsers and passes requests on over HTTP,
    as a reverse proxy in front of the daemon does. It writes its port to FILE, and reads the URL of the daemon from the
    file UPSTREAM. It serves for ten minutes.
"""

import base64
import hashlib
import http.client
import json
import os
import secrets
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

CLIENT, SECRET = "prewarm client", "a secret: 100 %"

# The ways of /misbehave in which the ID token of a person without groups has this `email_verified`.
VERIFIED = {
    "unverified": False, "verified": True, "unverified-text": "false", "verified-text": "true", "odd": 1, "unsaid": None,
}
# The ways in which the ID token has no `email_verified`, and the answers of userinfo. With `no-email`, the token has no
# address either.
PERSON = {"sub": "ada-17"}
USERINFO = {
    "userinfo-true": PERSON | {"email": "ada@example.org", "email_verified": True},
    "userinfo-text": PERSON | {"email": "ada@example.org", "email_verified": "true"},
    "userinfo-false": PERSON | {"email": "ada@example.org", "email_verified": False},
    "userinfo-unsaid": PERSON | {"email": "ada@example.org"},
    "userinfo-other": PERSON | {"email": "mallory@example.org", "email_verified": True},
    "userinfo-without": PERSON | {"email_verified": True},
    "no-email-true": PERSON | {"email": "ada@example.org", "email_verified": True},
    "no-email-false": PERSON | {"email": "ada@example.org", "email_verified": False},
}


def tell(file, port):
    with open(file + ".new", "w") as out:
        out.write(str(port))
    os.rename(file + ".new", file)


def serve(file, handler, context=None):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    tell(file, server.server_port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    time.sleep(600)


def provide(file):
    import jwt
    from cryptography.hazmat.primitives.asymmetric import ec

    key, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    public = jwt.get_algorithm_by_name("ES256").to_jwk(key.public_key(), as_dict=True) | {"kid": "1", "use": "sig"}
    codes, seen, state = {}, [], {"as": "", "lifetime": 600}

    class Provider(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, status, value, fields=()):
            body = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            for name, text in fields:
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(body)

        @property
        def issuer(self):
            return f"http://127.0.0.1:{self.server.server_port}"

        def do_GET(self):
            url = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            if url.path == "/misbehave":
                state.update({"lifetime": 600} | query)
                self.answer(200, state)
            elif url.path == "/seen":
                self.answer(200, seen)
            elif url.path == "/.well-known/openid-configuration":
                self.answer(200, self.discovery())
            elif url.path == "/keys":
                self.answer(200, {"keys": [public]})
            elif url.path == "/authorize":
                self.authorize(query)
            elif url.path == "/userinfo":
                good = self.headers["Authorization"] == "Bearer the-access"
                subject = "mallory" if state["as"] == "other-person" else "ada-17"
                document = {"sub": subject, "groups": ["platform", "on-call"]}
                self.answer(200 if good else 401, USERINFO.get(state["as"], document))
            else:
                self.answer(404, {})

        def discovery(self):
            document = {
                "issuer": self.issuer, "jwks_uri": self.issuer + "/keys",
                "authorization_endpoint": self.issuer + "/authorize", "token_endpoint": self.issuer + "/token",
                "userinfo_endpoint": self.issuer + "/userinfo",
                "authorization_response_iss_parameter_supported": True,
            }
            if state["as"] == "form-secret":
                document["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
            changes = {
                "other-discovery": {"issuer": "https://evil.example.org"},
                "script-address": {"authorization_endpoint": "javascript:alert(1)"},
                "header-address": {"authorization_endpoint": self.issuer + "/a\r\nSet-Cookie: a=b"},
                "plain-token": {"token_endpoint": "http://evil.example.org/token"},
                "no-token": {"token_endpoint": None},
                "huge-discovery": {"padding": "x" * 400_000},
            }
            return document | changes.get(state["as"], {})

        def authorize(self, query):
            seen.append({"authorize": query})
            target = query["redirect_uri"]
            if state["as"] == "denies":
                answer = {"error": "access_denied", "error_description": "<script>alert(1)</script> no"}
            else:
                code = secrets.token_urlsafe(16)
                codes[code] = query
                answer = {"code": code}
            issuer = {"wrong-iss": "https://evil.example.org", "no-iss": None}.get(state["as"], self.issuer)
            answer |= {"state": query["state"]} | ({"iss": issuer} if issuer else {})
            self.answer(302, b"", [("Location", target + "?" + urlencode(answer))])

        def do_POST(self):
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"] or 0)).decode())
            form = {name: values[0] for name, values in form.items()}
            seen.append({"token": sorted(form)})
            if state["as"] == "silent":
                time.sleep(60)
            if state["as"] == "huge":
                return self.answer(200, {"id_token": "x" * 1_000_000})
            if state["as"] == "moved":
                return self.answer(307, b"", [("Location", self.issuer + "/token?again")])
            if state["as"] == "garbage":
                return self.answer(200, b"\xff\x00[[[[")
            if state["as"] == "deep":
                return self.answer(200, b"[" * 50_000 + b"]" * 50_000)
            if state["as"] == "down":
                return self.answer(503, {"error": "temporarily_unavailable"})
            if not self.is_client(form):
                return self.answer(401, {"error": "invalid_client"})
            # A code works once.
            request = codes.pop(form.get("code"), None)
            if request is None or form["redirect_uri"] != request["redirect_uri"] or not self.has_verifier(form, request):
                return self.answer(400, {"error": "invalid_grant"})
            token = self.token(request)
            self.answer(200, {"access_token": "the-access", "token_type": "Bearer"}
                        | ({} if state["as"] == "no-identity" else {"id_token": token}))

        def is_client(self, form):
            if state["as"] == "form-secret":
                return form.get("client_id") == CLIENT and form.get("client_secret") == SECRET
            if not (self.headers["Authorization"] or "").startswith("Basic "):
                return False
            login = base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode().split(":")
            return [unquote(part) for part in login] == [CLIENT, SECRET]

        def has_verifier(self, form, request):
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            return request["code_challenge_method"] == "S256" and challenge == request["code_challenge"]

        def token(self, request):
            now = int(time.time())
            claims = {
                "iss": self.issuer, "aud": CLIENT, "sub": "ada-17", "iat": now, "exp": now + int(state["lifetime"]),
                "nonce": request["nonce"], "preferred_username": "ada", "groups": ["platform", "on-call"],
                "email": "ada@example.org", "email_verified": True,
            }
            claims |= {"groups": []} if state["as"] in VERIFIED or state["as"] in USERINFO else {}
            claims |= {"email_verified": VERIFIED[state["as"]]} if state["as"] in VERIFIED else {}
            claims |= {
                "issuer": {"iss": "https://evil.example.org"}, "audience": {"aud": "another-client"},
                "audiences": {"aud": [CLIENT, "another-client"]}, "party": {"azp": "another-client"},
                "nonce": {"nonce": "of another sign-in"}, "expired": {"exp": now - 30}, "groups": {"groups": ["guests"]},
                "future": {"iat": now + 3600},
                "subject": {"sub": "\u202eada"}, "markup": {"preferred_username": "<b>ada</b>"},
            }.get(state["as"], {})
            missing = {"no-nonce": ["nonce"], "no-expiry": ["exp"], "thin": ["groups"], "other-person": ["groups"],
                       "unsaid": ["email_verified"]} | {name: ["email_verified"] for name in USERINFO}
            for name in missing.get(state["as"], []) + (["email"] if state["as"].startswith("no-email") else []):
                claims.pop(name, None)
            if state["as"] == "none":
                return jwt.encode(claims, None, algorithm="none", headers={"kid": "1"})
            if state["as"] == "shared-secret":
                return jwt.encode(claims, SECRET.ljust(32), algorithm="HS256", headers={"kid": "1"})
            return jwt.encode(
                claims, other if state["as"] == "signature" else key, algorithm="ES256", headers={"kid": "1"})

        def log_message(self, *_):
            pass

    serve(file, Provider)


def authlib(file):
    import oidc_provider_mock

    person = oidc_provider_mock.User(
        sub="u-17", claims={"preferred_username": "ada", "email": "ada@example.org", "groups": ["platform"]})
    with oidc_provider_mock.run_server_in_thread(user_claims=[person]) as server:
        tell(file, server.server_port)
        time.sleep(600)


def proxy(file, certificate, key, upstream):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    class Proxy(BaseHTTPRequestHandler):
        def forward(self):
            with open(upstream) as text:
                connection = http.client.HTTPConnection(urlsplit(text.read().strip()).netloc, timeout=600)
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            fields = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
            fields |= {"X-Forwarded-For": self.client_address[0], "X-Forwarded-Proto": "https", "Connection": "close"}
            connection.request(self.command, self.path, body or None, fields)
            answer = connection.getresponse()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "connection", "date", "server"):
                    self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            try:
                while part := answer.read1(65536):
                    self.wfile.write(part)
                    self.wfile.flush()
            except OSError:
                pass
            connection.close()

        do_GET = do_POST = do_HEAD = forward

        def log_message(self, *_):
            pass

    serve(file, Proxy, context)


if __name__ == "__main__":
    {"provide": provide, "authlib": authlib, "proxy": proxy}[sys.argv[1]](*sys.argv[2:])
