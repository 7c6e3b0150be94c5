import Testing

@testable import DfuseFormat

private typealias Offset = ContainerSamples.Offset

/// Reading: what is an error, what a warning, and where.
@Suite struct ContainerReadingTests {
  @Test func `the worked example is read without a finding`() {
    let firmware = Firmware.inspect(ContainerSamples.workedBytes)
    #expect(firmware.format == .container)
    #expect(firmware.isSame(as: ContainerSamples.worked))
    #expect(firmware.findings.isEmpty)
    #expect(firmware.suffix?.formatVersion == 0x011A)
    #expect(firmware.suffix?.checksum == 0x4551_D4CA)
  }

  @Test func `a plain DFU file is recognised, and no container`() throws {
    let firmware = try Firmware(reading: ContainerSamples.plainBytes)
    #expect(firmware.format == .plainDFU)
    #expect(firmware.elements == [ImageElement(address: 0, bytes: Array(0...15))])
    #expect(!firmware.isPlaced)
    #expect(firmware.suffix?.formatVersion == 0x0100)
    #expect(firmware.findings.isEmpty)
    let placed = try Firmware(reading: ContainerSamples.plainBytes, at: 0x0800_4000)
    #expect(placed.elements == [ImageElement(address: 0x0800_4000, bytes: Array(0...15))])
    #expect(placed.isPlaced)
  }

  // MARK: - Errors

  struct Damage: CustomTestStringConvertible {
    var testDescription: String
    var bytes: [UInt8]
    var offset: Int
    var error: FormatError

    init(_ name: String, at offset: Int, _ error: FormatError, _ bytes: [UInt8]) {
      testDescription = name
      self.bytes = bytes
      self.offset = offset
      self.error = error
    }
  }

  static let damages: [Damage] = [
    Damage(
      "an empty file", at: 0,
      .truncated(field: "szSignature", offset: 0, needed: 5, available: 0), []),
    Damage(
      "no signature", at: 0,
      .badSignature(
        field: "szSignature", offset: 0, expected: Array("DfuSe".utf8),
        found: Array("Hello".utf8)), Array("Hello, world".utf8)),
    Damage(
      "version 2", at: 5, .unsupportedVersion(offset: 5, found: 2),
      ContainerSamples.worked { $0[5] = 2 }),
    Damage(
      "no target signature", at: 11,
      .badSignature(
        field: "szSignature of target 0", offset: 11, expected: Array("Target".utf8),
        found: Array("Xarget".utf8)), ContainerSamples.worked { $0[11] = UInt8(ascii: "X") }),
    Damage(
      "a second target that is not there", at: Offset.suffix,
      .truncated(field: "target szSignature", offset: Offset.suffix, needed: 6, available: 0),
      ContainerSamples.worked { $0[Offset.targets] = 2 }),
    Damage(
      "four thousand million elements", at: Offset.elementCount,
      .sizeBeyondEnd(
        field: "dwNbElements of target 0", offset: Offset.elementCount,
        size: 8 * 0xFFFF_FFFF, available: 28),
      ContainerSamples.worked { $0.put(0xFFFF_FFFF, at: Offset.elementCount) }),
    Damage(
      "an element of 4 GiB", at: Offset.element0 + 4,
      .sizeBeyondEnd(
        field: "dwElementSize of element 0 of target 0", offset: Offset.element0 + 4,
        size: 0xFFFF_FFFF, available: 20),
      ContainerSamples.worked { $0.put(0xFFFF_FFFF, at: Offset.element0 + 4) }),
    Damage(
      "an element beyond its target", at: Offset.element1 + 4,
      .elementBeyondTarget(
        target: 0, element: 1, offset: Offset.element1 + 4, size: 4, available: 3),
      ContainerSamples.worked { $0.put(27, at: Offset.targetSize) }),
    Damage(
      "elements that overlap and differ", at: Offset.element1,
      .overlap(
        new: 0x0800_0006..<0x0800_000A, existing: 0x0800_0000..<0x0800_0008,
        firstDifference: 0x0800_0006),
      ContainerSamples.worked { $0.put(0x0800_0006, at: Offset.element1) }),
    Damage(
      "an element past the last address", at: Offset.element1,
      .outsideAddressSpace(address: 0xFFFF_FFFD, size: 4),
      ContainerSamples.worked { $0.put(0xFFFF_FFFD, at: Offset.element1) }),
    Damage(
      "a wrong checksum", at: Offset.checksum,
      .crcMismatch(offset: Offset.checksum, stored: 0x4551_D4CB, computed: 0x4551_D4CA),
      {
        var bytes = ContainerSamples.workedBytes
        bytes[Offset.checksum] ^= 1
        return bytes
      }()),
    Damage(
      "no suffix signature", at: Offset.suffix + 8,
      .badSignature(
        field: "ucDfuSignature", offset: Offset.suffix + 8, expected: Array("UFD".utf8),
        found: Array("UFX".utf8)),
      ContainerSamples.worked { $0[Offset.suffix + 10] = UInt8(ascii: "X") }),
    Damage(
      "a suffix that is too short", at: Offset.suffix + 11,
      .badSuffixLength(offset: Offset.suffix + 11, found: 15, available: 329),
      ContainerSamples.worked { $0[Offset.suffix + 11] = 15 }),
    Damage(
      "bytes behind the suffix", at: 329, .bytesAfterSuffix(offset: 329, count: 20),
      ContainerSamples.workedBytes + [UInt8](repeating: 0, count: 20)),
    Damage(
      "no suffix at all", at: Offset.suffix,
      .truncated(field: "DFU suffix", offset: Offset.suffix, needed: 16, available: 0),
      Array(ContainerSamples.workedBytes.prefix(Offset.suffix))),
  ]

