extension TimeZoneRules {
    /// Reads a compiled time zone (RFC 8536, versions 1 to 4), for example a file under `/usr/share/zoneinfo`.
    ///
    /// Throws an error for damaged bytes, and for zones that count leap seconds (`right/…`), since ``Timestamp`` does
    /// not count them.
    package init(tzif bytes: [UInt8]) throws(TimeZoneError) {
        var reader = TZifReader(bytes)
        let first = try reader.header()
        guard first.version >= UInt8(ascii: "2") else {
            self = try reader.rules(first, timeLength: 4)
            return
        }
        try reader.skip(first.blockLength(timeLength: 4))
        self = try reader.rules(try reader.header(), timeLength: 8)
        let footer = try reader.footer()
        guard !footer.isEmpty else { return }
        try append(PosixTimeZone(footer), after: reader.lastTransition)
    }
}

private struct TZifReader {
    struct Header {
        let version: UInt8
        /// The counts in the order of the file: UT indicators, standard indicators, leap seconds, transitions, types,
        /// characters.
        let counts: [Int]

        var leapSeconds: Int { counts[2] }
        var transitions: Int { counts[3] }
        var types: Int { counts[4] }

        func blockLength(timeLength: Int) -> Int {
            transitions * (timeLength + 1) + types * 6 + counts[5] + leapSeconds * (timeLength + 4)
                + counts[1] + counts[0]
        }
    }

    private let bytes: [UInt8]
    private var index = 0
    private(set) var lastTransition: Int64?

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func header() throws(TimeZoneError) -> Header {
        let start = index
        try skip(44)
        guard bytes[start..<start + 4].elementsEqual("TZif".utf8) else {
            throw TimeZoneError("it is not a compiled time zone: it does not begin with `TZif`")
        }
        let counts = (0..<6).map { Int(integer(at: start + 20 + $0 * 4, length: 4) & 0xffff_ffff) }
        return Header(version: bytes[start + 4], counts: counts)
    }

    mutating func rules(_ header: Header, timeLength: Int) throws(TimeZoneError) -> TimeZoneRules {
        let times = index
        try skip(header.blockLength(timeLength: timeLength))
        guard header.leapSeconds == 0 else { throw TimeZoneError("it counts leap seconds") }
        let typeIndexes = times + header.transitions * timeLength
        let offsets = try offsets(at: typeIndexes + header.transitions, count: header.types)
        var rules = TimeZoneRules(fixedOffset: offsets[0])
        for transition in 0..<header.transitions {
            let second = integer(at: times + transition * timeLength, length: timeLength)
            let type = Int(bytes[typeIndexes + transition])
            guard second > lastTransition ?? .min, second < TimeZoneRules.distantFuture, type < offsets.count else {
                throw TimeZoneError("its transition \(transition) is damaged")
            }
            lastTransition = second
            rules.append(at: max(second, TimeZoneRules.distantPast), offset: offsets[type])
        }
        return rules
    }

    /// Reads the text between the two line ends after the second block.
    mutating func footer() throws(TimeZoneError) -> ArraySlice<UInt8> {
        let newline = UInt8(ascii: "\n")
        guard bytes[index...].first == newline, let end = bytes[(index + 1)...].firstIndex(of: newline) else {
            throw TimeZoneError("it has no footer")
        }
        return bytes[(index + 1)..<end]
    }

    mutating func skip(_ length: Int) throws(TimeZoneError) {
        guard length <= bytes.count - index else { throw TimeZoneError("it ends too early") }
        index += length
    }

    /// Reads the offsets. RFC 8536 requires more than -25 and less than 26 hours.
    private func offsets(at start: Int, count: Int) throws(TimeZoneError) -> [Int32] {
        let offsets = (0..<count).map { Int32(integer(at: start + $0 * 6, length: 4)) }
        guard !offsets.isEmpty, offsets.allSatisfy({ (-89_999...93_599).contains($0) }) else {
            throw TimeZoneError("its offsets from UTC are damaged")
        }
        return offsets
    }

    /// Reads a big-endian integer in two's complement.
    private func integer(at start: Int, length: Int) -> Int64 {
        var value: Int64 = bytes[start] >= 0x80 ? -1 : 0
        for byte in bytes[start..<start + length] { value = value << 8 | Int64(byte) }
        return value
    }
}
