import Foundation
import Glibc
import NIOHTTP1
import Subprocess
import Synchronization
import Testing

@Suite("Plans from a daemon", .serialized)
struct PreviewTests {
    /// A configuration with a second source after the first one.
    private static func configuration(_ name: String, url: String, _ more: String = "") -> String {
        String.quick.replacing(
            "provisioners:",
            with: "  - name: \(name)\n    url: \(url)\n    path: presets\n    interval: 1h\n\(more)provisioners:")
    }

    /// Returns the status of a call; nil if the call was canceled at the limit.
    private static func status(
        _ daemon: RunningDaemon, _ path: String, within limit: Duration? = nil
    ) async -> Int? {
        let call = Task { try await daemon.get(path).status }
        let end = Task {
            guard let limit else { return }
            try? await Task.sleep(for: limit)
            if !Task.isCancelled { call.cancel() }
        }
        defer { end.cancel() }
        return try? await withTaskCancellationHandler {
            try await call.value
        } onCancel: {
            call.cancel()
        }
    }

    @Test("The daemon survives many plans whose callers hang up", arguments: ["file", "http"])
    func hangUps(scheme: String) async throws {
        let sandbox = try await Sandbox(configuration: .quick)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await GitBackend.serving(sandbox) { port in
            if scheme == "http" {
                let url = "http://127.0.0.1:\(port)/open/repo/.git"
                let file = String.quick.replacing("file://ROOT/repo", with: url)
                try sandbox.write("prewarm.yaml", file.replacing("ROOT", with: sandbox.root.path))
            }
            let status = try await sandbox.serve { daemon in
                try await daemon.eventually("one is ready") { try await daemon.isReady("a", 1) }
                let statuses = await withTaskGroup { group in
                    for worker in 0..<10 {
                        group.addTask {
                            var statuses: Set<Int> = []
                            for round in 0..<30 {
                                let limit: Duration? =
                                    (worker + round) % 2 == 0 ? nil : .milliseconds(Int.random(in: 0...40))
                                let path = "/api/v1/plan?revision=abcdef12"
                                if let status = await Self.status(daemon, path, within: limit) {
                                    statuses.insert(status)
                                }
                            }
                            return statuses
                        }
                    }
                    return await group.reduce(into: Set<Int>()) { $0.formUnion($1) }
                }
                #expect(statuses.isSubset(of: [404, 429]) && statuses.contains(404), "\(statuses)")
                #expect(try await daemon.get("/healthz").status == 200)
                try await daemon.eventually("a plan is made") { try await daemon.get("/api/v1/plan").status == 200 }
            }
            #expect(status == .exited(0))
        }
    }

    /// Returns the resident memory of the sandbox's daemon in KiB. The daemon is the process that runs in the folder.
    private static func memory(_ sandbox: Sandbox) throws -> Int {
        let folder = sandbox.root.resolvingSymlinksInPath().path
        for process in try FileManager.default.contentsOfDirectory(atPath: "/proc") where Int(process) != nil {
            guard (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/cwd")) == folder,
                let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8),
                status.hasPrefix("Name:\tprewarm\n"), let line = status.firstRange(of: "VmRSS:")
            else { continue }
            return Int(status[line.upperBound...].split(whereSeparator: \.isWhitespace)[0]) ?? 0
        }
        throw SandboxError(message: "no daemon runs in \(folder)")
    }

    @Test("Plans of unknown revisions do not make the daemon grow")
    func memory() async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.serve { daemon in
            try await daemon.eventually("one is ready") { try await daemon.isReady("a", 1) }
            func ask(_ count: Int) async throws {
                for _ in 0..<count {
                    #expect(try await daemon.get("/api/v1/plan?revision=abcdef12").status == 404)
                }
            }
            try await ask(50)
            let before = try Self.memory(sandbox)
            try await ask(400)
            let growth = try Self.memory(sandbox) - before
            // A hundredth of a MiB for each plan is ten times the usual growth. libgit2 once leaked a tenth of a MiB.
            #expect(growth < 16 << 10, "\(growth) KiB")
        }
    }

    @Test("Plans of a silent forge delay nothing, are limited, and end when their callers hang up")
    func silentForge() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 3)])
        try await GitBackend.serving(sandbox) { port in
            let url = "http://127.0.0.1:\(port)/silent/repo/.git"
            let file = Self.configuration("forge", url: url, "    timeout: 10m\n")
            try sandbox.write("prewarm.yaml", file.replacing("ROOT", with: sandbox.root.path))
            let status = try await sandbox.serve { daemon in
                try await daemon.eventually("three are ready") { try await daemon.isReady("a", 3) }
                let answers = Answers()
                let plans = (0..<6).map { _ in
                    Task {
                        let status = await Self.status(daemon, "/api/v1/plan?source=forge&revision=abcdef12")
                        answers.add(status)
                    }
                }
                try await daemon.eventually("all but two are refused") { answers.all == [429, 429, 429, 429] }
                let refused = try await daemon.get("/api/v1/plan?source=forge")
                #expect(refused.status == 429 && refused.headers["Retry-After"].first == "5")
                for round in 0..<3 {
                    #expect(try await daemon.get("/healthz").status == 200)
                    let claim = try await daemon.post("/api/v1/presets/a/claims", #"{"owner": "ada\#(round)"}"#)
                    #expect(claim.status == 201)
                    #expect(try await daemon.get("/api/v1/plan?source=presets").status == 200)
                }
                #expect(answers.all.count == 4, "the forge has answered nothing meanwhile")
                for plan in plans { plan.cancel() }
                // The canceled plans have made room.
                try await daemon.eventually("another plan is accepted") {
                    await Self.status(daemon, "/api/v1/plan?source=forge", within: .milliseconds(500)) == nil
                }
            }
            #expect(status == .exited(0))
        }
    }

    @Test(
        "A repository on a hanging file system is reported, delays no other source, and lets the daemon end"
    )
    func hangingFileSystem() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        let root = sandbox.root.path
        try await sandbox.git("clone", "-q", "--bare", "\(root)/repo", "\(root)/nfs.git")
        // To open the pipe waits for a writer, in the same way as a lost file server lets a program wait.
        try sandbox.remove("nfs.git/packed-refs")
        try #require(mkfifo("\(root)/nfs.git/packed-refs", 0o600) == 0)
        let file = Self.configuration(
            "nfs", url: "file://\(root)/nfs.git", "    ref: {branch: main}\n    timeout: 5s\n")
        try sandbox.write("prewarm.yaml", file.replacing("ROOT", with: root))
        let status = try await sandbox.serve(["--grace", "1s"]) { daemon in
            try await daemon.eventually("the source is not ready") {
                let source = try await daemon.get("/api/v1/sources").json().list.first { $0["name"]?.string == "nfs" }
                return source?.condition("Ready")?["reason"]?.string == "Unreachable"
            }
            #expect(daemon.log.contains("a call of the file system does not return"), "\(daemon.log)")
            #expect(try await daemon.get("/healthz").status == 200, "its loop comes round all the same")
            try await daemon.eventually("the other source goes on") { try await daemon.isReady("a", 1) }
        }
        #expect(status == .exited(0))
    }
}

/// The statuses of the calls that got an answer.
private final class Answers: Sendable {
    private let statuses = Mutex<[Int]>([])

    func add(_ status: Int?) {
        if let status { statuses.withLock { $0.append(status) } }
    }

    var all: [Int] { statuses.withLock { $0 } }
}
