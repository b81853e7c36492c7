import Foundation
import PrewarmCore
import PrewarmEngine
import PrewarmGit
import PrewarmProvisioners
import Testing

let systemTools = ChildTools(environment: [
    "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "LC_ALL": "C",
])

@Suite("Signatures by SSH keys", .serialized)
struct SSHVerificationTests {
    let folder: Folder
    let origin: Origin

    init() async throws {
        folder = try Folder()
        origin = try await Origin(folder)
    }

    private func mirror(
        _ allowed: [String], scope: GitVerification.Scope = .tip, ref: GitSettings.Ref = .head,
        url: String? = nil
    ) throws -> GitMirror {
        try folder.write("allowed", allowed.joined(separator: "\n") + "\n")
        return try folder.mirror(url ?? origin.path) {
            $0.ref = ref
            $0.verification = GitVerification(
                keys: .ssh(allowedSigners: "\(folder.path)/allowed"), scope: scope, tools: systemTools)
        }
    }

    private func failure(
        _ mirror: GitMirror, since applied: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> GitFailure {
        let revision = try await mirror.head()
        let failure = await #expect(throws: GitFailure.self, sourceLocation: sourceLocation) {
            try await mirror.verify(revision, since: applied.map { Revision(ref: "main", commit: $0) })
        }
        return try #require(failure, sourceLocation: sourceLocation)
    }

    @Test("A signature of an allowed signer is accepted, and leaves no files on the disk")
    func trusted() async throws {
        let (ada, allowed) = try await Signer.ssh(folder, "ada")
        try await origin.commit(["a.yaml": "a"], signedBy: ada)
        for lines in [
            [allowed],
            ["# all of us", "*@example.org \(allowed.split(separator: " ").dropFirst().joined(separator: " "))"],
            [allowed.replacing("ada@example.org ", with: "ada@example.org namespaces=\"git\" ")],
        ] {
            let mirror = try mirror(lines)
            try await mirror.verify(try await mirror.head(), since: nil)
        }
        #expect(folder.names(below: "mirror").allSatisfy { !$0.contains("verify") })
    }

    @Test("Old folders of killed processes are removed, and newer ones are kept")
    func leftovers() async throws {
        let (ada, allowed) = try await Signer.ssh(folder, "ada")
        try await origin.commit(["a.yaml": "a"], signedBy: ada)
        try await run(
            "sh", ["-c", "mkdir -p mirror/verify.old mirror/verify.new; touch -d '2 hours ago' mirror/verify.old"],
            in: folder.path)
        let mirror = try mirror([allowed])
        try await mirror.verify(try await mirror.head(), since: nil)
        #expect(folder.names(below: "mirror").filter { $0.hasPrefix("verify") } == ["verify.new"])
    }

    @Test(
        "A missing signature, or one by a key that is not allowed or not valid now, is refused",
        arguments: [
            ("unsigned", "is not signed"), ("unknown", "which FOLDER/allowed does not allow"),
            ("expired", "key has expired"), ("not yet", "not yet valid"), ("namespace", "signature namespace"),
            ("backdated", "key has expired"),
        ])
    func untrusted(_ kind: String, _ message: String) async throws {
        let options =
            switch kind {
            case "expired", "backdated": "valid-before=\"20200101\""
            case "not yet": "valid-after=\"21200101\""
            case "namespace": "namespaces=\"file\""
            default: ""
            }
        let (ada, allowed) = try await Signer.ssh(folder, "ada", options: options)
        let (eve, _) = try await Signer.ssh(folder, "eve")
        let commit =
            switch kind {
            case "unsigned": try await origin.commit()
            case "unknown": try await origin.commit(["a.yaml": "a"], signedBy: eve)
            // The time in a commit does not make a key valid.
            case "backdated": try await origin.commit(["a.yaml": "a"], signedBy: ada, at: "2019-06-01T00:00:00Z")
            default: try await origin.commit(["a.yaml": "a"], signedBy: ada)
            }
        let failure = try await failure(mirror([allowed]))
        #expect(failure.reason == .verificationFailed)
        #expect(failure.message.contains("commit \(commit.prefix(8)) by Ada"), "\(failure)")
        #expect(failure.message.contains(message.replacing("FOLDER", with: folder.path)), "\(failure)")
        #expect(failure.hint?.contains("\(folder.path)/allowed") == true)
        if kind == "unknown" {
            let print = try await run("ssh-keygen", ["-l", "-f", "eve.pub"], in: folder.path)
            #expect(failure.message.contains(print.split(separator: " ")[1]))
        }
    }