  @Test(arguments: damages)
  func `damage is an error with its offset`(damage: Damage) {
    #expect(throws: damage.error) { try Firmware(reading: damage.bytes, as: .container) }
    let inspection = Firmware.inspect(damage.bytes, as: .container)
    #expect(
      inspection.findings.contains(
        Firmware.Finding(damage.error, at: damage.offset)))
  }

  @Test func `a lenient read still gives what is there`() {
    let bytes = ContainerSamples.worked { $0.put(27, at: Offset.targetSize) }
    #expect(Firmware.inspect(bytes).isSame(as: ContainerSamples.worked))
  }

  @Test func `a lenient read of half a file gives the elements that are whole`() {
    let inspection = Firmware.inspect(
      Array(ContainerSamples.workedBytes.prefix(Offset.element1 + 9)), as: .container)
    #expect(inspection.format == .container)
    #expect(inspection.targets[0].elements == [ContainerSamples.worked.targets[0].elements[0]])
  }

  @Test func `findings come in the order of the file`() {
    let bytes = ContainerSamples.worked {
      $0.put(0, at: Offset.imageSize)
      $0.put(2, at: Offset.named)
      $0.put(27, at: Offset.targetSize)
      $0[Offset.suffix + 4] = 0
      $0[Offset.suffix + 5] = 0
    }
    let offsets = Firmware.inspect(bytes, as: .container).findings.map(\.offset)
    #expect(
      offsets == [Offset.imageSize, Offset.named, Offset.element1 + 4, Offset.suffix + 4])
  }

  // MARK: - Warnings

  struct Oddity: CustomTestStringConvertible {
    var testDescription: String
    var offset: Int
    var warning: Firmware.Warning
    var bytes: [UInt8]
    var container: Firmware

    init(
      _ name: String, at offset: Int, _ warning: Firmware.Warning, _ bytes: [UInt8],
      container: Firmware = ContainerSamples.worked
    ) {
      testDescription = name
      self.offset = offset
      self.warning = warning
      self.bytes = bytes
      self.container = container
    }
  }

  private static func named(_ name: String?) -> Firmware {
    var container = ContainerSamples.worked
    container.targets[0].name = name
    return container
  }

  static let oddities: [Oddity] = [
    Oddity(
      "the whole file as size", at: 6,
      .imageSize(stored: 329, expected: 313, habit: .wholeFile),
      ContainerSamples.worked { $0.put(329, at: 6) }),
    Oddity(
      "dfuse_pack's size", at: 6, .imageSize(stored: 302, expected: 313, habit: .dfusePack),
      ContainerSamples.worked { $0.put(302, at: 6) }),
    Oddity(
      "no size", at: 6, .imageSize(stored: 0, expected: 313, habit: .zero),
      ContainerSamples.worked { $0.put(0, at: 6) }),
    Oddity(
      "a size from nowhere", at: 6, .imageSize(stored: 77, expected: 313, habit: nil),
      ContainerSamples.worked { $0.put(77, at: 6) }),
    Oddity(
      "junk in bTargetNamed", at: Offset.named, .namedFlag(target: 0, stored: 0xABCD_EF01),
      ContainerSamples.worked { $0.put(0xABCD_EF01, at: Offset.named) }),
    Oddity(
      "junk behind the name", at: Offset.name + 5, .junkBehindName(target: 0),
      ContainerSamples.worked { $0[Offset.name + 200] = 0xCC }),
    Oddity(
      "a name without NUL", at: Offset.name, .nameWithoutNUL(target: 0),
      ContainerSamples.worked {
        for index in 0..<255 { $0[Offset.name + index] = UInt8(ascii: "n") }
      }, container: named(String(repeating: "n", count: 255))),
    Oddity(
      "a name in Latin-1", at: Offset.name, .nameNotUTF8(target: 0),
      ContainerSamples.worked { $0[Offset.name] = 0xE9 }, container: named("éT...")),
    Oddity(
      "text without bTargetNamed", at: Offset.name, .nameOfUnnamed(target: 0),
      ContainerSamples.worked { $0.put(0, at: Offset.named) }, container: named(nil)),
    Oddity(
      "a target larger than its elements", at: Offset.targetSize,
      .targetSize(target: 0, stored: 29, actual: 28),
      ContainerSamples.worked { $0.put(29, at: Offset.targetSize) }),
    Oddity(
      "bytes before the suffix", at: Offset.suffix, .bytesBeforeSuffix(count: 3),
      ContainerSamples.worked { $0.insert(contentsOf: [1, 2, 3], at: Offset.suffix) }),
    Oddity(
      "a plain DFU version", at: Offset.suffix + 6, .formatVersion(stored: 0x0100),
      ContainerSamples.worked { $0[Offset.suffix + 6] = 0 }),
    Oddity(
      "a long suffix", at: Offset.suffix + 13, .longSuffix(length: 18),
      ContainerSamples.worked {
        $0.insert(contentsOf: [7, 7], at: Offset.suffix)
        $0[Offset.suffix + 13] = 18
      }),
    Oddity(
      "vendor 0000", at: Offset.suffix + 4, .zeroID(field: "idVendor"),
      ContainerSamples.worked {
        $0[Offset.suffix + 4] = 0
        $0[Offset.suffix + 5] = 0
      },
      container: {
        var container = ContainerSamples.worked
        container.suffix?.vendorID = 0
        return container
      }()),
    Oddity(
      "elements that repeat themselves", at: Offset.element1,
      .repeatedData(target: 0, range: 0x0800_0003..<0x0800_0004),
      ContainerSamples.sealed(repeatingContainerBytes), container: repeatingContainer),
  ]

  private static let repeatingContainer: Firmware = {
    var container = ContainerSamples.worked
    container.targets[0].elements[1] = ImageElement(address: 0x0800_0003, bytes: [0x20])
    return container
  }()

  private static let repeatingContainerBytes: [UInt8] = {
    var bytes = ContainerSamples.workedBytes
    bytes.put(0x0800_0003, at: Offset.element1)
    bytes.put(1, at: Offset.element1 + 4)
    bytes.replaceSubrange((Offset.element1 + 8)..<(Offset.element1 + 12), with: [0x20])
    bytes.put(25, at: Offset.targetSize)
    bytes.put(310, at: Offset.imageSize)
    return bytes
  }()

  @Test(arguments: oddities)
  func `an oddity is a warning, and the data stay`(oddity: Oddity) throws {
    let inspection = Firmware.inspect(oddity.bytes, as: .container)
    #expect(
      inspection.findings.contains(
        Firmware.Finding(oddity.warning, at: oddity.offset)))
    #expect(inspection.firstError == nil)
    #expect(try Firmware(reading: oddity.bytes).isSame(as: oddity.container))
  }

  @Test func `no targets, no elements and no bytes are told, and all of it together an error`()
    throws
  {
    let none = ContainerSamples.sealed(
      Array("DfuSe".utf8) + [1, 11, 0, 0, 0, 0] + ContainerSamples.workedBytes.suffix(16))
    #expect(
      Firmware.inspect(none, as: .container).findings
        == [
          Firmware.Finding(.noTargets, at: 10),
          Firmware.Finding(.noData(.container), at: 11),
        ])

    let noElements = ContainerSamples.sealed(
      Array(ContainerSamples.workedBytes.prefix(Offset.targetSize))
        + [0, 0, 0, 0, 0, 0, 0, 0] + ContainerSamples.workedBytes.suffix(16))
    #expect(
      Firmware.inspect(noElements, as: .container).findings.map(\.detail).contains(
        .warning(.noElements(target: 0))))

    let empty = ContainerSamples.sealed(
      Array(ContainerSamples.workedBytes.prefix(Offset.targetSize))
        + [8, 0, 0, 0, 1, 0, 0, 0] + [0, 0, 0, 8, 0, 0, 0, 0]
        + ContainerSamples.workedBytes.suffix(16))
    #expect(
      Firmware.inspect(empty, as: .container).findings.map(\.detail).contains(
        .warning(.emptyElement(target: 0, element: 0))))
  }

  /// 27 bytes that were flashed with success.
  @Test func `a container without data is refused`() {
    let bytes: [UInt8] = [
      0x44, 0x66, 0x75, 0x53, 0x65, 0x01, 0x0B, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0x11, 0xDF,
      0x83,
      0x04, 0x1A, 0x01, 0x55, 0x46, 0x44, 0x10, 0xE9, 0x3A, 0x0E, 0xF0,
    ]
    #expect(throws: FormatError.noData(.container)) { try Firmware(reading: bytes) }
  }

  /// Klipper's writer counts the data alone, others write nothing.
  @Test(arguments: [12, 0] as [UInt32])
  func `a target's size without the headers of its elements is a warning in a whole file`(
    size: UInt32
  ) throws {
    let bytes = ContainerSamples.worked { $0.put(size, at: Offset.targetSize) }
    #expect(
      Firmware.inspect(bytes, as: .container).findings == [
        Firmware.Finding(
          .targetSize(target: 0, stored: size, actual: 28), at: Offset.targetSize)
      ])
    #expect(try Firmware(reading: bytes).isSame(as: ContainerSamples.worked))
    var damaged = bytes
    damaged[damaged.count - 1] ^= 1
    #expect(
      Firmware.inspect(damaged, as: .container).findings.compactMap(\.error).contains {
        if case .elementBeyondTarget = $0 { true } else { false }
      })
  }

  @Test func `a container that was given its suffix twice is a warning`() throws {
    var bytes = ContainerSamples.workedBytes
    bytes += bytes.suffix(16)
    let inspection = Firmware.inspect(ContainerSamples.sealed(bytes), as: .container)
    #expect(inspection.firstError == nil)
    #expect(inspection.findings.map(\.detail).contains(.warning(.secondSuffix)))
  }

  @Test func `a container inside an element is refused`() throws {
    var outer = ContainerSamples.worked
    outer.targets[0].elements[0].bytes = ContainerSamples.workedBytes
    outer.targets[0].elements.removeLast()
    #expect(
      throws: FormatError.containerInElement(target: 0, element: 0, offset: Offset.element0 + 8)
    ) {
      try Firmware(reading: outer.encoded())
    }
  }

  @Test func `two targets that differ about one memory are a warning`() throws {
    var container = ContainerSamples.twoTargets
    container.targets[1].elements[0].address = 0x0800_0000
    var bytes = try container.encoded()
    // The second target's alternate setting: behind the prefix and the first target.
    bytes[11 + 274 + 32 + 6] = 0
    let inspection = Firmware.inspect(ContainerSamples.sealed(bytes), as: .container)
    #expect(
      inspection.findings.map(\.detail)
        == [.warning(.targetsOverlap(alternateSetting: 0, range: 0x0800_0000..<0x0800_0004))])
  }

  // MARK: - Everything else

  @Test func `every beginning of a file is refused`() {
    let bytes = ContainerSamples.workedBytes
    for length in 0..<bytes.count {
      #expect(throws: FormatError.self) {
        try Firmware(reading: Array(bytes.prefix(length)), as: .container)
      }
    }
  }

  @Test(arguments: 11...26)
  func `a file without targets that is shorter than a suffix is refused`(length: Int) {
    // Found by fuzzing: the size less the suffix went below zero.
    let bytes = Array("DfuSe".utf8) + [1, 0, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 15)
    #expect(throws: FormatError.self) {
      try Firmware(reading: Array(bytes.prefix(length)), as: .container)
    }
  }

  @Test func `a claim of 4 GiB in a small file is refused without an allocation of its size`() {
    // Element counts and sizes at their largest, in every place of a size.
    for offset in [
      Offset.targetSize, Offset.elementCount, Offset.element0 + 4, Offset.element1 + 4,
    ] {
      let bytes = ContainerSamples.worked { $0.put(0xFFFF_FFFF, at: offset) }
      let inspection = Firmware.inspect(bytes, as: .container)
      #expect(!inspection.findings.isEmpty)
    }
  }
}
