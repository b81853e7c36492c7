/// A document as a tree, for YAML and for looking up one field.
package final class ValueOutput: DocumentOutput {
    private struct Frame {
        var isObject = false
        var isList = false
        var key = ""
        var pairs: [(key: String, value: Value)] = []
        var elements: [Value] = []
        /// The value, if it is neither an object nor a list.
        var single: Value?

        var value: Value { isObject ? .object(pairs) : isList ? .array(elements) : single ?? .null }
    }

    private var frames: [Frame] = []
    /// The whole document.
    package private(set) var value = Value.null

    package init() {}

    package func openValue() { frames.append(Frame()) }
    package func openObject() { change { $0.isObject = true } }
    package func openList() { change { $0.isList = true } }

    package func closeValue() {
        guard let frame = frames.popLast() else { return }
        tree(frame.value)
    }

    package func key(_ name: String) { change { $0.key = name } }
    package func element() {}
    package func null() { tree(.null) }
    package func bool(_ value: Bool) { tree(.bool(value)) }
    package func int(_ value: Int) { tree(.int(value)) }
    package func double(_ value: Double) { tree(value.isFinite ? .double(value) : .null) }
    package func string(_ value: String) { tree(.string(value)) }

    package func tree(_ part: Value) {
        guard !frames.isEmpty else {
            value = part
            return
        }
        change { frame in
            if frame.isObject {
                frame.pairs.append((frame.key, part))
            } else if frame.isList {
                frame.elements.append(part)
            } else {
                frame.single = part
            }
        }
    }

    private func change(_ body: (inout Frame) -> Void) {
        if !frames.isEmpty { body(&frames[frames.count - 1]) }
    }
}
