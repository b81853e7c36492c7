import PrewarmEngine

/// The credentials in the answer to a handover.
enum Credentials {
    /// The largest number of credentials.
    static let most = 32
    /// The largest length of a name in bytes.
    static let nameLimit = 128
    /// The largest size of one value, and of all values together, in bytes.
    static let sizeLimit = 64 << 10

    /// The reason why credentials are refused. The message contains no value.
    struct Mistake: Error {
        let message: String
    }

    /// Reads the member `credentials` of an answer.
    static func read(_ value: Value?) throws(Mistake) -> [String: String] {
        switch value {
        case nil, .null: return [:]
        case .object(let members):
            guard members.count <= most else {
                throw Mistake(message: "invalid credentials: at most \(most) are allowed, not \(members.count)")
            }
            var (credentials, size) = ([String: String](), 0)
            for (name, member) in members {
                guard (1...nameLimit).contains(name.utf8.count), name.utf8.allSatisfy({ (33...126).contains($0) })
                else {
                    throw Mistake(
                        message: "invalid credentials: a name must have 1 to \(nameLimit) visible ASCII characters")
                }
                guard case .string(let text) = member else {
                    throw Mistake(message: "invalid credentials: each value must be a string")
                }
                size += text.utf8.count
                guard size <= sizeLimit else {
                    throw Mistake(message: "invalid credentials: they have more than \(sizeLimit >> 10) KiB")
                }
                credentials[name] = text
            }
            return credentials
        default: throw Mistake(message: "invalid credentials: they must be an object of strings")
        }
    }

    /// Returns all texts in the member `credentials` of an output, also if the output is no valid answer. They are removed
    /// from everything that is stored or shown.
    static func texts(in output: [UInt8]) -> [String] {
        valid(in: output) ?? written(in: output)
    }

    private static func valid(in output: [UInt8]) -> [String]? {
        guard let object = try? FinalObject(output), !object.isEmpty,
            let document = try? object.read({ (bytes, start) throws(JSONReader.Failure) in
                try JSONReader.read(bytes, from: start, Answer.options)
            })
        else { return nil }
        var texts: [String] = []
        collect(document["credentials"], &texts)
        return texts
    }

    /// Returns the quoted texts behind the word `credentials` in an output that is no JSON, for example because its end is
    /// missing.
    private static func written(in output: [UInt8]) -> [String] {
        let word = Array("\"credentials\"".utf8)
        guard let found = output.firstRange(of: word) else { return [] }
        var (texts, text, isInside, isEscaped) = ([String](), [UInt8](), false, false)
        for byte in output[found.upperBound...] where texts.count < 1000 {
            if isInside, isEscaped || byte != UInt8(ascii: "\"") {
                text.append(byte)
                isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
            } else if byte == UInt8(ascii: "\"") {
                if isInside { texts.append(String(decoding: text, as: UTF8.self)) }
                (isInside, text) = (!isInside, [])
            }
        }
        if isInside { texts.append(String(decoding: text, as: UTF8.self)) }
        // The names and the text between two members are short.
        return texts.filter { $0.utf8.count >= 6 && $0.utf8.count <= sizeLimit }
    }

    private static func collect(_ value: Value?, _ texts: inout [String]) {
        guard texts.count < 1000 else { return }
        switch value {
        case .string(let text), .number(let text): texts.append(text)
        case .array(let elements): for element in elements { collect(element, &texts) }
        case .object(let members): for (_, member) in members { collect(member, &texts) }
        default: break
        }
    }
}
