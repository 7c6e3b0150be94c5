/// Why the text of a fault cannot be understood.
public enum FaultSpecError: Error, Hashable, Sendable {
  /// It does not have the form `ACTION@REQUEST:NUMBER` or `NAME=VALUE`.
  case malformed(String)
  /// No fault has this name.
  case unknownAction(String, in: String)
  /// No kind of request has this name.
  case unknownRequest(String, in: String)
  /// A board cannot be found in this state.
  case unknownState(String, in: String)
  /// A number is missing, malformed or out of range.
  case badNumber(String, in: String)
  /// The action needs `@REQUEST`.
  case missingRequest(String)
}

extension FaultSpecError: CustomStringConvertible {
  /// What is wrong, in one sentence.
  public var description: String {
    switch self {
    case .malformed(let text):
      "fault '\(text)' has neither the form ACTION@REQUEST:NUMBER nor NAME=VALUE"
    case .unknownAction(let word, let text): "fault '\(text)': there is no action '\(word)'"
    case .unknownRequest(let word, let text):
      "fault '\(text)': '\(word)' is none of "
        + RequestKind.allCases.map(\.rawValue).joined(separator: ", ")
    case .unknownState(let word, let text):
      "fault '\(text)': '\(word)' is none of "
        + FaultPlan.StartState.allCases.map(\.rawValue).joined(separator: ", ")
    case .badNumber(let word, let text):
      "fault '\(text)': '\(word)' is not a number that fits there"
    case .missingRequest(let text):
      "fault '\(text)' does not say at which request, as in \(text)@dnload:3"
    }
  }
}
