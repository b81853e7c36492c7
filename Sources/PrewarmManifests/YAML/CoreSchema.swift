/// A scalar with its text and its value.
struct Scalar {
    enum Value: Equatable {
        case null
        case boolean(Bool)
        case integer(Int64)
        case number(Double)
        case text(String)
    }

    /// The text as it is written, with escapes and folding resolved.
    let text: String
    let value: Value
    /// The number of Unicode scalars between the position of the node and the text. Nil if the file writes the text in
    /// another form, for example with escapes.
    let offset: Int?
    /// The text that messages show: the text before variables were replaced, because their values may be secrets.
    let shown: String

    /// A plain scalar is resolved. A quoted scalar is text.
    init(text: String, isPlain: Bool, offset: Int? = nil, shown: String? = nil) {
        self.text = text
        self.offset = offset
        self.shown = shown ?? text
        value = Value(isPlain ? Resolution(Array(text.utf8).span) : .text, text)
    }
}

extension Scalar.Value {
    init(_ resolution: Resolution, _ text: @autoclosure () -> String) {
        self =
            switch resolution {
            case .null: .null
            case .boolean(let value): .boolean(value)
            case .integer(let value): .integer(value)
            case .number(let value): .number(value)
            case .text: .text(text())
            }
    }
}

/// The kind and value of a plain scalar by the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema).
enum Resolution: Equatable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case text

    /// The text that a provisioner receives for a number or boolean. Nil for text and null.
    var canonicalText: String? {
        switch self {
        case .boolean(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .text, .null: nil
        }
    }

    init(_ bytes: borrowing Span<UInt8>) {
        guard bytes.count > 0 else {
            self = .null
            return
        }
        switch bytes[0] {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            self = Self.number(bytes)
        case UInt8(ascii: "~") where bytes.count == 1: self = .null
        case UInt8(ascii: "n"), UInt8(ascii: "N"), UInt8(ascii: "t"), UInt8(ascii: "T"), UInt8(ascii: "f"),
            UInt8(ascii: "F"):
            self = bytes.count > 5 ? .text : Self.word(Self.string(bytes))
        default: self = .text
        }
    }

    private static func string(_ bytes: borrowing Span<UInt8>) -> String {
        bytes.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }

    private static func word(_ text: String) -> Resolution {
        switch text {
        case "null", "Null", "NULL": .null
        case "true", "True", "TRUE": .boolean(true)
        case "false", "False", "FALSE": .boolean(false)
        default: .text
        }
    }

    private static func number(_ bytes: borrowing Span<UInt8>) -> Resolution {
        if bytes.count > 2, bytes[0] == UInt8(ascii: "0"), let radix = radix(bytes[1]) {
            let digits = string(bytes.extracting(2..<bytes.count))
            let isSigned = bytes[2] == UInt8(ascii: "+") || bytes[2] == UInt8(ascii: "-")
            return isSigned ? .text : Int64(digits, radix: radix).map { .integer($0) } ?? .text
        }
        let sign = bytes[0] == UInt8(ascii: "+") || bytes[0] == UInt8(ascii: "-") ? 1 : 0
        let whole = digits(bytes, from: sign)
        if whole == bytes.count, whole > sign {
            // 18 digits always fit into 64 bits.
            if whole - sign <= 18 {
                var value: Int64 = 0
                for index in sign..<whole { value = value * 10 + Int64(bytes[index] - UInt8(ascii: "0")) }
                return .integer(bytes[0] == UInt8(ascii: "-") ? -value : value)
            }
            let text = string(bytes)
            return Int64(text).map { .integer($0) } ?? Double(text).map { .number($0) } ?? .text
        }
        if isFloat(bytes, sign: sign, whole: whole) { return Double(string(bytes)).map { .number($0) } ?? .text }
        let last = bytes[bytes.count - 1] | 0x20
        guard bytes.count <= 5, last == UInt8(ascii: "f") || last == UInt8(ascii: "n") else { return .text }
        return special(string(bytes))
    }

    private static func radix(_ byte: UInt8) -> Int? {
        byte == UInt8(ascii: "x") ? 16 : byte == UInt8(ascii: "o") ? 8 : nil
    }

    private static func special(_ text: String) -> Resolution {
        switch text {
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": .number(.infinity)
        case "-.inf", "-.Inf", "-.INF": .number(-.infinity)
        case ".nan", ".NaN", ".NAN": .number(.nan)
        default: .text
        }
    }

    /// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
    private static func isFloat(_ bytes: borrowing Span<UInt8>, sign: Int, whole: Int) -> Bool {
        var at = whole
        if at < bytes.count, bytes[at] == UInt8(ascii: ".") {
            at = digits(bytes, from: at + 1)
            if whole == sign, at == whole + 1 { return false }
        } else if whole == sign {
            return false
        }
        if at < bytes.count, bytes[at] | 0x20 == UInt8(ascii: "e") {
            at += 1
            if at < bytes.count, bytes[at] == UInt8(ascii: "+") || bytes[at] == UInt8(ascii: "-") { at += 1 }
            let end = digits(bytes, from: at)
            if end == at { return false }
            at = end
        }
        return at == bytes.count
    }

    /// Returns the index after the digits that begin at `start`.
    private static func digits(_ bytes: borrowing Span<UInt8>, from start: Int) -> Int {
        var at = start
        while at < bytes.count, bytes[at] >= UInt8(ascii: "0"), bytes[at] <= UInt8(ascii: "9") { at += 1 }
        return at
    }
}
