import Foundation
import KubernetesSupport
import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmProvisioners

@Suite("Logins of a Kubernetes cluster")
struct KubernetesLoginTests {
    @Test(
        "A token, a client certificate and a credential plugin log in", arguments: ["admin", "certificate", "plugin"])
    func logins(context: String) async throws {
        let shop = try await ClusterShop(podTemplate(), context: context)
        let id = newID()
        let reply = await shop.create(id)
        #expect(reply.outcome.isDone, "\(reply)")
        #expect(await shop.delete(id).outcome.isDone)
    }

    @Test("A login that is not valid, or has no rights, is an outage with a hint")
    func refused() async throws {
        let wrong = try await ClusterShop(podTemplate(), context: "wrong")
        let first = await wrong.create(newID())
        #expect(first.outcome.errorKind == .outage && first.isNotStarted, "\(first)")
        #expect(first.outcome.message.contains("refuses the login (401). Renew the login of context wrong"), "\(first)")
        let viewer = try await ClusterShop(podTemplate(), context: "viewer")
        let second = await viewer.create(newID())
        #expect(second.outcome.errorKind == .outage, "\(second)")
        #expect(second.outcome.message.contains("User \"viewer\" cannot create resource \"pods\""), "\(second)")
        #expect(try await viewer.provisioner.list().isEmpty)
    }

    @Test("A credential plugin runs once, and again when the cluster refuses its token")
    func plugin() async throws {
        let standIn = try await StandIn()
        let shop = try await ClusterShop(podTemplate(), on: standIn, context: "plugin")
        func runs() throws -> Int {
            try String(contentsOfFile: "\(standIn.folder)/plugin.runs", encoding: .utf8).split(separator: "\n").count
        }
        #expect(try await shop.provisioner.list().isEmpty)
        #expect(try await shop.provisioner.list().isEmpty)
        #expect(try runs() == 1)
        try "newer-token".write(toFile: "\(standIn.folder)/plugin.token", atomically: true, encoding: .utf8)
        try await standIn.set(#"{"tokens": {"newer-token": "admin"}}"#)
        #expect(await shop.create(newID()).outcome.isDone)
        #expect(try runs() == 2)
        try await standIn.set(#"{"tokens": {}}"#)
        let reply = await shop.create(newID())
        #expect(reply.outcome.errorKind == .outage && reply.outcome.message.contains("(401)"), "\(reply)")
        #expect(try runs() == 3)
    }

    @Test("The token of a service account is read again for each operation")
    func serviceAccount() async throws {
        let standIn = try await StandIn()
        let folder = "\(standIn.folder)/account"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: "\(standIn.folder)/ca.pem", toPath: "\(folder)/ca.crt")
        let namespace = try await standIn.namespace()
        func write(_ name: String, _ text: String) throws {
            try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
        }
        try write("token", "admin-token\n")
        try write("namespace", namespace)
        let environment = ["KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "\(standIn.port)"]
        let objects = try templates(podTemplate())
        let provisioner = KubernetesProvisioner(
            KubernetesSettings(
                name: "inside", spec: KubernetesSpec(template: "w"), tools: NoTools(),
                load: {
                    do throws(OperationFailure) {
                        let access = try ClusterAccess.serviceAccount(
                            environment: environment, folder: folder, provisioner: "inside")
                        return .success(KubernetesFiles(access: access, templates: objects))
                    } catch {
                        return .failure(error)
                    }
                }), now: { Timestamp(milliseconds: 0) })
        #expect(try await provisioner.list().isEmpty)
        #expect(try await standIn.requests("/namespaces/\(namespace)/pods").count == 1)
        try await standIn.set(#"{"tokens": {"rotated": "admin"}}"#)
        await #expect(throws: ProvisionerFailure.self) { try await provisioner.list() }
        try write("token", "rotated")
        #expect(try await provisioner.list().isEmpty)
    }

    @Test("Outside of a pod, the hint names the key of the configuration")
    func noServiceAccount() {
        #expect(
            throws: OperationFailure(
                .unreachable, "cannot find the Kubernetes API server: prewarm runs in no pod",
                hint: "Set `kubernetes.kubeconfig` of provisioner p.")
        ) { try ClusterAccess.serviceAccount(environment: [:], provisioner: "p") }
    }

    @Test("A certificate of another authority is refused, and one for another name of the server is accepted")
    func certificates() async throws {
        let (one, two) = (try await StandIn(), try await StandIn())
        func failure(_ change: (String) throws -> String) async throws -> ProvisionerFailure? {
            let shop = try await ClusterShop(podTemplate(), on: one)
            let text = try String(contentsOfFile: one.kubeconfig, encoding: .utf8)
            try change(text).write(toFile: one.kubeconfig, atomically: true, encoding: .utf8)
            defer { try? text.write(toFile: one.kubeconfig, atomically: true, encoding: .utf8) }
            do throws(ProvisionerFailure) {
                _ = try await shop.provisioner.list()
                return nil
            } catch {
                return error
            }
        }
        func authority(_ standIn: StandIn) throws -> String {
            try Data(contentsOf: URL(fileURLWithPath: "\(standIn.folder)/ca.pem")).base64EncodedString()
        }
        let foreign = try await failure { $0.replacing(try authority(one), with: try authority(two)) }
        #expect(foreign?.message.hasSuffix("not signed by the authority of the cluster") == true, "\(foreign as Any)")
        let server = "https://127.0.0.1:\(one.port)"
        let named = try await failure {
            $0.replacing("\"\(server)\"", with: "\"\(server)\", \"tls-server-name\": \"kubernetes.default.svc\"")
        }
        #expect(named == nil, "\(named as Any)")
    }
}
