internal import PrewarmCore

// The parts of the payloads that prewarm reads. The decoder converts keys to camel case. Each type links to the
// documentation of its forge.

/// The payload of a push at GitHub (https://docs.github.com/en/webhooks/webhook-events-and-payloads#push), and at Gitea, Forgejo
/// and Gogs, which have the same fields.
struct GitHubPush: Decodable {
    struct Repository: Decodable {
        let cloneUrl: String?
        let sshUrl: String?
        let htmlUrl: String?
        let defaultBranch: String?
    }

    let ref: String
    let after: String?
    let repository: Repository?

    var notice: PushNotice {
        var notice = PushNotice()
        notice.addresses = addresses(repository?.cloneUrl, repository?.sshUrl, repository?.htmlUrl)
        notice.defaultBranch = repository?.defaultBranch
        notice.updates = [PushNotice.Update(ref: ref, commit: after)]
        return notice
    }
}

/// The payload of a push at GitLab
/// (https://docs.gitlab.com/user/project/integrations/webhook_events/#push-events). System hooks have `event_name` instead
/// of `object_kind`.
struct GitLabPush: Decodable {
    struct Project: Decodable {
        let gitHttpUrl: String?
        let gitSshUrl: String?
        let webUrl: String?
        let defaultBranch: String?
    }

    let objectKind: String?
    let eventName: String?
    let ref: String?
    let after: String?
    let checkoutSha: String?
    let project: Project?

    var event: String { objectKind ?? eventName ?? "unknown" }
    var isPush: Bool { event == "push" || event == "tag_push" }

    var notice: PushNotice {
        get throws(WebhookContentError) {
            guard let ref else { throw WebhookContentError(message: "the body lacks ref") }
            var notice = PushNotice()
            notice.addresses = addresses(project?.gitHttpUrl, project?.gitSshUrl, project?.webUrl)
            notice.defaultBranch = project?.defaultBranch
            // For an annotated tag, `after` is the tag object and `checkout_sha` is the commit.
            notice.updates = [PushNotice.Update(ref: ref, commit: checkoutSha ?? after)]
            return notice
        }
    }
}

/// The payload of a push at Bitbucket Cloud (https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/#Push).
struct BitbucketCloudPush: Decodable {
    struct Payload: Decodable { let changes: [Change?]? }

    struct Change: Decodable {
        /// The state after the push; nil if the ref was deleted.
        let new: State?
        let old: State?
    }

    struct State: Decodable {
        struct Target: Decodable { let hash: String? }
        let type: String?
        let name: String?
        let target: Target?
    }

    struct Repository: Decodable {
        struct Links: Decodable { let html: Link? }
        struct Link: Decodable { let href: String? }
        let fullName: String?
        let links: Links?
    }

    let push: Payload?
    let repository: Repository?

    var notice: PushNotice {
        var notice = PushNotice()
        notice.addresses = addresses(
            repository?.links?.html?.href, repository?.fullName.map { "https://bitbucket.org/\($0)" })
        notice.updates = (push?.changes ?? []).prefix(PushNotice.updateLimit).compactMap { change in
            guard let state = change?.new ?? change?.old, let name = state.name else { return nil }
            let folder = state.type == "tag" || state.type == "annotated_tag" ? "tags" : "heads"
            return PushNotice.Update(ref: "refs/\(folder)/\(name)", commit: change?.new?.target?.hash)
        }
        return notice
    }
}

/// The payload of a push at Bitbucket Data Center
/// (https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html).
struct BitbucketServerPush: Decodable {
    struct Change: Decodable {
        struct Reference: Decodable { let id: String? }
        let ref: Reference?
        let refId: String?
        let toHash: String?
        let type: String?
    }

    struct Repository: Decodable {
        struct Links: Decodable { let clone: [Link?]? }
        struct Link: Decodable { let href: String? }
        struct Project: Decodable { let key: String? }
        let slug: String?
        let project: Project?
        let links: Links?
    }

    let changes: [Change?]?
    let repository: Repository?

    var notice: PushNotice {
        var notice = PushNotice()
        notice.addresses = (repository?.links?.clone ?? []).prefix(16).compactMap { $0?.href }
            .compactMap { RepositoryAddress($0, ignoringCase: true) }
        if let key = repository?.project?.key, let slug = repository?.slug {
            notice.place = PushNotice.Place(project: key, repository: slug)
        }
        notice.updates = (changes ?? []).prefix(PushNotice.updateLimit).compactMap { change in
            guard let ref = change?.ref?.id ?? change?.refId else { return nil }
            return PushNotice.Update(ref: ref, commit: change?.type == "DELETE" ? nil : change?.toHash)
        }
        return notice
    }
}

/// The payload of a push at Azure DevOps (https://learn.microsoft.com/en-us/azure/devops/service-hooks/events#git.push).
struct AzurePush: Decodable {
    struct Resource: Decodable {
        struct Update: Decodable {
            let name: String?
            let newObjectId: String?
        }

        struct Repository: Decodable {
            let remoteUrl: String?
            let defaultBranch: String?
        }

        let refUpdates: [Update?]?
        let repository: Repository?
    }

    /// The id of the delivery, which Azure DevOps sends in the body instead of the header.
    let id: String?
    let eventType: String
    let resource: Resource?

    var notice: PushNotice {
        var notice = PushNotice()
        notice.deliveryID = id
        notice.addresses = addresses(resource?.repository?.remoteUrl)
        notice.defaultBranch = resource?.repository?.defaultBranch.map { branch in
            branch.hasPrefix("refs/heads/") ? String(branch.dropFirst("refs/heads/".count)) : branch
        }
        notice.updates = (resource?.refUpdates ?? []).prefix(PushNotice.updateLimit).compactMap { update in
            update?.name.map { PushNotice.Update(ref: $0, commit: update?.newObjectId) }
        }
        return notice
    }
}

private func addresses(_ texts: String?...) -> [RepositoryAddress] {
    var found: [RepositoryAddress] = []
    for address in texts.compactMap({ $0.flatMap { RepositoryAddress($0, ignoringCase: true) } })
    where !found.contains(address) {
        found.append(address)
    }
    return found
}
