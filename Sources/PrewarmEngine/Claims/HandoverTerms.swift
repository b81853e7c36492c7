package import PrewarmCore

/// The rules and the values of one handover.
package struct HandoverTerms: Sendable {
    package let spec: HandoverSpec
    package let values: ClaimValues

    package init(spec: HandoverSpec = .standard, values: ClaimValues = ClaimValues()) {
        self.spec = spec
        self.values = values
    }
}

extension Engine {
    /// Returns the terms of a claim's handover; nil if no provisioner offers handovers.
    /// - Parameters:
    ///   - name: The name of the preset, or `source/name`.
    ///   - given: The claim parameters of the request.
    /// - Throws: ``ClaimError/invalidParameters(_:_:)`` with all errors.
    package func handoverTerms(
        of name: String, _ given: [String: ParameterValue]
    ) async throws -> HandoverTerms? {
        guard !handoverProvisioners.isEmpty || !given.isEmpty else { return nil }
        let (key, spec) = try await store.read { store -> (PresetKey, HandoverSpec) in
            let preset = try self.preset(named: name, in: store)
            return (preset.key, try handoverSpec(of: preset, in: store))
        }
        let (values, problems) = ClaimValues.check(given, against: spec.parameters)
        guard problems.isEmpty else { throw ClaimError.invalidParameters(key, problems) }
        return HandoverTerms(spec: spec, values: values)
    }

    /// Returns the handover of a preset's template. A template whose provisioner offers no handovers has no parameters.
    func handoverSpec(of preset: Preset, in store: any StoreReader) throws -> HandoverSpec {
        guard handoverProvisioners.contains(preset.spec.provisioner) else { return .standard }
        return try store.template(preset.spec.template, source: preset.key.source)?.handover ?? .standard
    }
}
