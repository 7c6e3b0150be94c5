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
    case .noData(let kind):
      switch kind {
      case .raw: "the file is empty"
      case .hex: "the Intel HEX file holds no data"
      case .srec: "the S-record file holds no data"
      case .elf: "the ELF file has nothing to load"
      }
    case .alreadyContainer(let isDfuSe):
      "this is a \(isDfuSe ? "DfuSe container" : "DFU file (it ends in a DFU suffix)"), not firmware"
    case .notFirmware(let file): "this is \(file), not firmware"
    case .otherThanNamed(let promise, let content):
      "the name promises \(promise), and the file holds \(content)"
    case .containerInElement(let target, let element, let offset):
      "element \(element) of target \(target) at offset \(offset) holds a DfuSe container "
        + "instead of firmware"
    case .emptyContainer: "there are no data in this container"
    case .notPackable(let limit):
      limit.description
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
    case .dataSize(let target, let element, let announced, let given):
      "image \(element) of target \(target) has \(bytes(given)), \(announced) were announced"
    case .dataAfterLastElement(let count):
      "\(bytes(count)) behind the data of the last image"
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
