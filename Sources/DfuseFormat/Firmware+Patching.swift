extension Firmware {
  /// Puts bytes at an address, in the place of those that the firmware has there.
  ///
  /// What it has no bytes for is added as data of its own. A firmware that has the address several
  /// times, for different memories, gets the bytes in each.
  ///
  /// - Parameters:
  ///   - element: The bytes, and where they belong.
  ///   - alternateSetting: The memory for what is added; nil for the one that has its address.
  /// - Throws: ``FormatError/outsideAddressSpace(address:size:)`` if they end above 0x1_0000_0000.
  public mutating func put(
    _ element: ImageElement, alternateSetting: UInt8? = nil
  ) throws(FormatError) {
    try element.checkAddresses()
    var missing = element.bytes.isEmpty ? [] : [element.range]
    for target in targets.indices {
      for index in targets[target].elements.indices {
        guard let part = element.part(targets[target].elements[index].range) else { continue }
        targets[target].elements[index].replace(part)
        missing = missing.flatMap { $0.without(part.range) }
      }
    }
    guard !missing.isEmpty else { return }
    targets.append(
      Target(alternateSetting: alternateSetting, elements: missing.compactMap(element.part)))
  }
}

extension Range<UInt64> {
  /// What is left of it on both sides of another one.
  fileprivate func without(_ other: Self) -> [Self] {
    let below = lowerBound..<Swift.max(lowerBound, Swift.min(upperBound, other.lowerBound))
    let above = Swift.min(upperBound, Swift.max(lowerBound, other.upperBound))..<upperBound
    return [below, above].filter { !$0.isEmpty }
  }
}
