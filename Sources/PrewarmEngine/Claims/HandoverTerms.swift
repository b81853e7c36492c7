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

/// The preset whose workspaces a claim gets.
package struct ClaimTarget: Sendable {
    /// The preset that the request names.
    package let named: PresetKey
    /// The preset after the redirects of ``named`` (``Engine/redirected(_:in:)``).
    package let key: PresetKey
    /// The rules of the handover; nil if no provisioner offers handovers and the request has no claim parameters.
    fileprivate let spec: HandoverSpec?

    /// Returns the terms of the handover; nil without a handover.
    /// - Parameter given: The claim parameters of the request.
    /// - Throws: ``ClaimError/invalidParameters(_:_:)`` with all errors.
    package func terms(_ given: [String: ParameterValue]) throws(ClaimError) -> HandoverTerms? {
        guard let spec else { return nil }
        let (values, problems) = ClaimValues.check(given, against: spec.parameters)
        guard problems.isEmpty else { throw .invalidParameters(key, problems) }
        return HandoverTerms(spec: spec, values: values)
    }
}

extension Engine {
    /// Returns the preset whose workspaces a claim gets that names a preset. All is read at once, since a claim is quick.
    /// - Parameters:
    ///   - name: The name of the preset, or `source/name`.
    ///   - given: The claim parameters of the request.
    ///   - isVisible: Returns true if the caller may see a preset.
    /// - Throws: ``ClaimError`` if there is no such preset.
    package func claimTarget(
        named name: String, _ given: [String: ParameterValue], where isVisible: @escaping @Sendable (PresetKey) -> Bool
    ) async throws -> ClaimTarget {
        let needsSpec = !handoverProvisioners.isEmpty || !given.isEmpty
        return try await store.read { store in
            let named = try preset(named: name, in: store, where: isVisible)
            let preset = try redirected(named, in: store)
            return ClaimTarget(
                named: named.key, key: preset.key, spec: needsSpec ? try handoverSpec(of: preset, in: store) : nil)
        }
    }

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
