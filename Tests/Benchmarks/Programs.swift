import Foundation

/// A folder of its own, for as long as it is held.
final class Folder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "prewarm-\(UUID().uuidString.prefix(8))").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

struct BenchmarkFailure: Error {
    var message = ""
}

/// What a program used.
struct Usage {
    let cpu: Duration
    let output: [UInt8]
    let exitCode: Int32
}

/// Runs a program to its end, without the user's configuration of git, and returns what it wrote.
@discardableResult
func run(_ arguments: [String], input: [UInt8] = []) throws -> [UInt8] {
    let usage = try measure(arguments, input: input)
    guard usage.exitCode == 0 else { throw BenchmarkFailure(message: "\(arguments) ended with \(usage.exitCode)") }
    return usage.output
}

/// By posix_spawn and wait4, which tells what it used, its own children that ended included.
func measure(_ arguments: [String], input: [UInt8] = []) throws -> Usage {
    let folder = try Folder()
    let (inputPath, outputPath) = ("\(folder.path)/in", "\(folder.path)/out")
    try Data(input).write(to: URL(fileURLWithPath: inputPath))
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, inputPath, O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, outputPath, O_WRONLY | O_CREAT, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    var environment = ProcessInfo.processInfo.environment
    environment["GIT_CONFIG_GLOBAL"] = "/dev/null"
    environment["GIT_CONFIG_SYSTEM"] = "/dev/null"
    let words = arguments.map { strdup($0) } + [nil]
    let variables = environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { (words + variables).forEach { free($0) } }
    var process = pid_t()
    guard posix_spawnp(&process, arguments[0], &actions, nil, words, variables) == 0 else {
        throw BenchmarkFailure(message: "can't run \(arguments[0])")
    }
    var (status, used) = (Int32(), rusage())
    guard wait4(process, &status, 0, &used) == process else { throw BenchmarkFailure(message: "wait4") }
    let cpu = [used.ru_utime, used.ru_stime].reduce(Duration.zero) {
        $0 + .seconds($1.tv_sec) + .microseconds($1.tv_usec)
    }
    return Usage(
        cpu: cpu, output: [UInt8](FileManager.default.contents(atPath: outputPath) ?? Data()),
        exitCode: (status >> 8) & 0xff)
}

/// The memory of a program at its largest, in bytes. Asked of a small parent, as Linux counts a process's memory before
/// `exec` to it, which is its parent's.
func memory(of arguments: [String]) throws -> Int {
    let program = """
        import resource, subprocess, sys
        subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
        """
    let output = try run(["python3", "-c", program] + arguments)
    let kilobytes = String(decoding: output, as: UTF8.self).split(separator: "\n").last.flatMap { Int($0) }
    guard let kilobytes else { throw BenchmarkFailure(message: "no memory was told") }
    return kilobytes * 1024
}
