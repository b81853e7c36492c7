import PrewarmCore
import PrewarmEngine

/// The JSON Schemas of the documents in the API.
///
/// A member whose name ends with a question mark is optional; an absent member means unknown. Later versions may add
/// members, so clients must ignore members that they do not know.
enum DocumentSchemas {
    /// The schemas by the names under which OpenAPI refers to them.
    static let all: [(key: String, value: Value)] = documents.map { ($0.name, schema($0.members)) }

    private static let documents: [(name: String, members: KeyValuePairs<String, String>)] = [
        (
            "Problem",
            [
                "type": "text", "title": "text", "status": "number", "detail": "text", "hint?": "text",
                "errors?": "[]text", "log?": "text", "claim?": "text", "holds?": "[]HeldWorkspace",
            ]
        ),
        (
            "Condition",
            ["type": "text", "status": "True|False|Unknown", "reason": "text", "message": "text", "since?": "time"]
        ),
        (
            "Diagnostic",
            [
                "severity": "error|warning", "file": "text", "line?": "number", "column?": "number", "message": "text",
                "hint?": "text", "excerpt?": "text",
            ]
        ),
        ("SignInCode", ["code": "text", "path": "text", "expiresAt": "time"]),
        (
            "Caller",
            [
                "kind": "token|oidc|local", "name": "text", "role": "viewer|claimer|operator", "presets": "[]text",
                "priority": "number",
            ]
        ),
        ("Preset", preset),
        ("PresetFailure", presetFailure),
        ("RecentClaims", ["claims": "number", "hitRate": "decimal"]),
        (
            "PresetDescription",
            [
                "name": "text", "source": "text", "revision?": "text", "ttl?": "text", "strategy": "text",
                "lease?": "object", "waiting?": "number",
                "recentClaims?": "RecentClaims", "story": "[]text", "workspaces": "[]Workspace",
                "events": "[]Event",
                "conditions": "[]Condition",
            ]
        ),
        (
            "Template",
            [
                "name": "text", "source": "text", "file": "text", "line": "number", "labels?": "object",
                "annotations?": "object", "provisioner?": "text",
                "activeVersion?": "text", "parameters": "[]object", "claim?": "object", "deprecated": "boolean",
            ]
        ),
        ("Workspace", workspace),
        ("WorkspaceClaim", ["id": "text"]),
        (
            "HeldWorkspace",
            ["id": "text", "name": "text", "preset": "text", "source": "text", "claimedAt?": "time"]
        ),
        (
            "ClaimSelection",
            [
                "select": "text", "prefer?": "text", "matching?": "number", "claimable?": "number",
                "workspaces?": "number", "why?": "text",
            ]
        ),
        ("Claim", claim),
        (
            "ClaimLease",
            [
                "state": "active|expiring|expired", "expiresAt": "time", "deletesAt?": "time", "endsAt?": "time",
                "ttl": "text", "hold?": "LeaseHold",
            ]
        ),
        ("LeaseHold", ["until": "time", "reason": "text", "by": "text"]),
        (
            "ClaimReport",
            [
                "since": "time", "by": "preset|owner", "rows": "[]ClaimReportRow", "unclaimed": "[]UnclaimedPool",
                "truncated?": "boolean",
            ]
        ),
        (
            "ClaimReportRow",
            [
                "preset?": "text", "source?": "text", "owner?": "text", "claims": "number", "hit": "number",
                "waited": "number", "cold": "number", "missed": "number", "hitRate?": "decimal",
                "p50Seconds?": "decimal", "p95Seconds?": "decimal", "idleHours?": "decimal",
            ]
        ),
        ("UnclaimedPool", ["preset": "text", "source": "text", "instances": "number", "idleHours?": "decimal"]),
        (
            "WorkspaceDescription",
            [
                "id": "text", "name": "text", "preset": "text", "state": "text", "provisioner": "text",
                "isCurrent?": "boolean", "because?": "text", "commit?": "object", "manifest?": "text",
                "operations": "[]Operation",
            ]
        ),
        ("Operation", operation),
        (
            "OperationDescription",
            ["id": "text", "type": "text", "state": "text", "workspaceName": "text", "logEnd?": "text"]
        ),
        ("Log", ["operation": "text", "type": "text", "state": "text", "error?": "text", "attempts": "[]object"]),
        (
            "Event",
            [
                "at": "time", "type": "Normal|Warning", "reason": "text", "object": "text", "source?": "text",
                "preset?": "text", "message": "text",
            ]
        ),
        (
            "Source",
            [
                "name": "text", "url": "text", "revision?": "text", "appliedAt?": "time", "files?": "number",
                "replica?": "text", "sharedOut?": "boolean",
                "conditions": "[]Condition", "hint?": "text", "diagnostics": "[]Diagnostic", "daemon?": "object",
            ]
        ),
        (
            "Revision",
            [
                "source": "text", "revision": "text", "appliedAt": "time", "author?": "text", "subject?": "text",
                "created": "number", "deleted": "number", "cancelled": "number", "convergedAt?": "time",
                "changes": "[]DefinitionChange", "moreChanges?": "number",
            ]
        ),
        ("Outage", ["provisioner": "text", "since": "time", "cause": "text", "nextTryAt?": "time"]),
        ("ListFailure", ["provisioner": "text", "message": "text", "since": "time"]),
        ("Orphan", ["id": "text", "provisioner": "text", "state?": "text", "since": "time", "store?": "text"]),
        (
            "DefinitionChange",
            [
                "object": "preset|template", "name": "text", "source": "text", "change": "added|changed|removed",
                "fields": "[]FieldChange", "moreFields?": "number", "held?": "boolean",
            ]
        ),
        ("FieldChange", ["field": "text", "old?": "text", "new?": "text"]),
        (
            "Rollout",
            [
                "preset": "text", "source": "text", "replaces": "number", "keepsClaimable": "number",
                "desired": "number", "held?": "boolean", "heldBy?": "text",
            ]
        ),
        (
            "Plan",
            [
                "revision?": "text", "revisions?": "object", "at": "time", "applied": "object",
                "changes": "[]DefinitionChange", "moreChanges?": "number", "rollouts": "[]Rollout",
                "actions": "[]Action", "held": "[]Action",
                "presets": "[]Preset", "diagnostics": "[]Diagnostic", "failures?": "[]object", "summary": "object",
            ]
        ),
        (
            "Action",
            [
                "action": "create|delete|cancel", "preset": "text", "source": "text", "workspace?": "text",
                "reason": "text", "message?": "text", "heldBy?": "text", "needsApproval?": "boolean",
            ]
        ),
        ("Store", ["identity": "text", "hold?": "StoreHold", "damage?": "text"]),
        ("StoreHold", ["reason": "Restored|Fresh|Unconfirmed", "message": "text", "hint": "text", "since": "time"]),
        (
            "PoolSums",
            [
                "pools": "number", "attention": "number", "desired": "number", "ready": "number", "starting": "number",
                "claimed": "number", "waiting?": "number",
            ]
        ),
        (
            "Status",
            [
                "at": "time", "healthy": "boolean", "store": "Store", "sources": "[]Source", "totals": "PoolSums",
                "presets": "[]Preset", "failing": "[]Operation", "orphans?": "[]Orphan", "orphansTotal?": "number",
                "suspectLists?": "[]object", "brokenClaims?": "[]BrokenClaim", "failingLists?": "[]ListFailure",
                "outages?": "[]Outage",
                "daemon?": "object", "morePresets?": "number", "moreFailing?": "number",
                "expiringClaims?": "[]Claim", "moreExpiringClaims?": "number",
            ]
        ),
        (
            "BrokenClaim",
            [
                "id": "text", "name": "text", "preset": "text", "source": "text", "provisioner": "text",
                "state": "text", "message": "text", "since": "time",
            ]
        ),
        ("Observed", ["at": "time", "workspaces": "[]Workspace", "operations": "[]Operation"]),
        (
            "SyncRequest",
            [
                "request": "text", "state": "queued|running|converged|superseded|held|stalled|failed",
                "message": "text", "hint?": "text", "sources": "[]text", "preset?": "text", "revision?": "text",
                "supersededBy?": "text", "applied": "object", "ready?": "number", "desired?": "number",
                "unfinished": "[]object", "unfinishedTotal?": "number", "diagnostics": "[]Diagnostic",
                "createdAt": "time", "timedOut?": "boolean",
            ]
        ),
        (
            "Approval",
            [
                "source?": "text", "revision?": "text", "deletions?": "number", "presets?": "object", "hold?": "text",
            ]
        ),
        (
            "Done",
            [
                "message?": "text", "changed?": "boolean", "until?": "time", "revision?": "text", "still?": "object",
                "workspaces?": "number",
            ]
        ),
        (
            "AuditEntry",
            [
                "at": "time", "who": "text", "from": "text", "action": "text", "revision?": "text", "detail?": "text",
            ]
        ),
        (
            "Delivery",
            [
                "at": "time", "webhook": "text", "kind": "text", "id?": "text", "event?": "text", "from": "text",
                "outcome": "text", "status": "number", "message": "text", "sources": "[]text", "bytes": "number",
            ]
        ),
        (
            "Token",
            [
                "id": "text", "name": "text", "role": "viewer|claimer|operator", "presets": "[]text",
                "priority": "number",
                "createdAt": "time", "createdBy": "text", "expiresAt?": "time", "lastUsedAt?": "time",
                "expired": "boolean", "token?": "text",
            ]
        ),
    ]

