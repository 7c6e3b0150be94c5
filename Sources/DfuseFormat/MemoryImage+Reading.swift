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
    let index = firstRun(endingAtOrAbove: address.addingReportingOverflow(1).partialValue)
    return index < runs.count && runs[index].range.contains(address)
  }

  /// Reads a range.
  ///
  /// - Parameter range: Addresses, half open.
  /// - Returns: The bytes, or nil if the range is not wholly there.
  public subscript(range: Range<UInt64>) -> [UInt8]? {
    guard !range.isEmpty else { return [] }
    let index = firstRun(endingAtOrAbove: range.upperBound)
    guard index < runs.count, runs[index].range.lowerBound <= range.lowerBound else { return nil }
    let offset = Int(range.lowerBound - UInt64(runs[index].address))
    return Array(runs[index].bytes[offset..<(offset + range.count)])
  }

  /// The first run that ends at `address` or above, or the number of runs.
  func firstRun(endingAtOrAbove address: UInt64) -> Int {
    var low = 0
    var high = runs.count
    while low < high {
      let middle = (low + high) / 2
      if runs[middle].range.upperBound < address {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }
}
