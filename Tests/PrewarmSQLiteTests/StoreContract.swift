import PrewarmCore
import PrewarmEngine
import Testing

/// An empty durable state; each `open` gives another store on the same one, as another process would have.
protocol StoreFixture: Sendable {
    func open() async throws -> any Store
}

/// What every store promises. An adapter's tests run all of ``cases``, each on a new fixture.
enum StoreContract {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let run: @Sendable (any StoreFixture) async throws -> Void

        init(_ description: String, _ run: @escaping @Sendable (any StoreFixture) async throws -> Void) {
            testDescription = description
            self.run = run
        }
    }

    static let cases =
        transactionCases + sourceCases + presetCases + workspaceCases + claimCases + operationCases + queueCases
        + historyCases + accessCases + notificationCases
}
