/// The reason why a text does not have the form that its place requires.
package struct TextError: Error, Hashable, Sendable {
    /// The problem, with the text to write instead if it is known.
    package let message: String
    /// The place of the invalid part, in Unicode scalars from the start of the text.
    package let offset: Int

    package init(message: String, offset: Int = 0) {
        self.message = message
        self.offset = offset
    }
}
