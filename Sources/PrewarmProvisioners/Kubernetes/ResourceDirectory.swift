import PrewarmCore
import PrewarmEngine

/// A kind with its path in the API of a cluster.
struct ObjectResource: Hashable, Sendable {
    let kind: ObjectKind
    /// The name in paths, for example `pods`.
    let plural: String
    let isNamespaced: Bool

    /// Returns the path of all objects of the kind, or of one of them.
    func path(namespace: String, name: String? = nil) -> String {
        let start = kind.group.isEmpty ? "/api" : "/apis"
        let place = isNamespaced ? "/namespaces/\(namespace)" : ""
        return "\(start)/\(kind.apiVersion)\(place)/\(plural)"
            + (name.map { "/\($0.percentEncoded(keeping: []))" } ?? "")
    }

    static let pods = ObjectResource(
        kind: ObjectKind(apiVersion: "v1", kind: "Pod"), plural: "pods", isNamespaced: true)
}

/// The kinds that a cluster has, which are asked for once in ten minutes.
///
/// A cluster has hundreds of kinds, so only the API versions of the template are asked for.
actor ResourceDirectory {
    private struct Page {
        let resources: [ObjectResource]
        let readAt: ContinuousClock.Instant
    }

    /// The pages by the server and the API version. The template bounds their number.
    private var pages: [String: Page] = [:]
    private static let lifetime = Duration.seconds(600)

    /// Returns the resource of a kind.
    /// - Throws: ``OperationFailure`` if the cluster does not have the kind. It is an outage, because the preset is not at
    ///   fault, and because it ends when the kind is installed.
    func resource(of kind: ObjectKind, _ client: KubernetesClient) async throws(OperationFailure) -> ObjectResource {
        guard let found = try await find(kind, client) else {
            throw OperationFailure(
                .unreachable, "the cluster at \(client.server) has no kind \(kind.kind) in \(kind.apiVersion)",
                hint: "Install it, or correct the kind in the template: `kubectl api-resources` lists all kinds.")
        }
        return found
    }

    /// Returns the resources whose objects are listed and deleted, in the order in which they are applied. A kind that the
    /// template no longer has, and that was uninstalled, has no objects any more and is left out.
    func resources(
        of files: KubernetesFiles, _ spec: KubernetesSpec, _ client: KubernetesClient
    ) async throws(OperationFailure) -> [ObjectResource] {
        let needed = Set(files.templates.map(\.kind))
        var found: [ObjectResource] = []
        for kind in files.kinds(spec) {
            if needed.contains(kind) {
                found.append(try await resource(of: kind, client))
            } else if let resource = try await find(kind, client) {
                found.append(resource)
            }
        }
        return found
    }

    /// Returns the resource of a kind; nil if the cluster answers that it does not have the kind.
    private func find(
        _ kind: ObjectKind, _ client: KubernetesClient
    ) async throws(OperationFailure) -> ObjectResource? {
        let key = "\(client.connection.url) \(kind.apiVersion)"
        if let page = pages[key], page.readAt + Self.lifetime > .now,
            let known = page.resources.first(where: { $0.kind == kind })
        {
            return known
        }
        let resources = try await Self.resources(kind.apiVersion, client)
        pages[key] = Page(resources: resources, readAt: .now)
        return resources.first { $0.kind == kind }
    }

    private static func resources(
        _ apiVersion: String, _ client: KubernetesClient
    ) async throws(OperationFailure) -> [ObjectResource] {
        let call = KubernetesCall(path: (apiVersion.contains("/") ? "/apis/" : "/api/") + apiVersion)
        let (status, document) = try await client.call(call, accepting: [404])
        if status == 404 { return [] }
        return document.list("resources").compactMap { entry in
            guard let plural = entry.text("name"), let kind = entry.text("kind"),
                let isNamespaced = entry["namespaced"]?.bool,
                // The name of a part of a resource has a slash, for example `pods/log`.
                plural.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 45 || $0 == 46 })
            else { return nil }
            return ObjectResource(
                kind: ObjectKind(apiVersion: apiVersion, kind: kind), plural: plural, isNamespaced: isNamespaced)
        }
    }
}
