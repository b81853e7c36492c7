package import PrewarmCore

/// A template.
package struct TemplateDocument: ObjectDocument {
    package let name: String
    package let source: String
    package let file: String
    package let line: Int
    package let labels: OrderedMap<String>?
    package let annotations: OrderedMap<String>?
    package let provisioner: String?
    package let activeVersion: String?
    package let parameters: [ParameterRuleDocument]
    package let claim: TemplateClaimDocument?
    package let deprecated: Bool

    package enum CodingKeys: String, DocumentKey {
        case name, source, file, line, labels, annotations, provisioner, activeVersion, parameters, claim, deprecated

        package var meaning: String {
            switch self {
            case .name: "The name of the template, which is unique in its source."
            case .source: "The name of the source."
            case .file: "The path of the manifest in the source."
            case .line: "The line of the manifest, from 1."
            case .labels: "The labels of the manifest."
            case .annotations: "The annotations of the manifest."
            case .provisioner: "The name of the provisioner; absent for the default provisioner."
            case .activeVersion: "The only version that presets may use; absent if they may use any."
            case .parameters: "The rules of the parameters."
            case .claim: "The handover at a claim."
            case .deprecated: "True if the pools of the template are scaled to zero."
            }
        }
    }

    package init(_ template: Template, source: String) {
        name = template.name
        self.source = source
        file = template.origin.file
        line = template.origin.line
        labels = OrderedMap(unlessEmpty: template.labels)
        annotations = OrderedMap(unlessEmpty: template.annotations)
        provisioner = template.provisioner
        activeVersion = template.activeVersion
        parameters = template.parameters.map { ParameterRuleDocument($0) }
        claim = template.handover.map { TemplateClaimDocument($0) }
        deprecated = template.deprecated != nil
    }
}

/// The handover that a template asks for.
package struct TemplateClaimDocument: ObjectDocument {
    package let parameters: [ParameterRuleDocument]
    package let timeout: String
    package let onFailure: Choice<HandoverSpec.FailurePolicy>

    package enum CodingKeys: String, DocumentKey {
        case parameters, timeout, onFailure

        package var meaning: String {
            switch self {
            case .parameters: "The rules of the claim parameters."
            case .timeout: "The time from the start of the handover to its end."
            case .onFailure: "What happens to a workspace whose handover failed."
            }
        }
    }

    init(_ handover: HandoverSpec) {
        parameters = handover.parameters.map { ParameterRuleDocument($0.rule, isSecret: $0.isSecret) }
        timeout = handover.timeout.prewarmText
        onFailure = Choice(handover.onFailure)
    }
}

/// The rule of a parameter.
package struct ParameterRuleDocument: ObjectDocument {
    package let name: String
    package let type: Choice<ParameterRule.Kind>
    package let required: Bool
    package let allowed: [ParameterValue]?
    package let minimum: Double?
    package let maximum: Double?
    package let pattern: String?
    package let standard: ParameterValue?
    package let secret: Bool?

    package enum CodingKeys: String, DocumentKey {
        case name, type, required
        case allowed = "enum"
        case minimum, maximum, pattern
        case standard = "default"
        case secret

        package var meaning: String {
            switch self {
            case .name: "The name of the parameter."
            case .type: "The type of its values."
            case .required: "True if a value must be given."
            case .allowed: "The allowed values; absent if any value is allowed."
            case .minimum: "The smallest number."
            case .maximum: "The largest number."
            case .pattern: "The regular expression that a text matches as a whole."
            case .standard: "The value if none is given."
            case .secret: "True if the value is never stored or shown."
            }
        }
    }

    init(_ rule: ParameterRule, isSecret: Bool = false) {
        name = rule.name
        type = Choice(rule.kind)
        required = rule.isRequired
        allowed = rule.allowed
        minimum = rule.minimum
        maximum = rule.maximum
        pattern = rule.pattern
        standard = rule.standard
        secret = isSecret ? true : nil
    }
}
