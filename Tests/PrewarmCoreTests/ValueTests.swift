import PrewarmCore
import Testing

@Suite("Timestamps")
struct TimestampTests {
    @Test(
        "A time in RFC 3339 is read",
        arguments: [
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59.999Z", -1),
            ("2026-11-23T21:36:00Z", 1_795_469_760_000),
            ("2026-11-23t21:36:00z", 1_795_469_760_000),
            ("2026-11-23 21:36:00Z", 1_795_469_760_000),
            ("2026-11-23T22:36:00+01:00", 1_795_469_760_000),
            ("2026-11-23T16:06:00-05:30", 1_795_469_760_000),
            ("2000-02-29T00:00:00Z", 951_782_400_000),
            ("2024-02-29T12:00:00.5Z", 1_709_208_000_500),
            ("2024-02-29T12:00:00.0519999Z", 1_709_208_000_051),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ] as [(String, Int64)])
    func reads(text: String, milliseconds: Int64) {
        #expect(Timestamp(text)?.milliseconds == milliseconds)
    }

    @Test(
        "A text that is not a time is refused",
        arguments: [
            "", "now", "2026", "2026-11-23", "2026-11-23T21:36", "2026-11-23T21:36:00", "2026-11-23T21:36:00.Z",
            "2026-11-23T21:36:00+1:00", "2026-11-23T21:36:00+0100", "2026-11-23T21:36:00+24:00",
            "2026-11-23T21:36:00Z ", " 2026-11-23T21:36:00Z", "2026-11-23T24:00:00Z", "2026-11-23T21:60:00Z",
            "2026-11-23T21:36:61Z", "2026-00-23T21:36:00Z", "2026-13-23T21:36:00Z", "2026-11-00T21:36:00Z",
            "2026-11-31T21:36:00Z", "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "0000-01-01T00:00:00Z",
            "26-11-23T21:36:00Z", "2026-1-23T21:36:00Z", "2026-11-23T21:36:00.5", "+026-11-23T21:36:00Z",
            "٢٠٢٦-11-23T21:36:00Z", "2026-11-23T21:36:00Z\0", "0001-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
        ])
    func refuses(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test("Each time of the years 1 to 9999 is read back from its text")
    func roundTrip() {
        var random = SplitMix64(seed: 1)
        for _ in 0..<5000 {
            let time = Timestamp(milliseconds: .random(in: -62_135_596_800_000...253_402_300_799_999, using: &random))
            #expect(Timestamp(time.description) == time)
        }
    }

    @Test("Milliseconds are written only if they are not 0")
    func text() {
        #expect(Timestamp(milliseconds: 1_795_469_760_000).description == "2026-11-23T21:36:00Z")
        #expect(Timestamp(milliseconds: 1_795_469_760_007).description == "2026-11-23T21:36:00.007Z")
        #expect(Timestamp(milliseconds: -1).description == "1969-12-31T23:59:59.999Z")
    }

    @Test("A sum that overflows is the largest or smallest time, so a very long ttl means never")
    func saturation() {
        let time = Timestamp(milliseconds: 1_795_469_760_000)
        #expect(time + .seconds(Int64.max) == .distantFuture)
        #expect(time - .seconds(Int64.max) == Timestamp(milliseconds: .min + time.milliseconds))
        #expect(Timestamp(milliseconds: .min) + .milliseconds(-1) == Timestamp(milliseconds: .min))
        #expect(time + .milliseconds(1500) == Timestamp(milliseconds: 1_795_469_761_500))
        #expect((time + .seconds(90)) - time == .seconds(90))
        #expect(Timestamp(milliseconds: .max) - Timestamp(milliseconds: .min) == .milliseconds(Int64.max))
        #expect(Timestamp(milliseconds: .min) - Timestamp(milliseconds: .max) == .milliseconds(Int64.min))
    }

    @Test("The largest and smallest numbers of milliseconds have a text")
    func extremes() {
        for milliseconds in [Int64.min, .min + 1, -62_135_596_800_001, 253_402_300_800_000, .max] {
            #expect(!Timestamp(milliseconds: milliseconds).description.isEmpty)
        }
    }

    @Test("Each date of four years has the right day number and weekday")
    func calendar() {
        var (year, month, day, weekday) = (1999, 12, 31, 5)
        for days in 10_956..<10_956 + 1500 {
            let civil = CivilTime(Timestamp(seconds: Int64(days) * 86_400 + 3661))
            #expect((civil.year, civil.month, civil.day) == (year, month, day))
            #expect((civil.hour, civil.minute, civil.second, civil.weekday) == (1, 1, 1, weekday))
            #expect(CivilTime.daysSinceEpoch(year: year, month: month, day: day) == days)
            day += 1
            if day > CivilTime.days(inMonth: month, year: year) { (day, month) = (1, month + 1) }
            if month > 12 { (month, year) = (1, year + 1) }
            weekday = (weekday + 1) % 7
        }
    }
}

@Suite("Durations")
struct DurationTests {
    @Test(
        "A duration is read as a sum from large to small units, and written in the shortest form",
        arguments: [
            ("0s", 0, "0s"), ("90s", 90, "1m30s"), ("15m", 900, "15m"), ("24h", 86_400, "1d"),
            ("7d", 604_800, "7d"), ("1h30m", 5400, "1h30m"), ("1d2h3m4s", 93_784, "1d2h3m4s"), ("007s", 7, "7s"),
            ("3650d", 315_360_000, "3650d"),
        ] as [(String, Int64, String)])
    func reads(text: String, seconds: Int64, shortest: String) {
        let duration = Duration(prewarm: text)
        #expect(duration == .seconds(seconds))
        #expect(duration?.prewarmText == shortest)
        #expect(Duration(prewarm: shortest) == duration)
    }

