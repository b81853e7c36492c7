import Foundation
import KubernetesSupport
import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmProvisioners

@Suite("Handovers of Kubernetes objects")
struct KubernetesHandoverTests {
    private static let template = """
        \(podAndService)
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: "{name}"}
        stringData: {license: "{parameters.license}"}
        """

    private static func shop(
        on standIn: StandIn? = nil, _ handover: @escaping (inout KubernetesSpec.Handover) -> Void
    ) async throws -> ClusterShop {
        try await ClusterShop(Self.template, on: standIn) { spec in
            var value = KubernetesSpec.Handover()
            handover(&value)
            spec.handover = value
        }
    }

    private static func text(_ text: String) throws -> PlaceholderText { try PlaceholderText(text, .handover) }

    private static func exec(_ script: String) throws -> KubernetesSpec.Exec {
        KubernetesSpec.Exec(
            kind: "Pod", container: "dev",
            command: try ["/bin/sh", "-c", script].map {
                try text($0.replacing("{", with: "{{").replacing("}", with: "}}"))
            })
    }

    private func claim(_ shop: ClusterShop) async -> ProvisionerReply {
        let id = newID()
        let parameters: [String: ParameterValue] = ["license": .secret("LICENSE")]
        let created = await shop.create(id, parameters: parameters, secrets: ["LICENSE": "license-1234"])
        guard created.outcome.isDone else { return created }
        return await shop.perform(
            shop.request(
                .claim, id, parameters: parameters, secrets: ["LICENSE": "license-1234"],
                claim: ClaimDetails(
                    id: "claim-1",
                    values: ClaimValues(plain: ["branch": .string("fix/7")], secrets: ["key": "secret-key-5678"]))))
    }

