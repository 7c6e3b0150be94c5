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
}
