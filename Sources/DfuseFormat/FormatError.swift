/// Why bytes are not the firmware, or the container, that they were taken for.
///
/// Offsets count bytes from the start of the file; lines and columns start at 1. Addresses and
/// ranges are those of the target's memory.
public enum FormatError: Error, Hashable, Sendable {
  /// The bytes end before a field does.
  case truncated(field: String, offset: Int, needed: Int, available: Int)
  /// A fixed signature is not there.
  case badSignature(field: String, offset: Int, expected: [UInt8], found: [UInt8])
  /// `bVersion` of the DfuSe prefix is not 1.
  case unsupportedVersion(offset: Int, found: UInt8)
  /// `bLength` of the DFU suffix cannot be: less than 16, or more than the file has.
  case badSuffixLength(offset: Int, found: UInt8, available: Int)
  /// `dwCRC` does not fit the bytes of the file.
  case crcMismatch(offset: Int, stored: UInt32, computed: UInt32)
  /// A size, or a count of elements times the least that each takes, goes beyond the bytes there.
  case sizeBeyondEnd(field: String, offset: Int, size: UInt64, available: UInt64)
  /// An element goes beyond what `dwTargetSize` says its target takes.
  ///
  /// `available` are the target's bytes that are left for the element's data.
  case elementBeyondTarget(target: Int, element: Int, offset: Int, size: UInt64, available: UInt64)
  /// There are bytes behind a sound suffix, which should be the end of the file.
  case bytesAfterSuffix(offset: Int, count: Int)
  /// Data would lie, in part, above 0xFFFF_FFFF.
  case outsideAddressSpace(address: UInt64, size: UInt64)
  /// Two pieces of data claim the same addresses with different bytes.
  case overlap(new: Range<UInt64>, existing: Range<UInt64>, firstDifference: UInt64)
  /// Two pieces of data claim the same addresses, where each address may be claimed once.
  case repeatedData(new: Range<UInt64>, existing: Range<UInt64>)
  /// A line of an Intel HEX or S-record file is wrong.
  case badRecord(Firmware.Format, line: Int, column: Int, problem: RecordProblem)
  /// A field of an ELF file is wrong.
  case badELF(offset: Int, problem: ELFProblem)
  /// The input holds no data.
  case noData(Firmware.Format)
  /// The file holds something else than firmware.
  case notFirmware(ForeignFile)
  /// The file holds something else than its name promises.
  case otherThanNamed(Firmware.Format, holds: FileContent)
  /// An element's data are themselves a DfuSe container.
  case containerInElement(target: Int, element: Int, offset: Int)
  /// A container cannot hold this; see ``ContainerLimit``.
  case notPackable(ContainerLimit)
}

extension FormatError {
  /// Where in the file the error is, in bytes from its start; nil where that means nothing.
  public var offset: Int? {
    switch self {
    case .truncated(_, let offset, _, _), .badSignature(_, let offset, _, _),
      .unsupportedVersion(let offset, _), .badSuffixLength(let offset, _, _),
      .crcMismatch(let offset, _, _), .sizeBeyondEnd(_, let offset, _, _),
      .elementBeyondTarget(_, _, let offset, _, _), .bytesAfterSuffix(let offset, _),
      .badELF(let offset, _), .containerInElement(_, _, let offset):
      offset
    case .outsideAddressSpace, .overlap, .repeatedData, .badRecord, .noData, .notFirmware,
      .otherThanNamed, .notPackable:
      nil
    }
  }
}

/// What a DfuSe container cannot hold.
public enum ContainerLimit: Hashable, Sendable {
  /// 1 to 255 targets fit (`bTargets`).
  case targetCount(Int)
  /// A target without an element.
  case noElements(target: Int)
  /// An element without bytes.
  case emptyElement(target: Int, element: Int)
  /// A name longer than the 255 bytes of `szTargetName`.
  case nameTooLong(bytes: Int)
  /// A name with a NUL in it.
  case nameHoldsNUL
  /// More bytes than `DFUImageSize` or `dwTargetSize` can count.
  case tooLarge(UInt64)
}

