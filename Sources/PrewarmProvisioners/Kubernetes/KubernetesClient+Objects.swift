import NIOHTTP1
import PrewarmCore
import PrewarmEngine

extension KubernetesClient {
    /// The name that the cluster records for the fields that prewarm sets.
    static let fieldManager = "prewarm"
    /// The number of objects of one page of a list.
    private static let pageSize = 500
    /// The largest number of pages of a list. More objects are a failure, since a list must be whole.
    private static let mostPages = 40

    /// Returns an object; nil if it does not exist.
    func object(_ resource: ObjectResource, _ name: String) async throws(OperationFailure) -> Value? {
        let call = KubernetesCall(path: resource.path(namespace: namespace, name: name))
        let (status, document) = try await self.call(call, accepting: [404])
        return status == 404 ? nil : document
    }

    /// Creates an object. Fields that the kind does not have are refused, as with ``apply(_:to:_:)``.
    /// - Returns: False if an object of the name exists. It is not changed.
    func create(_ resource: ObjectResource, _ document: Value) async throws(OperationFailure) -> Bool {
        let call = KubernetesCall(
            method: .POST, path: resource.path(namespace: namespace),
            query: [("fieldManager", Self.fieldManager), ("fieldValidation", "Strict")], body: document)
        return (200..<300).contains(try await self.call(call, reason: "AlreadyExists").status)
    }

    /// Changes an existing object to a document, by server-side apply
    /// (https://kubernetes.io/docs/reference/using-api/server-side-apply/). Fields that other managers have set and the
    /// document has, too, become those of prewarm, as the guide of Kubernetes recommends for controllers.
    /// - Parameter existing: The object. Another one that has replaced it is not changed, because its UID differs.
    func apply(_ resource: ObjectResource, to existing: Value, _ document: Value) async throws(OperationFailure) {
        let call = KubernetesCall(
            method: .PATCH, path: resource.path(namespace: namespace, name: existing.objectName),
            query: [("fieldManager", Self.fieldManager), ("force", "true")],
            body: document.settingMetadata("uid", .string(existing.objectUID)),
            contentType: "application/apply-patch+yaml")
        _ = try await self.call(call)
    }

    /// Changes parts of an object by a merge patch.
    func patch(_ resource: ObjectResource, _ name: String, _ change: Value) async throws(OperationFailure) {
        let call = KubernetesCall(
            method: .PATCH, path: resource.path(namespace: namespace, name: name),
            query: [("fieldManager", Self.fieldManager)], body: change, contentType: "application/merge-patch+json")
        _ = try await self.call(call)
    }

    /// Starts to delete an object. An object that does not exist, or was replaced by another one of its name, is left
    /// alone.
    func delete(
        _ resource: ObjectResource, _ object: Value, _ deletion: KubernetesSpec.Deletion
    ) async throws(OperationFailure) {
        let options = Value.object([
            ("apiVersion", "v1"), ("kind", "DeleteOptions"), ("propagationPolicy", .string(deletion.rawValue)),
            ("preconditions", .object([("uid", .string(object.objectUID))])),
        ])
        let call = KubernetesCall(
            method: .DELETE, path: resource.path(namespace: namespace, name: object.objectName), body: options)
        _ = try await self.call(call, accepting: [404, 409])
    }

    /// Passes the objects with labels to `body` one by one, page by page.
    /// - Returns: The resource version of the list, from which a watch continues.
    /// - Throws: ``OperationFailure`` if the list is not whole.
    @discardableResult
    func list(
        _ resource: ObjectResource, selector: String, _ body: (Value) -> Void
    ) async throws(OperationFailure) -> String {
        // A list whose pages have expired begins once more from the start.
        for isLast in [false, true] {
            var found: [Value] = []
            if let version = try await pages(resource, selector, isLast: isLast, into: &found) {
                for object in found { body(object) }
                return version
            }
        }
        throw .canceled
    }

    /// Reads all pages.
    /// - Returns: The resource version of the list; nil if the API server has forgotten the list.
    private func pages(
        _ resource: ObjectResource, _ selector: String, isLast: Bool, into found: inout [Value]
    ) async throws(OperationFailure) -> String? {
        var next = ""
        for _ in 0..<Self.mostPages {
            var call = KubernetesCall(
                path: resource.path(namespace: namespace),
                query: [("labelSelector", selector), ("limit", "\(Self.pageSize)")], sizeLimit: 64 << 20)
            if !next.isEmpty { call.query.append(("continue", next)) }
            let (status, page) = try await self.call(call, accepting: isLast || next.isEmpty ? [] : [410])
            if status == 410 { return nil }
            guard case .array(let items)? = page["items"] else { throw bad("it is no list", call) }
            // The objects of a list do not name their kind.
            found += items.map { item in
                Value.object([
                    ("apiVersion", .string(resource.kind.apiVersion)), ("kind", .string(resource.kind.kind)),
                ]).merging(item.pairs.filter { $0.key != "apiVersion" && $0.key != "kind" })
            }
            let metadata = page["metadata"]
            next = metadata?.text("continue") ?? ""
            if next.isEmpty { return metadata?.text("resourceVersion") ?? "" }
        }
        throw OperationFailure(
            .badAnswer,
            "the cluster at \(server) has more than \(Self.mostPages * Self.pageSize) objects of the kind "
                + "\(resource.kind.kind) that prewarm manages")
    }
}
