/// Reads little-endian fields one after the other, and knows where it is.
///
/// Nothing is read that is not there: a field beyond the end throws, with its name and offset.
struct ByteCursor {
  private let bytes: [UInt8]
  /// Offset of the next field from the start of the file.
  private(set) var offset: Int
  /// Offset behind the last byte that may be read.
  private(set) var end: Int

  /// Starts at `offset`; `end` and `offset` must be within `bytes`.
  init(_ bytes: [UInt8], offset: Int = 0, end: Int? = nil) {
    self.bytes = bytes
    self.offset = offset
    self.end = end ?? bytes.count
  }

  /// Bytes that have not been read.
  var available: Int { end - offset }

  mutating func bytes(_ count: Int, field: String) throws(FormatError) -> ArraySlice<UInt8> {
    guard count <= available else {
      throw .truncated(field: field, offset: offset, needed: count, available: available)
    }
    defer { offset += count }
    return bytes[offset..<(offset + count)]
  }

  /// Reads bytes that must be these; `name` is the field in the error, where it is another.
  mutating func expect(
    _ expected: [UInt8], field: String, named name: String? = nil
  ) throws(FormatError) {
    let start = offset
    let found = try bytes(expected.count, field: field)
    guard found.elementsEqual(expected) else {
      throw .badSignature(
        field: name ?? field, offset: start, expected: expected, found: Array(found))
    }
  }

  mutating func uint8(field: String) throws(FormatError) -> UInt8 {
    UInt8(try number(1, field: field))
  }

  mutating func uint32(field: String) throws(FormatError) -> UInt32 {
    try number(4, field: field)
  }

  private mutating func number(_ count: Int, field: String) throws(FormatError) -> UInt32 {
    littleEndian(try bytes(count, field: field))
  }
}
