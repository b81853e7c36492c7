internal import HTTPTypes
import PrewarmEngine

/// The check that a form comes from a page of this daemon, and not from another site that the reader visits.
///
/// Browsers say it in `Sec-Fetch-Site` (https://www.w3.org/TR/fetch-metadata/). Older ones send the origin of the page,
/// which has to be the host that they ask.
enum SameOrigin {
    /// - Throws: ``Problem`` with the status 403.
    static func require(_ fields: HTTPFields, host: String?) throws(Problem) {
        guard allows(fields, host: host) else {
            throw Problem(
                "CrossSite", status: 403, "cannot accept the form: it was sent from another site",
                hint: "open the dashboard and send the form from there")
        }
    }

    static func allows(_ fields: HTTPFields, host: String?) -> Bool {
        if let site = fields[.secFetchSite] { return site == "same-origin" }
        guard let origin = fields[.origin], let host, let mark = origin.range(of: "://") else { return false }
        return origin[mark.upperBound...].lowercased() == host.lowercased()
    }
}

extension HTTPField.Name {
    private static func named(_ name: String) -> HTTPField.Name { HTTPField.Name(name) ?? .userAgent }

    static let secFetchSite = named("Sec-Fetch-Site")
    static let forwardedProtocol = named("X-Forwarded-Proto")
    static let contentSecurityPolicy = named("Content-Security-Policy")
    static let frameOptions = named("X-Frame-Options")
    static let referrerPolicy = named("Referrer-Policy")
    static let openerPolicy = named("Cross-Origin-Opener-Policy")
    static let resourcePolicy = named("Cross-Origin-Resource-Policy")
}
