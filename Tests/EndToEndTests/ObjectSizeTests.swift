import Foundation
import Subprocess
import SystemPackage
import Testing

@Suite("Small packs with large objects", .serialized)
struct ObjectSizeTests {
    /// A script that creates a bare repository with one pack of 17 KB. A file of 1 GiB in it is a delta that copies 16 MiB.
    private static let bomb = #"""
        import hashlib, os, struct, subprocess, sys, zlib

        folder = sys.argv[1]
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", folder], check=True)

        def number(value):
            out = b""
            while value >= 128:
                out, value = out + bytes([value & 127 | 128]), value >> 7
            return out + bytes([value])

        def head(kind, size):
            first, size = kind << 4 | size & 15, size >> 4
            return bytes([first]) if size == 0 else bytes([first | 128]) + number(size)

        entries, offset = [], 12

        def add(id, data):
            global offset
            entries.append((id, offset, data))
            offset += len(data)
            return id

        def whole(kind, name, data):
            id = hashlib.sha1(b"%s %d\0" % (name, len(data)) + data).digest()
            return add(id, head(kind, len(data)) + zlib.compress(data))

        base = bytes(1 << 24)
        base_offset = offset
        base_id = whole(3, b"blob", base)
        piece, copies = (1 << 24) - 1, 64
        digest = hashlib.sha1(b"blob %d\0" % (piece * copies))
        for _ in range(copies):
            digest.update(base[:piece])
        delta = number(len(base)) + number(piece * copies) + b"\xf0\xff\xff\xff" * copies
        distance = offset - base_offset
        back = bytes([distance & 127])
        while distance >= 128:
            distance = (distance >> 7) - 1
            back = bytes([distance & 127 | 128]) + back
        bomb_id = add(digest.digest(), head(6, len(delta)) + back + zlib.compress(delta))
        presets = whole(2, b"tree", b"100644 base\0" + base_id + b"100644 bomb.yaml\0" + bomb_id)
        root = whole(2, b"tree", b"40000 presets\0" + presets)
        who = b"Ada <ada@example.org> 1700000000 +0000"
        text = b"tree " + root.hex().encode() + b"\nauthor " + who + b"\ncommitter " + who + b"\n\nbomb\n"
        commit = whole(1, b"commit", text)

        pack = b"PACK" + struct.pack(">II", 2, len(entries)) + b"".join(data for _, _, data in entries)
        pack += hashlib.sha1(pack).digest()
        entries.sort()
        ids = [id for id, _, _ in entries]
        index = b"\xfftOc" + struct.pack(">I", 2)
        index += b"".join(struct.pack(">I", sum(id[0] <= byte for id in ids)) for byte in range(256)) + b"".join(ids)
        index += b"".join(struct.pack(">I", zlib.crc32(data)) for _, _, data in entries)
        index += b"".join(struct.pack(">I", at) for _, at, _ in entries) + pack[-20:]
        index += hashlib.sha1(index).digest()
        name = f"{folder}/objects/pack/pack-{pack[-20:].hex()}"
        for suffix, data in ((".pack", pack), (".idx", index)):
            with open(name + suffix, "wb") as file:
                file.write(data)
        with open(f"{folder}/refs/heads/main", "w") as file:
            file.write(commit.hex() + "\n")
        print(len(pack))
        """#

    /// A script that runs a program and prints its exit code, its peak memory in MiB and its standard error.
    private static let measured =
        "import resource,subprocess,sys; p=subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL,stderr=subprocess.PIPE);"
        + "print(p.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, p.stderr.decode())"

    private func python(_ sandbox: Sandbox, _ arguments: [String]) async throws -> String {
        let result = try await Subprocess.run(
            .name("python3"), arguments: Arguments(["-c"] + arguments),
            environment: .inherit.updating(["PREWARM_CONFIG": nil, "NO_COLOR": "1"]),
            workingDirectory: FilePath(sandbox.root.path), output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20))
        guard result.terminationStatus.isSuccess else { throw SandboxError(message: result.standardError) }
        return result.standardOutput
    }

    @Test("A pack is refused before its large objects are unpacked", arguments: ["http", "file"])
    func bomb(_ scheme: String) async throws {
        let sandbox = try await Sandbox()
        let root = sandbox.root.path
        let size = try await python(sandbox, [Self.bomb, "\(root)/bomb.git"])
        #expect(Int(size.split(separator: "\n")[0]).map { $0 < 32 << 10 } == true, "\(size)")
        try await GitBackend.serving(sandbox) { port in
            let url = scheme == "http" ? "http://127.0.0.1:\(port)/open/bomb.git" : "file://\(root)/bomb.git"
            let file = Sandbox.configuration.replacing("file://ROOT/repo", with: url).replacing("ROOT", with: root)
            try sandbox.write("prewarm.yaml", file)
            let answer = try await python(sandbox, [Self.measured, Sandbox.binary.string, "sync"])
            let words = answer.split(separator: " ", maxSplits: 2)
            #expect(words[0] == "1" && answer.contains("it has an object that is too large"), "\(answer)")
            let memory = try #require(Int(words[1]))
            #expect(memory < 300, "\(memory) MiB")
        }
    }

    @Test("A commit above the size limit is refused")
    func commit() async throws {
        let sandbox = try await Sandbox()
        try sandbox.write("message", String(repeating: "a", count: 20 << 20))
        try sandbox.write("repo/presets/a.yaml", Sandbox.preset("a", instances: 1))
        try await sandbox.git("add", "-A")
        try await sandbox.git("commit", "-q", "-F", "\(sandbox.root.path)/message")
        let sync = try await sandbox.prewarm("sync")
        #expect(sync.code == 1 && sync.err.contains("it has an object that is too large"), "\(sync.err)")
    }
}