    /// Writes a changed copy of the commit at the tip, and sets the branch to it.
    private func forge(_ change: (String) -> String) async throws {
        try folder.write("forged", change(try await run("git", ["cat-file", "commit", "HEAD"], in: origin.path)))
        let forged = try await origin.git("hash-object", "-t", "commit", "-w", "\(folder.path)/forged")
        try await origin.git("update-ref", "refs/heads/main", forged)
    }

    @Test(
        "A signature is refused if the commit was changed, or if it has another namespace or another kind")
    func forged() async throws {
        let (ada, allowed) = try await Signer.ssh(folder, "ada")
        try await origin.commit(["a.yaml": "a"], signedBy: ada)
        let good = try await origin.git("rev-parse", "HEAD")
        try await forge { $0.replacing("\n\nsigned", with: "\n\nsigned by me") }
        #expect(try await failure(mirror([allowed])).message.contains("has an invalid signature"))
        // Put the signature of a file in the place of the signature of the commit.
        try await origin.git("update-ref", "refs/heads/main", good)
        let text = try await run("git", ["cat-file", "commit", "HEAD"], in: origin.path)
        let begin = try #require(text.firstRange(of: "gpgsig ")),
            end = try #require(text.firstRange(of: "END SSH SIGNATURE-----\n"))
        try folder.write("payload", text.replacingCharacters(in: begin.lowerBound..<end.upperBound, with: ""))
        try await run("ssh-keygen", ["-q", "-Y", "sign", "-n", "file", "-f", "ada", "payload"], in: folder.path)
        let lines = folder.read("payload.sig").split(separator: "\n").joined(separator: "\n ")
        try await forge { $0.replacingCharacters(in: begin.lowerBound..<end.upperBound, with: "gpgsig \(lines)\n") }
        let namespace = try await failure(mirror([allowed]))
        #expect(namespace.message.contains("namespace does not match"), "\(namespace)")
        try await origin.git("update-ref", "refs/heads/main", good)
        try await forge { $0.replacing("SSH SIGNATURE", with: "PGP SIGNATURE") }
        #expect(try await failure(mirror([allowed])).message.contains("has a signature of another kind than SSH"))
    }

    @Test(
        "A revision of up to 10,000 new commits is verified, and a longer one is refused",
        arguments: [10_000, 10_001])
    func longRevision(count: Int) async throws {
        let (_, allowed) = try await Signer.ssh(folder, "ada")
        let first = try await origin.commit(["a.yaml": "a"])
        var stream = ""
        for index in 0..<count {
            let committer = "Ada <ada@example.org> \(1_700_000_000 + index) +0000"
            stream += "commit refs/heads/main\ncommitter \(committer)\ndata 1\nx\n"
            if index == 0 { stream += "from \(first)\n" }
            stream += "\n"
        }
        try folder.write("stream", stream)
        try await run("sh", ["-c", "git -C \(origin.path) fast-import --quiet < stream"], in: folder.path)
        let failure = try await failure(mirror([allowed], scope: .new), since: first)
        let isRefused = failure.message.contains("contains more than 10000 new commits")
        #expect(isRefused == (count > 10_000) && failure.message.contains("is not signed") != isRefused, "\(failure)")
    }

