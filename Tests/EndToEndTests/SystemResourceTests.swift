import Foundation
import Subprocess
import SystemPackage
import Testing

/// Tests without free threads, processes or descriptors. No command hangs or traps, and each names the missing resource.
@Suite struct SystemResourceTests {
    /// A C library that lets the call in `PREWARM_TEST_FAILS` fail with the error number after the colon.
    private static let shim = #"""
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <errno.h>
        #include <pthread.h>
        #include <stdlib.h>
        #include <string.h>
        #include <unistd.h>

        static int number(const char *name) {
            const char *failing = getenv("PREWARM_TEST_FAILS");
            size_t length = strlen(name);
            if (failing == NULL || strncmp(failing, name, length) != 0 || failing[length] != ':') return 0;
            return atoi(failing + length + 1);
        }

        int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *context) {
            if (number("thread") != 0) return number("thread");
            int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = dlsym(RTLD_NEXT, "pthread_create");
            return real(thread, attributes, run, context);
        }

        pid_t fork(void) {
            if (number("fork") != 0) {
                errno = number("fork");
                return -1;
            }
            pid_t (*real)(void) = dlsym(RTLD_NEXT, "fork");
            return real();
        }

        int epoll_create1(int flags) {
            if (number("epoll") != 0) {
                errno = number("epoll");
                return -1;
            }
            int (*real)(int) = dlsym(RTLD_NEXT, "epoll_create1");
            return real(flags);
        }
        """#

    private static func sandbox() async throws -> Sandbox {
        let sandbox = try await Sandbox()
        try sandbox.write("shim.c", shim)
        let built = try await Subprocess.run(
            .name("gcc"), arguments: ["-shared", "-fPIC", "-O1", "-o", "shim.so", "shim.c", "-ldl"],
            workingDirectory: FilePath(sandbox.root.path), output: .discarded, error: .string(limit: 1 << 16))
        #expect(built.terminationStatus.isSuccess, "\(built.standardError)")
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        return sandbox
    }

    private static func prewarm(_ sandbox: Sandbox, failing: String, _ arguments: [String]) async throws
        -> Sandbox.Result
    {
        try await sandbox.prewarm(
            arguments,
            environment: ["LD_PRELOAD": sandbox.root.appending(path: "shim.so").path, "PREWARM_TEST_FAILS": failing])
    }

    @Test(arguments: ["thread", "epoll"], [EAGAIN, EIO, EMFILE])
    func aCommandThatLacksAThreadOrAnEventQueueSaysSo(call: String, number: Int32) async throws {
        let sandbox = try await Self.sandbox()
        for arguments in [["status"], ["sync"], ["serve"], ["get", "presets"]] {
            let result = try await Self.prewarm(sandbox, failing: "\(call):\(number)", arguments)
            #expect(result.code == 1, "\(arguments)")
            #expect(
                result.err.hasPrefix(
                    "error: cannot start: the system gives no \(call == "thread" ? "thread" : "event descriptor")"),
                "\(result.err)")
            #expect(result.err.contains(String(cString: strerror(number))) && result.err.contains("hint: "))
        }
        #expect(try await Self.prewarm(sandbox, failing: "\(call):\(number)", ["--version"]).code == 0)
    }

    @Test(arguments: [EAGAIN, EIO, ENOMEM])
    func anOperationThatGetsNoProcessIsTriedAgain(number: Int32) async throws {
        let sandbox = try await Self.sandbox()
        let sync = try await Self.prewarm(sandbox, failing: "fork:\(number)", ["sync"])
        #expect(
            sync.err.contains(
                "cannot start a process for provisioner local: \(String(cString: strerror(number)))"), "\(sync.err)")
        #expect(sync.code == 1 && sync.err.contains("error: 1 operation did not start: "), "\(sync.err)")
        #expect(sandbox.ledger.isEmpty)
        let preset = try await sandbox.preset("a")
        #expect(
            preset.condition("Stalled") == nil && preset.condition("BackingOff") == nil, "the preset is not to blame")
        #expect(try await sandbox.prewarm("sync", "--wait", "--timeout", "2m").code == 0)
        #expect(sandbox.instances.count == 1)
    }
}
