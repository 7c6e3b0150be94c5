import DfuseFormat

/// One memory of the board, and what is to go into it: checked, and widened to whole units.
struct MemoryWork: Equatable {
  /// A sector that the image touches.
  struct Sector: Equatable {
    var range: Range<UInt64>
    var access: MemoryAccess
    /// Whether the image has a byte for every address of the sector.
    var isCovered: Bool
  }

  var alternateSetting: UInt8
  var map: MemoryMap
  var kind: MemoryKind
  /// The image's runs, in rising order, widened to the programming unit with the erased value.
  var runs: [ImageElement]
  /// The image's bytes as the firmware has them.
  var image: MemoryImage
  /// The sectors that the image touches, in rising order.
  var sectors: [Sector]

  /// Whether all of the image can be read back.
  var isReadable: Bool { sectors.allSatisfy { $0.access.contains(.readable) } }

  /// The runs' bytes in a range.
  func runs(in range: Range<UInt64>) -> [ImageElement] {
    runs.compactMap { $0.part(range) }
  }
}

extension ImageElement {
  /// The bytes within a range, or nil when there are none.
  func part(_ range: Range<UInt64>) -> ImageElement? {
    let shared = self.range.clamped(to: range)
    guard !shared.isEmpty, let address = UInt32(exactly: shared.lowerBound) else { return nil }
    let start = Int(shared.lowerBound - self.range.lowerBound)
    return ImageElement(
      address: address, bytes: Array(bytes[start..<(start + shared.count)]))
  }
}