    @Test("With the scope new, each commit since the applied revision needs a signature")
    func scope() async throws {
        let (ada, allowed) = try await Signer.ssh(folder, "ada")
        let first = try await origin.commit(["a.yaml": "a"], signedBy: ada)
        let second = try await origin.commit(["a.yaml": "b"])
        let third = try await origin.commit(["a.yaml": "c"], signedBy: ada)
        let tip = try mirror([allowed]), new = try mirror([allowed], scope: .new)
        let revision = try await tip.head()
        try await tip.verify(revision, since: Revision(ref: "main", commit: first))
        let failure = try await failure(new, since: first)
        #expect(failure.message.contains("contains a commit that is not trusted"))
        #expect(failure.message.contains(second.prefix(8)), "\(failure)")
        for applied in [second, third] { try await new.verify(revision, since: Revision(ref: "main", commit: applied)) }
        try await new.verify(revision, since: nil)
        // A merge contains the commits of both sides.
        try await origin.git("checkout", "-q", "-b", "side", first)
        let side = try await origin.commit(["b.yaml": "b"])
        try await origin.git("checkout", "-q", "main")
        try await run(
            "git", ada.options + ["merge", "-q", "-S", "--no-ff", "-m", "merge", "side"], in: origin.path)
        let merged = try await self.failure(new, since: third)
        #expect(merged.message.contains(side.prefix(8)), "\(merged)")
        // If the applied revision no longer exists, the whole history is new.
        let gone = try await self.failure(new, since: String(repeating: "1", count: 40))
        #expect(gone.message.contains("is not signed"))
    }

    @Test(
        "The signature of an annotated tag is accepted for its commit",
        arguments: [GitSettings.Ref.tag("v1.2.0"), .semver("^1.2")])
    func tags(_ ref: GitSettings.Ref) async throws {
        let (ada, allowed) = try await Signer.ssh(folder, "ada")
        let (eve, _) = try await Signer.ssh(folder, "eve")
        try await origin.commit()
        try await origin.tag("v1.2.0", signedBy: ada)
        let mirror = try mirror([allowed], ref: ref)
        try await mirror.verify(try await mirror.head(), since: nil)
        // The commit is in the mirror already because of its branch, and the tag is not.
        let other = try folder.mirror(origin.path)
        try FileManager.default.removeItem(atPath: "\(folder.path)/mirror")
        try await other.fetch(try await other.head())
        try await mirror.verify(try await mirror.head(), since: nil)
        try await origin.git("tag", "-d", "v1.2.0")
        try await origin.tag("v1.2.0", signedBy: eve)
        let untrusted = try await failure(mirror)
        #expect(untrusted.message.contains("the tag v1.2.0 is signed by the key"), "\(untrusted)")
        for options in [["-a", "-m", "x"], []] {
            try await run("git", ["tag", "-f"] + options + ["v1.2.0"], in: origin.path)
            #expect(try await failure(mirror).message.contains("is not signed"))
        }
        // A lightweight tag on a signed commit is accepted.
        try await origin.commit(["a.yaml": "b"], signedBy: ada)
        try await origin.git("tag", "-f", "v1.2.0")
        try await mirror.verify(try await mirror.head(), since: nil)
    }

    @Test("The signature of a tag is found although the mirror's reference is truncated or in the way")
    func damagedReferences() async throws {
        let (ada, allowed) = try await Signer.ssh(folder, "ada")
        try await origin.commit()
        try await origin.tag("release", signedBy: ada)
        let mirror = try mirror([allowed], ref: .tag("release"))
        try await mirror.verify(try await mirror.head(), since: nil)
        try folder.write("mirror/repository.git/refs/prewarm/tags/release", "")
        try await mirror.verify(try await mirror.head(), since: nil)
        try await origin.git("tag", "-d", "release")
        try await origin.tag("release/1", signedBy: ada)
        let next = try self.mirror([allowed], ref: .tag("release/1"))
        try await next.verify(try await next.head(), since: nil)
    }

