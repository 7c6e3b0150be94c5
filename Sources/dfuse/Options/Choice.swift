import ArgumentParser

/// The case with a given name of an enum from the libraries, for options.
///
/// - Throws: `ValidationError`, which lists the names.
func choice<Value: RawRepresentable & CaseIterable>(
  _ text: String, of type: Value.Type
) throws -> Value where Value.RawValue == String {
  if let value = Value(rawValue: text) { return value }
  let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
  throw ValidationError("'\(text.visible)' is none of: \(names)")
}
