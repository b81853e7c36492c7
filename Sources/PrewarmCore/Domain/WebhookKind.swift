/// The sender of a webhook, which decides how its signature and body are read.
package enum WebhookKind: String, CaseIterable, Sendable {
    case github, gitlab
    /// Gitea, Forgejo and Gogs.
    case gitea
    /// Bitbucket Cloud and Bitbucket Data Center.
    case bitbucket
    case azureDevOps = "azure-devops"
    /// Any sender that signs its body: `X-Signature: sha256=…` or `sha512=…`.
    case generic
    /// Standard Webhooks (https://www.standardwebhooks.com).
    case standard
}
