"""Runs a stand-in of a Kubernetes API server with its controllers, made from the published semantics of the API.

usage: server.py FOLDER [PARENT]

It ends when the process PARENT does. It writes certificates and the file `kubeconfig` into the folder, and then the file `ready` with the ports of the API and
of the controls of tests. The contexts of the kubeconfig file are admin (a token), certificate, viewer (may only read),
wrong (a token that is not valid) and plugin (a credential plugin).

The controls are plain HTTP. `POST /faults` adds a fault, as JSON: `method` and `path` are regular expressions, `times` is
the number of calls, and `action` is `status` (with `code`, `body` and `headers`), `hang` (no byte comes) or `reset`.
`POST /settings` changes the settings, `POST /compact` forgets the history of watches, `POST /namespaces` makes a namespace,
`GET /requests` lists the calls, and `GET /objects/NAMESPACE/RESOURCE` the objects.
"""

import base64
import bisect
import copy
import hashlib
import json
import os
import re
import select
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from controllers import Controllers
from objects import CONTAINER_FIELDS, RESOURCES, APIError, Store, api_version, matches, now, qualified

TOKENS = {"admin-token": "admin", "viewer-token": "viewer", "plugin-token": "admin"}
SETTINGS = {"delay": 0.1, "endDelay": 0.2, "podQuota": None, "exec": "v5.channel.k8s.io", "tokens": dict(TOKENS)}
SHORT = {"namespaces": "ns", "pods": "po", "services": "svc", "deployments": "deploy", "persistentvolumeclaims": "pvc"}
NAME = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")

store = Store()
controllers = Controllers(store, SETTINGS)
faults, requests, open_watches = [], [], []


def merge(target, patch):
    """JSON merge patch (RFC 7396)."""
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, dict):
            target[key] = merge(target.get(key) if isinstance(target.get(key), dict) else {}, value)
        else:
            target[key] = value
    return target


