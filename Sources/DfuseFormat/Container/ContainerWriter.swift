extension Firmware {
  /// Length of the firmware as a container, in bytes.
  public var encodedSize: UInt64 {
    targets.reduce(UInt64(DfuseLayout.prefixSize + DFUSuffix.size)) {
      $0 + UInt64(DfuseLayout.targetPrefixSize) + $1.size
    }
  }

  /// The firmware as the bytes of a `.dfu` file; see ``encode(allowsRepeats:into:)``.
  public func encoded(allowsRepeats: Bool = false) throws(FormatError) -> [UInt8] {
    var bytes: [UInt8] = []
    try checkPackable(allowsRepeats: allowsRepeats)
    bytes.reserveCapacity(Int(encodedSize))
    _ = try encode(allowsRepeats: allowsRepeats) { bytes += $0 }
    return bytes
  }

  /// Hands the bytes of a `.dfu` file to `sink`, piece by piece and in order.
  ///
  /// An element's data go through as they are, without a copy. Everything is checked before the
  /// first piece. `DFUImageSize` is the file's length without the 16 bytes of the suffix, as ST's own
  /// packer writes it. There is no padding.
  ///
  /// - Parameters:
  ///   - allowsRepeats: Whether elements may hold the same bytes for the same addresses.
  ///   - sink: Takes the pieces.
  /// - Returns: The checksum (`dwCRC`) at the end of the file.
  /// - Throws: As ``checkPackable(allowsRepeats:)``.
  /// - SeeAlso: ST UM0391 section 2; DFU 1.1 appendix B for the suffix.
  public func encode(
    allowsRepeats: Bool = false, into sink: ([UInt8]) -> Void
  ) throws(FormatError) -> UInt32 {
    try checkPackable(allowsRepeats: allowsRepeats)
    var crc = CRC32()
    func emit(_ bytes: [UInt8]) {
      crc.update(bytes)
      sink(bytes)
    }
    var header =
      DfuseLayout.signature + [DfuseLayout.version]
      + littleEndian(UInt32(encodedSize) - UInt32(DFUSuffix.size)) + [UInt8(targets.count)]
    for target in targets {
      header += target.prefix
      for element in target.elements {
        emit(header + littleEndian(element.address) + littleEndian(UInt32(element.bytes.count)))
        emit(element.bytes)
        header = []
      }
    }
    let unstated = DFUSuffix(deviceVersion: 0xFFFF, productID: 0xFFFF, vendorID: 0xFFFF)
    emit((suffix ?? unstated).bytesBeforeChecksum)
    sink(littleEndian(crc.value))
    return crc.value
  }

  /// Checks whether a container can hold the firmware.
  ///
  /// Targets may share an alternate setting, but not memory: the later one would erase or overwrite
  /// what the earlier one brought.
  ///
  /// - Parameter allowsRepeats: Whether elements may hold the same bytes for the same addresses.
  /// - Throws: ``FormatError/notPackable(_:)``, ``FormatError/outsideAddressSpace(address:size:)``,
  ///   ``FormatError/overlap(new:existing:firstDifference:)`` and
  ///   ``FormatError/repeatedData(new:existing:)``.
  public func checkPackable(allowsRepeats: Bool = false) throws(FormatError) {
    guard (1...255).contains(targets.count) else { throw .notPackable(.targetCount(targets.count)) }
    guard encodedSize <= UInt64(UInt32.max) else { throw .notPackable(.tooLarge(encodedSize)) }
    for (index, target) in targets.enumerated() { try target.checkPackable(index: index) }
    for number in targets.alternateSettings {
      let elements = targets.filter { $0.alternateSetting == number }.flatMap(\.elements)
      for overlap in ElementOverlap.list(among: elements)
      where overlap.firstDifference != nil || !allowsRepeats {
        throw overlap.error
      }
    }
  }
}

extension Firmware.Target {
  /// Bytes that the target takes behind its prefix (`dwTargetSize`).
  var size: UInt64 {
    elements.reduce(0) { $0 + UInt64(DfuseLayout.elementHeaderSize + $1.bytes.count) }
  }

  /// What stands before the elements; a target for no alternate setting is one for the first.
  fileprivate var prefix: [UInt8] {
    let text = Array((name ?? "").utf8)
    let padding = [UInt8](repeating: 0, count: DfuseLayout.targetNameSize - text.count)
    return DfuseLayout.targetSignature + [alternateSetting ?? 0]
      + littleEndian(UInt32(name == nil ? 0 : 1)) + text + padding
      + littleEndian(UInt32(size)) + littleEndian(UInt32(elements.count))
  }

  fileprivate func checkPackable(index: Int) throws(FormatError) {
    if let text = name?.utf8 {
      guard text.count <= DfuseLayout.targetNameSize else {
        throw .notPackable(.nameTooLong(bytes: text.count))
      }
      guard !text.contains(0) else { throw .notPackable(.nameHoldsNUL) }
    }
    guard !elements.isEmpty else { throw .notPackable(.noElements(target: index)) }
    for (number, element) in elements.enumerated() {
      guard !element.bytes.isEmpty else {
        throw .notPackable(.emptyElement(target: index, element: number))
      }
      try element.checkAddresses()
    }
  }
}

extension [Firmware.Target] {
  /// The alternate settings that the targets name, in rising order; nil first, where one names none.
  var alternateSettings: [UInt8?] {
    Set(map(\.alternateSetting)).sorted { ($0.map { Int($0) } ?? -1) < ($1.map { Int($0) } ?? -1) }
  }
}
