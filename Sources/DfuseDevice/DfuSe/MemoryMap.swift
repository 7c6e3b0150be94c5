/// The memory behind one alternate setting, as the device describes it in the setting's name.
///
/// Runs of equal sectors stay runs: a map costs a few numbers a run, whatever counts the device
/// claims.
///
/// - SeeAlso: ST UM0424, the DFU memory descriptor string; ``parse(_:)`` for what is understood.
public struct MemoryMap: Hashable, Sendable {
  /// The memory's name, blanks collapsed: `Internal Flash`.
  public var name: String
  /// The whole string as the device sent it.
  public var text: String
  /// The sound segments, in the order of the string; they do not overlap.
  public var segments: [MemorySegment]
  /// What is odd about the string, and what was corrected in it.
  public var notes: [MemoryMapNote]

  /// Makes a map from its parts.
  public init(
    name: String, text: String, segments: [MemorySegment], notes: [MemoryMapNote] = []
  ) {
    self.name = name
    self.text = text
    self.segments = segments
    self.notes = notes
  }

  /// The segment that holds `address`, or nil.
  public func segment(at address: UInt64) -> MemorySegment? {
    segments.first { $0.range.contains(address) }
  }

  /// Whether every address of `range` lies in some segment.
  ///
  /// An empty range is contained when its address is.
  public func contains(_ range: Range<UInt64>) -> Bool {
    var next = range.lowerBound
    repeat {
      guard let segment = segment(at: next) else { return false }
      next = segment.end
    } while next < range.upperBound
    return true
  }
}
