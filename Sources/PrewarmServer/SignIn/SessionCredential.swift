/// The proof of a session, which is checked again at each request.
enum SessionCredential: Sendable {
    /// The value of the header `Authorization` that a client with the same token would send.
    case token(String)
    /// The identity from a provider. The session ends with it.
    case identity(SignedInIdentity)

    /// The name for people of whom it identifies; nil if only the caller's own name is known.
    var displayName: String? {
        if case .identity(let identity) = self { identity.displayName } else { nil }
    }
}
