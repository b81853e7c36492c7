import PrewarmCore

extension Configuration.Source {
    init(_ document: DocumentReader) {
        name = document["name"]?.located ?? Located("", at: document.position)
        isDefault = document["default"]?.boolean ?? false
        url = document["url"]?.located ?? Located("", at: document.position)
        ref = document["ref"].flatMap { ref in
            ref["branch"].map { .branch($0.text.withoutPrefix("refs/heads/")) }
                ?? ref["tag"].map { .tag($0.text.withoutPrefix("refs/tags/")) }
                ?? ref["commit"].map { .commit($0.text) } ?? ref["semver"].map { .semver($0.text) }
        }
        paths =
            document["paths"]?.elements.map(\.located)
            ?? [document["path"]?.located ?? Located(Self.standardPath, at: url.position)]
        include = document["include"]?.elements.compactMap { try? PathPattern($0.text) } ?? []
        exclude = document["exclude"]?.elements.compactMap { try? PathPattern($0.text) } ?? []
        interval = document.duration("interval") ?? Self.standardInterval
        timeout = document.duration("timeout") ?? Self.standardTimeout
        maxPackSize = document["maxPackSize"].flatMap { UInt64(sizeText: $0.text) }
        auth = document["auth"].flatMap { Configuration.Auth($0) }
        disabledAgent = document["auth"]?["sshAgent"].flatMap { $0.boolean == false ? $0.position : nil }
        hostKeys = document["auth"].flatMap { Configuration.HostKeys($0) }
        verify = document["verify"].map { Configuration.Verification($0) }
        requiresFastForward = document["requireFastForward"]?.boolean ?? false
        caFile = document["caFile"]?.text
        clientCertificate = document["clientCertificate"]?.text
        clientKey = document["clientKey"]?.text
        proxy = document["proxy"]?.text
        isObserved = document["mode"]?.text == "observe"
        freezes = document["freeze"]?.elements.compactMap { Freeze($0) } ?? []
    }
}

extension Configuration.Secret {
    /// Reads the secret from the key, or the path of its file from the key with the suffix `File`. Nil if both are
    /// absent.
    init?(_ document: DocumentReader, _ key: String) {
        if let text = document[key]?.text {
            self = .text(text)
        } else if let file = document["\(key)File"]?.text {
            self = .file(file)
        } else {
            return nil
        }
    }
}

extension Configuration.Auth {
    fileprivate init?(_ document: DocumentReader) {
        let username = document["username"]?.text
        if let token = Configuration.Secret(document, "token") {
            self = .token(token, username: username)
        } else if let username, let password = Configuration.Secret(document, "password") {
            self = .basic(username: username, password: password)
        } else if let key = document["sshKey"]?.text {
            self = .sshKey(key, passphrase: Configuration.Secret(document, "passphrase"))
        } else if document["sshAgent"]?.boolean == true {
            self = .sshAgent
        } else if let command = document["command"] {
            self = .command(command.elements.map(\.text))
        } else if let app = document["githubApp"] {
            self = .githubApp(Configuration.GitHubApp(app))
        } else {
            return nil
        }
    }
}

extension Configuration.GitHubApp {
    fileprivate init(_ document: DocumentReader) {
        func number(_ key: String) -> String {
            document[key].map { $0.integer.map { "\($0)" } ?? $0.text } ?? ""
        }
        appID = number("appId")
        installationID = number("installationId")
        privateKeyFile = document["privateKeyFile"]?.text ?? ""
        let url = document["apiUrl"]?.text ?? Self.standardAPIURL
        apiURL = url.hasSuffix("/") ? String(url.dropLast()) : url
    }
}

extension Configuration.HostKeys {
    fileprivate init?(_ document: DocumentReader) {
        if let file = document["knownHosts"]?.text {
            self = .knownHosts(file)
        } else if let fingerprints = document["hostKeys"]?.elements.map(\.text) {
            self = .fingerprints(fingerprints)
        } else {
            return nil
        }
    }
}

extension Configuration.Verification {
    fileprivate init(_ document: DocumentReader) {
        mode = document["mode"]?.located ?? Located("none", at: document.position)
        allowedSigners = document["allowedSigners"]?.text
        keys = document["keys"]?.text
        coversNewCommits = document["scope"]?.text == "new"
    }
}
