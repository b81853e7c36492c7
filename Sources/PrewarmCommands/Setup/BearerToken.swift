import PrewarmCore

/// The form of a token that is sent in the header `Authorization`.
enum BearerToken {
    /// Returns a token without the white space around it.
    /// - Throws: ``CommandFailure`` with the hint if it is empty, or has spaces or characters outside of ASCII.
    static func checked(_ text: String, hint: String) throws(CommandFailure) -> String {
        let token = String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        guard !token.isEmpty, token.utf8.allSatisfy({ (33...126).contains($0) }) else {
            throw CommandFailure("invalid token: it must not be empty or contain spaces", hint: hint)
        }
        return token
    }
}
