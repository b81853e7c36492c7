import PrewarmEngine

extension Provisioner {
    /// Returns the reply to an operation that the provisioner does not offer; nil if it offers the operation. A list has a
    /// method of its own.
    func refusal(of operation: ProvisionerOperation, name: String) -> ProvisionerReply? {
        guard operation == .list || !operations.contains(operation) else { return nil }
        return ProvisionerReply(outcome: .failed("provisioner \(name) does not offer \(operation.rawValue)"))
    }
}
