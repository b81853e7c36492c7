/// The numbers of workspaces that a preset asks for over time.
package struct Demand: Hashable, Sendable {
    /// The number outside the windows of ``schedule``.
    package let instances: Int
    package let schedule: Schedule?

    package init(instances: Int, schedule: Schedule?) {
        self.instances = instances
        self.schedule = schedule
    }

    /// Returns the demand of a preset. A retired preset asks for 0 workspaces.
    package init(of preset: Preset) {
        instances = preset.retirement == nil ? preset.instances : 0
        schedule = preset.retirement == nil ? preset.schedule : nil
    }

    /// All numbers that the preset asks for at some time.
    package var numbers: Set<Int> { Set([instances] + (schedule?.windows.map(\.instances) ?? [])) }

    /// The largest of ``numbers``.
    package var most: Int { numbers.max() ?? 0 }
    /// The smallest of ``numbers``.
    package var least: Int { numbers.min() ?? 0 }
}

extension Demand: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(instances)
        writer.write(schedule)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        instances = try reader.read()
        schedule = try reader.read()
    }
}
