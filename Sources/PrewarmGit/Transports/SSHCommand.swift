import Glibc
import PrewarmCore
import PrewarmEngine

/// The command line and the environment of ssh for one connection.
///
/// The configuration of ssh is read as usual, so that aliases, jump hosts, certificates and hardware keys work. The options
/// on the command line take precedence over it. They make ssh ask nothing, trust no unknown host, and only run git.
struct SSHCommand {
    let settings: GitSettings
    let url: RepositoryURL

    /// The file that `-F` names. It includes the configurations of the user and the machine, and has defaults for what they
    /// leave open: in ssh, the first value of an option counts.
    ///
    /// The first lines hold for jump hosts, too: ssh gives them this file, but no option of the command line.
    var configuration: String {
        """
        \(Self.everywhere.map { $0.replacing("=", with: " ", maxReplacements: 1) }.joined(separator: "\n"))
        Include \("\(home)/.ssh/config".sshQuoted)
        Include /etc/ssh/ssh_config
        Host \(url.host)
            User git
        Host *
            UserKnownHostsFile \("\(home)/.ssh/known_hosts".sshQuoted) \("\(home)/.ssh/known_hosts2".sshQuoted)

        """
    }

    /// - Parameter excluded: the patterns of host key types that the host must not show.
    func arguments(_ folder: SSHFolder, excluded: [String]) -> [String] {
        var options = Self.everywhere + Self.fixed
        // The watch ends the connection earlier, and says why.
        options.append("ConnectTimeout=\(settings.limits.idleTimeout.wholeMilliseconds / 1000 + 3)")
        options.append("KnownHostsCommand=\(folder.knownHostsCommand)")
        switch settings.hostKeys {
        case .standard: break
        case .files(let files):
            options.append("UserKnownHostsFile=" + files.map(\.sshQuoted).joined(separator: " "))
            options.append("GlobalKnownHostsFile=/dev/null")
        case .fingerprints:
            options += ["UserKnownHostsFile=/dev/null", "GlobalKnownHostsFile=/dev/null"]
        }
        if !excluded.isEmpty { options.append("HostKeyAlgorithms=-" + excluded.joined(separator: ",")) }
        switch settings.credentials {
        case .sshKey(let path, _):
            options += ["IdentityFile=\(path.sshQuoted)", "IdentitiesOnly=yes", "IdentityAgent=none"]
        case .sshAgent: options += ["IdentityFile=none", "IdentitiesOnly=no", "IdentityAgent=SSH_AUTH_SOCK"]
        case .none, .token, .usernamePassword, .source: break
        }
        // The log shows how far ssh came: see SSHLog. Unlike -v, the level is not passed on to jump hosts.
        options.append("LogLevel=DEBUG1")
        var arguments = ["ssh", "-F", "\(folder.path)/config", "-T"] + options.flatMap { ["-o", $0] }
        if let port = url.explicitPort { arguments += ["-p", port] }
        if let user = url.userInfo?.name { arguments += ["-l", user] }
        return arguments + ["--", url.host, "git-upload-pack '\(url.remotePath)'"]
    }

    /// Options for the host and for every jump host on the way to it.
    private static let everywhere = [
        "StrictHostKeyChecking=yes", "UpdateHostKeys=no", "VerifyHostKeyDNS=no", "NoHostAuthenticationForLocalhost=no",
        "PasswordAuthentication=no", "KbdInteractiveAuthentication=no", "NumberOfPasswordPrompts=1",
        "AddKeysToAgent=no", "ControlMaster=no", "ControlPath=none", "ForwardAgent=no",
    ]

    private static let fixed = [
        "FingerprintHash=sha256", "ClearAllForwardings=yes", "ForwardX11=no", "Tunnel=no", "PermitLocalCommand=no",
        "RemoteCommand=none", "ConnectionAttempts=1", "EscapeChar=none",
    ]

    func environment(_ folder: SSHFolder) -> [String: String] {
        var environment = settings.environment.filter { name, _ in
            !name.hasPrefix("LC_") && !name.hasPrefix("SSH_") && !["LANG", "LANGUAGE", "DISPLAY"].contains(name)
        }
        environment["PATH"] = path
        // The texts of ssh are compared.
        environment["LC_ALL"] = "C"
        environment["SSH_ASKPASS"] = "\(folder.path)/askpass"
        environment["SSH_ASKPASS_REQUIRE"] = "force"
        switch settings.credentials {
        case .sshAgent(let socket): environment["SSH_AUTH_SOCK"] = socket
        // ssh cuts the path in its question after 100 bytes.
        case .sshKey(let path, _): environment["PREWARM_SSH_KEY"] = String(path.prefix(while: \.isASCII).prefix(90))
        case .none, .token, .usernamePassword, .source: break
        }
        return environment
    }

    /// Returns the path of ssh.
    /// - Throws: `.refused` if it is not installed.
    func program() throws(GitFailure) -> String {
        for folder in path.split(separator: ":") where access("\(folder)/ssh", X_OK) == 0 { return "\(folder)/ssh" }
        throw GitFailure(
            .refused, "cannot run ssh: it is not in $PATH, which is \(path)",
            hint: "install the package openssh-client, or set an https URL as `url` of source \(settings.name)")
    }

    private var path: String { settings.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin" }

    private var home: String { settings.sshHome }
}

extension GitSettings {
    /// The home directory whose `.ssh` ssh reads: $HOME, or that of the user.
    var sshHome: String {
        if let home = environment["HOME"] { return home }
        return getpwuid(getuid()).flatMap { $0.pointee.pw_dir }.map { String(cString: $0) } ?? "/"
    }

    /// The known hosts files, or nil if fingerprints are configured.
    var knownHostsFiles: [String]? {
        switch hostKeys {
        case .standard: ["\(sshHome)/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts"]
        case .files(let files): files
        case .fingerprints: nil
        }
    }
}