    private static let preset: KeyValuePairs<String, String> = [
        "name": "text", "source": "text", "file": "text", "line": "number", "template": "text", "version": "text",
        "provisioner": "text", "parameters": "object", "labels?": "object", "annotations?": "object",
        "fingerprint": "text", "desired": "number", "waitingClaims?": "number", "waiting?": "number",
        "actual": "number",
        "eligible": "number", "expired": "number", "outdated": "number", "extraneous": "number", "starting": "number",
        "stopping": "number", "deleting": "number", "failed": "number", "claimed": "number", "claimable": "number",
        "unhealthy?": "number", "converged": "boolean", "conditions": "[]Condition", "failure?": "PresetFailure",
        "recentClaims?": "RecentClaims",
    ]

    /// The failed builds in a row of a preset that is stalled or backing off.
    private static let presetFailure: KeyValuePairs<String, String> = [
        "cause": "text", "builds": "number", "nextTryAt": "time",
    ]

    private static let workspace: KeyValuePairs<String, String> = [
        "id": "text", "name": "text", "preset": "text", "source": "text", "template": "text", "version": "text",
        "parameters": "object", "fingerprint": "text",
        "state": "pending|creating|ready|claimed|deleting|deleted|failed|lost|suspect|unhealthy", "owner?": "text",
        "ownerKind?": "token|oidc", "ownerIssuer?": "text", "createdAt": "time",
        "readyAt?": "time", "claimedAt?": "time", "expiresAt?": "time", "endpoint?": "text", "metadata?": "object",
        "revision?": "text", "claim?": "WorkspaceClaim", "lease?": "ClaimLease", "clampedBy?": "|max",
        "cold?": "boolean", "otherPresets?": "[]text", "redirectedFrom?": "text", "selection?": "ClaimSelection",
        "handover?": "none|pending|done|failed", "handoverError?": "text", "credentials?": "object",
    ]

