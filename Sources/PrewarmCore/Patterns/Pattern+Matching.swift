extension Pattern {
    /// Returns true if the pattern matches somewhere in the text.
    package func matches(_ text: String) -> Bool {
        var steps = Int.max
        return matches(text, steps: &steps) == true
    }

    /// Returns true if the pattern matches somewhere in the text; nil if that takes more than `steps`.
    ///
    /// The time grows with the size of the text times the size of the program. The memory grows with the program only.
    /// - Parameter steps: the number of instructions that may still be executed. The executed ones are subtracted.
    package func matches(_ text: String, steps: inout Int) -> Bool? {
        var entered = [Int](repeating: -1, count: program.count)
        var waiting: [Int] = []
        var stack: [Int] = []
        var scalars = text.unicodeScalars.makeIterator()
        var previous: UInt32?
        var position = 0
        while true {
            let next = scalars.next()?.value
            swap(&stack, &waiting)
            stack.append(0)
            while let index = stack.popLast() {
                guard entered[index] != position else { continue }
                entered[index] = position
                steps -= 1
                switch program[index] {
                case .match: return true
                case .scalar(let scalar): if scalar == next { waiting.append(index + 1) }
                case .set(let set): if let next, sets[set].contains(next) { waiting.append(index + 1) }
                case .assertion(let assertion):
                    if assertion.holds(between: previous, and: next) { stack.append(index + 1) }
                case .jump(let target): stack.append(target)
                case .split(let first, let second):
                    stack.append(second)
                    stack.append(first)
                }
            }
            guard next != nil else { return false }
            guard steps > 0 else { return nil }
            previous = next
            position += 1
        }
    }
}

extension Pattern.Assertion {
    /// Returns true if the assertion holds between two scalars. A scalar is nil at the start or the end of the text.
    fileprivate func holds(between previous: UInt32?, and next: UInt32?) -> Bool {
        func isWord(_ scalar: UInt32?) -> Bool { scalar.map { ScalarSet.word.contains($0) } ?? false }
        return switch self {
        case .start: previous == nil
        case .end: next == nil
        case .wordBoundary: isWord(previous) != isWord(next)
        case .noWordBoundary: isWord(previous) == isWord(next)
        }
    }
}
