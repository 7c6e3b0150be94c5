/// What is wrong with a line of an Intel HEX or S-record file.
///
/// The line and the column are in ``FormatError/badRecord(_:line:column:problem:)``.
public enum RecordProblem: Hashable, Sendable {
  /// The line does not begin with the mark of a record, `:` or `S`.
  case startMark(expected: UInt8, found: UInt8)
  /// A character is no hexadecimal digit.
  case notHexDigit(found: UInt8)
  /// The digits do not pair into bytes.
  case oddDigitCount(Int)
  /// The line is too short to hold a record of its type; in bytes, two digits each.
  case tooShort(needed: Int, available: Int)
  /// The record's count does not fit the bytes that the line holds.
  case lengthMismatch(declared: Int, found: Int)
  /// The checksum is not that of the record's bytes.
  case checksum(stored: UInt8, computed: UInt8)
  /// The type of an Intel HEX record is not 00 to 05.
  case unknownType(UInt8)
  /// The character after the `S` of an S-record is not 0 to 9.
  case unknownTypeCharacter(UInt8)
  /// The record is an S4, which is reserved.
  case reservedType
  /// The record's count is not the one that its type demands.
  case wrongLength(type: UInt8, expected: Int, found: Int)
  /// An S5 or S6 gives another number of data records than there were up to it.
  case wrongRecordCount(stored: Int, actual: Int)
  /// The file ends without an end record.
  case missingEndRecord
  /// Something other than padding follows the end record.
  case dataAfterEnd
  /// Another file of records follows the end record.
  case secondFile
  /// The data would lie, in part, above 0xFFFF_FFFF.
  case outsideAddressSpace(address: UInt64, size: UInt64)
  /// The record gives other bytes to addresses than an earlier one did, which stands at
  /// `existingLine`.
  case overlap(
    new: Range<UInt64>, existing: Range<UInt64>, existingLine: Int, firstDifference: UInt64)
}

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
