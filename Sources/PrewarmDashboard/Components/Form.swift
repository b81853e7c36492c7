import PrewarmCore

/// A form that changes something. It sends the secret of the session, without which the daemon refuses it.
struct Form {
    let action: String
    let button: String
    var isDangerous = false
    /// True for a form that is less important than another one beside it.
    var isSecondary = false
    /// The hidden fields.
    var values: [(name: String, value: String)] = []
    /// The visible fields.
    var fields: Markup = ""
    /// The text that a screen reader adds to the button, if several buttons of a page have the same text.
    var object = ""

    func markup(for viewer: Viewer) -> Markup {
        let hidden = ([("csrf", viewer.formSecret)] + values.map { ($0.name, $0.value) }).map { name, value -> Markup in
            "<input type=\"hidden\" name=\"\(name)\" value=\"\(value)\">"
        }
        let object: Markup = object.isEmpty ? "" : "<span class=\"unseen\"> \(object)</span>"
        let kind: Markup = isDangerous ? "danger" : isSecondary ? "second" : "primary"
        return """
            <form method="post" action="\(action)">\(hidden.joined())\(fields)\
            <button class="\(kind)" type="submit">\(button)\(object)</button></form>
            """
    }

    /// Returns the form behind a button that opens it, so that one wrong click changes nothing.
    /// - Parameters:
    ///   - id: The id of the element, which keeps it open while the page is refreshed.
    ///   - warning: A sentence that says what the form does.
    func guarded(id: String, opener: String, warning: Markup, for viewer: Viewer) -> Markup {
        let object: Markup = object.isEmpty ? "" : "<span class=\"unseen\"> \(self.object)</span>"
        return """
            <details class="guarded" id="\(id)"><summary>\(opener)\(object)</summary>\
            <p>\(warning)</p>\(markup(for: viewer))</details>
            """
    }
}
