/// What is wrong with a line of an Intel HEX or S-record file.
public enum RecordProblem: Hashable, Sendable {
  /// The checksum is not that of the record's bytes.
  case checksum(stored: UInt8, computed: UInt8)
}
