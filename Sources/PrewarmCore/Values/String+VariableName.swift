extension String {
    /// The text in the form of a variable's name, for example `DISK_SIZE` for `disk-size`. Characters other than ASCII
    /// letters and digits become `_`.
    package var variableName: String {
        let name = utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 32
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
            default: UInt8(ascii: "_")
            }
        }
        return String(decoding: name, as: UTF8.self)
    }
}
