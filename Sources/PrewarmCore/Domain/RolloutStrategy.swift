/// How instances of an old fingerprint are replaced.
package enum RolloutStrategy: Hashable, Sendable {
    /// As a Kubernetes Deployment does it: at most `maxSurge` more than desired, at most `maxUnavailable` fewer that a
    /// user can claim.
    case rollingUpdate(maxSurge: IntOrPercent, maxUnavailable: IntOrPercent)
    /// All the old ones are deleted first; a new one takes the place of each that is gone, so that old and new ones
    /// together are never more than desired.
    case recreate

    /// The defaults of a Kubernetes Deployment.
    package static let standard = rollingUpdate(maxSurge: .percent(25), maxUnavailable: .percent(25))

    /// The bounds for a pool of `desired`, in instances. The surge is rounded up, what may be unavailable down; where
    /// both come to 0, one may be unavailable (Kubernetes' `ResolveFenceposts`). Nil for ``recreate``.
    package func bounds(desired: Int) -> (surge: Int, unavailable: Int)? {
        guard case .rollingUpdate(let maxSurge, let maxUnavailable) = self else { return nil }
        let surge = maxSurge.resolved(of: desired, roundingUp: true)
        let unavailable = min(maxUnavailable.resolved(of: desired, roundingUp: false), desired)
        return surge == 0 && unavailable == 0 ? (0, 1) : (surge, unavailable)
    }

    /// The number of ready workspaces that stay for claims while others of a pool of `desired` are replaced, whatever
    /// the cause. Example: 25 % of 20 may be unavailable, so 15 stay. ``recreate`` keeps none.
    package func floor(desired: Int) -> Int { bounds(desired: desired).map { desired - $0.unavailable } ?? 0 }

    /// Whether a new version may take more than half of the `desired` ones away before there is one in the place of any.
    package func takesMost(of desired: Int) -> Bool {
        guard let bounds = bounds(desired: desired) else { return true }
        return bounds.unavailable > desired / 2
    }
}

/// A number of instances, or a share of the desired ones.
package enum IntOrPercent: Hashable, Sendable, CustomStringConvertible {
    case count(Int)
    /// 0 to 100 for what may be unavailable; a surge may be more.
    case percent(Int)

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
