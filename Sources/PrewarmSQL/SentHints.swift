internal import PrewarmEngine

/// The hints for other processes about the changes of a transaction.
final class SentHints {
    private(set) var all: Set<StoreHint> = []

    func add(_ hint: StoreHint) { all.insert(hint) }
}
