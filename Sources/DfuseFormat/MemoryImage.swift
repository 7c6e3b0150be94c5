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

  /// Takes elements as they are, without a copy; nil if any two overlap or touch, or one is empty.
  init?(disjoint elements: [ImageElement]) {
    let sorted = elements.sorted { $0.address < $1.address }
    guard sorted.allSatisfy({ !$0.bytes.isEmpty && $0.range.upperBound <= MemoryImage.end }),
      zip(sorted, sorted.dropFirst()).allSatisfy({ $0.range.upperBound < $1.range.lowerBound })
    else { return nil }
    runs = sorted
  }

  /// Unites elements that may come in any order.
  ///
  /// Takes time in proportion to the bytes, and to n log n of the elements: the way to build an
  /// image of very many pieces.
  ///
  /// - Parameter elements: The pieces; empty ones count for nothing.
  /// - Throws: ``FormatError/overlap(new:existing:firstDifference:)`` if two elements differ in a
  ///   byte: `new` is the range of the later one in `elements`;
  ///   ``FormatError/outsideAddressSpace(address:size:)`` if one ends above 0x1_0000_0000.
  public init(merging elements: some Sequence<ImageElement>) throws(FormatError) {
    let all = Array(elements)
    let order = all.indices.sorted {
      (all[$0].address, $0) < (all[$1].address, $1)
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
  ///   inserted. Anywhere else the runs touched are copied: use ``init(merging:)`` for many
  ///   pieces in no order.
  public mutating func insert(_ bytes: [UInt8], at address: UInt64) throws(FormatError) {
    try insert(bytes[...], at: address)
  }

  /// Adds the bytes of a slice; see the method that takes an array.
  ///
  /// - Parameters:
  ///   - bytes: The data; if empty, nothing changes.
  ///   - address: Where the first byte of the slice belongs.
  /// - Throws: As the method that takes an array.
  public mutating func insert(
    _ bytes: ArraySlice<UInt8>, at address: UInt64
  ) throws(FormatError) {
    let (end, wraps) = address.addingReportingOverflow(UInt64(bytes.count))
    guard !wraps, end <= MemoryImage.end else {
      throw .outsideAddressSpace(address: address, size: UInt64(bytes.count))
    }
    guard !bytes.isEmpty else { return }
    if let last = runs.last, address < UInt64(last.address) {
      try insertBeforeLast(bytes, range: address..<end)
    } else {
      try insertAtLast(bytes, range: address..<end)
    }
  }

  /// Adds bytes that begin at or above the start of the last run.
  private mutating func insertAtLast(
    _ bytes: ArraySlice<UInt8>, range: Range<UInt64>
  ) throws(FormatError) {
    let last = runs.count - 1
    guard last >= 0, runs[last].range.upperBound >= range.lowerBound else {
      runs.append(
        ImageElement(address: UInt32(truncatingIfNeeded: range.lowerBound), bytes: Array(bytes)))
      return
    }
    let known = min(runs[last].range.upperBound, range.upperBound) - range.lowerBound
    try check(bytes, range: range, against: last)
    duplicateByteCount += Int(known)
    runs[last].bytes.append(contentsOf: bytes.dropFirst(Int(known)))
  }

  /// Adds bytes that begin below the start of the last run.
  private mutating func insertBeforeLast(
    _ bytes: ArraySlice<UInt8>, range: Range<UInt64>
  ) throws(FormatError) {
    // A run that only touches the range is merged as well.
    let first = firstRun(endingAtOrAbove: range.lowerBound)
    var afterLast = first
    while afterLast < runs.count, UInt64(runs[afterLast].address) <= range.upperBound {
      try check(bytes, range: range, against: afterLast)
      afterLast += 1
    }

    var merged: [UInt8] = []
    var start = range.lowerBound
    if first < afterLast { start = min(start, UInt64(runs[first].address)) }
    var position = start
    for run in runs[first..<afterLast] {
      if position < UInt64(run.address) {
        merged += MemoryImage.part(of: bytes, range: range, within: position..<UInt64(run.address))
      }
      let shared = run.range.clamped(to: range)
      duplicateByteCount += shared.count
      merged += run.bytes
      position = run.range.upperBound
    }
    if position < range.upperBound {
      merged += MemoryImage.part(of: bytes, range: range, within: position..<range.upperBound)
    }
    runs.replaceSubrange(
      first..<afterLast,
      with: [ImageElement(address: UInt32(truncatingIfNeeded: start), bytes: merged)])
  }

  /// Refuses bytes that differ from a run's where both have some.
  private func check(
    _ bytes: ArraySlice<UInt8>, range: Range<UInt64>, against run: Int
  ) throws(FormatError) {
    let existing = runs[run].range
    let shared = existing.clamped(to: range)
    guard !shared.isEmpty else { return }
    let mine = MemoryImage.part(of: bytes, range: range, within: shared)
    let theirs = MemoryImage.part(of: runs[run].bytes[...], range: existing, within: shared)
    guard let difference = zip(mine, theirs).enumerated().first(where: { $1.0 != $1.1 }) else {
      return
    }
    throw .overlap(
      new: range, existing: existing,
      firstDifference: shared.lowerBound + UInt64(difference.offset))
  }

  /// The bytes of `wanted`, which lies in `range`, from the bytes of `range`.
  private static func part(
    of bytes: ArraySlice<UInt8>, range: Range<UInt64>, within wanted: Range<UInt64>
  ) -> ArraySlice<UInt8> {
    bytes.dropFirst(Int(wanted.lowerBound - range.lowerBound)).prefix(wanted.count)
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
