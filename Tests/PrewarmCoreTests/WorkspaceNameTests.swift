import PrewarmCore
import Testing

@Suite("Names of workspaces")
struct WorkspaceNameTests {
    static let id = WorkspaceID("01hzy3v7k8a9b0c1d2e3f4g5h6")

    @Test("A workspace's name is the preset's name and the end of the id")
    func usual() {
        #expect(Workspace.name(preset: "go-large", id: Self.id) == "go-large-e3f4g5h6")
        #expect(Workspace.name(preset: "a", id: WorkspaceID("stray")) == "a-stray")
    }

    @Test(
        "A workspace's name is a label of at most 63 characters for any preset and id",
        arguments: [1, 53, 54, 55, 62, 63],
        [
            "01hzy3v7k8a9b0c1d2e3f4g5h6", "i-0abcdef1234567890", "projects/p/zones/z/instances/VM-1", "A", "vm.1", "x-",
            "", "é", "0123456789012345678901234567890123456789012345678901234567890123456789",
        ])
    func label(_ length: Int, _ id: String) throws {
        for character in ["a", "-"] {
            let preset = length < 2 ? "p" : "p" + String(repeating: character, count: length - 2) + "q"
            let name = Workspace.name(preset: preset, id: WorkspaceID(id))
            #expect(name.utf8.count <= 63, "\(name)")
            #expect(name.wholeMatch(of: /[a-z0-9]([a-z0-9-]*[a-z0-9])?/) != nil, "\(name)")
        }
    }

    @Test("Workspaces with different ids have different names")
    func unique() {
        let preset = String(repeating: "p", count: 63)
        let ids = [
            "team-a-instance", "team-b-instance", "a/instance", "instance", "A-INSTANCE", "01hzy3v7k8a9b0c1d2e3f4g5h6",
        ]
        #expect(Set(ids.map { Workspace.name(preset: preset, id: WorkspaceID($0)) }).count == ids.count)
    }
}
