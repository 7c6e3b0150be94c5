/// Why a state file cannot be used.
public enum BoardStateError: Error, Hashable, Sendable {
  /// It does not start with the signature.
  case notAStateFile
  /// It is of a format this version does not know.
  case unknownVersion(UInt8)
  /// It ends inside `field`, which starts at `offset`.
  case truncated(field: String, offset: Int)
  /// A field has an impossible value.
  case badField(String)
  /// That many bytes follow the end.
  case trailingBytes(Int)
  /// It was saved from another chip.
  case otherChip(found: String, expected: String)
}

extension BoardStateError: CustomStringConvertible {
  /// What is wrong, in one sentence.
  public var description: String {
    switch self {
    case .notAStateFile: "this is not a simulated board's state file"
    case .unknownVersion(let version): "state file version \(version) is not known"
    case .truncated(let field, let offset): "the state file ends inside \(field) at byte \(offset)"
    case .badField(let field): "the state file has an impossible value for \(field)"
    case .trailingBytes(let count): "\(count) bytes follow the end of the state file"
    case .otherChip(let found, let expected):
      "the state file is of a simulated \(found), not \(expected)"
    }
  }
}
