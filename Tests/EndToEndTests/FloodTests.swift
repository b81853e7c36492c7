import Crypto
import Foundation
import Subprocess
import Testing

@Suite("Floods of connections and bodies", .serialized)
struct FloodTests {
    /// A script that opens many connections of one kind and keeps them open. It prints as JSON what happened to them and to
    /// requests at the same time. `sys.argv` has the port, the daemon's process ID, the local token and the kind.
    private static let flood = #"""
        import hashlib, hmac, json, resource, selectors, socket, sys, time
        port, pid, token, kind = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        MIB = b"x" * (1 << 20)
        def post(name, fields=""):
            return (f"POST /webhooks/{name} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    f"Content-Length: {len(MIB)}\r\n{fields}\r\n").encode() + MIB
        kinds = {
            "idle": (6000, b"GET /api/v1/presets HTTP/1.1\r\nHo"),
            "unknown": (3000, post("nowhere")),
            "unsigned": (3000, post("forge")),
            "forged": (3000, post("forge", "X-Signature: sha256=" + "0" * 64 + "\r\n")),
            "slow": (1500, post("forge", "X-Signature: sha256=" + "0" * 64 + "\r\n")[:1000]),
            "anonymous": (1500, b"POST /api/v1/sync HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                          b"Content-Length: 1048576\r\n\r\n" + MIB),
        }
        count, data = kinds[kind]
        selector = selectors.DefaultSelector()
        statuses, refused, open_now = {}, 0, set()
        class Client:
            def __init__(self):
                self.sent, self.answer = 0, b""
                self.socket = socket.socket()
                self.socket.setblocking(False)
                self.socket.connect_ex(("127.0.0.1", port))
                selector.register(self.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, self)
                open_now.add(self)
            def end(self):
                global refused
                line = self.answer.split(b"\r\n")[0].split(b" ")
                if len(line) > 1: statuses[line[1].decode()] = statuses.get(line[1].decode(), 0) + 1
                else: refused += 1
                selector.unregister(self.socket); self.socket.close(); open_now.discard(self)
            def handle(self, events):
                try:
                    if events & selectors.EVENT_READ:
                        part = self.socket.recv(65536)
                        self.answer += part
                        if not part or b"\r\n\r\n" in self.answer: return self.end()
                    if events & selectors.EVENT_WRITE:
                        if self.sent < len(data): self.sent += self.socket.send(data[self.sent:self.sent + 65536])
                        if self.sent >= len(data): selector.modify(self.socket, selectors.EVENT_READ, self)
                except BlockingIOError: pass
                except OSError: self.end()
        def turn(seconds):
            end = time.time() + seconds
            while time.time() < end:
                for key, events in selector.select(0.02): key.data.handle(events)
        def ask(path):
            # From the same address as the flood.
            s = socket.create_connection(("127.0.0.1", port), timeout=60)
            s.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n".encode())
            answer = s.recv(65536); s.close()
            return answer.split(b"\r\n")[0].decode()
        def push():
            # What the forge signs, from the same address.
            body = b'{"pushed": true}'
            code = hmac.new(b"a-secret-of-the-forge", body, hashlib.sha256).hexdigest()
            s = socket.create_connection(("127.0.0.1", port), timeout=60)
            s.sendall(f"POST /webhooks/forge HTTP/1.1\r\nHost: localhost\r\nX-Signature: sha256={code}\r\n"
                      f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
            answer = s.recv(65536); s.close()
            return answer.split(b"\r\n")[0].decode()
        answers, pushes = [], []
        for number in range(count):
            Client()
            if number % 100 == 99: turn(0.01)
            if number % 500 == 499: answers.append(ask("/api/v1/presets"))
        for _ in range(10):
            turn(0.1); answers.append(ask("/api/v1/presets")); pushes.append(push())
        memory = {line.split(":")[0]: int(line.split()[1]) for line in open(f"/proc/{pid}/status") if "kB" in line}
        print(json.dumps({"answers": answers, "statuses": statuses, "refused": refused, "open": len(open_now),
                          "pushes": pushes,
                          "peakMiB": memory["VmHWM"] // 1024}))
        """#

    @Test(
        "The API and signed pushes stay reachable during a flood, and the daemon stays small",
        arguments: ["idle", "unknown", "unsigned", "forged", "slow", "anonymous"])
    func floods(kind: String) async throws {
        let sandbox = try await Sandbox(
            configuration: .slow
                + "server: {webhooks: [{name: forge, kind: generic, secrets: [a-secret-of-the-forge]}]}\n")
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try sandbox.write("flood.py", Self.flood)
        try await sandbox.serve { daemon in
            try await daemon.eventually("it is ready") { try await daemon.isReady("a", 1) }
            let port = daemon.url.split(separator: ":").last.map(String.init) ?? ""
            let result = try await Subprocess.run(
                .name("python3"),
                arguments: [
                    sandbox.root.appending(path: "flood.py").path, port, "\(daemon.pid)", daemon.localToken, kind,
                ], output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
            let seen = try JSON(result.standardOutput)
            let answers = seen["answers"]?.list.compactMap(\.string) ?? []
            #expect(answers.count > 10 && answers.allSatisfy { $0 == "HTTP/1.1 200 OK" }, "\(result)")
            let pushes = seen["pushes"]?.list.compactMap(\.string) ?? []
            #expect(pushes.count == 10 && pushes.allSatisfy { $0 == "HTTP/1.1 202 Accepted" }, "\(result)")
            #expect(seen["peakMiB"]?.int ?? .max < 300, "\(result)")
            let statuses = seen["statuses"]?.keys ?? []
            let allowed: [String: Set<String>] = [
                "idle": [], "unknown": ["404", "429"], "unsigned": ["401", "429"],
                "forged": ["401", "408", "429", "503"],
                "slow": ["408", "429", "503"], "anonymous": ["401"],
            ]
            #expect(statuses.isSubset(of: allowed[kind] ?? []), "\(result)")
        }
    }

    private static let shapes = #"""
        import json, socket, sys, time
        port, token = int(sys.argv[1]), sys.argv[2]
        def ask(*parts):
            s = socket.create_connection(("127.0.0.1", port), timeout=60)
            answer = b""
            for part in parts: s.sendall(part)
            while b"\r\n\r\n" not in answer:
                part = s.recv(65536)
                if not part: break
                answer += part
            s.close()
            return answer.split(b"\r\n")[0].decode()
        def get(*hosts, version="1.1", path="/healthz"):
            fields = "".join(f"Host: {host}\r\n" for host in hosts)
            return ask(f"GET {path} HTTP/{version}\r\n{fields}Connection: close\r\n\r\n".encode())
        auth = f"Authorization: Bearer {token}\r\n".encode()
        def post(path, fields, body):
            head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n".encode()
            return ask(head + fields + b"\r\n" + body)
        chunked = b"Transfer-Encoding: chunked\r\n"
        print(json.dumps({
            "none": get(), "two": get("localhost", "evil.example"), "twice": get("localhost", "localhost"),
            "zone": get("127.0.0.1%evil"), "space": get("local host"), "empty": get(""),
            "good": get("localhost"), "port": get(f"127.0.0.1:{port}"), "six": get("[::1]:80"),
            "old": get(version="1.0"), "oldTwo": get("a", "b", version="1.0"),
            "chunk": post("/api/v1/sync", auth + chunked, b"zz\r\n{}\r\n0\r\n\r\n"),
            "chunkSize": post("/api/v1/sync", auth + chunked, b"ffffffffffffffffff\r\n{}\r\n"),
            "chunkEnd": post("/api/v1/sync", auth + chunked, b"2\r\n{}garbage\r\n0\r\n\r\n"),
            "chunkHook": post("/webhooks/forge", b"X-Signature: sha256=" + b"0" * 64 + b"\r\n" + chunked, b"zz\r\n{}"),
            "chunkGood": post("/api/v1/sync", auth + chunked, b"2\r\n{}\r\n0\r\n\r\n"),
            # The body never comes: what the header shows is answered at once.
            "unread": [
                post("/webhooks/nowhere", b"Content-Length: 1000000\r\n", b""),
                post("/webhooks/forge", b"Content-Length: 1000000\r\n", b""),
                post("/webhooks/forge", b"X-Signature: sha256=" + b"0" * 64 + b"\r\nContent-Length: 2000000\r\n", b""),
                post("/api/v1/sync", b"Content-Length: 1000000\r\n", b""),
                post("/api/v1/sync", auth + b"Content-Length: 2000000\r\n", b""),
                post("/api/v1/nothing", auth + b"Content-Length: 1000000\r\n", b""),
            ],
        }))
        """#

    @Test("Invalid HTTP is answered with 400, and an error in the header is answered before the body")
    func shapes() async throws {
        let sandbox = try await Sandbox(
            configuration: .slow
                + "server: {webhooks: [{name: forge, kind: generic, secrets: [a-secret-of-the-forge]}]}\n")
        try sandbox.write("shapes.py", Self.shapes)
        try await sandbox.serve { daemon in
            let port = daemon.url.split(separator: ":").last.map(String.init) ?? ""
            let start = ContinuousClock.now
            let result = try await Subprocess.run(
                .name("python3"),
                arguments: [sandbox.root.appending(path: "shapes.py").path, port, daemon.localToken],
                output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
            let seen = try JSON(result.standardOutput)
            func status(_ name: String) -> String { seen[name]?.string?.split(separator: " ")[1].description ?? "" }
            for name in ["none", "two", "twice", "zone", "space", "empty", "oldTwo"] {
                #expect(status(name) == "400", "\(name): \(result)")
            }
            for name in ["good", "port", "six", "old"] { #expect(status(name) == "200", "\(name): \(result)") }
            for name in ["chunk", "chunkSize", "chunkEnd", "chunkHook"] {
                #expect(status(name) == "400", "\(name): \(result)")
            }
            #expect(status("chunkGood") == "202", "\(result)")
            let unread = seen["unread"]?.list.compactMap { $0.string?.split(separator: " ")[1].description }
            #expect(unread == ["404", "401", "413", "401", "413", "404"], "\(result)")
            #expect(ContinuousClock.now - start < .seconds(60))
            #expect(daemon.log.contains("a request was denied"), "\(daemon.log)")
            #expect(!daemon.log.contains("a request failed"), "\(daemon.log)")
        }
    }
}