def validate(resource, before, after):
    kind, name = resource[3], after["metadata"].get("name", "")
    problems = []
    if not NAME.match(name) or len(name) > 253:
        problems.append(f'metadata.name: Invalid value: "{name}": a lowercase RFC 1123 subdomain must consist of '
                        "lower case alphanumeric characters, '-' or '.'")
    for key, value in (after["metadata"].get("labels") or {}).items():
        if not re.match(r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$", str(value)) or len(str(value)) > 63:
            problems.append(f'metadata.labels: Invalid value: "{value}": a valid label must be an empty string or '
                            "consist of alphanumeric characters, '-', '_' or '.'")
    spec = after.get("spec") or {}
    pod = spec if kind == "Pod" else (spec.get("template") or {}).get("spec")
    if pod is not None or kind == "Pod":
        containers = (pod or {}).get("containers")
        if not containers:
            problems.append("spec.containers: Required value")
        for index, container in enumerate(containers or []):
            for field in ("name", "image"):
                if not container.get(field):
                    problems.append(f"spec.containers[{index}].{field}: Required value")
            for variable in container.get("env", []):
                if not isinstance(variable.get("value", ""), str):
                    raise APIError(400, "BadRequest", "json: cannot unmarshal number into Go struct field EnvVar.value "
                                                      "of type string")
    if "replicas" in spec and not isinstance(spec["replicas"], int):
        raise APIError(400, "BadRequest", "json: cannot unmarshal string into Go struct field DeploymentSpec.replicas "
                                          "of type int32")
    if kind == "Pod" and before:
        def fixed(p):
            return {k: v for k, v in p["spec"].items() if k not in ("nodeName", "containers")}, [
                {k: v for k, v in c.items() if k != "image"} for c in p["spec"]["containers"]]
        if fixed(before) != fixed(after):
            problems.append("spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`")
    if problems:
        text = problems[0] if len(problems) == 1 else "[" + ", ".join(problems) + "]"
        raise APIError(422, "Invalid", f'{kind} "{name}" is invalid: {text}')


def admit(resource, before, after):
    """Checks and completes an object before it is stored."""
    validate(resource, before, after)
    kind, meta = resource[3], after["metadata"]
    namespace = meta.get("namespace")
    if before is None:
        if namespace and ("namespaces", None, namespace) not in store.objects:
            raise APIError(404, "NotFound", f'namespaces "{namespace}" not found', {"name": namespace, "kind": "namespaces"})
        quota = SETTINGS["podQuota"]
        if kind == "Pod" and quota is not None and len(store.all("pods", namespace)) >= quota:
            raise APIError(403, "Forbidden", f'pods "{meta["name"]}" is forbidden: exceeded quota: pods, requested: '
                                             f"pods=1, used: pods={quota}, limited: pods={quota}")
        if kind == "Pod" and after["spec"].get("hostNetwork"):
            raise APIError(403, "Forbidden", f'pods "{meta["name"]}" is forbidden: violates PodSecurity '
                                             '"restricted:latest": host namespaces (hostNetwork=true)')
    if kind == "Service" and after["spec"].get("clusterIP") is None:
        digest = hashlib.sha256(f"{namespace}/{meta['name']}".encode()).digest()
        after["spec"]["clusterIP"] = f"10.96.{digest[0]}.{digest[1]}"
    if kind == "Secret" and "stringData" in after:
        encoded = {k: base64.b64encode(v.encode()).decode() for k, v in after.pop("stringData").items()}
        after["data"] = {**after.get("data", {}), **encoded}
    return after


def unknown_fields(resource, obj):
    """Yields the container with its index, and the name of each field that the schema of containers does not have."""
    spec = obj.get("spec") or {}
    pod = spec if resource[3] == "Pod" else (spec.get("template") or {}).get("spec") or {}
    for index, container in enumerate(pod.get("containers") or []):
        for field in sorted(set(container) - CONTAINER_FIELDS):
            yield index, container, field


class Call:
    """A path of the API: the resource, the namespace, the name and the subresource."""

    def __init__(self, path):
        parts = [unquote(p) for p in path.strip("/").split("/")]
        group, rest = ("", parts[1:]) if parts[0] == "api" else (parts[1], parts[2:])
        version, rest = rest[0], rest[1:]
        self.namespace = None
        if rest and rest[0] == "namespaces" and len(rest) > 2:
            self.namespace, rest = rest[1], rest[2:]
        self.resource = next(
            (r for r in RESOURCES if (r[0], r[1], r[2]) == (group, version, rest[0] if rest else "")), None)
        if self.resource is None:
            raise APIError(404, "NotFound", "the server could not find the requested resource")
        self.name = rest[1] if len(rest) > 1 else None
        self.part = rest[2] if len(rest) > 2 else None


class API(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        self.request.settimeout(120)
        self.request.do_handshake()
        super().setup()

    def log_message(self, *_):
        pass

    # Answers

    def send_json(self, code, document, headers=None):
        body = json.dumps(document).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def handle_any(self):
        url = urlsplit(self.path)
        self.query = {k: v[-1] for k, v in parse_qs(url.query, keep_blank_values=True).items()}
        self.all_values = parse_qs(url.query, keep_blank_values=True)
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        requests.append(f"{self.command} {self.path}")
        try:
            if self.fault(url.path):
                return
            self.log_in()
            self.route(url.path)
        except APIError as error:
            self.send_json(error.code, error.status(), error.headers)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def fault(self, path):
        for fault in faults:
            target = path + ("?watch" if self.query.get("watch") else "")
            if re.search(fault.get("method", ""), self.command) and re.search(fault["path"], target):
                fault["times"] = fault.get("times", 1) - 1
                if fault["times"] <= 0:
                    faults.remove(fault)
                if fault["action"] == "hang":
                    time.sleep(fault.get("seconds", 600))
                    self.close_connection = True
                elif fault["action"] == "reset":
                    self.request.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                else:
                    self.send_json(fault["code"], fault.get("body", {}), fault.get("headers"))
                return True
        return False

    # Login

    def log_in(self):
        certificate = self.request.getpeercert()
        if certificate:
            self.user = dict(pair[0] for pair in certificate["subject"])["commonName"]
            return
        scheme, _, token = (self.headers.get("Authorization") or "").partition(" ")
        self.user = SETTINGS["tokens"].get(token) if scheme == "Bearer" else None
        if self.user is None:
            raise APIError(401, "Unauthorized", "Unauthorized")

    def authorize(self, call):
        verb = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}[self.command]
        if self.user == "viewer" and (verb != "get" or call.part == "exec" or call.resource[3] == "Secret"):
            verb = "list" if verb == "get" and call.name is None else verb
            place = f' in the namespace "{call.namespace}"' if call.namespace else ""
            name = f' "{call.name}"' if call.name else ""
            plural, group = qualified(call.resource), call.resource[0]
            raise APIError(403, "Forbidden", f'{plural}{name} is forbidden: User "viewer" cannot {verb} resource '
                                             f'"{call.resource[2]}" in API group "{group}"{place}')

    # Routes

    def route(self, path):
        path = path.rstrip("/")
        if path == "/version":
            return self.send_json(200, {"major": "1", "minor": "34", "gitVersion": "v1.34.0-stand-in"})
        if path in ("/api", "/apis") or re.fullmatch(r"/api/v1|/apis/[^/]+(/[^/]+)?", path):
            return self.send_json(200, self.discovery(path))
        if not path.startswith(("/api/", "/apis/")):
            raise APIError(404, "NotFound", "the server could not find the requested resource")
        call = Call(path)
        self.authorize(call)
        if call.part == "log":
            return self.send_log(call)
        if call.part == "exec":
            return self.exec(call)
        if self.command == "GET" and self.query.get("watch") in ("true", "1"):
            return self.watch(call)
        with store.changed:
            code, document = getattr(self, self.command.lower())(call)
        self.send_json(code, document)

    def discovery(self, path):
        groups = sorted({(r[0], r[1]) for r in RESOURCES if r[0]})
        if path == "/api":
            return {"kind": "APIVersions", "versions": ["v1"]}
        if path == "/apis":
            versions = [(g, {"groupVersion": f"{g}/{v}", "version": v}) for g, v in groups]
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [
                {"name": g, "versions": [v], "preferredVersion": v} for g, v in versions]}
        wanted = path.split("/", 2)[2]
        found = [r for r in RESOURCES if api_version(r) == wanted]
        if not found:
            raise APIError(404, "NotFound", "the server could not find the requested resource")
        resources = [{
            "name": r[2], "shortNames": [SHORT[r[2]]] if r[2] in SHORT else [], "singularName": r[3].lower(),
            "namespaced": r[4], "kind": r[3],
            "verbs": ["create", "delete", "get", "list", "patch", "update", "watch"],
        } for r in found]
        resources += [{"name": f"{r[2]}/status", "singularName": "", "namespaced": r[4], "kind": r[3],
                       "verbs": ["get", "patch", "update"]} for r in found]
        return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": wanted, "resources": resources}

    # Verbs

    def get(self, call):
        if call.name:
            return 200, store.get(call.resource, call.namespace, call.name)
        found = self.selected(call, store.all(qualified(call.resource), call.namespace))
        start, version = 0, store.version
        if self.query.get("continue"):
            version, start = json.loads(base64.b64decode(self.query["continue"]))
            if version <= store.compacted:
                raise APIError(410, "Expired", "The provided continue parameter is too old to display a consistent list "
                                               "result. You can start a new list without the continue parameter.")
        metadata = {"resourceVersion": str(version)}
        limit = int(self.query.get("limit") or 0)
        items = found[start:start + limit] if limit else found
        if limit and start + limit < len(found):
            metadata["continue"] = base64.b64encode(json.dumps([version, start + limit]).encode()).decode()
            metadata["remainingItemCount"] = len(found) - start - limit
        # The items of a list of a built-in kind have no kind of their own.
        items = [{k: v for k, v in o.items() if k not in ("apiVersion", "kind")} for o in items]
        return 200, {"kind": call.resource[3] + "List", "apiVersion": api_version(call.resource), "metadata": metadata,
                     "items": items}

    def selected(self, call, objects):
        return [o for o in objects if self.is_selected(o)]

    def is_selected(self, obj):
        if obj is None or not matches(obj["metadata"].get("labels") or {}, self.query.get("labelSelector")):
            return False
        for term in filter(None, self.query.get("fieldSelector", "").split(",")):
            path, value = term.replace("==", "=").split("=", 1)
            found = obj
            for part in path.split("."):
                found = (found or {}).get(part)
            if found != value:
                return False
        return True

    def post(self, call):
        obj = json.loads(self.body)
        obj["metadata"]["namespace"] = call.namespace
        if not call.namespace:
            del obj["metadata"]["namespace"]
        if self.query.get("fieldValidation") == "Strict":
            for index, _, field in unknown_fields(call.resource, obj):
                raise APIError(400, "BadRequest", f'{call.resource[3]} in version "{call.resource[1]}" cannot be handled as a '
                                                  f'{call.resource[3]}: strict decoding error: unknown field '
                                                  f'"spec.containers[{index}].{field}"')
        if (qualified(call.resource), call.namespace, obj["metadata"].get("name")) in store.objects:
            raise APIError(409, "AlreadyExists", f'{qualified(call.resource)} "{obj["metadata"]["name"]}" already exists')
        saved = store.save(call.resource, admit(call.resource, None, obj))
        store.own_changes({}, saved, self.manager())
        return 201, saved

    def manager(self):
        return self.query.get("fieldManager") or (self.headers.get("User-Agent") or "unknown").split("/")[0]

    def put(self, call):
        return self.update(call, json.loads(self.body))

    def update(self, call, obj):
        before = store.get(call.resource, call.namespace, call.name)
        version = obj["metadata"].get("resourceVersion")
        if version and version != before["metadata"]["resourceVersion"]:
            raise APIError(409, "Conflict", f'Operation cannot be fulfilled on {qualified(call.resource)} "{call.name}": '
                                            "the object has been modified; please apply your changes to the latest version")
        after = admit(call.resource, before, obj)
        store.own_changes(before, after, self.manager())
        return 200, store.save(call.resource, after)

    def patch(self, call):
        kind = self.headers.get("Content-Type", "").split(";")[0]
        patch = json.loads(self.body)
        if kind == "application/apply-patch+yaml":
            return self.apply(call, patch)
        if kind not in ("application/merge-patch+json", "application/strategic-merge-patch+json"):
            raise APIError(415, "UnsupportedMediaType", f"the body of the request was in an unknown format: {kind}")
        before = store.get(call.resource, call.namespace, call.name)
        return self.update(call, merge(copy.deepcopy(before), patch))

    def apply(self, call, config):
        manager = self.query.get("fieldManager")
        if not manager:
            raise APIError(422, "Invalid", 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is '
                                           "required for apply patch")
        if config.get("apiVersion") != api_version(call.resource) or config.get("kind") != call.resource[3]:
            raise APIError(400, "BadRequest", "the API version or kind in the data does not match the expected one")
        if config.get("metadata", {}).get("name", call.name) != call.name:
            raise APIError(400, "BadRequest", "the name of the object does not match the name on the URL")
        for _, container, field in unknown_fields(call.resource, config):
            raise APIError(500, "", f"failed to create typed patch object ({call.namespace}/{call.name}; "
                                    f"{api_version(call.resource)}, Kind={call.resource[3]}): "
                                    f'.spec.containers[name="{container.get("name")}"].{field}: field not declared in schema')
        force = self.query.get("force") == "true"
        before, after, owners = store.apply(call.resource, call.namespace, call.name, config, manager, force)
        after = admit(call.resource, before, after)
        saved = store.save(call.resource, after)
        store.owners[saved["metadata"]["uid"]] = owners
        return (200 if before else 201), saved

    def delete(self, call):
        options = json.loads(self.body) if self.body else {}
        options.setdefault("propagationPolicy", self.query.get("propagationPolicy", "Background"))
        left = store.delete(call.resource, store.get(call.resource, call.namespace, call.name), options)
        if "deletionTimestamp" in left["metadata"] and (
                qualified(call.resource), call.namespace, call.name) in store.objects:
            return 200, left
        return 200, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
                     "details": {"name": call.name, "kind": call.resource[2], "uid": left["metadata"]["uid"]}}

    # Watches

    def watch(self, call):
        since = int(self.query.get("resourceVersion") or 0)
        end = time.monotonic() + float(self.query.get("timeoutSeconds") or 300)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        plural, bookmark = qualified(call.resource), time.monotonic() + 1
        mark = object()
        open_watches.append(mark)
        while time.monotonic() < end and mark in open_watches:
            with store.changed:
                if since < store.compacted:
                    error = APIError(410, "Expired", f"too old resource version: {since} ({store.compacted})")
                    self.send_event("ERROR", error.status())
                    break
                start = bisect.bisect_right(store.history, since, key=lambda entry: entry[0])
                events = [h for h in store.history[start:] if h[2][0] == plural]
                since = store.version
                if not events:
                    store.changed.wait(0.5)
            if select.select([self.request], [], [], 0)[0]:
                # The client has ended the watch.
                self.close_connection = True
                return
            for _, kind, key, before, after in events:
                if call.namespace not in (None, key[1]):
                    continue
                was, is_now = self.is_selected(before), self.is_selected(after) and kind != "DELETED"
                if is_now:
                    self.send_event("MODIFIED" if was else "ADDED", after)
                elif was:
                    self.send_event("DELETED", after)
            if self.query.get("allowWatchBookmarks") == "true" and time.monotonic() > bookmark:
                bookmark = time.monotonic() + 1
                self.send_event("BOOKMARK", {"kind": call.resource[3], "apiVersion": api_version(call.resource),
                                             "metadata": {"resourceVersion": str(since)}})
        self.wfile.write(b"0\r\n\r\n")

    def send_event(self, kind, obj):
        line = json.dumps({"type": kind, "object": obj}).encode() + b"\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self.wfile.flush()

    # Parts of pods

    def send_log(self, call):
        with store.changed:
            pod = store.get(call.resource, call.namespace, call.name)
            container = self.query.get("container") or pod["spec"]["containers"][0]["name"]
            text = controllers.logs.get((pod["metadata"]["uid"], container))
        if text is None:
            raise APIError(400, "BadRequest", f'container "{container}" in pod "{call.name}" is waiting to start')
        lines = text.splitlines(keepends=True)[-int(self.query.get("tailLines") or 1000):]
        body = "".join(lines).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def exec(self, call):
        """Runs the command as a process of this machine, by the WebSocket protocol v5.channel.k8s.io (KEP-4006)."""
        offered = [p.strip() for p in (self.headers.get("Sec-WebSocket-Protocol") or "").split(",")]
        if self.headers.get("Upgrade", "").lower() != "websocket":
            raise APIError(400, "BadRequest", "Upgrade request required")
        with store.changed:
            store.get(call.resource, call.namespace, call.name)
        protocol = SETTINGS["exec"] if SETTINGS["exec"] in offered else None
        if protocol is None:
            raise APIError(400, "BadRequest", f"unable to upgrade: unable to negotiate protocol: {offered}")
        accept = hashlib.sha1((self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode())
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(accept.digest()).decode())
        self.send_header("Sec-WebSocket-Protocol", protocol)
        self.end_headers()
        self.close_connection = True
        command = self.all_values["command"]
        given = self.read_input() if self.query.get("stdin") == "true" else b""
        try:
            result = subprocess.run(command, input=given, capture_output=True, timeout=60, check=False)
        except OSError as error:
            status = {"status": "Failure", "reason": "InternalError", "message":
                      f"error executing command in container: failed to exec in container: {error.strerror}"}
        else:
            for stream, data in ((1, result.stdout), (2, result.stderr)):
                for start in range(0, len(data), 30000):
                    self.send_frame(bytes([stream]) + data[start:start + 30000])
            status = {"status": "Success"} if result.returncode == 0 else {
                "status": "Failure", "reason": "NonZeroExitCode",
                "message": f"command terminated with non-zero exit code: exit status {result.returncode}",
                "details": {"causes": [{"reason": "ExitCode", "message": str(result.returncode)}]}}
        self.send_frame(b"\x03" + json.dumps({"kind": "Status", "metadata": {}, **status}).encode())
        self.send_frame(b"\x03\xe8", opcode=8)

    def read_input(self):
        given = b""
        while True:
            first, second = self.rfile.read(2)
            size = second & 127
            if size == 126:
                size = struct.unpack(">H", self.rfile.read(2))[0]
            elif size == 127:
                size = struct.unpack(">Q", self.rfile.read(8))[0]
            if not second & 128:
                raise ConnectionError("the client did not mask its frame")
            mask = self.rfile.read(4)
            data = bytes(b ^ mask[i % 4] for i, b in enumerate(self.rfile.read(size)))
            if first & 15 == 8 or data[:2] == b"\xff\x00":
                return given
            if first & 15 in (1, 2) and data[:1] == b"\x00":
                given += data[1:]

    def send_frame(self, data, opcode=2):
        size = len(data)
        head = bytes([128 | opcode]) + (
            bytes([size]) if size < 126 else bytes([126]) + struct.pack(">H", size) if size < 65536
            else bytes([127]) + struct.pack(">Q", size))
        self.wfile.write(head + data)
        self.wfile.flush()


