/// Something odd about a DFU file, and where.
public struct ContainerFinding: Hashable, Sendable {
  /// How much it matters.
  public enum Detail: Hashable, Sendable {
    /// The data cannot be trusted.
    case error(FormatError)
    /// A reader can live with it.
    case warning(ContainerWarning)
  }

  /// Offset from the start of the file at which it was found.
  public var offset: Int
  /// What it is.
  public var detail: Detail

  /// Makes a finding.
  public init(offset: Int, detail: Detail) {
    self.offset = offset
    self.detail = detail
  }

  /// The error, or nil when this is a warning.
  public var error: FormatError? {
    switch detail {
    case .error(let error): error
    case .warning: nil
    }
  }
}

extension ContainerFinding: CustomStringConvertible {
  /// What was found, in one sentence.
  public var description: String {
    switch detail {
    case .error(let error): error.description
    case .warning(let warning): warning.description
    }
  }
}
