/// A place that the parts of a document are written to in their order, for example JSON text.
///
/// A value is written between ``openValue()`` and ``closeValue()``: as an object with members, as a list with elements, or as
/// one text, number or boolean. Members and elements that are no objects and lists need no call of these two.
package protocol DocumentOutput: AnyObject {
    /// Begins a value whose kind is not known yet.
    func openValue()
    /// Makes the current value an object. A second call changes nothing, so that two types can write to one object.
    func openObject()
    /// Makes the current value a list.
    func openList()
    /// Ends the current value.
    func closeValue()
    /// Begins a member of the current object.
    func key(_ name: String)
    /// Begins an element of the current list.
    func element()
    func null()
    func bool(_ value: Bool)
    func int(_ value: Int)
    func double(_ value: Double)
    func string(_ value: String)
    /// Writes a document without a type.
    func tree(_ value: Value)
}
