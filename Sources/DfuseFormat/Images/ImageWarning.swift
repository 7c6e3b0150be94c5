/// What is odd about a file of firmware, though it can be used.
public enum ImageWarning: Hashable, Sendable {
  /// An S-record file has no S7, S8 or S9 at its end: it may be cut off.
  case missingEndRecord
  /// Padding, or the end record again, stands behind the end record.
  case paddingAfterEnd
  /// The file has no sections, and a segment that begins with the file's own headers.
  case headersLoaded(address: UInt64)
  /// The file gives some bytes more than once, with the same values.
  case duplicateData(bytes: Int)
  /// `e_machine` is neither 40 (ARM) nor 243 (RISC-V).
  case unusualMachine(UInt16)
  /// A section with data is in no loaded segment and was left out.
  case sectionNotLoaded(index: Int, address: UInt32, size: UInt32)
  /// Raw bytes were put at address 0, where an STM32 has no memory to write.
  case rawAtAddressZero
  /// What stands around the records of a text is no record, and was left out.
  case leftOut(TextOddity)
  /// The firmware does not begin with the vector table of a Cortex-M.
  case notAVectorTable(address: UInt64, reason: VectorTable.Implausibility)
}

extension ImageWarning: CustomStringConvertible {
  /// The warning as a sentence without a full stop.
  public var description: String {
    switch self {
    case .missingEndRecord:
      "the file has no end record; it may be cut off"
    case .paddingAfterEnd: "there is padding behind the end record"
    case .headersLoaded(let address):
      "the headers of the file itself would be loaded at \(address.addressText): it has no sections "
        + "that say what belongs there"
    case .duplicateData(let bytes):
      "the file gives \(bytes) bytes more than once, always with the same values"
    case .unusualMachine(let machine):
      "the program is for machine \(machine), neither ARM (40) nor RISC-V (243)"
    case .sectionNotLoaded(let index, let address, let size):
      "section \(index) (\(size) bytes for \(UInt64(address).addressText)) is in no loaded "
        + "segment and was left out"
    case .leftOut(let oddity): oddity.description
    case .rawAtAddressZero:
      "the bytes go to address 0x0000_0000, where an STM32 has nothing to write; its flash "
        + "begins at 0x0800_0000"
    case .notAVectorTable(let address, let reason):
      "the bytes at \(address.addressText) are no Cortex-M vector table: \(reason)"
    }
  }
}
