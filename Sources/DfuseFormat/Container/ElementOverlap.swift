/// Two elements that claim some of the same addresses.
struct ElementOverlap {
  /// Index of the element that comes later in the file.
  var index: Int
  /// Addresses of the element that comes later in the file.
  var new: Range<UInt64>
  /// Addresses of the one before it.
  var existing: Range<UInt64>
  /// The first address at which their bytes differ; nil when they agree.
  var firstDifference: UInt64?

  /// The addresses that both claim.
  var shared: Range<UInt64> { new.clamped(to: existing) }

  /// The overlap as an error.
  var error: FormatError {
    firstDifference.map { .overlap(new: new, existing: existing, firstDifference: $0) }
      ?? .repeatedData(new: new, existing: existing)
  }

  /// The overlaps in the order of their addresses, as far as the first whose bytes differ.
  ///
  /// Each element is compared with the one that reaches farthest among those that start before it.
  /// That is enough to find any difference, because equality carries over, and it keeps the work
  /// in proportion to the data.
  static func list(among elements: [ImageElement]) -> [ElementOverlap] {
    let order = elements.indices.sorted { elements[$0].address < elements[$1].address }
    var overlaps: [ElementOverlap] = []
    var farthest: Int?
    for index in order where !elements[index].bytes.isEmpty {
      guard let other = farthest else {
        farthest = index
        continue
      }
      if elements[index].range.lowerBound < elements[other].range.upperBound {
        let (new, existing) = index > other ? (index, other) : (other, index)
        let difference = difference(elements[index], elements[other])
        overlaps.append(
          ElementOverlap(
            index: new, new: elements[new].range, existing: elements[existing].range,
            firstDifference: difference))
        if difference != nil { break }
      }
      if elements[index].range.upperBound > elements[other].range.upperBound { farthest = index }
    }
    return overlaps
  }

  /// `later` starts inside `earlier`.
  private static func difference(_ later: ImageElement, _ earlier: ImageElement) -> UInt64? {
    let skipped = Int(later.address - earlier.address)
    for (index, pair) in zip(later.bytes, earlier.bytes[skipped...]).enumerated()
    where pair.0 != pair.1 {
      return UInt64(later.address) + UInt64(index)
    }
    return nil
  }
}
