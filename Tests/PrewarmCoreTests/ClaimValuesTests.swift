import PrewarmCore
import Testing

@Suite("The parameters of a claim")
struct ClaimValuesTests {
    private static let parameters = [
        ClaimParameter(
            ParameterRule(name: "branch", kind: .string, pattern: "^[a-z]+$", standard: .string("main"))),
        ClaimParameter(ParameterRule(name: "size", kind: .integer, minimum: 1, maximum: 9)),
        ClaimParameter(ParameterRule(name: "debug", kind: .boolean)),
        ClaimParameter(ParameterRule(name: "token", kind: .string, pattern: "^t-", isRequired: true), isSecret: true),
    ]

    @Test("Texts become numbers and booleans, and defaults are added")
    func values() {
        let (values, problems) = ClaimValues.check(
            ["size": .string("4"), "debug": .string("true"), "token": .string("t-1")], against: Self.parameters)
        #expect(problems.isEmpty)
        #expect(values.plain == ["size": .integer(4), "debug": .boolean(true), "branch": .string("main")])
        #expect(values.secrets == ["token": "t-1"])
    }

    @Test("All errors are reported, in the order of the names")
    func errors() {
        let (_, problems) = ClaimValues.check(
            ["brnch": .string("x"), "size": .string("12"), "debug": .string("yes")], against: Self.parameters)
        #expect(
            problems.map(\.message) == [
                "there is no claim parameter \"brnch\"; did you mean \"branch\"?",
                "the claim parameter \"debug\" is the text \"yes\", expected a boolean",
                "the claim parameter \"size\" is 12, expected at most 9",
                "the claim parameter \"token\" is missing",
            ])
    }

    @Test(
        "An error never contains the value of a secret",
        arguments: [ParameterValue.string("hunter2-hunter2"), .integer(43_214_321), .boolean(true)])
    func secrets(value: ParameterValue) {
        let (values, problems) = ClaimValues.check(["token": value], against: Self.parameters)
        #expect(problems.map(\.message) == ["the claim parameter \"token\" does not match ^t-"])
        #expect(values.secrets.isEmpty && values.plain["token"] == nil)
    }

    @Test("Values that no environment variable can have are refused")
    func bounds() {
        let long = String(repeating: "t-", count: ClaimValues.valueLimit)
        for (value, message) in [(long, "is longer than 64 KiB"), ("t-\0", "contains a NUL character")] {
            let (_, problems) = ClaimValues.check(["token": .string(value)], against: Self.parameters)
            #expect(problems.map(\.message) == ["the claim parameter \"token\" \(message)"])
        }
    }

    @Test("A further request may leave required parameters out")
    func incomplete() {
        let (values, problems) = ClaimValues.check([:], against: Self.parameters, isComplete: false)
        #expect(problems.isEmpty && values == ClaimValues())
    }
}
