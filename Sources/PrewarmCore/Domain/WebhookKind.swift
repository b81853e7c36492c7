/// Whose rules a webhook is signed and read by.
package enum WebhookKind: String, CaseIterable, Sendable {
    case github, gitlab
    /// Gitea, Forgejo and Gogs.
    case gitea
    /// Bitbucket Cloud and Bitbucket Data Center.
    case bitbucket
    case azureDevOps = "azure-devops"
    /// Anything that can sign its body: `X-Signature: sha256=…` or `sha512=…`.
    case generic
    /// Standard Webhooks (https://www.standardwebhooks.com).
    case standard
}
