import PrewarmCore

/// Rules for the texts of a source.
extension TextRule {
    static let pathPattern = TextRule(
        reading: PathPattern.init, "a pattern for paths, for example drafts/ or **/*.yaml", minimumLength: 1,
        maximumLength: 512)

    /// A number with a binary unit. For example, `512MiB` is 512 × 1024 × 1024 bytes.
    static let size = TextRule(
        "a size in KiB, MiB or GiB, for example 512MiB", pattern: "^[1-9][0-9]{0,5}(KiB|MiB|GiB)$")

    static let proxy = TextRule(
        "a proxy of the form http://host:port", pattern: "^http://[^/\\s]+/?$", maximumLength: 4096)

    /// The fingerprint of an SSH key in the form that `ssh-keygen -l` prints.
    static let fingerprint = TextRule(
        "a fingerprint of the form SHA256:… with 43 characters in base64", pattern: "^SHA256:[A-Za-z0-9+/]{43}=?$",
        message: "expected a fingerprint of the form SHA256:… as `ssh-keygen -l -f FILE` prints it")

    static let digits = TextRule("a number of at most 16 digits", pattern: "^[0-9]{1,16}$")

    /// A URL with https, or with http if the host is this machine.
    static let apiURL = TextRule(
        "a URL, for example https://api.github.com",
        pattern: "^(https://[^/\\s@]+|http://(localhost|127\\.0\\.0\\.1)(:[0-9]+)?)(/[^\\s]*)?$", maximumLength: 1024,
        message: "expected an https URL without user name, for example https://api.github.com")
}
