/// The descriptors in a blob of descriptors, one after the other.
///
/// The walk ends at the first descriptor that cannot be: shorter than its own header, or longer
/// than the bytes that are left. What came before it stands.
///
/// - SeeAlso: USB 2.0 section 9.5.
struct DescriptorWalk: Sequence, IteratorProtocol {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  /// The next whole descriptor, `bLength` and `bDescriptorType` included.
  mutating func next() -> ArraySlice<UInt8>? {
    guard let length = rest.first.map(Int.init), length >= 2, length <= rest.count else {
      return nil
    }
    defer { rest = rest.dropFirst(length) }
    return rest.prefix(length)
  }
}

extension ArraySlice<UInt8> {
  /// The byte at `offset` from the slice's own start, or 0 when the slice ends before it.
  func field8(_ offset: Int) -> UInt8 {
    offset < count ? self[startIndex + offset] : 0
  }

  /// The little-endian 16-bit field at `offset` from the slice's own start; missing bytes are 0.
  func field16(_ offset: Int) -> UInt16 {
    UInt16(field8(offset)) | UInt16(field8(offset + 1)) << 8
  }
}
