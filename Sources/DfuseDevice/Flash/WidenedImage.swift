import DfuseFormat

/// What goes into a memory: the firmware's bytes in ranges that may be wider than they are, such as whole
/// programming units.
///
/// It shares the firmware's arrays, and makes a block when it is asked for one: a plan for each of 64
/// boards is no 64 images.
struct WidenedImage: Hashable, Sendable {
  /// The addresses that have a byte, in rising order; two that touch stay two.
  var ranges: [Range<UInt64>]
  /// What is known of them, in rising order, apart.
  private(set) var pieces: [ImageElement]
  /// The byte everywhere else.
  private let filler: UInt8

  /// Widens runs to ranges that hold them.
  init(_ runs: [ImageElement], to ranges: [Range<UInt64>], filler: UInt8) {
    (self.ranges, pieces, self.filler) = (ranges, runs, filler)
  }

  /// Runs, and nothing beside them.
  init(_ runs: [ImageElement] = []) { self.init(runs, to: runs.map(\.range), filler: 0) }

  /// The runs with all their bytes: a copy.
  var runs: [ImageElement] { ranges.compactMap(run) }

  /// The runs within a range.
  func runs(in range: Range<UInt64>) -> [ImageElement] { ranges(in: range).compactMap(run) }

  private func run(_ range: Range<UInt64>) -> ImageElement? {
    UInt32(exactly: range.lowerBound).map { ImageElement(address: $0, bytes: bytes(in: range)) }
  }

  /// The parts of a range that have bytes.
  func ranges(in range: Range<UInt64>) -> [Range<UInt64>] {
    ranges.overlapping(range, by: \.self).map { $0.clamped(to: range) }
  }

  /// The range that holds an address.
  func range(holding address: UInt64) -> Range<UInt64>? {
    ranges.overlapping(address..<address + 1, by: \.self).first
  }

  /// The bytes of a range that lies in one of the ranges.
  func bytes(in range: Range<UInt64>) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(range.count)
    var end = range.lowerBound
    func fill(to next: UInt64) {
      bytes += repeatElement(filler, count: Int(next - end))
    }
    for piece in pieces.overlapping(range, by: \.range) {
      // Segments of a map that overlap make pieces that do.
      let part = piece.range.clamped(to: end..<range.upperBound)
      fill(to: part.lowerBound)
      bytes += piece.slice(part)
      end = part.upperBound
    }
    fill(to: range.upperBound)
    return bytes
  }

  /// Whether a range that lies in one of the ranges holds nothing but a byte.
  func holdsOnly(_ byte: UInt8, in range: Range<UInt64>) -> Bool {
    bytes(in: range).holdOnly(byte)
  }

  /// Takes what a range held before as a part of it, wherever the firmware has nothing to say.
  mutating func preserve(_ before: ImageElement) {
    var start = before.range.lowerBound
    var gaps: [ImageElement] = []
    for piece in pieces.overlapping(before.range, by: \.range) {
      if start < piece.range.lowerBound, let gap = before.part(start..<piece.range.lowerBound) {
        gaps.append(gap)
      }
      start = piece.range.upperBound
    }
    if start < before.range.upperBound, let gap = before.part(start..<before.range.upperBound) {
      gaps.append(gap)
    }
    pieces = (pieces + gaps).sorted { $0.address < $1.address }
    ranges = (ranges + [before.range]).union
  }
}

extension Array {
  /// The elements whose addresses overlap a range, where all are in rising order and apart.
  ///
  /// A file may have a hundred thousand pieces, of which a block is asked for at a time: found by halves.
  fileprivate func overlapping(
    _ range: Range<UInt64>, by addresses: (Element) -> Range<UInt64>
  ) -> ArraySlice<Element> {
    var (low, high) = (startIndex, endIndex)
    while low < high {
      let middle = (low + high) / 2
      if addresses(self[middle]).upperBound <= range.lowerBound {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return self[low...].prefix { addresses($0).lowerBound < range.upperBound }
  }
}
