import Foundation
import Subprocess
import SystemPackage
import Testing

@Suite("A wall clock that is set back by two hours")
struct ClockTests {
    /// A C library that shifts the wall clock of a process by the number of seconds in a file.
    private static let source = #"""
        #define _GNU_SOURCE
        #include <stdio.h>
        #include <stdlib.h>
        #include <sys/syscall.h>
        #include <sys/time.h>
        #include <time.h>
        #include <unistd.h>
        static long offset(void) {
            const char *path = getenv("CLOCK_OFFSET_FILE");
            long seconds = 0;
            FILE *file = path ? fopen(path, "re") : NULL;
            if (file) { if (fscanf(file, "%ld", &seconds) != 1) seconds = 0; fclose(file); }
            return seconds;
        }
        int clock_gettime(clockid_t clock, struct timespec *time) {
            int result = syscall(SYS_clock_gettime, clock, time);
            if (result == 0 && clock == CLOCK_REALTIME) time->tv_sec += offset();
            return result;
        }
        int gettimeofday(struct timeval *time, void *zone) {
            struct timespec now;
            clock_gettime(CLOCK_REALTIME, &now);
            time->tv_sec = now.tv_sec; time->tv_usec = now.tv_nsec / 1000;
            return 0;
        }
        time_t time(time_t *result) {
            struct timespec now;
            clock_gettime(CLOCK_REALTIME, &now);
            if (result) *result = now.tv_sec;
            return now.tv_sec;
        }
        """#

    private func sandbox() async throws -> (sandbox: Sandbox, environment: [Environment.Key: String]) {
        let configuration = Sandbox.configuration(
            source: "    interval: 1s\n", operations: "create, delete, list, inspect"
        ).replacing("    timeout: 20s", with: "    timeout: 20s\n    resync: 1s")
        let sandbox = try await Sandbox(configuration: configuration)
        try sandbox.write("provision", Sandbox.observableProvisioner, isExecutable: true)
        try sandbox.write("clock.c", Self.source)
        try sandbox.write("offset", "0\n")
        let result = try await Subprocess.run(
            .name("cc"), arguments: ["-shared", "-fPIC", "-O1", "-o", "clock.so", "clock.c"],
            workingDirectory: FilePath(sandbox.root.path), output: .discarded, error: .string(limit: 1 << 16))
        guard result.terminationStatus.isSuccess else { throw SandboxError(message: result.standardError) }
        let root = sandbox.root.path
        return (sandbox, ["LD_PRELOAD": "\(root)/clock.so", "CLOCK_OFFSET_FILE": "\(root)/offset"])
    }

    private func isPutBack(_ sandbox: Sandbox, _ environment: [Environment.Key: String]) async throws -> Bool {
        let status = try await sandbox.prewarm(["status", "-o", "json"], environment: environment)
        let at = try #require(try status.json()["at"]?.string)
        return try Date(at, strategy: .iso8601) < Date().addingTimeInterval(-7000)
    }

    @Test("A running daemon still polls, retries failed builds and deletes after the clock is set back")
    func underADaemon() async throws {
        let (sandbox, environment) = try await sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.serve(environment: environment) { daemon in
            try await daemon.eventually("one is ready") { try await daemon.isReady("a", 1) }
            try sandbox.write("create-exit", "3")
            try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2, "  failureLimit: 50")])
            try await daemon.eventually("a build fails") { sandbox.calls("failed") > 0 }
            try sandbox.write("offset", "-7200\n")
            #expect(try await isPutBack(sandbox, environment))
            try sandbox.remove("create-exit")
            try await daemon.eventually("it is built again") { try await daemon.isReady("a", 2) }
            try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 3)])
            try await daemon.eventually("the commit is seen") { try await daemon.isReady("a", 3) }
            let claim = try await daemon.post("/api/v1/presets/a/claims", #"{"owner": "ada"}"#)
            let id = try #require(try claim.json()["id"]?.string)
            #expect(try await daemon.post("/api/v1/workspaces/\(id)/release").status == 202)
            try await daemon.eventually("it is deleted") { !sandbox.instances.contains(id) }
        }
    }

    @Test("The daemon and commands work after the clock was set back while prewarm was stopped")
    func whileItWasDown() async throws {
        let (sandbox, environment) = try await sandbox()
        try sandbox.write("create-exit", "75")
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        _ = try await sandbox.prewarm(["sync"], environment: environment)
        try sandbox.write("offset", "-7200\n")
        try sandbox.remove("create-exit")
        #expect(try await sandbox.prewarm(["sync"], environment: environment).code == 0)
        #expect(sandbox.instances.count == 1)
        // After this step, the time of the last list is in the future, too.
        try sandbox.write("offset", "-14400\n")
        for id in sandbox.instances { try sandbox.remove("instances/\(id)") }
        try await sandbox.serve(environment: environment) { daemon in
            try await daemon.eventually("what is lost is made again") {
                try await daemon.isReady("a", 1) && sandbox.instances.count == 1
            }
        }
    }
}
