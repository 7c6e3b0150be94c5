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
  case badRecord(ImageKind, line: Int, column: Int, problem: RecordProblem)
  /// A field of an ELF file is wrong.
  case badELF(offset: Int, problem: ELFProblem)
  /// The input holds no data.
  case noData(ImageKind)
  /// The input is a DFU file, where firmware was meant.
  case alreadyContainer(isDfuSe: Bool)
  /// The file holds something else than firmware.
  case notFirmware(ForeignFile)
  /// The file holds something else than its name promises.
  case otherThanNamed(NamePromise, holds: FileContent)
  /// An element's data are themselves a DfuSe container.
  case containerInElement(target: Int, element: Int, offset: Int)
  /// A sound container with no data in it.
  case emptyContainer
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
    case .outsideAddressSpace, .overlap, .repeatedData, .badRecord, .noData, .alreadyContainer,
      .notFirmware, .otherThanNamed, .emptyContainer, .notPackable:
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
  /// An element got more or fewer bytes than its header announces (`dwElementSize`).
  case dataSize(target: Int, element: Int, announced: Int, given: Int)
  /// There are data after those of the last element.
  case dataAfterLastElement(bytes: Int)
}