    @Test("A signed tag under another name is refused")
    func renamedTag() async throws {
        let (ada, allowed) = try await Signer.ssh(folder, "ada")
        try await origin.commit()
        try await origin.tag("v1.0.0", signedBy: ada)
        try await origin.git("update-ref", "refs/tags/v2.0.0", try await origin.git("rev-parse", "v1.0.0"))
        let mirror = try mirror([allowed], ref: .semver("*"))
        #expect(try await mirror.head().ref == "v2.0.0")
        #expect(try await failure(mirror).message.contains("is not signed"))
    }

    @Test("Without ssh-keygen or the allowed signers file, no signature is accepted")
    func tools() async throws {
        let (ada, allowed) = try await Signer.ssh(folder, "ada")
        try await origin.commit(["a.yaml": "a"], signedBy: ada)
        try folder.write("allowed", allowed)
        try folder.write("bin/ssh-keygen", "#!/bin/sh\nsleep 600\n", permissions: 0o755)
        for (path, file, message) in [
            ("/nowhere", "allowed", "ssh-keygen was not found in PATH"),
            (systemPath, "missing", "cannot read the allowed signers file"),
        ] {
            let mirror = try folder.mirror(origin.path) {
                $0.verification = GitVerification(
                    keys: .ssh(allowedSigners: "\(folder.path)/\(file)"),
                    tools: ChildTools(environment: ["PATH": path]))
            }
            let failure = try await failure(mirror)
            #expect(failure.message.contains(message), "\(failure)")
            #expect(await mirror.signatureProblem()?.message == failure.message)
        }
        #expect(await (try mirror([allowed])).signatureProblem() == nil)
    }

    private var systemPath: String { ProcessInfo.processInfo.environment["PATH"] ?? "" }
}

@Suite("Signatures by OpenPGP keys", .serialized)
struct OpenPGPVerificationTests {
    let folder: Folder
    let origin: Origin

    init() async throws {
        folder = try Folder()
        origin = try await Origin(folder)
    }

    private func mirror(_ file: String = "keys", ref: GitSettings.Ref = .head) throws -> GitMirror {
        try folder.mirror(origin.path) {
            $0.ref = ref
            $0.verification = GitVerification(keys: .openpgp(file: "\(folder.path)/\(file)"), tools: systemTools)
        }
    }

    private func failure(
        _ mirror: GitMirror, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> GitFailure {
        let revision = try await mirror.head()
        let failure = await #expect(throws: GitFailure.self, sourceLocation: sourceLocation) {
            try await mirror.verify(revision, since: nil)
        }
        return try #require(failure, sourceLocation: sourceLocation)
    }

    private func withSigners(_ signers: [Signer], _ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch {
            for signer in signers { await signer.forget() }
            throw error
        }
        for signer in signers { await signer.forget() }
    }

    @Test("A SHA-1 signature is refused, but a key whose own signature uses SHA-1 is accepted")
    func weakDigest() async throws {
        let ada = try await Signer.openpgp(folder, "ada")
        let old = try await Signer.openpgp(folder, "old", options: ["--cert-digest-algo", "SHA1"])
        try await withSigners([ada, old]) {
            guard case .openpgp(let home, _) = ada else { return }
            try await ada.export(armoured: true, in: folder, to: "keys")
            try Data("digest-algo SHA1\n".utf8).write(to: URL(fileURLWithPath: "\(home)/gpg.conf"))
            try await origin.commit(["a.yaml": "a"], signedBy: ada)
            let mirror = try mirror()
            let weak = try await failure(mirror)
            #expect(weak.message.contains("has a signature made with SHA-1, which is not accepted"), "\(weak)")
            try FileManager.default.removeItem(atPath: "\(home)/gpg.conf")
            try await origin.commit(["a.yaml": "b"], signedBy: ada)
            try await mirror.verify(try await mirror.head(), since: nil)
            try await old.export(armoured: true, in: folder, to: "keys")
            try await origin.commit(["a.yaml": "c"], signedBy: old)
            try await mirror.verify(try await mirror.head(), since: nil)
        }
    }