class Controls(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        document = json.loads(body) if body else {}
        result = {}
        if self.path == "/faults":
            faults.append(document)
        elif self.path == "/settings":
            SETTINGS.update(document)
        elif self.path == "/compact":
            with store.changed:
                store.version += 1
                store.compacted = store.version
                store.history.clear()
                store.changed.notify_all()
        elif self.path == "/namespaces":
            make_namespace(document["name"])
        elif self.path.startswith("/objects/"):
            _, _, namespace, plural = self.path.split("/")
            with store.changed:
                result = copy.deepcopy(store.all(plural, namespace))
        elif self.path == "/requests":
            result = list(requests)
        data = json.dumps(result).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = answer


def make_namespace(name):
    with store.changed:
        store.save(next(r for r in RESOURCES if r[3] == "Namespace"), {
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}, "status": {"phase": "Active"}})


def end_with(parent):
    """Ends this process when the parent has ended."""
    while os.path.exists(f"/proc/{parent}"):
        time.sleep(0.5)
    os._exit(0)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        # Clients that end a watch, or try a wrong certificate, are usual.
        pass


def certificates(folder):
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=stand-in-ca", "-keyout", "ca.key", "-out", "ca.pem")
    for name, subject in (("server", "/CN=kube-apiserver"), ("client", "/O=system:masters/CN=admin")):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", subject,
                "-keyout", f"{name}.key", "-out", f"{name}.csr")
        with open(f"{folder}/{name}.ext", "w") as file:
            if name == "server":
                file.write("subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc\n")
            else:
                file.write("extendedKeyUsage=clientAuth\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.pem")


