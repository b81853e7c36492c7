/// The definition from which a workspace is built. Its digest is the ``Fingerprint``. No other field of a preset is
/// in it, so a change of `instances`, `ttl`, `schedule` or labels replaces no workspace.
package struct WorkspaceSpec: Hashable, Sendable {
    package let template: String
    package let version: String
    /// The name of the provisioner in the operator's configuration.
    package let provisioner: String
    /// The parameters, including the template's defaults.
    package let parameters: [String: ParameterValue]

    package init(template: String, version: String, provisioner: String, parameters: [String: ParameterValue]) {
        self.template = template
        self.version = version
        self.provisioner = provisioner
        self.parameters = parameters
    }

    /// The first 64 bits of the SHA-256 of the binary form. Equal specs have equal binary forms.
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
/// Fingerprints are compared only between workspaces of one preset, so 64 bits are enough.
package struct Fingerprint: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Reads 16 hexadecimal digits; nil for anything else.
    package init?(_ text: String) {
        // `UInt64(_:radix:)` also reads a sign, which is not a digit.
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
