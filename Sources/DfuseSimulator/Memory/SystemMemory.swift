import DfuseFormat

/// What a chip tells outside its memory maps: its bootloader's id, its flash size and unique id.
///
/// - SeeAlso: ST AN2606, table 3, for the id; the reference manuals for the registers.
struct SystemMemory: Hashable, Sendable {
  /// What the bootloader does when it is asked for it.
  enum Access: String, CaseIterable, Hashable, Sendable {
    /// It serves it.
    case served
    /// It says errTARGET.
    case refused
    /// It takes the address, and is never heard of again once it has been read.
    case silent
  }

  /// The id, and where it stands; the byte behind one of two digits is blank.
  var id: UInt16
  var idAddress: UInt32
  /// Where the flash size in KiB stands; nil where it is not modelled.
  var flashSize: UInt32?
  /// Where the three words of the unique id stand.
  var uniqueID: [UInt32] = []

  init(
    id: UInt16, at idAddress: UInt32, flashSize: UInt32? = nil, uniqueID: UInt32? = nil,
    words: [UInt32] = [0, 4, 8]
  ) {
    self.id = id
    self.idAddress = idAddress
    self.flashSize = flashSize
    self.uniqueID = uniqueID.map { start in words.map { start + $0 } } ?? []
  }

  /// What stands where.
  ///
  /// - Parameters:
  ///   - kibibytes: The flash size.
  ///   - serial: The serial number, from which the unique id is made, and not the other way round.
  /// - Returns: The bytes by their first addresses.
  func pieces(kibibytes: Int, serial: String) -> [UInt64: [UInt8]] {
    var pieces: [UInt64: [UInt8]] = [
      UInt64(idAddress): UInt16(id > 0xFF ? id : id | 0xFF00).littleEndianBytes
    ]
    if let flashSize {
      pieces[UInt64(flashSize)] = UInt16(truncatingIfNeeded: kibibytes).littleEndianBytes
    }
    for (address, word) in zip(uniqueID, Self.words(of: serial)) {
      pieces[UInt64(address)] = word.littleEndianBytes
    }
    return pieces
  }

  /// The bytes from an address on, as far as they are this; nil where nothing of it begins.
  func bytes(_ range: Range<UInt64>, kibibytes: Int, serial: String) -> [UInt8]? {
    let pieces = pieces(kibibytes: kibibytes, serial: serial)
    var bytes: [UInt8] = []
    while UInt64(bytes.count) < UInt64(range.count) {
      let address = range.lowerBound + UInt64(bytes.count)
      guard let piece = pieces[address] else { break }
      bytes += piece
    }
    return bytes.isEmpty ? nil : Array(bytes.prefix(range.count))
  }

  /// A unique id of which the ROM makes the serial number: eight digits of its first and third
  /// words' sum, and the upper four of its second word.
  private static func words(of serial: String) -> [UInt32] {
    let third: UInt32 = 0x2036_3331
    let sum = UInt32(serial.prefix(8), radix: 16) ?? 0x4053_6A2B
    let upper = UInt32(serial.dropFirst(8), radix: 16) ?? 0x3134
    return [sum &- third, upper << 16 | 0x5007, third]
  }
}
