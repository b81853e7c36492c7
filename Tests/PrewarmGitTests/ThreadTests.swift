import Dispatch
import Foundation
import Glibc
import PrewarmCore
import PrewarmEngine
import Synchronization
import Testing

@testable import PrewarmGit

@Suite("Threads of a mirror")
struct ThreadTests {
    @Test("One job runs at a time, also while tasks are canceled")
    func oneAtATime() async {
        let queue = PassQueue("a test")
        let (inside, most, ran) = (Tally(), Tally(), Tally())
        await withTaskGroup { group in
            for number in 0..<40 {
                group.addTask {
                    let call = Task {
                        await queue.run(limit: .seconds(600)) { () -> Result<Int, GitFailure> in
                            #expect(queue.isCurrent)
                            most.raise(to: inside.add(1))
                            usleep(500)
                            inside.add(-1)
                            ran.add(1)
                            return .success(number)
                        }
                    }
                    if number % 3 == 0 { call.cancel() }
                    if case .success(let answer) = await call.value { #expect(answer == number) }
                }
            }
        }
        #expect(most.value == 1 && ran.value >= 20)
    }

    @Test("A call that is canceled while it waits is answered at once and never runs")
    func canceledWhileItWaits() async throws {
        let queue = PassQueue("a test")
        let (gate, running, run) = (DispatchSemaphore(value: 0), Tally(), Tally())
        async let first = queue.run(limit: .seconds(600)) { () -> Result<Void, GitFailure> in
            running.add(1)
            gate.wait()
            return .success(())
        }
        try await eventually("the first runs") { running.value > 0 }
        let second = Task {
            await queue.run(limit: .seconds(600)) { () -> Result<Void, GitFailure> in
                run.add(1)
                return .success(())
            }
        }
        second.cancel()
        guard case .failure(let failure) = await second.value else { throw ProgramFailure(message: "it was run") }
        #expect(failure.message.contains("was canceled"))
        gate.signal()
        _ = await first
        _ = await queue.run(limit: .seconds(600)) { () -> Result<Void, GitFailure> in .success(()) }
        #expect(run.value == 0)
    }

    @Test("A job that does not return is abandoned, and further jobs are refused until it returns")
    func leftBehind() async throws {
        let queue = PassQueue("a test")
        let gate = DispatchSemaphore(value: 0)
        async let waiting = {
            try? await Task.sleep(for: .milliseconds(50))
            return await queue.run(limit: .seconds(600)) { () -> Result<Void, GitFailure> in .success(()) }
        }()
        let stuck = await queue.run(limit: .milliseconds(200)) { () -> Result<Void, GitFailure> in
            gate.wait()
            return .success(())
        }
        for result in [stuck, await waiting] {
            guard case .failure(let failure) = result else { throw ProgramFailure(message: "it was answered") }
            #expect(failure.reason == .unreachable)
            #expect(failure.message == "cannot read a test: a call of the file system does not return")
        }
        guard case .failure = await queue.run(limit: .seconds(600), { Result<Void, GitFailure>.success(()) }) else {
            throw ProgramFailure(message: "another job ran")
        }
        gate.signal()
        for _ in 0..<6000 {
            if case .success = await queue.run(limit: .seconds(600), { Result<Void, GitFailure>.success(()) }) {
                return
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("the queue never ran a job again")
    }

    @Test("Calls beyond the limit of waiting calls are refused")
    func bounded() async throws {
        let queue = PassQueue("a test")
        let (gate, running) = (DispatchSemaphore(value: 0), Tally())
        async let first = queue.run(limit: .seconds(600)) { () -> Result<Void, GitFailure> in
            running.add(1)
            gate.wait()
            return .success(())
        }
        try await eventually("the first runs") { running.value > 0 }
        let refused = Tally()
        await withTaskGroup { group in
            for _ in 0..<(PassQueue.longestQueue + 10) {
                group.addTask {
                    guard
                        case .failure(let failure) = await queue.run(
                            limit: .seconds(600),
                            {
                                Result<Void, GitFailure>.success(())
                            })
                    else { return }
                    #expect(failure.message == "cannot use a test: 64 calls are waiting for it already")
                    // The last refused call ends the first job.
                    if refused.add(1) == 10 { gate.signal() }
                }
            }
        }
        _ = await first
        #expect(refused.value == 10)
    }

    @Test("Blocked jobs of many queues leave Dispatch its threads")
    func manySilentServers() async throws {
        let queues = (0..<300).map { _ in PassQueue("a test") }
        let (gate, running, isServed) = (DispatchSemaphore(value: 0), Tally(), Tally())
        try await withThrowingTaskGroup { group in
            for queue in queues {
                group.addTask {
                    _ = await queue.run(limit: .seconds(600)) { () -> Result<Void, GitFailure> in
                        running.add(1)
                        gate.wait()
                        return .success(())
                    }
                }
            }
            try await eventually("all of them wait") { running.value == 300 }
            DispatchQueue(label: "like that of a database").async { isServed.add(1) }
            try await eventually("a queue of Dispatch is served") { isServed.value == 1 }
            for _ in queues { gate.signal() }
            try await group.waitForAll()
        }
    }

    /// Creates six commits with a branch each, and returns the commits.
    private func prepare(_ origin: Origin) async throws -> [String] {
        var commits: [String] = []
        for number in 0..<6 {
            commits.append(try await origin.commit(["a.yaml": "\(number)", "folder/b\(number).yaml": "b"]))
            try await origin.git("branch", "b\(number)")
        }
        return commits
    }

    @Test("Many concurrent and randomly canceled calls get right answers", arguments: ["file", "http"])
    func hammered(_ scheme: String) async throws {
        let folder = try Folder()
        let origin = try await Origin(folder)
        let commits = try await prepare(origin)
        try await GitServer.serving(folder) { server in
            let url = scheme == "file" ? origin.path : server.url("open/origin/.git")
            // Use two mirrors of one directory, like those of an old and a new configuration.
            let mirrors = [try folder.mirror(url), try folder.mirror(url)]
            let answered = Tally()
            await withTaskGroup { group in
                for worker in 0..<12 {
                    group.addTask {
                        var generator = SystemRandomNumberGenerator()
                        for round in 0..<12 {
                            let mirror = mirrors[(worker + round) % 2]
                            let commit = commits[Int.random(in: 0..<6, using: &generator)]
                            let call = Task { try await self.ask(mirror, commit, (worker + round) % 6) }
                            if Bool.random(using: &generator) {
                                let time = Int.random(in: 0...30, using: &generator)
                                try? await Task.sleep(for: .milliseconds(time))
                                call.cancel()
                            }
                            if (try? await call.value) != nil { answered.add(1) }
                        }
                    }
                }
            }
            #expect(answered.value > 0)
            let revision = Revision(ref: nil, commit: commits[5])
            #expect(try await contents(mirrors[0], revision)["a.yaml"] == "5")
        }
    }

    private func ask(_ mirror: GitMirror, _ commit: String, _ question: Int) async throws {
        let revision = Revision(ref: nil, commit: commit)
        switch question {
        case 0: _ = try await mirror.lookUp(String(commit.prefix(8)))
        case 1: try await mirror.fetch(try await mirror.head())
        case 2: _ = try await mirror.lookUp("b3")
        case 3: #expect(try await contents(mirror, revision).count > 1)
        case 4: await #expect(throws: GitFailure.self) { try await mirror.lookUp("abcdef12") }
        default: _ = try await mirror.isAncestor(revision, of: try await mirror.head())
        }
    }

    @Test("The mirror is read while the remote is silent")
    func readsBesideASilentRemote() async throws {
        let folder = try Folder()
        let origin = try await Origin(folder)
        let commit = try await origin.commit()
        let revision = Revision(ref: nil, commit: commit)
        let filled = try folder.mirror(origin.path)
        try await filled.fetch(try await filled.head())
        let listener = try Listener()
        let mirror = try folder.mirror("http://127.0.0.1:\(listener.port)/a") {
            $0.limits.timeout = .seconds(600)
            $0.limits.idleTimeout = .seconds(600)
        }
        let asking = Task { await mirror.failure() }
        // The remote never answers, so it does not matter whether the request has started.
        for _ in 0..<20 {
            #expect(try await contents(mirror, revision) == ["a.yaml": "a"])
            #expect(try await mirror.lookUp(commit) == revision)
            #expect(try await mirror.isAncestor(revision, of: revision))
        }
        asking.cancel()
        #expect(await asking.value.failure?.reason == .unreachable)
    }

    @Test("A hanging file system is reported in time, and read again when it answers")
    func hangingFileSystem() async throws {
        let folder = try Folder()
        let origin = try await Origin(folder)
        try await origin.commit()
        let mirror = try folder.mirror(origin.path) { $0.limits.timeout = .seconds(1) }
        let revision = try await mirror.head()
        try await mirror.fetch(revision)
        try await origin.commit(["b.yaml": "b"])
        // Opening a pipe waits for a writer, like opening a file of a file server that does not answer.
        let packed = "\(origin.path)/.git/packed-refs"
        try await origin.git("pack-refs", "--all")
        try #require(rename(packed, packed + ".kept") == 0 && mkfifo(packed, 0o600) == 0)
        // The first call abandons its job. The abandoned job makes the queue refuse the second call.
        for _ in 0..<2 {
            let failure = await #expect(throws: GitFailure.self) { try await mirror.head() }
            #expect(failure?.reason == .unreachable)
            #expect(
                failure?.message.contains("a call of the file system does not return") == true,
                "\(String(describing: failure))")
        }
        #expect(try await contents(mirror, revision) == ["a.yaml": "a"], "the mirror is still read")
        let writer = open(packed, O_RDWR)
        try #require(writer >= 0 && rename(packed + ".kept", packed) == 0)
        close(writer)
        let newest = try await origin.git("rev-parse", "main")
        for _ in 0..<6000 {
            if let found = try? await mirror.head() { return #expect(found.commit == newest) }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("the repository was never read again")
    }
}

/// A counter for many threads.
private final class Tally: Sendable {
    private let state = Mutex(0)
    var value: Int { state.withLock { $0 } }

    @discardableResult
    func add(_ difference: Int) -> Int {
        state.withLock { state in
            state += difference
            return state
        }
    }

    func raise(to value: Int) { state.withLock { $0 = max($0, value) } }
}