    @Test("Patches write the owner and the claim parameters into the objects")
    func patches() async throws {
        let shop = try await Self.shop { handover in
            var pod = KubernetesSpec.Patch(kind: "Pod")
            pod.labels = ["owner": (try? Self.text("{owner}")) ?? .empty]
            pod.annotations = ["example.org/branch": (try? Self.text("{claim.branch} of {owner}")) ?? .empty]
            var secret = KubernetesSpec.Patch(kind: "Secret")
            secret.stringData = ["key": (try? Self.text("{claim.key}")) ?? .empty]
            handover.patches = [pod, secret]
        }
        let reply = await claim(shop)
        #expect(reply.outcome.isDone, "\(reply)")
        let pod = try #require(try await shop.objects("pods").first?["metadata"])
        #expect(pod["labels"]?.text("owner") == "ada")
        #expect(pod["annotations"]?.text("example.org/branch") == "fix/7 of ada")
        let data = try #require(try await shop.objects("secrets").first?["data"])
        func decoded(_ key: String) -> String? {
            data.text(key).flatMap { Data(base64Encoded: $0) }.map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(decoded("key") == "secret-key-5678" && decoded("license") == "license-1234")
        #expect(!reply.log.contains("5678"))
    }

    @Test("A secret claim parameter can only enter a Secret, and a label only takes the value of a label")
    func places() async throws {
        for (text, part) in [
            ("{claim.key}", "secrets are only allowed in `stringData`"),
            ("{claim.none}", "the claim has no parameter none"), ("{claim.branch}", "`labels.x` of provisioner"),
        ] {
            let shop = try await Self.shop { handover in
                var pod = KubernetesSpec.Patch(kind: "Pod")
                pod.labels = ["x": (try? Self.text(text)) ?? .empty]
                handover.patches = [pod]
            }
            let reply = await claim(shop)
            #expect(reply.outcome.message.contains(part), "\(reply)")
            #expect(!reply.outcome.message.contains("5678"))
        }
    }

    @Test("A program in the pod gets the whole request on standard input, and returns credentials")
    func exec() async throws {
        let shop = try await Self.shop { handover in
            handover.exec = try? Self.exec(
                """
                request=$(cat); echo "got ${#request} bytes" >&2
                case $request in *'"owner":"ada"'*'"key":"secret-key-'*) ;; *) exit 3;; esac
                echo '{"endpoint": "ssh://dev", "credentials": {"password": "pass-word-99"}}'; echo pass-word-99 >&2
                """)
        }
        let reply = await claim(shop)
        #expect(reply.outcome.endpoint == "ssh://dev", "\(reply)")
        #expect(reply.credentials == ["password": "pass-word-99"])
        #expect(reply.log.contains("got ") && reply.log.contains("***") && !reply.log.contains("pass-word-99"))
        // The arguments are in the URL, which the API server writes into its audit log.
        let calls = try await shop.standIn.requests("\(shop.namespace)/pods/").filter { $0.contains("/exec?") }
        #expect(calls.count == 1 && calls[0].contains("container=dev") && !calls[0].contains("5678"), "\(calls)")
    }

    @Test("A program runs in the pod of its own workspace, and not in another pod with the same labels")
    func ownPod() async throws {
        let shop = try await ClusterShop(deploymentTemplate()) {
            var handover = KubernetesSpec.Handover()
            handover.exec = try? Self.exec(#"cat >/dev/null; echo '{"metadata": {"a": "b", "namespace": "x"}}'"#)
            handover.exec?.kind = "Deployment"
            $0.handover = handover
        }
        let id = newID()
        let name = shop.request(.create, id).workspace.name
        // The list of pods begins with this one.
        let foreign = try await ClusterShop(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: "a-{name}", labels: {app: "\(name)"}}
            spec: {containers: [{name: dev, image: go}]}
            """
        ) { $0.namespace = shop.namespace }
        #expect(await foreign.create(newID()).outcome.isDone)
        let created = await shop.create(id)
        #expect(created.outcome.isDone, "\(created)")
        let claim = ClaimDetails(id: "claim-1", values: ClaimValues(plain: [:], secrets: [:]))
        let reply = await shop.perform(shop.request(.claim, id, claim: claim, metadata: created.outcome.metadata))
        #expect(reply.outcome.metadata == created.outcome.metadata.merging(["a": "b"]) { $1 }, "\(reply)")
        let calls = try await shop.standIn.requests("\(shop.namespace)/pods/").filter { $0.contains("/exec?") }
        #expect(calls.count == 1 && calls[0].contains("/pods/\(name)-"), "\(calls)")
    }

    @Test("A large output arrives whole up to its limit, and a larger one is refused")
    func output() async throws {
        let shop = try await Self.shop { handover in
            handover.exec = try? Self.exec(
                #"printf '{"metadata": {"a": "'; head -c 900000 /dev/zero | tr '\0' x; echo '"}}'"#)
        }
        let reply = await claim(shop)
        #expect(reply.outcome.metadata["a"]?.utf8.count == 900_000)
        let larger = try await Self.shop { handover in
            handover.exec = try? Self.exec(#"head -c 2000000 /dev/zero | tr '\0' x"#)
        }
        let refused = await claim(larger)
        #expect(refused.outcome.message.hasPrefix("wrote more than 1 MiB to standard output"), "\(refused.outcome)")
    }

    @Test(
        "The exit code of the program decides",
        arguments: [
            ("echo 'fatal: no such user' >&2; exit 4", "exit code 4: fatal: no such user"),
            ("echo busy >&2; exit 75", "busy"),
        ])
    func exitCodes(script: String, message: String) async throws {
        let shop = try await Self.shop { $0.exec = try? Self.exec(script) }
        let reply = await claim(shop)
        #expect(reply.outcome.message.hasPrefix(message), "\(reply)")
        if case .tryLater = reply.outcome { #expect(message == "busy") } else { #expect(message != "busy") }
    }

    @Test("A program that does not exist, and a login without the right to run programs, are named")
    func refused() async throws {
        let shop = try await Self.shop {
            $0.exec = KubernetesSpec.Exec(kind: "Pod", command: [(try? Self.text("/no/such/program")) ?? .empty])
        }
        let reply = await claim(shop)
        #expect(reply.outcome.message.contains("No such file or directory"), "\(reply)")
        try await shop.fault(
            "GET", "pods/.*/exec",
            refusal(403, #"pods "x" is forbidden: User "prewarm" cannot get resource "pods/exec" in API group """#))
        let denied = await claim(shop)
        #expect(denied.outcome.message.contains("cannot get resource \"pods/exec\""), "\(denied)")
    }

    @Test("A cluster without version 5 of the protocol is refused with the version to update to")
    func old() async throws {
        let standIn = try await StandIn()
        try await standIn.set(#"{"exec": "v4.channel.k8s.io"}"#)
        let shop = try await Self.shop(on: standIn) { $0.exec = try? Self.exec("true") }
        let reply = await claim(shop)
        #expect(reply.outcome.message.contains("v5.channel.k8s.io"), "\(reply)")
    }
}
