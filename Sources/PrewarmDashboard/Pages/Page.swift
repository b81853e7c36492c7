import PrewarmCore

/// A whole page with its frame: the head, the navigation, the notice and the live status.
package struct Page: Sendable {
    /// The parts of the navigation.
    package enum Section: String, CaseIterable, Sendable {
        case pools = "Pools"
        case claims = "Claims"
        case sources = "Sources"
        case events = "Events"

        var address: String { self == .pools ? "/" : "/\(rawValue.lowercased())" }
    }

    let title: String
    let section: Section?
    let main: Markup
    /// The address to which the browser goes on at once; nil if the page stays.
    let refresh: String?

    init(_ title: String, section: Section?, main: Markup, refresh: String? = nil) {
        self.title = title
        self.section = section
        self.main = main
        self.refresh = refresh
    }

    /// Returns the page.
    /// - Parameter viewer: The reader; nil if no one is signed in, and then the page has no navigation.
    package func html(for viewer: Viewer?) -> String {
        let script: Markup =
            viewer == nil ? "" : "<script src=\"\(Asset.script.address)\" defer></script>"
        let refresh: Markup = refresh.map { "<meta http-equiv=\"refresh\" content=\"0; url=\($0)\">" } ?? ""
        let page: Markup = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(title) · prewarm</title>
            <link rel="icon" href="\(Asset.icon.address)" type="image/svg+xml">
            <link rel="stylesheet" href="\(Asset.style.address)">
            \(script)\(refresh)
            </head>
            <body>
            <a class="skip" href="#main">Skip to the content</a>
            \(header(viewer))
            <main id="main" tabindex="-1">
            \(viewer?.notice.map(notice) ?? "")
            \(main)
            </main>
            \(footer(viewer))
            </body>
            </html>

            """
        return page.text
    }

    private func header(_ viewer: Viewer?) -> Markup {
        let brand: Markup = "<a class=\"brand\" href=\"/\">\(Asset.logo)<span>prewarm</span></a>"
        guard let viewer else { return "<header class=\"top\"><div class=\"bar\">\(brand)</div></header>" }
        let links = Section.allCases.filter { $0 != .claims || viewer.mayClaim }.map { item -> Markup in
            let current: Markup = item == section ? " aria-current=\"page\"" : ""
            return "<li><a href=\"\(item.address)\"\(current)>\(item.rawValue)</a></li>"
        }
        let signOut = Form(action: "/logout", button: "Sign out").markup(for: viewer)
        return """
            <header class="top"><div class="bar">
            \(brand)
            <nav aria-label="Main"><ul>\(links.joined())</ul></nav>
            <div class="who"><span class="id"><span class="name">\(viewer.displayName)</span> <span class="role">\(viewer.role.rawValue)</span></span>\
            \(signOut)</div>
            </div></header>
            """
    }

    private func notice(_ notice: Notice) -> Markup {
        let hint: Markup = notice.hint.map { "<p>\(Markup.sentence($0))</p>" } ?? ""
        return notice.isError
            ? "<div class=\"notice bad\" role=\"alert\"><p><strong>Not done:</strong> \(Markup.sentence(notice.text))</p>\(hint)</div>"
            : "<div class=\"notice good\" role=\"status\"><p><strong>Done:</strong> \(Markup.sentence(notice.text))</p>\(hint)</div>"
    }

    private func footer(_ viewer: Viewer?) -> Markup {
        guard viewer != nil else { return "" }
        return """
            <footer><p id="live" class="live" role="status">This page shows the state when it was loaded.</p></footer>
            """
    }
}

extension Page {
    /// Returns a part of a page that the script replaces when something changes.
    /// - Parameter id: The id of the part, unique on the page.
    static func live(_ id: String, _ content: Markup) -> Markup {
        "<div data-live id=\"\(id)\">\n\(content)\n</div>"
    }
}
