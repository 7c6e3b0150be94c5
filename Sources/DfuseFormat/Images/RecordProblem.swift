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
