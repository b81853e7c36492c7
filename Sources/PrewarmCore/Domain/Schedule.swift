/// The number of workspaces that a preset desires over time: the first window that matches sets the number.
///
/// A window covers whole minutes of the wall clock in its time zone: `* 8-18 * * 1-5` is 08:00 to 18:59 from Monday to
/// Friday. If the clock changes by less than three hours, for example to daylight saving time, windows follow cron's
/// rules:
///
/// - A window whose minute or hour begins with `*` or lists every value follows the clock. Skipped minutes are not
///   made up for, and repeated minutes match twice. Example: `* 0-3 * * *` covers a night of 25 hours without a gap.
/// - Any other window, for example `30 2 * * *`, runs once. If its minutes are skipped, it matches in the first minute
///   after the change. If its minutes are repeated, it matches the first time only.
///
/// Larger changes, for example over the date line, get no special rule.
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

    /// The IANA name of the time zone, for example `Europe/Berlin`.
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
