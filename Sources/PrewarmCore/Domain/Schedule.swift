/// How many instances a preset wants at which time: the first window that matches sets the number.
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
