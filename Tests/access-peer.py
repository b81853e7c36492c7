"""Independent implementations of the peers of webhooks and OIDC tokens, for the tests.

receive KIND SECRET FILE: runs an HTTP server on loopback that writes its port to FILE. It answers a POST with 202
    if the signature is the one that the forge KIND documents, otherwise with 401.
sign ISSUER NOW: prints a key set, and tokens that it signs, as JSON.
issue FILE: runs an OIDC issuer on loopback that writes its port to FILE. Like GitHub Actions, it gives a CI job a token
    for the audience that the job requests. It serves for ten minutes.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit


def is_good(kind, secret, fields, body):
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    payload = json.loads(body)
    if kind == "github":
        return (fields["X-GitHub-Event"] == "push" and fields["X-GitHub-Delivery"]
                and fields["X-Hub-Signature-256"] == "sha256=" + digest and payload["ref"].startswith("refs/"))
    if kind == "gitea":
        return fields["X-Gitea-Event"] == "push" and fields["X-Gitea-Signature"] == digest
    if kind == "bitbucket":
        return (fields["X-Event-Key"] == "repo:push" and fields["X-Hub-Signature"] == "sha256=" + digest
                and payload["push"]["changes"][0]["new"]["name"])
    if kind == "generic":
        return fields["X-Signature"] == "sha256=" + digest
    if kind == "gitlab" and not secret.startswith("whsec_"):
        return fields["X-Gitlab-Event"] == "Push Hook" and fields["X-Gitlab-Token"] == secret
    if kind == "azure-devops":
        password = base64.b64decode(fields["Authorization"].removeprefix("Basic ")).decode().split(":", 1)[1]
        return password == secret and payload["eventType"] == "git.push"
    from standardwebhooks import Webhook, WebhookVerificationError

    try:
        Webhook(secret).verify(body, dict(fields))
        return True
    except WebhookVerificationError:
        return False


def receive(kind, secret, file):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            good = is_good(kind, secret, self.headers, body)
            self.send_response(202 if good else 401)
            self.end_headers()
            self.wfile.write(b"looking at presets" if good else b"the signature is missing or wrong")

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    tell(file, server.server_port)
    server.timeout = 60
    server.handle_request()


def tell(file, port):
    with open(file + ".new", "w") as out:
        out.write(str(port))
    os.rename(file + ".new", file)


def issue(file):
    import jwt
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    public = jwt.get_algorithm_by_name("ES256").to_jwk(key.public_key(), as_dict=True) | {"kid": "1", "use": "sig"}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            issuer = f"http://127.0.0.1:{self.server.server_port}"
            url = urlsplit(self.path)
            answers = {
                "/.well-known/openid-configuration": lambda: {"issuer": issuer, "jwks_uri": issuer + "/keys"},
                "/keys": lambda: {"keys": [public]},
                "/token": lambda: self.token(issuer, parse_qs(url.query)),
            }
            answer = answers.get(url.path, lambda: None)()
            self.send_response(200 if answer else 403)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def token(self, issuer, query):
            if self.headers["Authorization"] != "Bearer the-runner" or query.get("api-version") != ["2"]:
                return None
            claims = {"iss": issuer, "aud": query["audience"][0], "sub": "repo:example/presets:ref:refs/heads/main",
                      "repository_id": "1296269", "iat": int(time.time()), "exp": int(time.time()) + 3600}
            return {"value": jwt.encode(claims, key, algorithm="ES256", headers={"kid": "1"})}

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    tell(file, server.server_port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    time.sleep(600)


def sign(issuer, now):
    import jwt
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    keys = {
        "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "ES256": ec.generate_private_key(ec.SECP256R1()),
        "RS512": rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "ES384": ec.generate_private_key(ec.SECP384R1()),
    }
    claims = {"iss": issuer, "aud": ["other", "prewarm"], "sub": "me", "iat": int(now), "nbf": int(now),
              "exp": int(now) + 60, "repository_id": 1296269, "nested": {"a": [1, 2.5, None]}}
    key_set, tokens = [], {}
    for name, key in keys.items():
        algorithm = jwt.get_algorithm_by_name(name)
        entry = algorithm.to_jwk(key.public_key(), as_dict=True)
        key_set.append(entry | {"kid": name, "use": "sig"})
        tokens[name] = jwt.encode(claims, key, algorithm=name, headers={"kid": name})
    print(json.dumps({"keys": json.dumps({"keys": key_set}), "tokens": tokens}))


if __name__ == "__main__":
    {"receive": receive, "sign": sign, "issue": issue}[sys.argv[1]](*sys.argv[2:])
