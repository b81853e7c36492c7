extension PatternParser {
    enum Escape {
        case scalar(Unicode.Scalar)
        case set(ScalarSet)
        case assertion(Pattern.Assertion)
    }

    /// Reads a class, for example `[a-z\d]`, from its `[`.
    mutating func characterClass() throws(TextError) -> ScalarSet {
        let start = index
        index += 1
        let isNegated = take("^")
        if next == "]" {
            let instead = isNegated ? "write [\\s\\S] to match any character" : "write \\] to match the character"
            throw error("the class is empty: \(instead)", at: start)
        }
        var ranges: [ClosedRange<UInt32>] = []
        while !take("]") {
            guard next != nil else { throw error("the [ has no ]: write \\[ to match the character", at: start) }
            ranges += try classMember()
        }
        return isNegated ? ScalarSet(ranges).inverted : ScalarSet(ranges)
    }

    private mutating func classMember() throws(TextError) -> [ClosedRange<UInt32>] {
        let start = index
        let first = try classAtom()
        guard next == "-", let bound = peek(1), bound != "]" else {
            switch first {
            case .scalar(let scalar): return [scalar.value...scalar.value]
            case .set(let set): return set.ranges
            case .assertion: return []
            }
        }
        index += 1
        guard case .scalar(let low) = first, case .scalar(let high) = try classAtom() else {
            throw error("both ends of a range must be characters: write \\- to match the character", at: start)
        }
        guard low <= high else { throw error("the end of the range is before its start", at: start) }
        return [low.value...high.value]
    }

    private mutating func classAtom() throws(TextError) -> Escape {
        guard let scalar = next, scalar != "\\" else { return try escape(inClass: true) }
        index += 1
        return .scalar(scalar)
    }

    /// Reads an escape from its backslash.
    mutating func escape(inClass: Bool) throws(TextError) -> Escape {
        let start = index
        guard let scalar = peek(1) else {
            throw error("nothing follows the \\: write \\\\ to match the character", at: start)
        }
        index += 2
        switch scalar {
        case "d": return .set(.digit)
        case "D": return .set(ScalarSet.digit.inverted)
        case "w": return .set(.word)
        case "W": return .set(ScalarSet.word.inverted)
        case "s": return .set(.space)
        case "S": return .set(ScalarSet.space.inverted)
        case "b": return inClass ? .scalar("\u{8}") : .assertion(.wordBoundary)
        case "B" where !inClass: return .assertion(.noWordBoundary)
        case "n": return .scalar("\n")
        case "t": return .scalar("\t")
        case "r": return .scalar("\r")
        case "f": return .scalar("\u{c}")
        case "v": return .scalar("\u{b}")
        case "x", "u": return .scalar(try hexadecimal(isByte: scalar == "x", from: start))
        default: break
        }
        // An escaped punctuation character is itself in every engine. `\_` is refused, since it needs no escape.
        guard (33...126).contains(scalar.value), !ScalarSet.word.contains(scalar.value) else {
            throw unsupported(scalar, from: start)
        }
        return .scalar(scalar)
    }

    private func unsupported(_ scalar: Unicode.Scalar, from start: Int) -> TextError {
        let message =
            switch scalar {
            case "1"..."9", "k": "backreferences are not supported: write the group again"
            case "p", "P": "\\\(scalar) is not supported: use a class with ranges, for example [A-Za-z]"
            case "A": "\\A is not supported: use ^"
            case "z", "Z": "\\\(scalar) is not supported: use $"
            case "0", "c": "\\\(scalar) is not supported: use \\xHH"
            default: "the escape is unknown: write the character without \\, or \\u{HHHH}"
            }
        return error(message, at: start)
    }

    /// Reads the digits of `\xHH`, `\uHHHH` or `\u{…}` after the letter. Two `\uHHHH` may be a surrogate pair.
    private mutating func hexadecimal(isByte: Bool, from start: Int) throws(TextError) -> Unicode.Scalar {
        var value: UInt32?
        if isByte {
            value = digits(2)
        } else if take("{") {
            value = digits(nil)
            if !take("}") { value = nil }
        } else {
            value = digits(4)
            if let high = value, (0xd800...0xdbff).contains(high), take("\\"), take("u"), let low = digits(4),
                (0xdc00...0xdfff).contains(low)
            {
                value = 0x10000 + (high - 0xd800) << 10 + (low - 0xdc00)
            }
        }
        guard let value else { throw error("expected \\xHH, \\uHHHH or \\u{HHHH} in hexadecimal digits", at: start) }
        guard let scalar = Unicode.Scalar(value) else {
            throw error("the escape is not a Unicode character", at: start)
        }
        return scalar
    }

    /// Reads `count` hexadecimal digits, or all that follow if `count` is nil; nil if there are too few.
    private mutating func digits(_ count: Int?) -> UInt32? {
        var (value, taken): (UInt32, Int) = (0, 0)
        while taken != count, let scalar = next, scalar.isASCII, let digit = Character(scalar).hexDigitValue {
            value = min(value * 16 + UInt32(digit), 0x11_0000)
            taken += 1
            index += 1
        }
        return taken == count ?? max(taken, 1) ? value : nil
    }
}
