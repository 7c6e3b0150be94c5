extension Firmware {
  /// The data of all targets as a file of records, whose lines end in a line feed.
  ///
  /// Intel HEX: data records of up to 16 bytes, none across a border of 64 KiB, with extended linear
  /// addresses. S-record: S3 records of up to 32 bytes. The start of the program is written where it
  /// is known.
  ///
  /// - Parameter format: ``Format/hex`` or ``Format/srec``.
  /// - Returns: The file; nil for another form.
  /// - Throws: As ``image``.
  /// - SeeAlso: Intel, Hexadecimal Object File Format Specification, revision A; Motorola's M68000
  ///   Family Programmer's Reference Manual, appendix C.
  public func encodedRecords(as format: Format) throws(FormatError) -> [UInt8]? {
    var writer = RecordWriter()
    switch format {
    case .hex: writer.writeHex(try image.runs, start: entryPoint)
    case .srec: writer.writeSRecords(try image.runs, start: entryPoint)
    case .container, .plainDFU, .raw, .elf: return nil
    }
    return writer.text
  }
}

/// Writes lines of bytes in hexadecimal, with a checksum each.
private struct RecordWriter {
  private(set) var text: [UInt8] = []

  mutating func writeHex(_ runs: [ImageElement], start: UInt32?) {
    var upper: UInt32?
    for run in runs {
      forEachPiece(of: run, atMost: 16, border: 0x1_0000) { address, bytes in
        if upper != address >> 16 {
          upper = address >> 16
          hexRecord(4, at: 0, bigEndian(address)[..<2])
        }
        hexRecord(0, at: address, bytes)
      }
    }
    if let start { hexRecord(5, at: 0, bigEndian(start)[...]) }
    hexRecord(1, at: 0, [])
  }

  mutating func writeSRecords(_ runs: [ImageElement], start: UInt32?) {
    sRecord("S0", [0, 0], [])
    for run in runs {
      forEachPiece(of: run, atMost: 32, border: 1 << 32) { address, bytes in
        sRecord("S3", bigEndian(address), bytes)
      }
    }
    sRecord("S7", bigEndian(start ?? 0), [])
  }

  private mutating func hexRecord(_ type: UInt8, at address: UInt32, _ bytes: ArraySlice<UInt8>) {
    let head = [UInt8(truncatingIfNeeded: bytes.count)] + bigEndian(address)[2...] + [type]
    // The two's complement of the sum.
    line(":", head, bytes) { 0 &- $0 }
  }

  private mutating func sRecord(_ kind: String, _ address: [UInt8], _ bytes: ArraySlice<UInt8>) {
    // The length counts address, data and checksum; the checksum is the one's complement.
    let length = UInt8(truncatingIfNeeded: address.count + bytes.count + 1)
    line(kind, [length] + address, bytes) { ~$0 }
  }

  private mutating func line(
    _ start: String, _ head: [UInt8], _ bytes: ArraySlice<UInt8>, checksum: (UInt8) -> UInt8
  ) {
    text += start.utf8
    var sum: UInt8 = 0
    for byte in head + bytes {
      sum &+= byte
      append(byte)
    }
    append(checksum(sum))
    text.append(UInt8(ascii: "\n"))
  }

  private mutating func append(_ byte: UInt8) {
    for digit in [byte >> 4, byte & 0xF] {
      text.append(digit + (digit < 10 ? UInt8(ascii: "0") : UInt8(ascii: "A") - 10))
    }
  }
}

private func bigEndian(_ value: UInt32) -> [UInt8] {
  [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
}

/// Hands on pieces of at most some bytes, none of which crosses a border.
private func forEachPiece(
  of run: ImageElement, atMost most: Int, border: Int, _ body: (UInt32, ArraySlice<UInt8>) -> Void
) {
  var offset = 0
  while offset < run.bytes.count {
    let address = Int(run.address) + offset
    let count = min(most, run.bytes.count - offset, border - address % border)
    body(UInt32(truncatingIfNeeded: address), run.bytes[offset..<(offset + count)])
    offset += count
  }
}