    @Test(
        "A text that is not a duration is refused",
        arguments: [
            "", "s", "5", "1h5", "-5s", "+5s", "1.5h", "5S", "5 s", " 5s", "5s ", "30m1h", "1h1h", "5ms", "1w", "3651d",
            "3650d1s", "99999999999999999999s", "1hm", "PT5M",
        ])
    func refuses(text: String) {
        #expect(Duration(prewarm: text) == nil)
    }

    @Test("A duration beyond 64 bits of milliseconds is cut to the largest or smallest number")
    func milliseconds() {
        #expect(Duration.seconds(Int64.max).wholeMilliseconds == .max)
        #expect(Duration.seconds(Int64.min).wholeMilliseconds == .min)
        #expect(Duration.microseconds(1999).wholeMilliseconds == 1)
        #expect(Duration.microseconds(-1999).wholeMilliseconds == -1)
    }
}

@Suite("SHA-256")
struct SHA256Tests {
    /// The examples of FIPS 180-4, and lengths around the limit of the padding (checked with sha256sum).
    @Test(
        "A message has its known digest",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (
                String(repeating: "a", count: 55), "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"
            ),
            (
                String(repeating: "a", count: 64), "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"
            ),
            (
                String(repeating: "a", count: 119), "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"
            ),
        ])
    func known(message: String, digest: String) {
        let hex = SHA256.digest(Array(message.utf8)).map { byte in
            let digits = String(byte, radix: 16)
            return digits.utf8.count < 2 ? "0" + digits : digits
        }
        #expect(hex.joined() == digest)
    }
}

@Suite("Revisions and fingerprints")
struct RevisionTests {
    private static let commit = "0123456789abcdef0123456789abcdef01234567"

    @Test("A revision is read back from its text", arguments: ["main", "release/1.x", "v1@beta", nil])
    func roundTrip(ref: String?) {
        let revision = Revision(ref: ref, commit: Self.commit)
        #expect(Revision(revision.description) == revision)
        #expect(revision.description == (ref.map { $0 + "@" } ?? "") + "sha1:" + Self.commit)
        #expect(revision.short == (ref.map { $0 + "@" } ?? "") + "sha1:01234567")
    }

    @Test(
        "A text that is not a revision is refused",
        arguments: [
            "", "main", "main@", "main@sha1:", "main@sha1:0123", "main@sha256:\(commit)", "main@\(commit)",
            "main@sha1:\(commit)0", "main@sha1:0123456789ABCDEF0123456789ABCDEF01234567",
            "main@sha1:0123456789abcdef0123456789abcdef0123456g", "sha1:\(commit)@main",
            // Full-width digits: Unicode counts them as hexadecimal digits, and they are 40 bytes.
            "main@sha1:" + String(repeating: "\u{ff11}", count: 12) + "0123",
        ])
    func refuses(text: String) {
        #expect(Revision(text) == nil)
    }

