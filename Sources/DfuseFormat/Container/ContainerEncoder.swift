/// Makes the bytes of a `.dfu` file from data that come piece by piece.
///
/// The data of all elements are appended in the order of the outline; the encoder puts the fields
/// around them and makes the checksum. So nobody has to hold an image whole.
///
/// - SeeAlso: ST UM0391 section 2; DFU 1.1 appendix B for the suffix.
public struct ContainerEncoder: Sendable {
  private let outline: ContainerOutline
  private var crc = CRC32()
  /// The element whose data are next; its target's index is `targets.count` when there are no more.
  private var next = (target: 0, element: 0)
  /// Bytes that the element has got; nil before its header is written.
  private var given: Int?

  /// Makes an encoder.
  ///
  /// - Parameters:
  ///   - outline: What the container holds.
  ///   - allowsRepeats: Whether pieces of data may share addresses, as in a container that is
  ///     rebuilt; the caller has found that they hold the same bytes.
  /// - Throws: ``FormatError/notPackable(_:)``, ``FormatError/outsideAddressSpace(address:size:)``
  ///   and ``FormatError/repeatedData(new:existing:)``, before anything is written.
  public init(_ outline: ContainerOutline, allowsRepeats: Bool = false) throws(FormatError) {
    try outline.checkLimits()
    if !allowsRepeats { try outline.checkAddresses() }
    self.init(checked: outline)
  }

  init(checked outline: ContainerOutline) {
    self.outline = outline
  }

  /// Takes the next data, all of one element.
  ///
  /// The data go through as they are, without a copy. They reach `sink` before they are added to
  /// the checksum, so that one that hands them on to another thread lets both work at once.
  /// - Throws: ``FormatError/notPackable(_:)`` if the element has fewer bytes than are given.
  public mutating func append(
    _ bytes: [UInt8], to sink: ([UInt8]) -> Void
  ) throws(FormatError) {
    guard !bytes.isEmpty else { return }
    guard next.target < outline.targets.count else {
      throw .notPackable(.dataAfterLastElement(bytes: bytes.count))
    }
    let element = outline.targets[next.target].elements[next.element]
    let before = given ?? 0
    guard bytes.count <= element.size - before else {
      throw wrongSize(given: before + bytes.count)
    }
    if given == nil { emit(header, to: sink) }
    emit(bytes, to: sink)
    given = before + bytes.count
    if given == element.size { goOn() }
  }

  /// Ends the file.
  ///
  /// - Returns: The checksum (`dwCRC`) at its end.
  /// - Throws: ``FormatError/notPackable(_:)`` if data are missing.
  public mutating func finish(to sink: ([UInt8]) -> Void) throws(FormatError) -> UInt32 {
    guard next.target == outline.targets.count else { throw wrongSize(given: given ?? 0) }
    let suffix = DFUSuffix(
      deviceVersion: outline.deviceVersion, productID: outline.productID,
      vendorID: outline.vendorID, formatVersion: DFUSuffix.dfuseVersion, checksum: 0)
    emit(suffix.bytesBeforeChecksum, to: sink)
    sink(littleEndian(crc.value))
    return crc.value
  }

  private mutating func emit(_ bytes: [UInt8], to sink: ([UInt8]) -> Void) {
    sink(bytes)
    crc.update(bytes)
  }

  private mutating func goOn() {
    given = nil
    next.element += 1
    if next.element == outline.targets[next.target].elements.count {
      next = (next.target + 1, 0)
    }
  }

  private func wrongSize(given: Int) -> FormatError {
    let size = outline.targets[next.target].elements[next.element].size
    return .notPackable(
      .dataSize(target: next.target, element: next.element, announced: size, given: given))
  }

  /// What stands between the data before and those of the next element.
  private var header: [UInt8] {
    let target = outline.targets[next.target]
    let element = target.elements[next.element]
    return (next == (0, 0) ? prefix : []) + (next.element == 0 ? target.prefix : [])
      + littleEndian(element.address) + littleEndian(UInt32(element.size))
  }

  /// `DFUImageSize` is the file's length without the 16 bytes of the suffix, as ST's own packer
  /// writes it.
  private var prefix: [UInt8] {
    DfuseLayout.signature + [DfuseLayout.version]
      + littleEndian(UInt32(outline.encodedSize - UInt64(DFUSuffix.size)))
      + [UInt8(outline.targets.count)]
  }
}

extension ContainerOutline.Target {
  fileprivate var prefix: [UInt8] {
    let text = Array((name ?? "").utf8)
    let padding = [UInt8](repeating: 0, count: DfuseLayout.targetNameSize - text.count)
    return DfuseLayout.targetSignature + [alternateSetting]
      + littleEndian(UInt32(name == nil ? 0 : 1)) + text + padding
      + littleEndian(UInt32(size)) + littleEndian(UInt32(elements.count))
  }
}
