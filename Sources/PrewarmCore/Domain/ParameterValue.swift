/// The value of one parameter of a preset.
package enum ParameterValue: Hashable, Sendable {
    case string(String)
    case integer(Int64)
    case number(Double)
    case boolean(Bool)
    /// The name of a secret. The operator's configuration gives its value when the provisioner is called; the value
    /// itself is never stored.
    case secret(String)
}

extension ParameterValue: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        switch self {
        case .string(let value):
            writer.write(UInt64(0))
            writer.write(value)
        case .integer(let value):
            writer.write(UInt64(1))
            writer.write(value)
        case .number(let value):
            writer.write(UInt64(2))
            writer.write(value)
        case .boolean(let value):
            writer.write(UInt64(3))
            writer.write(value)
        case .secret(let name):
            writer.write(UInt64(4))
            writer.write(name)
        }
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        switch try reader.read(UInt64.self) {
        case 0: self = .string(try reader.read())
        case 1: self = .integer(try reader.read())
        case 2: self = .number(try reader.read())
        case 3: self = .boolean(try reader.read())
        case 4: self = .secret(try reader.read())
        default: throw BinaryCodingError()
        }
    }
}
