package import PrewarmCore

extension Configuration {
    /// The Kubernetes objects of a provisioner, as they are written in the configuration. The objects themselves are in the
    /// template file.
    package struct Kubernetes: Hashable, Sendable {
        package let spec: KubernetesSpec
        /// The place of `template`.
        package let position: Position
        /// The errors that a shape cannot express.
        let problems: [Diagnostic]
        /// The kinds that the configuration names, with the keys that name them.
        private let uses: [Use]

        private struct Use: Hashable, Sendable {
            let kind: String
            let key: String
            let position: Position
        }
    }
}

extension Configuration.Kubernetes {
    init(_ document: DocumentReader) {
        var spec = KubernetesSpec(template: document["template"]?.text ?? "")
        position = document["template"]?.position ?? document.position
        spec.kubeconfig = document["kubeconfig"]?.text
        spec.context = document["context"]?.text
        spec.namespace = document["namespace"]?.text
        spec.endpoint = document["endpoint"]?.placeholders(.objectAddress)
        spec.readyTimeout = document.duration("readyTimeout") ?? spec.readyTimeout
        spec.readyConditions = document["readyConditions"]?.texts ?? [:]
        spec.deletion = document["deletion"].flatMap { .init(rawValue: $0.text) } ?? spec.deletion
        spec.previousKinds =
            document["previousKinds"]?.elements.map {
                ObjectKind(apiVersion: $0["apiVersion"]?.text ?? "", kind: $0["kind"]?.text ?? "")
            } ?? []
        spec.handover = document["handover"].map { KubernetesSpec.Handover($0) }
        self.spec = spec
        problems = Self.problems(document)
        uses = Self.uses(document, spec)
    }

    private static func problems(_ document: DocumentReader) -> [Diagnostic] {
        guard let handover = document["handover"] else { return [] }
        if handover["patch"] == nil, handover["exec"] == nil {
            return [
                Diagnostic(
                    .error, at: handover.position, "invalid handover: it has neither patch nor exec",
                    hint: "add patch or exec, or remove handover")
            ]
        }
        return (handover["patch"]?.elements ?? []).flatMap { patch in
            var problems = ["labels", "annotations"].flatMap { reserved($0, patch) }
            if let data = patch["stringData"], patch["kind"]?.text != "Secret" {
                problems.append(
                    Diagnostic(
                        .error, at: data.position, "invalid patch: only a Secret has stringData",
                        hint: "write kind: Secret, or use annotations"))
            }
            return problems
        }
    }

    /// Returns an error for each key that belongs to prewarm, since prewarm no longer finds an object without its labels.
    private static func reserved(_ map: String, _ patch: DocumentReader) -> [Diagnostic] {
        let entries = patch[map]?.dictionary { $0.position } ?? [:]
        return entries.filter { ObjectTemplate.isReserved($0.key) }.sorted { $0.key < $1.key }.map { key, position in
            Diagnostic(
                .error, at: position, "invalid \(map): the key \(key.printable) belongs to prewarm", hint: "remove it")
        }
    }

    private static func uses(_ document: DocumentReader, _ spec: KubernetesSpec) -> [Use] {
        var uses: [Use] = []
        func add(_ kind: String, _ key: String, _ place: DocumentReader?) {
            uses.append(Use(kind: kind, key: key, position: (place ?? document).position))
        }
        for case .field(let kind, _) in spec.endpoint?.placeholders ?? [] {
            add(kind, "endpoint", document["endpoint"])
        }
        for kind in spec.readyConditions.keys.sorted() { add(kind, "readyConditions", document["readyConditions"]) }
        for patch in document["handover"]?["patch"]?.elements ?? [] {
            add(patch["kind"]?.text ?? "", "patch", patch["kind"])
        }
        if let exec = document["handover"]?["exec"] { add(exec["kind"]?.text ?? "", "exec", exec["kind"]) }
        return uses
    }

    /// Returns an error for each kind that the configuration names and the template does not have.
    package func problems(with objects: [ObjectTemplate]) -> [Diagnostic] {
        let kinds = Set(objects.map(\.kind.kind))
        return uses.filter { !kinds.contains($0.kind) }.map { use in
            Diagnostic(
                .error, at: use.position,
                "invalid \(use.key): the template \(spec.template) has no object of the kind \(use.kind)",
                hint: "use one of these kinds: \(kinds.sorted().joined(separator: ", "))")
        }
    }
}

extension KubernetesSpec.Handover {
    fileprivate init(_ document: DocumentReader) {
        self.init()
        patches =
            document["patch"]?.elements.map { document in
                var patch = KubernetesSpec.Patch(kind: document["kind"]?.text ?? "")
                patch.labels = document["labels"]?.dictionary { $0.placeholders(.handover) } ?? [:]
                patch.annotations = document["annotations"]?.dictionary { $0.placeholders(.handover) } ?? [:]
                patch.stringData = document["stringData"]?.dictionary { $0.placeholders(.handover) } ?? [:]
                return patch
            } ?? []
        exec = document["exec"].map { exec in
            KubernetesSpec.Exec(
                kind: exec["kind"]?.text ?? "", container: exec["container"]?.text,
                command: exec["command"]?.elements.map { $0.placeholders(.handover) } ?? [])
        }
    }
}

extension DocumentReader {
    /// Returns the text of a scalar with its placeholders. The shape has checked that it is valid.
    func placeholders(_ vocabulary: PlaceholderText.Vocabulary) -> PlaceholderText {
        (try? PlaceholderText(text, vocabulary)) ?? .empty
    }
}
