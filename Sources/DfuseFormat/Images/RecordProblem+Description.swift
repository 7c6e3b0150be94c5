extension RecordProblem: CustomStringConvertible {
  /// The problem in a phrase, to follow the line and the column.
  public var description: String {
    switch self {
    case .startMark(let expected, let found):
      "a record starts with \(expected.characterText), not with \(found.characterText)"
    case .notHexDigit(let found):
      "\(found.characterText) is no hexadecimal digit"
    case .oddDigitCount(let count):
      "\(count) hexadecimal digits do not pair into bytes; one is missing or too many"
    case .tooShort(let needed, let available):
      "the record is cut off: it needs \(needed) bytes and has \(available)"
    case .lengthMismatch(let declared, let found):
      "the record announces \(declared) bytes and holds \(found)"
    case .checksum(let stored, let computed):
      "the checksum is \(stored.hex), but the record's bytes give \(computed.hex)"
    case .unknownType(let type):
      "there is no record type \(type.hex)"
    case .unknownTypeCharacter(let type):
      "the type of an S-record is a digit, not \(type.characterText)"
    case .reservedType:
      "S4 records are reserved and have no meaning"
    case .wrongLength(let type, let expected, let found):
      "a record of type \(type) announces \(expected) bytes, this one \(found)"
    case .wrongRecordCount(let stored, let actual):
      "the file counts \(stored) data records up to here, but there are \(actual)"
    case .missingEndRecord:
      "the file ends without its end record: it was cut off while it was written or downloaded"
    case .secondFile:
      "another file begins behind the end record: two files were put together"
    case .dataAfterEnd:
      "there is more after the end record"
    case .outsideAddressSpace(let address, let size):
      "\(size) bytes at \(address.addressText) go beyond 0xffff_ffff"
    case .overlap(let new, let existing, let line, let address):
      "the data for \(new.addressText) differ from those for \(existing.addressText) in line "
        + "\(line), first at \(address.addressText)"
    }
  }
}

extension UInt8 {
  /// The character in quotes, or the byte as a number where it cannot be shown.
  var characterText: String {
    (0x21...0x7E).contains(self)
      ? "\"\(Character(Unicode.Scalar(self)))\"" : "the byte \(self.hex)"
  }
}