extension FormatError: CustomStringConvertible {
  /// What is wrong and where, in one sentence.
  public var description: String {
    switch self {
    case .truncated(let field, let offset, let needed, let available):
      "the file ends too early: \(field) at offset \(offset) takes \(bytes(needed)), "
        + (available == 0
          ? "none are left" : "only \(available) \(available == 1 ? "is" : "are") left")
    case .badSignature(let field, let offset, let expected, let found):
      "\(field) at offset \(offset) is \(quoted(found)), should be \(quoted(expected))"
    case .unsupportedVersion(let offset, let found):
      "bVersion at offset \(offset) is \(found), only version 1 of the DfuSe format is known"
    case .badSuffixLength(let offset, let found, let available):
      "bLength of the suffix at offset \(offset) is \(found), should be 16"
        + (found > 16 ? "; the whole file has \(bytes(available))" : "")
    case .crcMismatch(let offset, let stored, let computed):
      "dwCRC at offset \(offset) is \(stored.hex), the file's bytes give \(computed.hex): "
        + "the file was damaged or changed"
    case .sizeBeyondEnd(let field, let offset, let size, let available):
      "\(field) at offset \(offset) asks for \(bytes(size)), the file has \(available) left"
    case .elementBeyondTarget(let target, let element, let offset, let size, let available):
      "dwElementSize of element \(element) of target \(target) at offset \(offset) is \(size), "
        + "its target (dwTargetSize) has room for \(bytes(available))"
    case .bytesAfterSuffix(let offset, let count):
      "\(bytes(count)) at offset \(offset) stand behind the suffix, which should end the file"
    case .outsideAddressSpace(let address, let size):
      "\(bytes(size)) at \(address.addressText) go beyond the last address, 0xffff_ffff"
    case .overlap(let new, let existing, let firstDifference):
      "\(new.addressText) overlaps \(existing.addressText), and they differ at "
        + firstDifference.addressText
    case .repeatedData(let new, let existing):
      "\(new.addressText) overlaps \(existing.addressText)"
    case .badRecord(_, let line, let column, let problem):
      "line \(line), column \(column): \(problem)"
    case .badELF(let offset, let problem):
      "offset \(offset): \(problem)"
    case .noData(.raw): "the file is empty"
    case .noData(.hex): "the Intel HEX file holds no data"
    case .noData(.srec): "the S-record file holds no data"
    case .noData(.elf): "the ELF file has nothing to load"
    case .noData(.container), .noData(.plainDFU): "there are no data in this container"
    case .notFirmware(let file): "this is \(file.rawValue), not firmware"
    case .otherThanNamed(let promise, let content):
      "the name promises \(promise), and the file holds \(content)"
    case .containerInElement(let target, let element, let offset):
      "element \(element) of target \(target) at offset \(offset) holds a DfuSe container "
        + "instead of firmware"
    case .notPackable(let limit): limit.description
    }
  }
}

extension ContainerLimit: CustomStringConvertible {
  /// What does not fit, in one sentence.
  public var description: String {
    switch self {
    case .targetCount(0): "a container needs at least one target"
    case .targetCount(let count): "a container holds at most 255 targets, not \(count)"
    case .noElements(let target): "target \(target) has no image"
    case .emptyElement(let target, let element):
      "image \(element) of target \(target) is empty"
    case .nameTooLong(let length):
      "a target's name takes at most 255 bytes of UTF-8, this one has \(length)"
    case .nameHoldsNUL: "a target's name cannot hold a NUL"
    case .tooLarge(let size):
      "the container would have \(bytes(size)), more than its 32-bit size can tell"
    }
  }
}

private func bytes(_ count: some BinaryInteger) -> String {
  count == 1 ? "1 byte" : "\(count) bytes"
}

/// Text where it is printable ASCII throughout, else hexadecimal.
private func quoted(_ bytes: [UInt8]) -> String {
  if bytes.isEmpty { return "missing" }
  if bytes.allSatisfy({ (0x20...0x7E).contains($0) }) {
    return "\"\(String(decoding: bytes, as: UTF8.self))\""
  }
  return bytes.hexBytes(uppercase: true)
}