def kubeconfig(folder, port):
    def encoded(name):
        with open(f"{folder}/{name}", "rb") as file:
            return base64.b64encode(file.read()).decode()

    plugin = f"{folder}/plugin"
    with open(plugin, "w") as file:
        file.write('#!/bin/sh\necho run >>"$0.runs"\ncat <<END\n{"apiVersion": "client.authentication.k8s.io/v1beta1", '
                   '"kind": "ExecCredential", "status": {"token": "$(cat "$0.token")"}}\nEND\n')
    os.chmod(plugin, 0o755)
    with open(f"{plugin}.token", "w") as file:
        file.write("plugin-token")
    users = {
        "admin": {"token": "admin-token"}, "viewer": {"token": "viewer-token"}, "wrong": {"token": "wrong-token"},
        "certificate": {"client-certificate-data": encoded("client.pem"), "client-key-data": encoded("client.key")},
        "plugin": {"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": plugin, "interactiveMode": "Never"}},
    }
    cluster = {"server": f"https://127.0.0.1:{port}", "certificate-authority-data": encoded("ca.pem")}
    with open(f"{folder}/kubeconfig", "w") as file:
        json.dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "admin",
            "clusters": [{"name": "stand-in", "cluster": cluster}],
            "users": [{"name": name, "user": user} for name, user in users.items()],
            "contexts": [
                {"name": name, "context": {"cluster": "stand-in", "user": name, "namespace": "workspaces"}}
                for name in users],
        }, file, indent=1)


def main():
    folder = os.path.abspath(sys.argv[1])
    os.makedirs(folder, exist_ok=True)
    certificates(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/server.pem", f"{folder}/server.key")
    context.load_verify_locations(f"{folder}/ca.pem")
    context.verify_mode = ssl.CERT_OPTIONAL
    for name in ("default", "workspaces"):
        make_namespace(name)
    server = Server(("127.0.0.1", int(os.environ.get("STAND_IN_PORT", "0"))), API)
    # The thread of a connection makes its handshake, so that a silent client stops no other one.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    controls = Server(("127.0.0.1", 0), Controls)
    if len(sys.argv) > 2:
        threading.Thread(target=end_with, args=(sys.argv[2],), daemon=True).start()
    for loop in (controllers.run, controls.serve_forever):
        threading.Thread(target=loop, daemon=True).start()
    kubeconfig(folder, server.server_address[1])
    with open(f"{folder}/ready.new", "w") as file:
        file.write(f"{server.server_address[1]} {controls.server_address[1]}")
    os.rename(f"{folder}/ready.new", f"{folder}/ready")
    server.serve_forever()


main()
