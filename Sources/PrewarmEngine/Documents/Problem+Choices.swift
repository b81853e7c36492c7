internal import PrewarmCore

/// The problems of claims for which no workspace is ready.
extension Problem {
    init(_ pools: EmptyPools) {
        guard let selector = pools.selector else {
            self.init(pools.first)
            return
        }
        let names = pools.all.map(\.preset.key.name)
        let starting = pools.all.reduce(0) { $0 + $1.starting }
        self.init(
            "NothingReady", status: 409,
            "cannot claim a workspace with \(selector.description.printable): no workspace of the matching "
                + (names.count == 1 ? "preset \(names[0]) is ready" : "presets \(names.summary) is ready"),
            hint: starting > 0
                ? "claim again with `--wait 5m`: \(starting.counted("workspace")) of these pools "
                    + "\(starting == 1 ? "is" : "are") starting"
                : "run `prewarm sync` to fill the pools, or `prewarm describe preset \(names[0])` to see why it is empty"
        )
    }

    private init(_ pool: EmptyPool) {
        let name = pool.preset.key.name
        var message = "cannot claim a workspace of \(name): no workspace is ready to be claimed"
        let hint: String
        if let outage = pool.outage {
            let cause = pool.showsCause ? outage.cause : Operation.withheldError
            message += "; the provisioner \(outage.provisioner) is unavailable: \(cause)"
            hint = "claim again later: prewarm fills the pool when the provisioner works again"
        } else if let failure = pool.failure {
            let cause = pool.showsCause ? failure.message.cause ?? Operation.withoutCause : Operation.withheldError
            message += "; the last build failed: \(cause)"
            hint =
                pool.showsCause
                ? "find the log with `prewarm describe preset \(name)`. After the fix: `prewarm retry \(name)`"
                : "ask an operator to fix the cause and to run `prewarm retry \(name)`"
        } else if pool.starting > 0 {
            hint =
                "claim again with `--wait 5m`: \(pool.starting.counted("workspace")) of the pool "
                + "\(pool.starting == 1 ? "is" : "are") starting"
        } else {
            hint =
                "run `prewarm sync` to fill the pool, or `prewarm describe preset \(name)` to see why it is empty"
        }
        self.init("NothingReady", status: 409, message, hint: hint)
    }

    init(_ miss: SelectionMiss) {
        let selector = miss.selector.description.printable
        guard let term = miss.missing else {
            self.init(
                "NoMatchingPreset", status: 404, "cannot find a preset with \(selector): no preset has all of them",
                hint: "leave out one of them; `prewarm get presets -o yaml` shows labels and parameters")
            return
        }
        let key = term.key.printable
        let cause = miss.selector.terms.count > 1 ? ": no preset has \(term.description.printable)" : ""
        let message = "cannot find a preset with \(selector)\(cause)"
        guard miss.values.isEmpty else {
            self.init(
                "NoMatchingPreset", status: 404, message,
                hint: "use one of " + miss.values.map { "\(key)=\($0.printable)" }.joined(separator: ", "))
            return
        }
        self.init(
            "NoMatchingPreset", status: 404, message,
            hint: miss.keys.closest(to: term.key).map { "did you mean \"\($0.printable)\" instead of \"\(key)\"?" }
                ?? (miss.keys.isEmpty
                    ? "see `prewarm get presets`"
                    : "use a label or a parameter of the presets: \(miss.keys.map(\.printable).summary)"))
    }
}
