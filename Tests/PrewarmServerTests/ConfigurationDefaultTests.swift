import PrewarmGit
import PrewarmManifests
import PrewarmServer
import Testing

@Suite("Defaults of the configuration")
struct ConfigurationDefaultTests {
    @Test("The schema states the defaults of the server and of git")
    func schema() {
        #expect(Configuration.standardListen == ListenAddress.standard.description)
        #expect(Configuration.Source.standardMaxPackSize == "1GiB" && GitLimits.standardPackSize == 1 << 30)
    }
}
