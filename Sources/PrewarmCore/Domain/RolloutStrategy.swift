/// The way in which outdated and expired workspaces are replaced.
package enum RolloutStrategy: Hashable, Sendable {
    /// Replaces workspaces like a Kubernetes Deployment: at most `maxSurge` more than desired exist, and at most
    /// `maxUnavailable` fewer than desired are claimable.
    case rollingUpdate(maxSurge: IntOrPercent, maxUnavailable: IntOrPercent)
    /// Deletes all outdated workspaces first, and creates a new one for each that is deleted. Outdated and new ones
    /// together are never more than desired.
    case recreate

    /// The defaults of a Kubernetes Deployment.
    package static let standard = rollingUpdate(maxSurge: .percent(25), maxUnavailable: .percent(25))

    /// Returns the bounds for a pool of `desired` workspaces, as numbers of workspaces; nil for ``recreate``.
    ///
    /// The surge is rounded up, and the unavailable number is rounded down. If both are 0, one workspace may be
    /// unavailable (Kubernetes' `ResolveFenceposts`). Example: 25 % of 10 is a surge of 3, and 2 may be unavailable.
    package func bounds(desired: Int) -> (surge: Int, unavailable: Int)? {
        guard case .rollingUpdate(let maxSurge, let maxUnavailable) = self else { return nil }
        let surge = maxSurge.resolved(of: desired, roundingUp: true)
        let unavailable = min(maxUnavailable.resolved(of: desired, roundingUp: false), desired)
        return surge == 0 && unavailable == 0 ? (0, 1) : (surge, unavailable)
    }

    /// Returns the number of ready workspaces that stay for claims while others are replaced. Example: 25 % of 20 may
    /// be unavailable, so 20 − 5 = 15 stay. The floor of ``recreate`` is 0.
    package func floor(desired: Int) -> Int { bounds(desired: desired).map { desired - $0.unavailable } ?? 0 }
}

/// A number of workspaces, or a percentage of the desired number.
package enum IntOrPercent: Hashable, Sendable, CustomStringConvertible {
    case count(Int)
    /// A percentage: 0 to 100 for `maxUnavailable`. A surge may be larger.
    case percent(Int)

    /// Returns the number of workspaces. Example: 25 % of 10 is 2.5, which is rounded to 3 or 2.
    package func resolved(of desired: Int, roundingUp: Bool) -> Int {
        switch self {
        case .count(let count): return count
        case .percent(let percent):
            let (product, overflow) = percent.multipliedReportingOverflow(by: desired)
            if overflow { return desired }
            return (product + (roundingUp ? 99 : 0)) / 100
        }
    }

    package var description: String {
        switch self {
        case .count(let count): "\(count)"
        case .percent(let percent): "\(percent)%"
        }
    }
}

extension RolloutStrategy: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        switch self {
        case .recreate:
            writer.write(UInt64(0))
        case .rollingUpdate(let maxSurge, let maxUnavailable):
            writer.write(UInt64(1))
            writer.write(maxSurge)
            writer.write(maxUnavailable)
        }
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        switch try reader.read(UInt64.self) {
        case 0: self = .recreate
        case 1: self = .rollingUpdate(maxSurge: try reader.read(), maxUnavailable: try reader.read())
        default: throw BinaryCodingError()
        }
    }
}

extension IntOrPercent: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        switch self {
        case .count(let count):
            writer.write(UInt64(0))
            writer.write(count)
        case .percent(let percent):
            writer.write(UInt64(1))
            writer.write(percent)
        }
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        switch try reader.read(UInt64.self) {
        case 0: self = .count(try reader.read())
        case 1: self = .percent(try reader.read())
        default: throw BinaryCodingError()
        }
    }
}
