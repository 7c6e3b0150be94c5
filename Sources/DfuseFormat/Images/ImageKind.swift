/// The forms in which firmware comes.
public enum ImageKind: String, CaseIterable, Hashable, Sendable {
  /// Bytes as they are, without an address.
  case raw
  /// Intel HEX.
  case hex
  /// Motorola S-record.
  case srec
  /// ELF, 32 bits, little-endian.
  case elf
}
