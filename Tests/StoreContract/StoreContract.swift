import PrewarmCore
import PrewarmEngine
import Testing

/// An empty durable state. Each call of `open` returns another store on this state, like a store of another process.
protocol StoreFixture: Sendable {
    func open() async throws -> any Store
}

/// The contract of all stores. The tests of an adapter run all of ``cases``, each on a new fixture.
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
        + historyCases + accessCases + notificationCases + claimRecordCases + leaseCases + breakerCases + handoverCases
        + limitCases
        + standingCases + demandCases + holdCases
}
