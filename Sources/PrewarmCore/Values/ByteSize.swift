extension UInt64 {
    /// Reads a size in bytes, for example 536870912 from `512MiB`. The units are KiB, MiB and GiB. Nil if the text is not
    /// a size.
    package init?(sizeText text: String) {
        let shifts: [String: UInt64] = ["KiB": 10, "MiB": 20, "GiB": 30]
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let shift = shifts[String(text.dropFirst(digits.count))], digits.first != "0", digits.count <= 6,
            let number = UInt64(digits)
        else { return nil }
        self = number << shift
    }
}
