/// What an instance is built from. Its digest is the ``Fingerprint``; nothing else of a preset is in it, so changing
/// `instances`, `ttl`, `schedule` or labels replaces nothing.
package struct WorkspaceSpec: Hashable, Sendable {
    package let template: String
    package let version: String
    /// By the name that the operator's configuration gives it.
    package let provisioner: String
    /// With the template's defaults filled in.
    package let parameters: [String: ParameterValue]

    package init(template: String, version: String, provisioner: String, parameters: [String: ParameterValue]) {
        self.template = template
        self.version = version
        self.provisioner = provisioner
        self.parameters = parameters
    }

    /// The first 64 bits of SHA-256 over the binary form, which is one only for equal specs.
    package var fingerprint: Fingerprint {
        Fingerprint(rawValue: SHA256.digest(binary).prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
    }
}

extension WorkspaceSpec: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(template)
        writer.write(version)
        writer.write(provisioner)
        writer.write(parameters)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        template = try reader.read()
        version = try reader.read()
        provisioner = try reader.read()
        parameters = try reader.read()
    }
}

/// A digest of a ``WorkspaceSpec``, written as 16 hexadecimal digits.
///
/// It is compared only between instances of one preset, so 64 bits leave no room for an accident.
package struct Fingerprint: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Reads 16 hexadecimal digits; nil for anything else.
    package init?(_ text: String) {
        // The sign that UInt64 would read too is none.
        guard text.utf8.count == 16, text.utf8.first != UInt8(ascii: "+"), let value = UInt64(text, radix: 16) else {
            return nil
        }
        rawValue = value
    }

    package static func < (left: Fingerprint, right: Fingerprint) -> Bool {
        left.rawValue < right.rawValue
    }

    package var description: String {
        let digits = String(rawValue, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
