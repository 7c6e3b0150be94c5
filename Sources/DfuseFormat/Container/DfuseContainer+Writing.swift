extension DfuseContainer {
  /// Length of the container as a file, in bytes.
  public var encodedSize: UInt64 {
    targets.reduce(UInt64(DfuseLayout.prefixSize + DFUSuffix.size)) {
      $0 + UInt64(DfuseLayout.targetPrefixSize) + $1.size
    }
  }

  /// The container as the bytes of a `.dfu` file.
  ///
  /// `DFUImageSize` is the file's length without the 16 bytes of the suffix, as ST's own packer
  /// writes it. There is no padding.
  /// - Throws: what ``encode(into:)`` throws.
  public func encoded() throws(FormatError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Int(clamping: encodedSize))
    _ = try encode { bytes += $0 }
    return bytes
  }

  /// Hands the bytes of the `.dfu` file to `sink`, piece by piece and in order.
  ///
  /// An element's data go through as they are, without a copy. Everything is checked before the
  /// first piece. A sink that hands pieces on to another thread works while the checksum is made.
  /// - Returns: The checksum (`dwCRC`) at the end of the file.
  /// - Throws: ``FormatError/notPackable(_:)``, ``FormatError/outsideAddressSpace(address:size:)``
  ///   and ``FormatError/overlap(new:existing:firstDifference:)``.
  public func encode(into sink: ([UInt8]) -> Void) throws(FormatError) -> UInt32 {
    try checkPackable()
    var crc = CRC32()
    func emit(_ piece: [UInt8]) {
      sink(piece)
      crc.update(piece)
    }
    emit(prefix)
    for target in targets {
      emit(target.prefix)
      for element in target.elements {
        emit(littleEndian(element.address) + littleEndian(UInt32(element.bytes.count)))
        emit(element.bytes)
      }
    }
    let suffix = DFUSuffix(
      deviceVersion: deviceVersion, productID: productID, vendorID: vendorID,
      formatVersion: DFUSuffix.dfuseVersion, checksum: 0)
    emit(suffix.bytesBeforeChecksum)
    sink(littleEndian(crc.value))
    return crc.value
  }

  private var prefix: [UInt8] {
    DfuseLayout.signature + [DfuseLayout.version]
      + littleEndian(UInt32(encodedSize - UInt64(DFUSuffix.size))) + [UInt8(targets.count)]
  }

  private func checkPackable() throws(FormatError) {
    guard (1...255).contains(targets.count) else { throw .notPackable(.targetCount(targets.count)) }
    guard encodedSize <= UInt64(UInt32.max) else { throw .notPackable(.tooLarge(encodedSize)) }
    for (index, target) in targets.enumerated() {
      try target.checkPackable(index: index)
    }
    // Targets may share an alternate setting, but not memory: the later one would erase or
    // overwrite what the earlier one brought.
    for alternateSetting in Set(targets.map(\.alternateSetting)).sorted() {
      let elements = targets.filter { $0.alternateSetting == alternateSetting }
        .flatMap(\.elements)
      if let overlap = ElementOverlap.first(among: elements) { throw overlap.error }
    }
  }
}

extension DfuseContainer.Target {
  fileprivate var prefix: [UInt8] {
    let text = Array((name ?? "").utf8)
    let padding = [UInt8](repeating: 0, count: DfuseLayout.targetNameSize - text.count)
    return DfuseLayout.targetSignature + [alternateSetting]
      + littleEndian(UInt32(name == nil ? 0 : 1)) + text + padding
      + littleEndian(UInt32(size)) + littleEndian(UInt32(elements.count))
  }

  fileprivate func checkPackable(index: Int) throws(FormatError) {
    if let text = name?.utf8 {
      guard text.count < DfuseLayout.targetNameSize else {
        throw .notPackable(.nameTooLong(bytes: text.count))
      }
      guard !text.contains(0) else { throw .notPackable(.nameHoldsNUL) }
    }
    guard !elements.isEmpty else { throw .notPackable(.noElements(target: index)) }
    for (number, element) in elements.enumerated() {
      guard !element.bytes.isEmpty else {
        throw .notPackable(.emptyElement(target: index, element: number))
      }
      guard element.range.upperBound <= 1 << 32 else {
        throw .outsideAddressSpace(
          address: UInt64(element.address), size: UInt64(element.bytes.count))
      }
    }
  }
}
