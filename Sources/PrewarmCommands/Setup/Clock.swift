import Foundation
import PrewarmCore

extension Timestamp {
    /// The current time of the wall clock.
    static var now: Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
}
