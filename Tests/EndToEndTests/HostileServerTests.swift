import Foundation
import Subprocess
import Testing

@Suite("Servers that answer without end")
struct HostileServerTests {
    /// A server that misbehaves as the first part of the path says, and counts its requests in a file.
    private static let server = #"""
        import socketserver, sys, time
        from http.server import BaseHTTPRequestHandler
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def log_message(self, *_): pass
            def do_GET(self):
                with open("requests", "a") as file: file.write("x")
                way = self.path.split("/")[1]
                def head(*fields):
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    for name, value in fields: self.send_header(name, value)
                    self.end_headers()
                try:
                    if way == "large":
                        head(("Content-Length", str(1 << 40)))
                        while True: self.wfile.write(b" " * 65536)
                    elif way == "stall":
                        head(("Content-Length", "1000"))
                        self.wfile.write(b"[")
                        time.sleep(600)
                    elif way in ("same", "pages"):
                        count = len(open("requests").read())
                        cursor = "a" if way == "same" else f"a{count}"
                        head(("Content-Length", "2"),
                             ("Link", f'</api/v1/workspaces?cursor={cursor}&limit=1000>; rel="next"'))
                        self.wfile.write(b"[]")
                    elif way == "deep":
                        body = b"[" * 100000
                        head(("Content-Length", str(len(body))))
                        self.wfile.write(body)
                except OSError: pass
        class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
            daemon_threads = True
        server = Server(("127.0.0.1", 0), Handler)
        with open("port", "w") as file: file.write(f"{server.server_address[1]}\n")
        server.serve_forever()
        """#

    @Test(
        "A command ends, says why, and keeps little in memory",
        arguments: [
            ("large", "it has more than 64 MiB"), ("stall", "nothing came for 30s"), ("same", "it does not end"),
            ("pages", "it does not end"), ("deep", "it is not JSON"),
        ])
    func ends(way: String, why: String) async throws {
        let sandbox = try await Sandbox()
        try sandbox.write("server.py", Self.server)
        let folder = sandbox.root.path
        _ = try await Subprocess.run(
            .name("python3"), arguments: ["server.py"], workingDirectory: .init(folder), input: .none,
            output: .discarded, error: .discarded
        ) { execution in
            defer { try? execution.send(signal: .kill) }
            var port: String?
            for _ in 0..<1200 {
                let text = sandbox.bytes("port").map { String(decoding: $0, as: UTF8.self) }
                if let text, text.hasSuffix("\n") { port = String(text.dropLast()) }
                if port != nil { break }
                try await Task.sleep(for: .milliseconds(50))
            }
            let url = "http://127.0.0.1:\(try #require(port))/\(way)"
            let result = try await sandbox.prewarm("get", "workspaces", environment: ["PREWARM_SERVER": url])
            #expect(result.code != 0 && result.err.contains(why), "\(result)")
            let requests = sandbox.bytes("requests")?.count ?? 0
            #expect(requests <= (way == "pages" ? 2001 : 2), "\(requests) requests")
        }
    }
}
