import Foundation
import Subprocess
import SystemPackage
import Testing

@Suite("Claims that wait")
struct ClaimWaitTests {
    /// A server of which the first two claims wait in a queue. It writes the bodies of the claims to a file.
    private static let server = """
        import http.server, os
        class Handler(http.server.BaseHTTPRequestHandler):
            claims = 0
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                with open("claims", "a") as file:
                    file.write(body + "\\n")
                Handler.claims += 1
                if Handler.claims < 3:
                    status, answer = 202, (
                        b'{"id": "01c", "ticket": "01c", "preset": "a", "source": "s", "owner": "ada", '
                        b'"result": "waiting", "askedAt": "2026-11-24T18:00:00Z", "position": %d, "waiting": 7, '
                        b'"starting": 2}' % (4 - Handler.claims))
                else:
                    status, answer = 201, (
                        b'{"id": "1", "name": "a-1", "preset": "a", "source": "s", "template": "t", "version": "1", '
                        b'"parameters": {}, "fingerprint": "f", "state": "claimed", "owner": "ada", '
                        b'"createdAt": "2026-11-24T18:00:00Z", "endpoint": "here"}')
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        with open("port.new", "w") as file:
            file.write(str(server.server_port))
        os.rename("port.new", "port")
        server.serve_forever()
        """

    @Test("A claim repeats its request until its own wait is over")
    func repeated() async throws {
        let sandbox = try await Sandbox()
        try sandbox.write("server.py", Self.server)
        _ = try await Subprocess.run(
            .name("python3"), arguments: ["server.py"], workingDirectory: FilePath(sandbox.root.path), input: .none,
            output: .discarded, error: .discarded
        ) { execution in
            defer { try? execution.send(signal: .kill) }
            var port = ""
            for _ in 0..<2400 where port.isEmpty {
                port = String(decoding: sandbox.bytes("port") ?? Data(), as: UTF8.self)
                try await Task.sleep(for: .milliseconds(50))
            }
            let claim = try await sandbox.prewarm(
                "claim", "a", "--owner", "ada", "--wait", "7m", "--server", "http://127.0.0.1:\(port)")
            #expect(claim.code == 0 && claim.err.contains("✔ claimed a-1 for ada"), "\(claim)")
            #expect(
                claim.err.hasPrefix(
                    """
                    ◎ waiting at most 7m for a ready workspace of a
                    ◎ third of 7 (2 are starting)
                    ◎ second of 7 (2 are starting)

                    """), "\(claim.err)")
        }
        let bodies = String(decoding: sandbox.bytes("claims") ?? Data(), as: UTF8.self).split(separator: "\n")
        #expect(bodies.count == 3 && bodies.allSatisfy { $0.contains(#""wait":"5s""#) }, "\(bodies)")
        #expect(bodies.map { $0.contains(#""continues":"01c""#) } == [false, true, true], "one claim: \(bodies)")
    }

    @Test("A claim that waited says for how long")
    func waited() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 0)])
        try await sandbox.prewarm("sync")
        let claim = try await sandbox.prewarm("claim", "a", "--owner", "ada", "--wait", "1s")
        #expect(claim.code == 3 && claim.err.contains("◎ waiting at most 1s"), "\(claim.err)")
        #expect(claim.err.contains(/no workspace is ready to be claimed \(waited \d+s\)\n/), "\(claim.err)")
    }
}
