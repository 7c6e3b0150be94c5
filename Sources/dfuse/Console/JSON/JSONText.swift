#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Values as JSON (RFC 8259), with their keys in alphabetical order so that output can be compared.
enum JSONText {
  /// Over several lines, for one object on its own.
  static func pretty(_ value: some Encodable) throws(Failure) -> String {
    try text(of: value, [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
  }

  /// On one line, for streams of objects.
  static func line(_ value: some Encodable) throws(Failure) -> String {
    try text(of: value, [.sortedKeys, .withoutEscapingSlashes])
  }

  private static func text(
    of value: some Encodable, _ formatting: JSONEncoder.OutputFormatting
  ) throws(Failure) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = formatting
    do {
      return String(decoding: try encoder.encode(value), as: UTF8.self)
    } catch {
      throw Failure(.software, "cannot make JSON: \(error)")
    }
  }
}
