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

/// Firmware in memory: bytes at addresses, with gaps.
///
/// The bytes are kept as runs in rising order that neither overlap nor touch. Addresses go up to
/// 0xFFFF_FFFF; ranges are 64 bits wide, because the last may end at 0x1_0000_0000. Two images
/// are equal when they hold the same bytes at the same addresses.
public struct MemoryImage: Sendable {
  /// The contiguous pieces, in rising order of address, none of them empty.
  public private(set) var runs: [ImageElement] = []
  /// How many bytes were inserted again, with the value that was there already.
  public private(set) var duplicateByteCount = 0

  /// One more than the highest address.
  private static let end: UInt64 = 0x1_0000_0000

  /// Makes an image without bytes.
  public init() {}

  /// Unites elements that may come in any order.
  ///
  /// Takes time in proportion to the bytes, and to n log n of the elements: the way to build an
  /// image of very many pieces.
  ///
  /// - Parameter elements: The pieces; empty ones are left out.
  /// - Throws: ``FormatError/overlap(new:existing:firstDifference:)`` if two elements differ in a
  ///   byte: `new` is the range of the later one in `elements`;
  ///   ``FormatError/outsideAddressSpace(address:size:)`` if one ends above 0x1_0000_0000.
  public init(merging elements: some Sequence<ImageElement>) throws(FormatError) {
    let all = Array(elements)
    let order = all.indices.sorted {
      (all[$0].address, $0) < (all[$1].address, $1)
    }
    // Elements apart from each other, as most are, become runs without a copy.
    let areApart = zip(order, order.dropFirst()).allSatisfy { one, other in
      all[one].range.upperBound < all[other].range.lowerBound
    }
    if areApart, order.last.map({ all[$0].range.upperBound <= Self.end }) ?? true {
      runs = order.map { all[$0] }.filter { !$0.bytes.isEmpty }
      return
    }
    for index in order {
      do {
        try insert(all[index].bytes, at: UInt64(all[index].address))
      } catch {
        throw MemoryImage.namingElements(in: all, error)
      }
    }
  }

  /// Adds bytes.
  ///
  /// Bytes that are there already with the same value are accepted and counted in
  /// ``duplicateByteCount``. After an error the image is what it was.
  ///
  /// - Parameters:
  ///   - bytes: The data; if empty, nothing changes.
  ///   - address: Where the first byte belongs.
  /// - Throws: ``FormatError/overlap(new:existing:firstDifference:)`` if a byte is there already
  ///   with another value; ``FormatError/outsideAddressSpace(address:size:)`` if the data do not
  ///   end at or below 0x1_0000_0000.
  /// - Note: Inserting at or above the start of the last run costs no more than the bytes
  ///   inserted. Anywhere else all runs are sorted anew: use ``init(merging:)`` for many pieces in no
  ///   order.
  public mutating func insert(_ bytes: [UInt8], at address: UInt64) throws(FormatError) {
    let (end, wraps) = address.addingReportingOverflow(UInt64(bytes.count))
    guard !wraps, end <= MemoryImage.end else {
      throw .outsideAddressSpace(address: address, size: UInt64(bytes.count))
    }
    guard !bytes.isEmpty else { return }
    let new = ImageElement(address: UInt32(truncatingIfNeeded: address), bytes: bytes)
    guard let last = runs.last, last.range.upperBound >= address else { return runs.append(new) }
    guard address >= UInt64(last.address) else {
      let known = duplicateByteCount
      self = try MemoryImage(merging: runs + [new])
      duplicateByteCount += known
      return
    }
    let shared = Int(min(last.range.upperBound, end) - address)
    let theirs = last.bytes.dropFirst(Int(address - UInt64(last.address)))
    if let difference = zip(bytes, theirs).enumerated().first(where: { $1.0 != $1.1 }) {
      throw .overlap(
        new: new.range, existing: last.range,
        firstDifference: address + UInt64(difference.offset))
    }
    duplicateByteCount += shared
    runs[runs.count - 1].bytes.append(contentsOf: bytes.dropFirst(shared))
  }

  /// Puts the two elements into an error that names the merged runs.
  private static func namingElements(
    in all: [ImageElement], _ error: FormatError
  ) -> FormatError {
    guard case .overlap(_, _, let address) = error else { return error }
    var existing: ImageElement?
    for element in all where element.range.contains(address) {
      guard let known = existing else {
        existing = element
        continue
      }
      let offsets = (
        Int(address - UInt64(known.address)), Int(address - UInt64(element.address))
      )
      if known.bytes[offsets.0] != element.bytes[offsets.1] {
        return .overlap(new: element.range, existing: known.range, firstDifference: address)
      }
    }
    return error
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

extension MemoryImage: Hashable {
  /// Compares what the images hold, not how they came to hold it.
  ///
  /// - Parameters:
  ///   - left: An image.
  ///   - right: Another.
  /// - Returns: Whether both have the same bytes at the same addresses.
  public static func == (left: MemoryImage, right: MemoryImage) -> Bool {
    left.runs == right.runs
  }

  /// Feeds the runs to a hasher.
  ///
  /// - Parameter hasher: Takes the runs.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(runs)
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