    @Test("The key file may be armored or binary, and contain one or several keys")
    func trusted() async throws {
        let ada = try await Signer.openpgp(folder, "ada"), bob = try await Signer.openpgp(folder, "bob")
        try await withSigners([ada, bob]) {
            try await origin.commit(["a.yaml": "a"], signedBy: ada)
            for armoured in [true, false] {
                try await ada.export(armoured: armoured, in: folder, to: "ada")
                try await bob.export(armoured: armoured, in: folder, to: "bob")
                try await run("sh", ["-c", "cat ada > keys; cat bob ada > both; cat bob > other"], in: folder.path)
                for file in ["keys", "both"] {
                    let mirror = try mirror(file)
                    try await mirror.verify(try await mirror.head(), since: nil)
                }
                let failure = try await failure(mirror("other"))
                #expect(failure.reason == .verificationFailed)
                #expect(failure.message.contains("which is not in \(folder.path)/other"), "\(failure)")
                #expect(failure.hint?.contains("add the key to that file") == true)
            }
            try await origin.tag("v1", signedBy: bob)
            let tagged = try mirror("other", ref: .tag("v1"))
            try await tagged.verify(try await tagged.head(), since: nil)
        }
    }

    @Test("A missing or invalid signature, or one by an expired or revoked key, is refused")
    func untrusted() async throws {
        let ada = try await Signer.openpgp(folder, "ada")
        let old = try await Signer.openpgp(folder, "old", expires: "30d", time: "20200101T000000")
        try await withSigners([ada, old]) {
            try await ada.export(armoured: true, in: folder, to: "keys")
            try await origin.commit()
            #expect(try await failure(mirror()).message.contains("is not signed"))
            try await origin.commit(["a.yaml": "a"], signedBy: ada)
            let text = try await run("git", ["cat-file", "commit", "HEAD"], in: origin.path)
            try folder.write("forged", text.replacing("\n\nsigned", with: "\n\nsigned by me"))
            let good = try await origin.git("rev-parse", "HEAD")
            try await origin.git(
                "update-ref", "refs/heads/main",
                try await origin.git("hash-object", "-t", "commit", "-w", "\(folder.path)/forged"))
            #expect(try await failure(mirror()).message.contains("has an invalid signature"))
            try await origin.git("update-ref", "refs/heads/main", good)
            try await revoke(ada)
            try await ada.export(armoured: true, in: folder, to: "keys")
            #expect(try await failure(mirror()).message.contains("was revoked"))
            try await expiredCommit(by: old)
            try await old.export(armoured: false, in: folder, to: "keys")
            #expect(try await failure(mirror()).message.contains("has expired"))
        }
    }

    private func revoke(_ signer: Signer) async throws {
        try await run(
            "sh",
            ["-c", "sed 's/^:---/---/' \"$GNUPGHOME\"/openpgp-revocs.d/*.rev | gpg --batch --quiet --import"],
            in: folder.path, environment: signer.environment)
    }

    /// Signs with an expired key. gpg refuses that unless the time is one at which the key was valid.
    private func expiredCommit(by signer: Signer) async throws {
        try folder.write(
            "gpg-then", "#!/bin/sh\nexec gpg --faked-system-time 20200110T000000 \"$@\"\n", permissions: 0o755)
        try await run(
            "git",
            signer.options + [
                "-c", "gpg.program=\(folder.path)/gpg-then", "commit", "-q", "--allow-empty", "-S", "-m", "signed",
            ], in: origin.path, environment: signer.environment)
    }

    @Test(
        "A key file that is missing or contains no keys is reported",
        arguments: [nil, "", "no keys", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n!!\n"])
    func badKeys(_ text: String?) async throws {
        if let text { try folder.write("keys", text) }
        try await origin.commit()
        let failure = try await failure(mirror())
        #expect(failure.reason == .refused && failure.message.contains("\(folder.path)/keys"), "\(failure)")
    }
}
