package import PrewarmCore

/// The reader of a page, as far as the page depends on the reader.
///
/// A page shows what its documents contain. The API has left out what the reader may not see, so these flags only decide
/// which forms are there.
package struct Viewer: Sendable {
    /// The name of the token or the user, which is the owner of what the reader claims.
    package let name: String
    /// The name that the header shows.
    package let displayName: String
    package let role: Role
    /// True if the reader may approve and retry for all presets.
    package let operatesAll: Bool
    /// The secret that every form of this session sends back.
    package let formSecret: String
    /// The result of the form that was sent last; nil if there is nothing to show.
    package let notice: Notice?

    package init(
        name: String, displayName: String? = nil, role: Role, operatesAll: Bool, formSecret: String, notice: Notice?
    ) {
        self.name = name
        self.displayName = displayName ?? name
        self.role = role
        self.operatesAll = operatesAll
        self.formSecret = formSecret
        self.notice = notice
    }

    var mayClaim: Bool { role >= .claimer }
    var mayOperate: Bool { role == .operator }
    /// True if owners of workspaces are shown: to operators, and to claimers, who see only their own workspaces.
    var seesOwners: Bool { role >= .claimer }
}

/// The result of a form, which the next page shows.
package struct Notice: Hashable, Sendable {
    package let isError: Bool
    package let text: String
    package let hint: String?

    package init(isError: Bool = false, _ text: String, hint: String? = nil) {
        self.isError = isError
        self.text = text
        self.hint = hint
    }
}
