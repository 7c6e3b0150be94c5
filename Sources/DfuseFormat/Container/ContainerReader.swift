/// Walks through a DFU file in file order and notes what it finds.
///
/// No size or count from the file is believed before it is held against the bytes that are there.
struct ContainerReader {
  private let bytes: [UInt8]
  private var findings: [Firmware.Finding] = []
  private var targets: [Firmware.Target] = []
  /// Where each target's elements start in the file.
  private var elementOffsets: [[Int]] = []
  /// The suffix, and its length as stored.
  private let suffix: (fields: DFUSuffix, length: Int)?
  /// The checksum that the suffix ought to hold.
  private let checksum: UInt32

  private init(_ bytes: [UInt8]) {
    self.bytes = bytes
    suffix = DFUSuffix.find(in: bytes)
    checksum = suffix == nil ? 0 : CRC32.checksum(of: bytes[..<(bytes.count - 4)])
  }

  /// Reads a DFU file: a container if it begins as one, else a plain file if it has a suffix.
  ///
  /// - Returns: What could be read, with everything odd among the findings.
  static func read(_ bytes: [UInt8]) -> Firmware {
    var reader = ContainerReader(bytes)
    var firmware = Firmware(suffix: reader.suffix?.fields, targets: [])
    let isDfuSe = bytes.starts(with: DfuseLayout.signature)
    if isDfuSe || reader.suffix == nil {
      if reader.readContainer() { firmware.format = .container }
      firmware.targets = reader.targets
    } else {
      // A plain file is anything with a suffix: it has no structure that could be checked.
      let payload = Array(bytes[..<reader.dataEnd])
      firmware.format = .plainDFU
      firmware.isPlaced = false
      firmware.targets = [Firmware.Target(elements: [ImageElement(address: 0, bytes: payload)])]
    }
    reader.checkSuffix(isDfuSe: isDfuSe)
    firmware.findings = reader.findings.sorted { ($0.offset ?? 0) < ($1.offset ?? 0) }
    return firmware
  }

  /// Whether the file is as its writer made it.
  private var isSealed: Bool { suffix?.fields.checksum == checksum }

  /// Where the data before the suffix end: its length counts as far as it can be believed.
  private var dataEnd: Int {
    guard let suffix else { return bytes.count }
    let isPossible = (DFUSuffix.size...max(DFUSuffix.size, bytes.count)).contains(suffix.length)
    return bytes.count - (isPossible ? suffix.length : DFUSuffix.size)
  }

  // MARK: - Container

  /// Reads the targets; false if there is no container.
  private mutating func readContainer() -> Bool {
    var cursor = ByteCursor(bytes, end: dataEnd)
    do throws(FormatError) {
      try cursor.expect(DfuseLayout.signature, field: "szSignature")
    } catch {
      note(error)
      return false
    }
    do throws(FormatError) {
      try readTargets(&cursor)
      checkEnd(&cursor)
    } catch {
      note(error)
    }
    checkTargetsAgainstEachOther()
    checkContents()
    return true
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
    try cursor.expect(
      DfuseLayout.targetSignature, field: "target szSignature",
      named: "szSignature of target \(index)")
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
    let data = targets[index].elements.reduce(0) { $0 + $1.bytes.count }
    // Some writers count the data alone (Klipper's), or nothing; a right checksum says that the
    // file is whole.
    if actual < UInt64(size) || isSealed && overrun != nil && (size == 0 || Int(size) == data) {
      note(.targetSize(target: index, stored: size, actual: actual), at: sizeOffset)
    } else if let overrun {
      note(overrun)
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
      do throws(FormatError) { try element.checkAddresses() } catch { note(error, at: start) }
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
        note(.containerInElement(target: target, element: index, offset: offset))
      }
    }
    if findings.allSatisfy({ $0.error == nil }),
      targets.allSatisfy({ $0.elements.allSatisfy(\.bytes.isEmpty) })
    {
      note(.noData(.container), at: DfuseLayout.prefixSize)
    }
  }

  private mutating func checkImageSize(_ stored: UInt32, at offset: Int) {
    // Without room for a suffix there is no right size, and that is an error of its own.
    guard bytes.count >= DFUSuffix.size else { return }
    let body = UInt64(bytes.count - DFUSuffix.size)
    guard UInt64(stored) != body else { return }
    let targetSizes = targets.reduce(0) { $0 + $1.size }
    let habit: Firmware.ImageSizeHabit? =
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
      for overlap in ElementOverlap.list(among: target.elements) {
        let offset = elementOffsets[index][overlap.index]
        if overlap.firstDifference != nil {
          note(overlap.error, at: offset)
        } else {
          note(.repeatedData(target: index, range: overlap.shared), at: offset)
        }
      }
    }
    for alternateSetting in targets.alternateSettings {
      let sharing = targets.indices.filter { targets[$0].alternateSetting == alternateSetting }
      guard sharing.count > 1 else { continue }
      let offsets = sharing.flatMap { elementOffsets[$0] }
      for overlap in ElementOverlap.list(among: sharing.flatMap { targets[$0].elements })
      where overlap.firstDifference != nil {
        note(
          .targetsOverlap(alternateSetting: alternateSetting ?? 0, range: overlap.shared),
          at: offsets[overlap.index])
      }
    }
  }

  // MARK: - Suffix

  private mutating func checkEnd(_ cursor: inout ByteCursor) {
    let (start, available) = (cursor.offset, cursor.available)
    if suffix != nil {
      if available == DFUSuffix.size, DFUSuffix.hasSignature(bytes[start...]) {
        note(.secondSuffix, at: start)
      } else if available > 0 {
        note(.bytesBeforeSuffix(count: available), at: start)
      }
    } else if available < DFUSuffix.size {
      note(
        .truncated(
          field: "DFU suffix", offset: start, needed: DFUSuffix.size, available: available))
    } else if DFUSuffix.hasSignature(bytes[start...]) {
      let end = start + DFUSuffix.size
      note(.bytesAfterSuffix(offset: end, count: bytes.count - end))
    } else {
      let offset = bytes.count - 8
      note(
        .badSignature(
          field: "ucDfuSignature", offset: offset, expected: DFUSuffix.signature,
          found: Array(bytes[offset..<(offset + 3)])))
    }
  }

  private mutating func checkSuffix(isDfuSe: Bool) {
    guard let (suffix, length) = suffix else { return }
    let start = bytes.count - DFUSuffix.size
    if isDfuSe, suffix.formatVersion != DFUSuffix.dfuseVersion {
      note(.formatVersion(stored: suffix.formatVersion), at: start + 6)
    }
    if suffix.productID == 0 { note(.zeroID(field: "idProduct"), at: start + 2) }
    if suffix.vendorID == 0 { note(.zeroID(field: "idVendor"), at: start + 4) }
    if length < DFUSuffix.size || length > bytes.count {
      note(.badSuffixLength(offset: start + 11, found: UInt8(length), available: bytes.count))
    } else if length > DFUSuffix.size {
      note(.longSuffix(length: length), at: start + 11)
    }
    if !isSealed {
      note(.crcMismatch(offset: start + 12, stored: suffix.checksum, computed: checksum))
    }
  }

  // MARK: - Notes

  /// Notes an error, at the offset that it names or, where it names none, at this one.
  private mutating func note(_ error: FormatError, at offset: Int? = nil) {
    findings.append(Firmware.Finding(error, at: error.offset ?? offset))
  }

  private mutating func note(_ warning: Firmware.Warning, at offset: Int) {
    findings.append(Firmware.Finding(warning, at: offset))
  }
}