    @Test("A fingerprint is 16 hexadecimal digits")
    func fingerprint() {
        for value in [0, 1, 0xff, .max] as [UInt64] {
            let fingerprint = Fingerprint(rawValue: value)
            #expect(fingerprint.description.utf8.count == 16)
            #expect(Fingerprint(fingerprint.description) == fingerprint)
        }
        for text in ["", "0", "000000000000000g", "00000000000000000", "+000000000000001", "-000000000000001"] {
            #expect(Fingerprint(text) == nil, "\(text)")
        }
    }

    @Test("Each field of a workspace's spec changes its fingerprint, and the order of parameters does not")
    func specs() {
        let spec = WorkspaceSpec(template: "go", version: "1", provisioner: "vm", parameters: ["size": .integer(1)])
        let others = [
            WorkspaceSpec(template: "go2", version: "1", provisioner: "vm", parameters: ["size": .integer(1)]),
            WorkspaceSpec(template: "go", version: "2", provisioner: "vm", parameters: ["size": .integer(1)]),
            WorkspaceSpec(template: "go", version: "1", provisioner: "vm2", parameters: ["size": .integer(1)]),
            WorkspaceSpec(template: "go", version: "1", provisioner: "vm", parameters: ["size": .integer(2)]),
            WorkspaceSpec(template: "go", version: "1", provisioner: "vm", parameters: ["size": .string("1")]),
            WorkspaceSpec(template: "go", version: "1", provisioner: "vm", parameters: ["size": .secret("1")]),
            WorkspaceSpec(template: "go", version: "1", provisioner: "vm", parameters: [:]),
            WorkspaceSpec(template: "g", version: "o1", provisioner: "vm", parameters: ["size": .integer(1)]),
        ]
        #expect(Set(others.map(\.fingerprint)).count == others.count)
        #expect(!others.map(\.fingerprint).contains(spec.fingerprint))
        let sized = WorkspaceSpec(
            template: "go", version: "1", provisioner: "vm", parameters: ["a": .boolean(true), "b": .number(0.5)])
        let same = WorkspaceSpec(
            template: "go", version: "1", provisioner: "vm", parameters: ["b": .number(0.5), "a": .boolean(true)])
        #expect(sized.fingerprint == same.fingerprint)
    }
}

@Suite("Identifiers")
struct IdentifierTests {
    @Test("The identifiers of one factory ascend and differ")
    func ascending() {
        var random = SplitMix64(seed: 7)
        var factory = IdentifierFactory(now: Timestamp(milliseconds: 1_795_469_760_000), using: &random)
        let identifiers = (0..<10_000).map { _ in factory.next() }
        #expect(identifiers == identifiers.sorted())
        #expect(Set(identifiers).count == identifiers.count)
        #expect(identifiers.allSatisfy { $0.utf8.count == 26 })
    }

    @Test("A later factory makes larger identifiers, and a second factory of the same time makes different ones")
    func factories() {
        var random = SplitMix64(seed: 7)
        var first = IdentifierFactory(now: Timestamp(milliseconds: 1000), using: &random)
        var second = IdentifierFactory(now: Timestamp(milliseconds: 1000), using: &random)
        var later = IdentifierFactory(now: Timestamp(milliseconds: 1001), using: &random)
        let (one, two, three) = (first.next(), second.next(), later.next())
        #expect(one != two)
        #expect(max(one, two) < three)
    }

    @Test("An overflow of the low bits changes the high bits, but not the time")
    func carry() {
        var ones = Ones()
        var factory = IdentifierFactory(now: Timestamp(milliseconds: 1000), using: &ones)
        let (first, second) = (factory.next(), factory.next())
        #expect(first < second)
        #expect(first.prefix(10) == second.prefix(10))
    }

    @Test("An identifier encodes its time like a ULID")
    func time() {
        var ones = Ones()
        // The example of https://github.com/ulid/spec: 01ARYZ6S41 is 1469918176385.
        var factory = IdentifierFactory(now: Timestamp(milliseconds: 1_469_918_176_385), using: &ones)
        #expect(factory.next().prefix(10) == "01aryz6s41")
        var early = IdentifierFactory(now: Timestamp(milliseconds: -5), using: &ones)
        #expect(early.next().prefix(10) == "0000000000")
    }

    private struct Ones: RandomNumberGenerator {
        mutating func next() -> UInt64 { .max }
    }
}
