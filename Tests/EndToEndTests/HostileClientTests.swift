import Foundation
import Subprocess
import Testing

@Suite("Hostile clients", .serialized)
struct HostileClientTests {
    /// A script that attacks the daemon with raw sockets and prints the answers as JSON.
    private static let attack = #"""
        import json, socket, sys, time
        host, port = "127.0.0.1", int(sys.argv[1])
        auth = f"Authorization: Bearer {sys.argv[2]}\r\n".encode()
        def connect():
            s = socket.create_connection((host, port), timeout=20); return s
        def ask(data, wait=True):
            s = connect(); s.sendall(data)
            answer = b""
            try:
                while wait:
                    part = s.recv(65536)
                    if not part: break
                    answer += part
                    if b"\r\n\r\n" in answer: break
            except (TimeoutError, ConnectionError) as error:
                answer += b"!" + type(error).__name__.encode()
            s.close()
            return answer.split(b"\r\n")[0].decode(errors="replace")
        seen = {}
        seen["garbage"] = ask(b"\x16\x03\x01 nonsense\r\n\r\n")
        seen["headers"] = ask(b"GET /api/v1/presets HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 200_000 + b"\r\n\r\n")
        seen["path"] = ask(b"GET /api/v1/%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        seen["dots"] = ask(b"GET /api/v1/../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        seen["length"] = ask(b"POST /api/v1/sync HTTP/1.1\r\nHost: localhost\r\n" + auth + b"Content-Length: 99999999\r\nContent-Type: application/json\r\n\r\n{")
        unwanted = connect()
        unwanted.sendall(b"POST /webhooks/nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1073741824\r\n\r\n")
        seen["unwanted"] = unwanted.recv(65536).split(b"\r\n")[0].decode()
        seen["sent"] = 0
        try:
            while seen["sent"] < 1 << 29: seen["sent"] += unwanted.send(b"x" * 65536)
        except OSError: pass
        many = []
        for _ in range(400):
            s = connect(); s.sendall(b"GET /api/v1/presets HTTP/1.1\r\nHo"); many.append(s)
        slow = connect()
        slow.sendall(b"POST /api/v1/sync HTTP/1.1\r\nHost: localhost\r\n" + auth + b"Content-Length: 10\r\nContent-Type: application/json\r\n\r\n{")
        start = time.time()
        seen["meanwhile"] = ask(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        seen["took"] = time.time() - start
        try:
            seen["slow"] = slow.recv(65536).split(b"\r\n")[0].decode()
        except TimeoutError:
            seen["slow"] = "no answer"
        for s in many: s.close()
        print(json.dumps(seen))
        """#

    @Test("Hostile clients get an error status or a closed connection and delay no other client")
    func attacks() async throws {
        let sandbox = try await Sandbox(configuration: .quick)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try sandbox.write("attack.py", Self.attack)
        try await sandbox.serve { daemon in
            try await daemon.eventually("it is ready") { try await daemon.isReady("a", 1) }
            let port = daemon.url.split(separator: ":").last.map(String.init) ?? ""
            let result = try await Subprocess.run(
                .name("python3"), arguments: [sandbox.root.appending(path: "attack.py").path, port, daemon.localToken],
                output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
            let seen = try JSON(result.standardOutput)
            #expect(seen["garbage"]?.string?.hasPrefix("HTTP/1.1 400") == true, "\(result)")
            #expect(
                seen["headers"]?.string?.contains("HTTP/1.1 4") == true
                    || seen["headers"]?.string?.hasPrefix("!") == true || seen["headers"]?.string == "", "\(result)")
            #expect(seen["path"]?.string?.hasPrefix("HTTP/1.1 400") == true, "\(result)")
            #expect(seen["dots"]?.string?.hasPrefix("HTTP/1.1 400") == true, "\(result)")
            #expect(seen["length"]?.string?.hasPrefix("HTTP/1.1 413") == true, "\(result)")
            #expect(seen["unwanted"]?.string?.hasPrefix("HTTP/1.1 404") == true, "\(result)")
            let sent = try #require(seen["sent"]?.int)
            #expect(sent < 64 << 20, "a body that was answered stays with the client, except what the system buffers")
            #expect(seen["meanwhile"]?.string == "HTTP/1.1 200 OK", "\(result)")
            #expect(seen["slow"]?.string?.hasPrefix("HTTP/1.1 408") == true, "\(result)")
            try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
            try await daemon.eventually("the loop goes on") { try await daemon.isReady("a", 2) }
        }
    }

    /// A script that sends several requests at once and prints the statuses of the answers to each batch.
    private static let pipeline = #"""
        import json, re, socket, sys
        port, token, workspace = int(sys.argv[1]), sys.argv[2], sys.argv[3]
        def request(line, *fields, body=""):
            head = [line + " HTTP/1.1", "Host: localhost", "Authorization: Bearer " + token, *fields]
            return "\r\n".join(head) + "\r\n\r\n" + body
        def ask(*requests):
            with socket.create_connection(("127.0.0.1", port), timeout=120) as s:
                s.sendall("".join(requests).encode()); s.shutdown(socket.SHUT_WR)
                answer = b""
                while part := s.recv(65536): answer += part
            return re.findall(r"HTTP/1.1 (\d+)", answer.decode())
        health = request("GET /healthz")
        release = "POST /api/v1/workspaces/" + workspace + "/release"
        print(json.dumps({
            "both": ask(health, health, request("GET /healthz", "Connection: close")),
            "truncated": ask(health, request(release, "Content-Type: application/json", "Content-Length: 20")),
            "after": ask(
                request("GET /healthz", "Connection: close"),
                request(release, "Content-Type: application/json", "Content-Length: 2", body="{}")),
        }))
        """#

    @Test("Of several requests at once, each is answered in order, and one that gets no answer is not executed")
    func pipelining() async throws {
        let sandbox = try await Sandbox(configuration: .quick)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try sandbox.write("pipeline.py", Self.pipeline)
        try await sandbox.serve { daemon in
            try await daemon.eventually("it is ready") { try await daemon.isReady("a", 1) }
            let claim = try await daemon.post("/api/v1/presets/a/claims", #"{"owner": "ada"}"#)
            let id = try #require(try claim.json()["id"]?.string)
            let port = daemon.url.split(separator: ":").last.map(String.init) ?? ""
            let result = try await Subprocess.run(
                .name("python3"),
                arguments: [sandbox.root.appending(path: "pipeline.py").path, port, daemon.localToken, id],
                output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
            let seen = try JSON(result.standardOutput)
            #expect(seen["both"]?.list.map(\.string) == ["200", "200", "200"], "\(result)")
            #expect(seen["truncated"]?.list.map(\.string) == ["200", "400"], "\(result)")
            #expect(seen["after"]?.list.map(\.string) == ["200"], "\(result)")
            let workspace = try await daemon.get("/api/v1/workspaces/\(id)").json()
            #expect(workspace["state"]?.string == "claimed", "\(workspace)")
        }
    }
}
