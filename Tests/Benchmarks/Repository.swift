import Foundation
import PrewarmCore

/// A bare repository of presets, twenty to a folder and three folders deep, and a history of commits that change one
/// preset each. `refs/tags/c0` is the first commit, `c1` the next, and so on; `main` is the first.
struct Repository {
    let path: String
    let presets: Int
    /// From the first on.
    let commits: [Revision]
    let files: [[UInt8]]

    /// The time that everything here is planned for: a Sunday, so that no schedule is in force. Not one to come, for
    /// which what is kept now would be old.
    static let now = Timestamp(seconds: 1_767_528_000)

    init(presets: Int, commits: Int, in folder: Folder) throws {
        path = "\(folder.path)/origin-\(presets).git"
        self.presets = presets
        try run(["git", "init", "--quiet", "--bare", "--initial-branch=main", path])
        files = (0..<presets).map { Array(Self.manifest($0, version: 0).utf8) }
        var stream: [UInt8] = []
        Self.commit("c0", (0..<presets).map { (Self.path($0), Self.manifest($0, version: 0)) }, to: &stream)
        for number in 1...commits {
            // Spread over the folders.
            let preset = number * 7919 % presets
            Self.commit("c\(number)", [(Self.path(preset), Self.manifest(preset, version: number))], to: &stream)
        }
        try run(["git", "-C", path, "fast-import", "--quiet"], input: stream)
        try run(["git", "-C", path, "repack", "-adq"])
        try run(["git", "-C", path, "update-ref", "refs/heads/main", "refs/tags/c0"])
        let path = path
        self.commits = try (0...commits).map { number in
            let id = try run(["git", "-C", path, "rev-parse", "refs/tags/c\(number)"])
            return Revision(ref: "main", commit: String(decoding: id.prefix(40), as: UTF8.self))
        }
    }

    var url: String { "file://\(path)" }

    func point(atCommit number: Int) throws {
        try run(["git", "-C", path, "update-ref", "refs/heads/main", commits[number].commit])
    }

    private static func commit(_ name: String, _ files: [(path: String, text: String)], to stream: inout [UInt8]) {
        var head = "commit refs/tags/\(name)\ncommitter Ada <ada@example.org> 1767528000 +0000\ndata 6\nchange"
        if name != "c0", let number = Int(name.dropFirst()) { head += "\nfrom refs/tags/c\(number - 1)" }
        stream += Array(head.utf8)
        for (path, text) in files {
            stream += Array("\nM 644 inline \(path)\ndata \(text.utf8.count)\n\(text)".utf8)
        }
        stream += Array("\n\n".utf8)
    }

    private static func path(_ number: Int) -> String {
        "teams/team-\(number / 400)/area-\(number / 20 % 20)/preset-\(number).yaml"
    }

    /// Of some 500 bytes, with all that usual ones have.
    private static func manifest(_ number: Int, version: Int) -> String {
        let kinds = ["go", "swift", "python", "node"]
        return """
            apiVersion: prewarm/v1
            kind: Preset
            metadata:
              name: preset-\(number)
              labels:
                team: team-\(number / 400)
                tier: \(["gold", "silver", "bronze"][number % 3])
              annotations:
                owner: "owner-\(number % 1000)@example.com"   # who to ask
            spec:
              template: \(kinds[number % 4])-workspace-\(number % 40)
              version: v1.\(number % 30).\(version)
              parameters:
                region: \(["eu-central-1", "us-east-1"][number % 2])
                instance_type: \(["small", "medium", "large"][number % 3])
                disk_gb: "\([20, 50, 100][number % 3])"
                dotfiles: https://git.example.com/owner-\(number % 1000)/dotfiles.git
              instances: 10
              schedule:
                timezone: \(["Europe/Berlin", "America/New_York", "Asia/Tokyo", "UTC"][number % 4])
                windows:
                  - cron: "* \(6 + number % 3)-\(17 + number % 3) * * 1-5"
                    instances: 20
              ttl: \(["72h", "96h", "120h"][number % 3])

            """
    }
}
