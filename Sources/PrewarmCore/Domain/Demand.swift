/// How many instances a preset asks for at which time.
package struct Demand: Hashable, Sendable {
    /// Outside of the windows of ``schedule``.
    package let instances: Int
    package let schedule: Schedule?

    /// None where it is retired.
    package init(of preset: Preset) {
        instances = preset.retirement == nil ? preset.instances : 0
        schedule = preset.retirement == nil ? preset.schedule : nil
    }

    /// All that it comes to at some time.
    package var numbers: Set<Int> { Set([instances] + (schedule?.windows.map(\.instances) ?? [])) }

    package var most: Int { numbers.max() ?? 0 }
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