    private static let claim: KeyValuePairs<String, String> = [
        "id": "text", "preset": "text", "source": "text", "owner": "text", "ownerKind?": "token|oidc",
        "ownerIssuer?": "text", "asked?": "text", "workspace?": "text", "workspaceName?": "text",
        "result": "hit|waited|cold|missed|waiting",
        "askedAt": "time", "grantedAt?": "time", "usableAt?": "time", "waitSeconds?": "decimal", "endedAt?": "time",
        "endReason?": "Released|Expired|Revoked|Failed|Lost|HandoverFailed", "endedBy?": "text", "endMessage?": "text",
        "lease?": "ClaimLease", "ticket?": "text", "presets?": "[]text", "priority?": "number", "position?": "number",
        "waiting?": "number",
        "starting?": "number", "eta?": "time", "why?": "text", "expiresAt?": "time",
    ]

    private static let operation: KeyValuePairs<String, String> = [
        "id": "text", "type": "create|delete|claim|inspect", "workspace": "text", "preset": "text",
        "source": "text", "provisioner": "text", "reason": "text",
        "state": "pending|running|succeeded|failed|cancelled", "attempt": "number", "nextAttemptAt?": "time",
        "error?": "text", "createdAt": "time", "startedAt?": "time", "finishedAt?": "time",
    ]

    /// Returns the schema of an object with these members.
    private static func schema(_ members: KeyValuePairs<String, String>) -> Value {
        let named = members.map {
            (name: $0.key.filter { $0 != "?" }, type: $0.value, isOptional: $0.key.hasSuffix("?"))
        }
        return .object(known: [
            "type": "object",
            "properties": .object(named.map { ($0.name, type($0.type)) }),
            "required": .array(named.filter { !$0.isOptional }.map { .string($0.name) }),
        ])
    }

    /// Returns the schema of a member: `text`, `number`, `boolean`, `object`, `time`, a list `[]type`, choices `a|b` (`|a` for
    /// a single one), or the name of another document.
    private static func type(_ text: String) -> Value {
        switch text {
        case "text": .object(known: ["type": "string"])
        case "number": .object(known: ["type": "integer"])
        case "decimal": .object(known: ["type": "number"])
        case "boolean": .object(known: ["type": "boolean"])
        case "object": .object(known: ["type": "object"])
        case "time": .object(known: ["type": "string", "format": "date-time"])
        case _ where text.hasPrefix("[]"): .object(known: ["type": "array", "items": type(String(text.dropFirst(2)))])
        case _ where text.contains("|"):
            .object(known: ["type": "string", "enum": .array(text.split(separator: "|").map { .string(String($0)) })])
        default: OpenAPI.reference(text)
        }
    }
}
