/// What a board keeps without power: memory contents, protections, serial number.
///
/// The file form, all numbers little-endian:
///
/// | bytes | content |
/// |---|---|
/// | 8 | the text `DFUSESIM` |
/// | 1 | format version, 1 |
/// | 1 + n | length and UTF-8 text of the chip's name |
/// | 1 + n | length and UTF-8 text of the serial number |
/// | 1 | read protection level, 0 to 2 |
/// | 4 + 4n | number and first addresses of write-protected sectors |
/// | 4 | number of pages, then for each, by rising address: |
/// | 4 | page number: address divided by 4096 |
/// | 4096 | content |
/// | 512 | one bit a byte, lowest first: programmed since the last erase |
package struct SimulatedBoardState: Hashable, Sendable {
  /// The chip's name.
  package var chip: String
  /// The board's serial number.
  package var serial: String
  /// Read protection level: 0, 1 or 2.
  package var readProtection: UInt8
  /// First addresses of write-protected sectors.
  package var writeProtected: Set<UInt32>
  var pages: [UInt32: BoardMemory.Page]

  private static let signature = Array("DFUSESIM".utf8)
  /// A hostile count must not make the reader reserve memory for it.
  private static let mostProtected = 65536
}

extension SimulatedBoardState {
  /// The state as the bytes of a state file.
  package func encode() -> [UInt8] {
    var out = Self.signature + [1]
    for text in [chip, serial] {
      let bytes = text.utf8.prefix(255)
      out += [UInt8(bytes.count)] + bytes
    }
    out.append(readProtection)
    out += UInt32(writeProtected.count).littleEndianBytes
    for address in writeProtected.sorted() { out += address.littleEndianBytes }
    out += UInt32(pages.count).littleEndianBytes
    for (number, page) in pages.sorted(by: { $0.key < $1.key }) {
      out += number.littleEndianBytes
      out += page.bytes
      for group in stride(from: 0, to: page.used.count, by: 8) {
        var bits: UInt8 = 0
        for bit in 0..<8 { bits |= (page.used[group + bit] & 1) << UInt8(bit) }
        out.append(bits)
      }
    }
    return out
  }

  /// Reads the bytes of a state file.
  ///
  /// - Throws: ``BoardStateError``; no input makes it trap or reserve more than the input's size.
  package init(decoding bytes: [UInt8]) throws(BoardStateError) {
    var reader = Reader(bytes: bytes)
    guard try reader.take(8, "signature").elementsEqual(Self.signature) else {
      throw .notAStateFile
    }
    let version = try reader.byte("version")
    guard version == 1 else { throw .unknownVersion(version) }
    chip = try reader.text("chip")
    serial = try reader.text("serial")
    readProtection = try reader.byte("read protection")
    guard readProtection <= 2 else { throw .badField("read protection") }
    let protectedCount = try reader.word("write-protected sectors")
    guard protectedCount <= Self.mostProtected else { throw .badField("write-protected sectors") }
    writeProtected = []
    for _ in 0..<protectedCount { writeProtected.insert(try reader.word("write-protected sector")) }
    pages = [:]
    for _ in 0..<(try reader.word("number of pages")) {
      let number = try reader.word("page number")
      guard number < 1 << 20, pages[number] == nil else { throw .badField("page number") }
      let content = Array(try reader.take(Int(BoardMemory.pageSize), "page"))
      let map = Array(try reader.take(Int(BoardMemory.pageSize) / 8, "page map"))
      var used: [UInt8] = []
      for bits in map {
        if bits == 0 || bits == 0xFF {
          used += [UInt8](repeating: bits & 1, count: 8)
        } else {
          for bit: UInt8 in 0..<8 { used.append(bits >> bit & 1) }
        }
      }
      pages[number] = BoardMemory.Page(bytes: content, used: used)
    }
    guard reader.offset == bytes.count else { throw .trailingBytes(bytes.count - reader.offset) }
  }

  /// A bounds-checked walk through the file.
  private struct Reader {
    let bytes: [UInt8]
    var offset = 0

    mutating func take(_ count: Int, _ field: String) throws(BoardStateError) -> ArraySlice<UInt8> {
      guard bytes.count - offset >= count else {
        throw .truncated(field: field, offset: offset)
      }
      defer { offset += count }
      return bytes[offset..<(offset + count)]
    }

    mutating func byte(_ field: String) throws(BoardStateError) -> UInt8 {
      UInt8(littleEndian: try take(1, field))
    }

    mutating func word(_ field: String) throws(BoardStateError) -> UInt32 {
      UInt32(littleEndian: try take(4, field))
    }

    mutating func text(_ field: String) throws(BoardStateError) -> String {
      String(decoding: try take(Int(byte(field)), field), as: UTF8.self)
    }
  }
}

/// Why a state file cannot be used.
package enum BoardStateError: Error, Hashable, Sendable {
  /// It does not start with the signature.
  case notAStateFile
  /// It is of a format this version does not know.
  case unknownVersion(UInt8)
  /// It ends inside `field`, which starts at `offset`.
  case truncated(field: String, offset: Int)
  /// A field has an impossible value.
  case badField(String)
  /// That many bytes follow the end.
  case trailingBytes(Int)
  /// It was saved from another chip.
  case otherChip(found: String, expected: String)
}

extension BoardStateError: CustomStringConvertible {
  /// What is wrong, in one sentence.
  package var description: String {
    switch self {
    case .notAStateFile: "this is not a simulated board's state file"
    case .unknownVersion(let version): "state file version \(version) is not known"
    case .truncated(let field, let offset): "the state file ends inside \(field) at byte \(offset)"
    case .badField(let field): "the state file has an impossible value for \(field)"
    case .trailingBytes(let count): "\(count) bytes follow the end of the state file"
    case .otherChip(let found, let expected):
      "the state file is of a simulated \(found), not \(expected)"
    }
  }
}
