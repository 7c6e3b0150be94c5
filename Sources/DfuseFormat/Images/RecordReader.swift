/// Reads a text of records, Intel HEX or S-record.
///
/// Lines end in CR, LF or CR LF; blank lines, and blanks at the end of a line, are ignored. Digits may
/// be of either case. Gaps stay gaps. What the records of each form say is in `IntelHex.swift` and
/// `SRecord.swift`.
struct RecordReader {
  /// Where the address field of Intel HEX counts from.
  enum Base {
    /// Type 04, or none yet: the data run on into the next 64 KiB.
    case linear(UInt32)
    /// Type 02: the address within the segment wraps at 64 KiB.
    case segment(UInt32)
  }

  /// A record that has a disputed address.
  private struct Claim {
    var range: Range<UInt64>
    /// The offset in the text of the first byte's digits.
    var source: Int
    /// What it has for the address.
    var byte: UInt8
  }

  let format: Firmware.Format
  var scanner: RecordScanner
  /// Of Intel HEX: where addresses count from.
  var base = Base.linear(0)
  /// Of S-records: how many with data there were.
  var dataCount = 0
  var entryPoint: UInt32?
  var header: String?

  private var recordCount = 0
  /// The line of the end record.
  private var end: Range<Int>?
  private var isPadded = false
  /// The data, in the order of the file; records that go on where one ended become one element.
  private var elements: [ImageElement] = []
  /// An address that records differ about, and those that have it: found by reading once more.
  private var disputed: UInt64?
  private var claims: [Claim] = []

  private init(_ bytes: [UInt8], _ format: Firmware.Format) {
    self.format = format
    scanner = RecordScanner(bytes)
  }

  /// Reads a file.
  ///
  /// - Throws: ``FormatError/badRecord(_:line:column:problem:)`` for the first line that is wrong,
  ///   also when data overlap or end above 0x1_0000_0000; ``FormatError/noData(_:)``.
  static func read(_ bytes: [UInt8], as format: Firmware.Format) throws(FormatError) -> Firmware {
    var reader = RecordReader(bytes, format)
    let image: MemoryImage
    do throws(RecordFault) {
      let beginning = reader
      try reader.readRecords()
      // An Intel HEX file without its end was cut off; writers of S-records leave it out.
      if format == .hex, reader.end == nil, reader.recordCount > 0 {
        throw RecordFault(.missingEndRecord, at: reader.scanner.text.count)
      }
      image = try reader.image(rereadingFrom: beginning)
    } catch {
      throw error.error(in: reader.scanner.text, format)
    }
    guard !image.isEmpty else { throw .noData(format) }
    var firmware = Firmware(format, image, reader.warnings(image))
    firmware.entryPoint = reader.entryPoint
    firmware.header = reader.header
    return firmware
  }

  private func warnings(_ image: MemoryImage) -> [Firmware.Warning] {
    var warnings: [Firmware.Warning] = []
    if end == nil { warnings.append(.missingEndRecord) }
    let repeated = elements.reduce(0) { $0 + $1.bytes.count } - image.byteCount
    if repeated > 0 { warnings.append(.duplicateData(bytes: repeated)) }
    if isPadded { warnings.append(.paddingAfterEnd) }
    return warnings + TextOddity.allCases.filter(scanner.oddities.contains).map { .leftOut($0) }
  }

  private mutating func readRecords() throws(RecordFault) {
    var next = scanner.firstRecord() ?? scanner.nextLine()
    while let line = next {
      if let end {
        try scanner.checkPadding(line, after: end)
        isPadded = true
      } else {
        recordCount += 1
        let isEnd = format == .hex ? try readHex(line) : try readSRecord(line)
        if isEnd { end = line }
      }
      next = scanner.nextLine()
    }
  }

  /// Adds the data of a record.
  ///
  /// - Parameters:
  ///   - data: The bytes.
  ///   - address: Where the first belongs.
  ///   - source: The offset in the text of the first byte's digits.
  ///   - field: The offset in the text of the record's address.
  /// - Throws: ``RecordProblem/outsideAddressSpace(address:size:)``.
  mutating func append(
    _ data: ArraySlice<UInt8>, at address: UInt64, source: Int, field: Int
  ) throws(RecordFault) {
    let range = address..<(address + UInt64(data.count))
    guard let start = UInt32(exactly: address), range.upperBound <= 1 << 32 else {
      throw RecordFault(.outsideAddressSpace(address: address, size: UInt64(data.count)), at: field)
    }
    guard !data.isEmpty else { return }
    if let disputed {
      guard range.contains(disputed) else { return }
      let byte = data[data.startIndex + Int(disputed - address)]
      claims.append(Claim(range: range, source: source, byte: byte))
    } else if let last = elements.indices.last, elements[last].range.upperBound == address {
      elements[last].bytes += data
    } else {
      var bytes: [UInt8] = []
      // A byte takes two characters. What is reserved and not used takes no memory; growing would
      // take half as much again.
      if elements.isEmpty { bytes.reserveCapacity(scanner.text.count / 2) }
      bytes += data
      elements.append(ImageElement(address: start, bytes: bytes))
    }
  }

  /// Unites the data.
  ///
  /// - Throws: ``RecordProblem/overlap(new:existing:existingLine:firstDifference:)`` with the first
  ///   record that has the address, and the first that has another byte for it.
  private func image(rereadingFrom beginning: RecordReader) throws(RecordFault) -> MemoryImage {
    let difference: UInt64?
    do throws(FormatError) { return try MemoryImage(merging: elements) } catch {
      guard case .overlap(_, _, let address) = error else { return MemoryImage() }
      difference = address
    }
    var reader = beginning
    reader.disputed = difference
    try reader.readRecords()
    guard let address = difference, let first = reader.claims.first,
      let other = reader.claims.first(where: { $0.byte != first.byte })
    else { return MemoryImage() }
    throw RecordFault(
      .overlap(
        new: other.range, existing: first.range,
        existingLine: TextPosition(of: first.source, in: scanner.text).line,
        firstDifference: address),
      at: other.source + 2 * Int(address - other.range.lowerBound))
  }
}
