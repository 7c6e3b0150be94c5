/// All that can be told about a DFU file, sound or not.
///
/// Nothing is repaired: ``contents`` holds what the bytes say, ``findings`` what is wrong with it.
public struct DFUFileInspection: Sendable {
  /// What kind of file it is.
  public enum Contents: Hashable, Sendable {
    /// A DfuSe container, or as much of one as could be read.
    case dfuse(DfuseContainer)
    /// A plain DFU 1.1 file: `payload` are the offsets of its data, which have no address.
    case plain(payload: Range<Int>)
    /// Neither.
    case unknown
  }

  /// What the bytes hold.
  public internal(set) var contents: Contents
  /// The suffix as stored, or nil when there is none.
  public internal(set) var suffix: DFUSuffix?
  /// The checksum that the suffix ought to hold, or nil when there is no suffix.
  public internal(set) var computedChecksum: UInt32?
  /// Everything odd, in the order of the file.
  public internal(set) var findings: [ContainerFinding]

  /// The first finding that makes the data untrustworthy, or nil.
  public var firstError: FormatError? {
    findings.lazy.compactMap(\.error).first
  }
}

extension DfuseContainer {
  /// Reads a DfuSe container and refuses it if anything makes its data untrustworthy.
  ///
  /// What writers get wrong and readers can live with passes; ``inspect(_:)`` tells it.
  /// - Throws: The first error in the order of the file.
  public init(reading bytes: [UInt8]) throws(FormatError) {
    let inspection = Self.inspect(bytes)
    if let error = inspection.firstError { throw error }
    guard case .dfuse(let container) = inspection.contents else {
      throw .badSignature(
        field: "szSignature", offset: 0, expected: DfuseLayout.signature,
        found: Array(bytes.prefix(DfuseLayout.signature.count)))
    }
    self = container
  }

  /// Reads a DFU file leniently: whatever can be understood of it, and everything odd about it.
  public static func inspect(_ bytes: [UInt8]) -> DFUFileInspection {
    var reader = ContainerReader(bytes)
    return reader.inspect()
  }
}
