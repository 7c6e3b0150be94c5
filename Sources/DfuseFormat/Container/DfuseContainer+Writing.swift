extension DfuseContainer {
  /// The container without its data.
  public var outline: ContainerOutline {
    ContainerOutline(
      deviceVersion: deviceVersion, productID: productID, vendorID: vendorID,
      targets: targets.map(\.outline))
  }

  /// Length of the container as a file, in bytes.
  public var encodedSize: UInt64 { outline.encodedSize }

  /// The container as the bytes of a `.dfu` file.
  ///
  /// `DFUImageSize` is the file's length without the 16 bytes of the suffix, as ST's own packer
  /// writes it. There is no padding.
  /// - Parameter allowsRepeats: Whether elements may hold the same bytes for the same addresses.
  /// - Returns: The file.
  /// - Throws: what ``encode(into:)`` throws.
  public func encoded(allowsRepeats: Bool = false) throws(FormatError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Int(clamping: encodedSize))
    _ = try encode(allowsRepeats: allowsRepeats) { bytes += $0 }
    return bytes
  }

  /// Hands the bytes of the `.dfu` file to `sink`, piece by piece and in order.
  ///
  /// An element's data go through as they are, without a copy. Everything is checked before the
  /// first piece. Data that are not in memory are written by ``ContainerEncoder``.
  /// - Parameters:
  ///   - allowsRepeats: Whether elements may hold the same bytes for the same addresses.
  ///   - sink: Takes the pieces.
  /// - Returns: The checksum (`dwCRC`) at the end of the file.
  /// - Throws: ``FormatError/notPackable(_:)``, ``FormatError/outsideAddressSpace(address:size:)``,
  ///   ``FormatError/overlap(new:existing:firstDifference:)`` and
  ///   ``FormatError/repeatedData(new:existing:)``.
  public func encode(
    allowsRepeats: Bool = false, into sink: ([UInt8]) -> Void
  ) throws(FormatError) -> UInt32 {
    let outline = outline
    try outline.checkLimits()
    try checkAddresses(allowsRepeats: allowsRepeats)
    var encoder = ContainerEncoder(checked: outline)
    for element in targets.flatMap(\.elements) {
      try encoder.append(element.bytes, to: sink)
    }
    return try encoder.finish(to: sink)
  }

  /// As the outline's check, but can tell where data differ.
  private func checkAddresses(allowsRepeats: Bool) throws(FormatError) {
    for alternateSetting in Set(targets.map(\.alternateSetting)).sorted() {
      let elements = targets.filter { $0.alternateSetting == alternateSetting }
        .flatMap(\.elements)
      var error: FormatError?
      ElementOverlap.forEach(among: elements) { overlap in
        guard overlap.firstDifference != nil || !allowsRepeats else { return true }
        error = overlap.error
        return false
      }
      if let error { throw error }
    }
  }
}

extension DfuseContainer.Target {
  /// Bytes that the target takes behind its prefix (`dwTargetSize`).
  public var size: UInt64 { outline.size }

  fileprivate var outline: ContainerOutline.Target {
    ContainerOutline.Target(
      alternateSetting: alternateSetting, name: name,
      elements: elements.map {
        ContainerOutline.Element(address: $0.address, size: $0.bytes.count)
      })
  }
}
