/// Walks through a DFU file in file order and notes what it finds.
///
/// No size or count from the file is believed before it is held against the bytes that are there.
struct ContainerReader {
  private let bytes: [UInt8]
  private var findings: [ContainerFinding] = []
  private var targets: [DfuseContainer.Target] = []
  /// Where each target's elements start in the file.
  private var elementOffsets: [[Int]] = []
  /// The checksum that the suffix ought to hold; nil when there is no suffix.
  private let computedChecksum: UInt32?
  /// Whether the file is as its writer made it.
  private let isSealed: Bool

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    let stored = DFUSuffix.find(in: bytes)?.suffix.checksum
    let computed = stored.map { _ in CRC32.checksum(of: bytes[..<(bytes.count - 4)]) }
    computedChecksum = computed
    isSealed = stored != nil && stored == computed
  }

  mutating func inspect() -> DFUFileInspection {
    let found = DFUSuffix.find(in: bytes)
    var inspection = DFUFileInspection(
      contents: .unknown, suffix: found?.suffix, computedChecksum: nil, findings: [])
    if bytes.starts(with: DfuseLayout.signature) || found == nil {
      inspection.contents = readContainer(suffix: found)
    } else if let found {
      // A plain file is anything with a suffix: it has no structure that could be checked.
      let length = checkedSuffixLength(found.length)
      inspection.contents = .plain(payload: 0..<(bytes.count - length))
    }
    if let computed = computedChecksum {
      inspection.computedChecksum = computed
      checkSuffix(found, computed: computed, isDfuSe: bytes.starts(with: DfuseLayout.signature))
    }
    inspection.findings = findings.enumerated()
      .sorted { ($0.element.offset, $0.offset) < ($1.element.offset, $1.offset) }
      .map(\.element)
    return inspection
  }

  // MARK: - Container

  private mutating func readContainer(
    suffix found: (suffix: DFUSuffix, length: Int)?
  ) -> DFUFileInspection.Contents {
    let end = bytes.count - (found.map { checkedSuffixLength($0.length) } ?? 0)
    var cursor = ByteCursor(bytes, end: end)
    var isContainer = false
    do throws(FormatError) {
      let signature = try cursor.bytes(DfuseLayout.signature.count, field: "szSignature")
      guard signature.elementsEqual(DfuseLayout.signature) else {
        throw .badSignature(
          field: "szSignature", offset: 0, expected: DfuseLayout.signature, found: Array(signature))
      }
      isContainer = true
      try readTargets(&cursor)
      checkEnd(&cursor, hasSuffix: found != nil)
    } catch {
      note(error, at: error.offset ?? cursor.offset)
    }
    guard isContainer else { return .unknown }
    checkTargetsAgainstEachOther()
    checkContents()
    return .dfuse(
      DfuseContainer(
        deviceVersion: found?.suffix.deviceVersion ?? 0xFFFF,
        productID: found?.suffix.productID ?? 0xFFFF,
        vendorID: found?.suffix.vendorID ?? 0xFFFF, targets: targets))
  }

  private mutating func readTargets(_ cursor: inout ByteCursor) throws(FormatError) {
    let versionOffset = cursor.offset
    let version = try cursor.uint8(field: "bVersion")
    guard version == DfuseLayout.version else {
      throw .unsupportedVersion(offset: versionOffset, found: version)
    }
    let sizeOffset = cursor.offset
    let imageSize = try cursor.uint32(field: "DFUImageSize")
    let targetsOffset = cursor.offset
    let count = Int(try cursor.uint8(field: "bTargets"))
    if count == 0 { note(.noTargets, at: targetsOffset) }
    // The size is judged last, since who wrote it shows only when the targets are known; but a
    // damaged file has no right size.
    for index in 0..<count { try readTarget(index, &cursor) }
    checkImageSize(imageSize, at: sizeOffset)
  }

  private mutating func readTarget(_ index: Int, _ cursor: inout ByteCursor) throws(FormatError) {
    let start = cursor.offset
    let signature = try cursor.bytes(DfuseLayout.targetSignature.count, field: "target szSignature")
    guard signature.elementsEqual(DfuseLayout.targetSignature) else {
      throw .badSignature(
        field: "szSignature of target \(index)", offset: start,
        expected: DfuseLayout.targetSignature, found: Array(signature))
    }
    let alternateSetting = try cursor.uint8(field: "bAlternateSetting")
    let namedOffset = cursor.offset
    let named = try cursor.uint32(field: "bTargetNamed")
    let nameOffset = cursor.offset
    let text = try cursor.bytes(DfuseLayout.targetNameSize, field: "szTargetName")
    if named > 1 { note(.namedFlag(target: index, stored: named), at: namedOffset) }
    let name = name(from: text, isNamed: named & 0xFF != 0, target: index, at: nameOffset)
    let sizeOffset = cursor.offset
    let size = try cursor.uint32(field: "dwTargetSize")
    targets.append(.init(alternateSetting: alternateSetting, name: name, elements: []))
    elementOffsets.append([])
    let overrun = try readElements(of: index, targetEnd: cursor.offset + 4 + Int(size), &cursor)
    let actual = targets[index].size
    let data = targets[index].elements.reduce(0) { $0 + $1.range.count }
    // Some writers count the data alone (Klipper's), or nothing; a right checksum says that the
    // file is whole.
    if actual < UInt64(size) || isSealed && overrun != nil && (size == 0 || Int(size) == data) {
      note(.targetSize(target: index, stored: size, actual: actual), at: sizeOffset)
    } else if let overrun {
      note(overrun, at: overrun.offset ?? sizeOffset)
    }
  }

  private mutating func readElements(
    of target: Int, targetEnd: Int, _ cursor: inout ByteCursor
  ) throws(FormatError) -> FormatError? {
    let countOffset = cursor.offset
    let count = Int(try cursor.uint32(field: "dwNbElements"))
    if count == 0 { note(.noElements(target: target), at: countOffset) }
    let needed = UInt64(count) * UInt64(DfuseLayout.elementHeaderSize)
    guard needed <= UInt64(cursor.available) else {
      throw .sizeBeyondEnd(
        field: "dwNbElements of target \(target)", offset: countOffset, size: needed,
        available: UInt64(cursor.available))
    }
    var overrun: FormatError?
    for index in 0..<count {
      let start = cursor.offset
      let address = try cursor.uint32(field: "dwElementAddress")
      let size = Int(try cursor.uint32(field: "dwElementSize"))
      guard size <= cursor.available else {
        throw .sizeBeyondEnd(
          field: "dwElementSize of element \(index) of target \(target)", offset: start + 4,
          size: UInt64(size), available: UInt64(cursor.available))
      }
      let data = try cursor.bytes(size, field: "element data")
      if cursor.offset > targetEnd, overrun == nil {
        let room = max(0, targetEnd - start - DfuseLayout.elementHeaderSize)
        overrun = .elementBeyondTarget(
          target: target, element: index, offset: start + 4, size: UInt64(size),
          available: UInt64(room))
      }
      if size == 0 { note(.emptyElement(target: target, element: index), at: start + 4) }
      let element = ImageElement(address: address, bytes: Array(data))
      if element.range.upperBound > 1 << 32 {
        note(.outsideAddressSpace(address: UInt64(address), size: UInt64(size)), at: start)
      }
      targets[target].elements.append(element)
      elementOffsets[target].append(start)
    }
    return overrun
  }

  private mutating func name(
    from text: ArraySlice<UInt8>, isNamed: Bool, target: Int, at offset: Int
  ) -> String? {
    let end = text.firstIndex(of: 0)
    let used = text[..<(end ?? text.endIndex)]
    if end == nil { note(.nameWithoutNUL(target: target), at: offset) }
    if let end, text[end...].contains(where: { $0 != 0 }) {
      note(.junkBehindName(target: target), at: end)
    }
    guard isNamed else {
      if !used.isEmpty { note(.nameOfUnnamed(target: target), at: offset) }
      return nil
    }
    if let name = String(validating: used, as: UTF8.self) { return name }
    note(.nameNotUTF8(target: target), at: offset)
    return String(String.UnicodeScalarView(used.map { Unicode.Scalar($0) }))
  }

  // MARK: - What spans several fields

  /// Notes what cannot be flashed, though the container is sound.
  private mutating func checkContents() {
    for (target, elements) in targets.map(\.elements).enumerated() {
      for (index, element) in elements.enumerated()
      where element.bytes.starts(with: DfuseLayout.signature + [DfuseLayout.version]) {
        let offset = elementOffsets[target][index] + DfuseLayout.elementHeaderSize
        note(.containerInElement(target: target, element: index, offset: offset), at: offset)
      }
    }
    if findings.allSatisfy({ $0.error == nil }),
      targets.allSatisfy({ $0.elements.allSatisfy(\.bytes.isEmpty) })
    {
      note(.emptyContainer, at: DfuseLayout.prefixSize)
    }
  }

  private mutating func checkImageSize(_ stored: UInt32, at offset: Int) {
    // Without room for a suffix there is no right size, and that is an error of its own.
    guard bytes.count >= DFUSuffix.size else { return }
    let body = UInt64(bytes.count - DFUSuffix.size)
    guard UInt64(stored) != body else { return }
    let targetSizes = targets.reduce(0) { $0 + $1.size }
    let habit: ImageSizeHabit? =
      switch UInt64(stored) {
      case 0: .zero
      case UInt64(bytes.count): .wholeFile
      case UInt64(DfuseLayout.targetPrefixSize) + targetSizes: .dfusePack
      default: nil
      }
    note(.imageSize(stored: stored, expected: body, habit: habit), at: offset)
  }

  private mutating func checkTargetsAgainstEachOther() {
    for (index, target) in targets.enumerated() {
      ElementOverlap.forEach(among: target.elements) { overlap in
        let offset = elementOffsets[index][overlap.index]
        if overlap.firstDifference != nil {
          note(overlap.error, at: offset)
          return false
        }
        let shared = overlap.new.clamped(to: overlap.existing)
        note(.repeatedData(target: index, range: shared), at: offset)
        return true
      }
    }
    for alternateSetting in Set(targets.map(\.alternateSetting)).sorted() {
      let sharing = targets.indices.filter { targets[$0].alternateSetting == alternateSetting }
      guard sharing.count > 1 else { continue }
      let offsets = sharing.flatMap { elementOffsets[$0] }
      ElementOverlap.forEach(among: sharing.flatMap { targets[$0].elements }) { overlap in
        guard overlap.firstDifference != nil else { return true }
        let shared = overlap.new.clamped(to: overlap.existing)
        note(
          .targetsOverlap(alternateSetting: alternateSetting, range: shared),
          at: offsets[overlap.index])
        return false
      }
    }
  }

  // MARK: - Suffix

  private mutating func checkEnd(_ cursor: inout ByteCursor, hasSuffix: Bool) {
    if hasSuffix {
      if cursor.available == DFUSuffix.size,
        DFUSuffix.mayEnd(Array(bytes[cursor.offset..<(cursor.offset + DFUSuffix.size)]))
      {
        note(.secondSuffix, at: cursor.offset)
      } else if cursor.available > 0 {
        note(.bytesBeforeSuffix(count: cursor.available), at: cursor.offset)
      }
      return
    }
    let start = cursor.offset
    guard cursor.available >= DFUSuffix.size else {
      note(
        .truncated(
          field: "DFU suffix", offset: start, needed: DFUSuffix.size, available: cursor.available),
        at: start)
      return
    }
    if Array(bytes[(start + 8)..<(start + 11)]) == DFUSuffix.signature {
      let end = start + DFUSuffix.size
      note(.bytesAfterSuffix(offset: end, count: bytes.count - end), at: end)
    } else {
      let offset = bytes.count - 8
      note(
        .badSignature(
          field: "ucDfuSignature", offset: offset, expected: DFUSuffix.signature,
          found: Array(bytes[offset..<(offset + 3)])),
        at: offset)
    }
  }

  /// The suffix's length as far as it can be believed: where the data before it end.
  private func checkedSuffixLength(_ length: Int) -> Int {
    (DFUSuffix.size...max(DFUSuffix.size, bytes.count)).contains(length) ? length : DFUSuffix.size
  }

  private mutating func checkSuffix(
    _ found: (suffix: DFUSuffix, length: Int)?, computed: UInt32, isDfuSe: Bool
  ) {
    guard let (suffix, length) = found else { return }
    let start = bytes.count - DFUSuffix.size
    if isDfuSe, suffix.formatVersion != DFUSuffix.dfuseVersion {
      note(.formatVersion(stored: suffix.formatVersion), at: start + 6)
    }
    if suffix.productID == 0 { note(.zeroID(field: "idProduct"), at: start + 2) }
    if suffix.vendorID == 0 { note(.zeroID(field: "idVendor"), at: start + 4) }
    if length < DFUSuffix.size || length > bytes.count {
      note(
        .badSuffixLength(offset: start + 11, found: UInt8(length), available: bytes.count),
        at: start + 11)
    } else if length > DFUSuffix.size {
      note(.longSuffix(length: length), at: start + 11)
    }
    if suffix.checksum != computed {
      note(
        .crcMismatch(offset: start + 12, stored: suffix.checksum, computed: computed),
        at: start + 12)
    }
  }

  // MARK: - Notes

  private mutating func note(_ error: FormatError, at offset: Int) {
    findings.append(ContainerFinding(offset: offset, detail: .error(error)))
  }

  private mutating func note(_ warning: ContainerWarning, at offset: Int) {
    findings.append(ContainerFinding(offset: offset, detail: .warning(warning)))
  }
}
