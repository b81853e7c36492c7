import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import PrewarmEngine

/// Claims from a daemon, over HTTP.
enum ServedClaimBenchmark {
    private static let presets = 1000
    private static let rate = 1000
    private static let seconds = 3
    /// Of the provisioner that refills: more would take both processors for themselves.
    private static let refillers = 2
    /// Of each pair of the ratio.
    private static let claims = 600

    static func rows() async throws -> [Row] {
        try ProgramBenchmark.checkProgram()
        return try await rows(handsOver: false) + rows(handsOver: true)
    }

    /// - Parameter handsOver: True if the provisioner hands workspaces over. A claim is then decided with `wait: 0s`, since no
    ///   machine starts a thousand handovers a second.
    private static func rows(handsOver: Bool) async throws -> [Row] {
        let world = try await World(presets: presets, commits: 1, now: .now)
        try await world.fillPools(world.engine())
        let configuration = try world.configure(concurrency: refillers, handsOver: handsOver)
        let daemon = try ServedDaemon(configuration: configuration)
        let sql = try RawSQLite(path: "\(world.folder.path)/bare.db", makes: true)
        try sql.execute(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE bench (id INTEGER PRIMARY KEY, value TEXT)"
        )
        let client = HTTPClient(configuration: .init(connectionPool: .init(idleTimeout: .seconds(60))))
        do {
            let url = try await daemon.url()
            let token = try String(contentsOfFile: world.storePath + ".token", encoding: .utf8)
            let clients = Clients(http: client, url: url, token: String(token.dropLast()), presets: presets)
            let refilled = try await latency(
                clients, "refilled by \(refillers) at once" + (handsOver ? ", handed over" : ""))
            guard !handsOver else {
                try await client.shutdown()
                return [refilled]
            }
            try run([ProgramBenchmark.prewarm, "suspend", "--all", "--config", configuration])
            let rows = [
                try await ratio(clients, daemon, sql), try await latency(clients, "not refilled"), refilled,
            ]
            try await client.shutdown()
            return rows
        } catch {
            try await client.shutdown()
            throw error
        }
    }

    /// What the daemon uses for a claim, with nothing refilled meanwhile.
    private static func ratio(
        _ clients: Clients, _ daemon: ServedDaemon, _ sql: RawSQLite
    ) async throws -> Row {
        var times: [(ours: Duration, theirs: Duration)] = []
        for index in 0...5 {
            let start = try daemon.cpu()
            try await clients.claim(count: claims, atOnce: 8)
            let ours = try daemon.cpu() - start
            let theirs = try await cpuTime(of: {
                for _ in 0..<claims {
                    try sql.execute("BEGIN IMMEDIATE; INSERT INTO bench (value) VALUES ('ada'); COMMIT")
                }
            })
            if index > 0 { times.append((ours, theirs)) }
        }
        return Row(name: "\(claims) claims over HTTP / bare transactions of one row", times: times)
    }

    /// Of requests that are sent at their times, whether those before were answered or not.
    private static func latency(_ clients: Clients, _ how: String) async throws -> Row {
        let times = try await clients.claim(rate: rate, count: rate * seconds).sorted()
        let slow = times[times.count * 99 / 100]
        return Row(
            name: "\(rate) claims a second over HTTP, \(how): 99th percentile / 20 ms",
            times: [(slow, .milliseconds(20))], limit: 1)
    }
}

/// `prewarm serve`, until it is let go.
private final class ServedDaemon {
    private let process = Process()
    private let log: String

    init(configuration: String) throws {
        log = configuration + ".log"
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        process.executableURL = URL(fileURLWithPath: ProgramBenchmark.prewarm)
        process.arguments = ["serve", "--config", configuration, "--listen", "127.0.0.1:0"]
        process.standardError = FileHandle(forWritingAtPath: log)
        try process.run()
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
    }

    func url() async throws -> String {
        for _ in 0..<200 {
            let text = try String(contentsOfFile: log, encoding: .utf8)
            if let start = text.firstRange(of: "url=") {
                return String(text[start.upperBound...].prefix { !$0.isWhitespace })
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw BenchmarkFailure(message: "the daemon does not come up")
    }

    /// Fields 14 and 15 of proc_pid_stat(5), in hundredths of a second.
    func cpu() throws -> Duration {
        let text = try String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8)
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Int(fields[11]), let system = Int(fields[12]) else {
            throw BenchmarkFailure(message: "stat")
        }
        return .milliseconds((user + system) * 10)
    }
}

/// Those who claim, each time from the next pool.
private final class Clients {
    private let http: HTTPClient
    private let url: String
    private let token: String
    private let presets: Int
    private var next = 0

    init(http: HTTPClient, url: String, token: String, presets: Int) {
        self.http = http
        self.url = url
        self.token = token
        self.presets = presets
    }

    private func request() -> HTTPClientRequest {
        var request = HTTPClientRequest(url: "\(url)/api/v1/presets/preset-\(next % presets)/claims")
        next += 1
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "Authorization", value: "Bearer \(token)")
        request.body = .bytes(ByteBuffer(string: #"{"owner": "ada", "wait": "0s"}"#))
        return request
    }

    private static func send(_ request: HTTPClientRequest, by http: HTTPClient) async throws {
        let response = try await http.execute(request, timeout: .seconds(30))
        let body = try await response.body.collect(upTo: 1 << 20)
        guard [.created, .accepted].contains(response.status) else {
            throw BenchmarkFailure(message: String(buffer: body))
        }
    }

    func claim(count: Int, atOnce: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { [http] group in
            for index in 0..<count {
                if index >= atOnce { try await group.next() }
                let request = request()
                group.addTask { try await Self.send(request, by: http) }
            }
            try await group.waitForAll()
        }
    }

    /// - Returns: for each, how long after its time it was answered.
    func claim(rate: Int, count: Int) async throws -> [Duration] {
        let clock = ContinuousClock()
        let start = clock.now
        return try await withThrowingTaskGroup(of: Duration.self) { [http] group in
            for index in 0..<count {
                let time = start + .seconds(1) * index / rate
                try await clock.sleep(until: time, tolerance: .zero)
                let request = request()
                group.addTask {
                    try await Self.send(request, by: http)
                    return clock.now - time
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }
}
