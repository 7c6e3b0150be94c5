/// Bytes and the address at which they belong: one contiguous piece of firmware.
///
/// - SeeAlso: ST UM0391 section 2.3, the image element.
public struct ImageElement: Hashable, Sendable {
  /// Address of the first byte (`dwElementAddress`).
  public var address: UInt32
  /// The data; their number is `dwElementSize`.
  public var bytes: [UInt8]

  /// Makes an element.
  public init(address: UInt32, bytes: [UInt8]) {
    self.address = address
    self.bytes = bytes
  }

  /// The addresses of the data.
  ///
  /// 64 bits wide, because it may end at 0x1_0000_0000.
  public var range: Range<UInt64> {
    UInt64(address)..<(UInt64(address) + UInt64(bytes.count))
  }

  /// Refuses data that end above 0x1_0000_0000.
  func checkAddresses() throws(FormatError) {
    guard range.upperBound <= 1 << 32 else {
      throw .outsideAddressSpace(address: UInt64(address), size: UInt64(bytes.count))
    }
  }
}

extension ImageElement {
  /// The bytes within a range, or nil when there are none.
  package func part(_ range: Range<UInt64>) -> ImageElement? {
    let shared = self.range.clamped(to: range)
    guard !shared.isEmpty, let address = UInt32(exactly: shared.lowerBound) else { return nil }
    return ImageElement(address: address, bytes: Array(slice(shared)))
  }

  /// Puts other bytes in the place of some of its own.
  package mutating func replace(_ part: ImageElement) {
    let start = Int(part.range.lowerBound - range.lowerBound)
    bytes.replaceSubrange(start..<(start + part.bytes.count), with: part.bytes)
  }

  /// The bytes within a range.
  package func slice(_ range: Range<UInt64>) -> ArraySlice<UInt8> {
    let shared = range.clamped(to: self.range)
    let start = self.range.lowerBound
    return bytes[Int(shared.lowerBound - start)..<Int(shared.upperBound - start)]
  }
}

/// Firmware in memory: bytes at addresses, with gaps.
///
/// The bytes are kept as runs in rising order that neither overlap nor touch. Addresses go up to
/// 0xFFFF_FFFF; ranges are 64 bits wide, because the last may end at 0x1_0000_0000. Two images
/// are equal when they hold the same bytes at the same addresses, however they came to hold them.
public struct MemoryImage: Hashable, Sendable {
  /// The contiguous pieces, in rising order of address, none of them empty.
  public private(set) var runs: [ImageElement] = []

  /// Makes an image without bytes.
  public init() {}

  /// Unites elements that may come in any order.
  ///
  /// Takes time in proportion to the bytes, and to n log n of the elements. Bytes that come again
  /// with the same value are accepted.
  ///
  /// - Parameter elements: The pieces; empty ones are left out.
  /// - Throws: ``FormatError/outsideAddressSpace(address:size:)`` if one ends above 0x1_0000_0000;
  ///   ``FormatError/overlap(new:existing:firstDifference:)`` if two differ in a byte: `new` is the
  ///   range of the later one in `elements`.
  public init(merging elements: some Sequence<ImageElement>) throws(FormatError) {
    let all = elements.filter { !$0.bytes.isEmpty }
    for element in all { try element.checkAddresses() }
    for overlap in ElementOverlap.list(among: all) where overlap.firstDifference != nil {
      throw overlap.error
    }
    for element in all.sorted(by: { $0.address < $1.address }) {
      let start = element.range.lowerBound
      if let end = runs.last?.range.upperBound, end >= start {
        runs[runs.count - 1].bytes += element.bytes.dropFirst(Int(end - start))
      } else {
        runs.append(element)
      }
    }
  }

  /// Fills the gaps that are short enough.
  ///
  /// - Parameters:
  ///   - length: The longest gap to fill, in bytes.
  ///   - value: What to fill it with.
  mutating func fillGaps(upTo length: Int, with value: UInt8) {
    var filled: [ImageElement] = []
    for run in runs {
      let gap = filled.last.map { UInt64(run.address) - $0.range.upperBound }
      if let gap, gap <= UInt64(length) {
        filled[filled.count - 1].bytes += repeatElement(value, count: Int(gap))
        filled[filled.count - 1].bytes += run.bytes
      } else {
        filled.append(run)
      }
    }
    runs = filled
  }
}

extension MemoryImage {
  /// The addresses that have bytes, in rising order.
  public var ranges: [Range<UInt64>] { runs.map(\.range) }

  /// Whether there is no byte.
  public var isEmpty: Bool { runs.isEmpty }

  /// How many bytes there are, gaps not counted.
  public var byteCount: Int { runs.reduce(0) { $0 + $1.bytes.count } }

  /// Says whether there is a byte at an address.
  ///
  /// - Parameter address: Any address.
  /// - Returns: Whether it has a byte.
  public func contains(_ address: UInt64) -> Bool {
    runs.contains { $0.range.contains(address) }
  }
}
