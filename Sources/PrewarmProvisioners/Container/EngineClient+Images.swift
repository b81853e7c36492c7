import FoundationEssentials
import NIOCore
import NIOHTTP1
import PrewarmCore
import PrewarmEngine

extension EngineClient {
    /// Returns the architecture of an image on the engine's machine, for example `amd64`; nil if there is no such image.
    func architecture(of image: ImageName) async throws(OperationFailure) -> String? {
        let call = EngineCall(path: "/images/\(image.text.percentEncoded(keeping: ["/", ":", "@"]))/json")
        let answer = try await self.call(call)
        if answer.status == 404 { return nil }
        return try document(answer, of: call).text("Architecture") ?? ""
    }

    /// Pulls an image, and passes each step of the progress to `report`.
    /// - Parameter timeout: The longest time of the pull.
    func pull(
        _ image: ImageName, login: ContainerSpec.Login?, timeout: Duration,
        report: @escaping @Sendable (String) -> Void
    ) async throws(OperationFailure) {
        var call = EngineCall(
            method: .POST, path: "/images/create", query: [("fromImage", image.repository), ("tag", image.tag)],
            timeout: timeout, sizeLimit: PullProgress.sizeLimit)
        if let login {
            let document = Value.object([("username", .string(login.username)), ("password", .string(login.password))])
            let encoded = Data(document.compactJSON.utf8).base64EncodedString()
                .replacing("+", with: "-").replacing("/", with: "_")
            call.headers.append(("X-Registry-Auth", encoded))
        }
        let (head, progress) = try await stream(call, into: PullProgress()) { (progress, chunk) in
            for line in progress.lines.append(chunk.readableBytesView) {
                if let step = progress.note(line) { report(step) }
            }
            return true
        }
        var last = progress
        if let rest = last.lines.rest, let step = last.note(rest) { report(step) }
        guard head.status == 200, last.error == nil else {
            let message = last.error ?? "status \(head.status)"
            let refusal = engine.failure(message, status: head.status)
            throw OperationFailure(
                Self.kind(refusal, message), "cannot pull the image \(image.text.printable): \(refusal.message)",
                hint: refusal.hint
                    ?? "Check the name of the image, the network and the login: `\(engine.tool) pull \(image.text)`.")
        }
    }
}

extension EngineClient {
    /// Returns the kind of a failed pull. A registry that does not know the image says so, and no other try changes that. A
    /// registry that cannot be reached may work soon.
    private static func kind(_ refusal: EngineIdentity.Refusal, _ message: String) -> OperationFailure.Kind {
        func has(_ parts: String...) -> Bool { parts.contains { message.lowercased().contains($0) } }
        if refusal.isFull { return .capacity }
        if has(
            "manifest unknown", "name unknown", "not found: manifest", "repository does not exist",
            "invalid reference format")
        {
            return .invalid
        }
        if has(
            "no such host", "connection refused", "i/o timeout", "timeout", "network is unreachable",
            "too many requests",
            "tls handshake", "service unavailable", "server misbehaving", "connection reset")
        {
            return .slow
        }
        return .refused(refusal.status)
    }
}

/// The progress of a pull: one JSON object in each line.
struct PullProgress: Sendable {
    /// The largest answer in bytes. A pull of an hour has some MiB of progress.
    static let sizeLimit = 64 << 20
    /// The most steps that are reported.
    private static let stepLimit = 500

    var lines = LineBuffer()
    /// The error of the pull.
    private(set) var error: String?
    private var steps = 0
    private var previous = ""

    /// Reads a line. Returns a step to report: a status without the number of bytes, which would fill the log.
    mutating func note(_ line: [UInt8]) -> String? {
        guard let document = try? JSONReader.read(line, depthLimit: 8) else { return nil }
        if let message = document.text("error") ?? document["errorDetail"]?.text("message")
            ?? document.text("message")
        {
            error = error ?? message
            return nil
        }
        guard let status = document.text("status") ?? document.text("stream"),
            document["progressDetail"]?["current"] == nil
        else { return nil }
        let step = (document.text("id").map { "\($0): " } ?? "") + status
        let shown = String(step.printable.prefix(200))
        guard !shown.isEmpty, shown != previous, steps < Self.stepLimit else { return nil }
        (steps, previous) = (steps + 1, shown)
        return shown
    }
}

/// A buffer that splits a stream of bytes into lines. A line is cut after 64 KiB.
struct LineBuffer: Sendable {
    private static let lineLimit = 64 << 10
    private var line: [UInt8] = []

    /// The bytes after the last line end; nil if there are none.
    var rest: [UInt8]? { line.isEmpty ? nil : line }

    /// Adds bytes, and returns the lines that ended.
    mutating func append(_ bytes: some Sequence<UInt8>) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                lines.append(line)
                line.removeAll(keepingCapacity: true)
            } else if line.count < Self.lineLimit {
                line.append(byte)
            }
        }
        return lines
    }
}
