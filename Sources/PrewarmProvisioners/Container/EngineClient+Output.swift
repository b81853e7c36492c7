import NIOCore
import NIOHTTP1
import PrewarmCore
import PrewarmEngine

extension EngineClient {
    /// Returns the end of a container's output.
    /// - Parameters:
    ///   - lines: The number of lines.
    ///   - slack: The length of the longest secret, see ``LogTail``.
    func output(of name: String, lines: Int, slack: Int) async throws(OperationFailure) -> LogTail {
        let call = EngineCall(
            path: "/containers/\(name)/logs", query: [("stdout", "true"), ("stderr", "true"), ("tail", "\(lines)")],
            timeout: .seconds(30), sizeLimit: 16 << 20)
        let start = (frames: OutputFrames(), tail: LogTail(slack: slack))
        let (head, state) = try await stream(call, into: start) { (state, chunk) in
            state.frames.append(chunk.readableBytesView) { state.tail.append($0) }
            return true
        }
        guard head.status == 200 else { return LogTail(slack: slack) }
        return state.tail
    }

    /// Waits until a line of a container's output contains a text.
    /// - Returns: True if there is such a line; false if the output ended before, for example because the container exited.
    func waitForOutput(
        of name: String, containing text: String, timeout: Duration
    ) async throws(OperationFailure) -> Bool {
        let call = EngineCall(
            path: "/containers/\(name)/logs",
            query: [("stdout", "true"), ("stderr", "true"), ("follow", "true"), ("tail", "all")], timeout: timeout,
            sizeLimit: 256 << 20)
        let wanted = Array(text.utf8)
        let start = (frames: OutputFrames(), lines: LineBuffer(), isFound: false)
        let (head, state) = try await stream(call, into: start) { (state, chunk) in
            state.frames.append(chunk.readableBytesView) { bytes in
                for line in state.lines.append(bytes) where line.contains(wanted) { state.isFound = true }
            }
            // A prompt is a line that has not ended.
            if state.lines.rest?.contains(wanted) == true { state.isFound = true }
            return !state.isFound
        }
        if head.status != 404 { try check(EngineAnswer(status: head.status, body: []), of: call) }
        return state.isFound
    }

    /// Runs a program in a running container, and waits for its exit.
    /// - Parameters:
    ///   - environment: Variables of the program, in addition to those of the container.
    ///   - isAnswer: True if standard output is an answer, which may have credentials and is no part of the log.
    func execute(
        _ arguments: [String], in name: String, environment: [String: String] = [:], isAnswer: Bool = false,
        timeout: Duration, slack: Int
    ) async throws(OperationFailure) -> ProgramResult {
        var members: [(key: String, value: Value)] = [
            ("AttachStdout", true), ("AttachStderr", true), ("Cmd", .array(arguments.map { .string($0) })),
        ]
        if !environment.isEmpty {
            let variables = environment.sorted { $0.key < $1.key }.map { Value.string("\($0.key)=\($0.value)") }
            members.append(("Env", .array(variables)))
        }
        let create = EngineCall(method: .POST, path: "/containers/\(name)/exec", body: .object(members))
        guard let id = try document(try await call(create), of: create).text("Id"), id.isHexadecimal else {
            throw bad("it names no exec", create)
        }
        let start = EngineCall(
            method: .POST, path: "/exec/\(id)/start", body: .object([("Detach", false), ("Tty", false)]),
            timeout: timeout, sizeLimit: 16 << 20)
        let state = (frames: OutputFrames(), tail: LogTail(slack: slack), answer: [UInt8]())
        let (head, end) = try await stream(start, into: state) { (state, chunk) in
            state.frames.append(chunk.readableBytesView) { stream, bytes in
                if !isAnswer || stream == .standardError { state.tail.append(bytes) }
                if isAnswer, stream == .standardOutput {
                    state.answer += bytes.prefix(max(0, ProgramResult.answerLimit + 1 - state.answer.count))
                }
            }
            return true
        }
        try check(EngineAnswer(status: head.status, body: []), of: start)
        // The output may end a moment before the program.
        for _ in 0..<100 {
            let inspect = EngineCall(path: "/exec/\(id)/json")
            let document = try document(try await call(inspect), of: inspect)
            if document["Running"]?.bool == false {
                return ProgramResult(code: document.number("ExitCode"), output: end.tail, answer: end.answer)
            }
            do { try await Task.sleep(for: .milliseconds(50)) } catch { throw .canceled }
        }
        throw OperationFailure(.slow, "a program in the container closed its output and does not exit")
    }
}

/// A reader of the stream of a container's output. Each piece has a header of 8 bytes: the number of the output, three
/// zeros and the size (https://docs.docker.com/reference/api/engine/, "Attach to a container").
struct OutputFrames: Sendable {
    private var header: [UInt8] = []
    /// The bytes of the current piece that have not come yet.
    private var missing = 0
    /// True for a stream without headers, which the engine sends for a container with a terminal.
    private var isRaw = false
    private var stream = Stream.standardOutput

    enum Stream: Sendable {
        case standardOutput, standardError
    }

    /// Adds bytes, and passes the output in them to `body`.
    mutating func append(_ bytes: some Collection<UInt8>, _ body: (ArraySlice<UInt8>) -> Void) {
        append(bytes) { _, piece in body(piece) }
    }

    /// Adds bytes, and passes the output in them to `body`, with the stream that it was written to.
    mutating func append(_ bytes: some Collection<UInt8>, _ body: (Stream, ArraySlice<UInt8>) -> Void) {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            if isRaw { return body(.standardOutput, rest) }
            if missing > 0 {
                let piece = rest.prefix(missing)
                missing -= piece.count
                rest = rest.dropFirst(piece.count)
                body(stream, piece)
                continue
            }
            header.append(rest.removeFirst())
            guard header.count == 8 else { continue }
            if header[0] <= 2, header[1...3].allSatisfy({ $0 == 0 }) {
                missing = header[4...7].reduce(0) { $0 << 8 | Int($1) }
                stream = header[0] == 2 ? .standardError : .standardOutput
            } else {
                isRaw = true
                body(.standardOutput, header[...])
            }
            header.removeAll(keepingCapacity: true)
        }
    }
}

extension String {
    /// True for the id of an object of the engine.
    fileprivate var isHexadecimal: Bool {
        (1...128).contains(utf8.count)
            && utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) || (65...70).contains($0) }
    }
}
