/// How many instances a preset wants at which time: the first window that matches sets the number.
///
/// A window covers whole minutes of the wall clock in its time zone: `* 8-18 * * 1-5` is 08:00 to 18:59 from Monday
/// to Friday. Where that clock jumps by less than three hours, as for summer time, windows keep cron's promises:
///
/// - One whose minute or hour is `*`, begins with `*` or lists every value follows the clock: what is skipped is not
///   made up for, and what comes twice holds twice. So `* 0-3 * * *` has no hole in a night of 25 hours.
/// - Any other (`30 2 * * *`) runs once. If some of its minutes are skipped, it holds in the first minute after the
///   jump; of minutes that come twice it holds in the first pass alone.
///
/// Larger jumps, as over the date line, are taken as they come.
package struct Schedule: Hashable, Sendable {
    package struct Window: Hashable, Sendable {
        /// The minutes that the window covers.
        package let cron: CronExpression
        package let instances: Int

        package init(cron: CronExpression, instances: Int) {
            self.cron = cron
            self.instances = instances
        }
    }

    /// An IANA name, as `Europe/Berlin`.
    package let timezone: String
    package let windows: [Window]

    package init(timezone: String, windows: [Window]) {
        self.timezone = timezone
        self.windows = windows
    }
}

extension Schedule: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(timezone)
        writer.write(windows)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        timezone = try reader.read()
        windows = try reader.read()
    }
}

extension Schedule.Window: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(cron)
        writer.write(instances)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        cron = try reader.read()
        instances = try reader.read()
    }
}
