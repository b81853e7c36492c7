import PrewarmCore

/// A file that pages load from `/assets/`. It is a constant of the program, so that one static binary serves everything.
package struct Asset: Sendable {
    package let name: String
    package let type: String
    package let text: String
    /// The address with a digest of the content. A browser may keep the content of this address forever.
    package let address: String

    private init(_ name: String, _ type: String, _ text: String) {
        self.name = name
        self.type = type
        self.text = text
        address = "/assets/\(name)?v=\(SHA256.digest(Array(text.utf8)).prefix(6).hexadecimal)"
    }

    static let style = Asset("dashboard.css", "text/css; charset=utf-8", stylesheet)
    static let script = Asset("dashboard.js", "text/javascript; charset=utf-8", program)
    static let icon = Asset("icon.svg", "image/svg+xml", picture)

    /// Returns the file of this name; nil if no file has this name.
    package static func named(_ name: String) -> Asset? { [style, script, icon].first { $0.name == name } }

    private static let picture = """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#1d5f8a"/>\
        <rect x="7" y="17" width="5" height="8" rx="1.5" fill="#fff"/><rect x="13.5" y="12" width="5" height="13" rx="1.5" \
        fill="#fff"/><rect x="20" y="7" width="5" height="18" rx="1.5" fill="#ffc46b"/></svg>
        """

    /// The picture of the icon for the inside of a page.
    static let logo: Markup = """
        <svg class="logo" viewBox="0 0 32 32" width="24" height="24" aria-hidden="true" focusable="false">\
        <rect class="back" width="32" height="32" rx="8"/><rect class="post" x="7" y="17" width="5" height="8" rx="1.5"/>\
        <rect class="post" x="13.5" y="12" width="5" height="13" rx="1.5"/>\
        <rect class="lit" x="20" y="7" width="5" height="18" rx="1.5"/></svg>
        """
}
