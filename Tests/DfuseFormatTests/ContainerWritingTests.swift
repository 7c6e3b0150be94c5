import Testing

@testable import DfuseFormat

/// Writing as UM0391 has it.
@Suite struct ContainerWritingTests {
  @Test func `the worked example has exactly the bytes of the tables`() throws {
    #expect(try ContainerSamples.worked.encoded() == ContainerSamples.workedBytes)
  }

  @Test func `an unnamed target with one element has the known size and checksum`() throws {
    let bytes = try ContainerSamples.unnamed.encoded()
    #expect(bytes.count == 313)
    #expect(Array(bytes[6..<10]) == UInt32(297).bytes)
    #expect(Array(bytes.suffix(4)) == UInt32(0xD184_38C0).bytes)
  }

  @Test func `two targets have the known size and checksum`() throws {
    let bytes = try ContainerSamples.twoTargets.encoded()
    #expect(bytes.count == 619)
    #expect(Array(bytes[6..<10]) == UInt32(603).bytes)
    #expect(Array(bytes.suffix(4)) == UInt32(0x3E39_C735).bytes)
  }

  @Test func `the pieces are the file, and the checksum is returned`() throws {
    var pieces: [UInt8] = []
    let checksum = try ContainerSamples.twoTargets.encode { pieces += $0 }
    #expect(pieces == (try ContainerSamples.twoTargets.encoded()))
    #expect(checksum == 0x3E39_C735)
  }

  @Test func `the size is told before anything is written`() {
    #expect(ContainerSamples.worked.encodedSize == 329)
    #expect(ContainerSamples.twoTargets.encodedSize == 619)
  }

  @Test func `an empty name still says that there is one`() throws {
    var container = ContainerSamples.unnamed
    container.targets[0].name = ""
    #expect(try container.encoded()[18] == 1)
    container.targets[0].name = nil
    #expect(try container.encoded()[18] == 0)
  }

  @Test func `a name of 254 bytes fits and leaves one NUL`() throws {
    var container = ContainerSamples.unnamed
    container.targets[0].name = String(repeating: "é", count: 127)
    let bytes = try container.encoded()
    #expect(bytes[22 + 253] == 0xA9)
    #expect(bytes[22 + 254] == 0)
    #expect(try Firmware(reading: bytes).isSame(as: container))
  }

  @Test func `an element may end at the last address`() throws {
    var container = ContainerSamples.unnamed
    container.targets[0].elements[0].address = 0xFFFF_FFFC
    #expect(try Firmware(reading: container.encoded()).isSame(as: container))
  }

  @Test func `255 targets fit`() throws {
    let target = ContainerSamples.unnamed.targets[0]
    let container = Firmware(
      targets: (0..<255).map { number in
        var target = target
        target.alternateSetting = UInt8(number)
        return target
      })
    #expect(try Firmware(reading: container.encoded()).isSame(as: container))
  }

  struct Refused: CustomTestStringConvertible {
    var testDescription: String
    var error: FormatError
    var change: @Sendable (inout Firmware) -> Void
  }

  @Test(arguments: [
    Refused(testDescription: "no target", error: .notPackable(.targetCount(0))) {
      $0.targets = []
    },
    Refused(testDescription: "256 targets", error: .notPackable(.targetCount(256))) {
      $0.targets = Array(repeating: $0.targets[0], count: 256)
    },
    Refused(testDescription: "no element", error: .notPackable(.noElements(target: 0))) {
      $0.targets[0].elements = []
    },
    Refused(
      testDescription: "an empty element",
      error: .notPackable(.emptyElement(target: 0, element: 1))
    ) {
      $0.targets[0].elements.append(ImageElement(address: 16, bytes: []))
    },
    Refused(testDescription: "256 bytes of name", error: .notPackable(.nameTooLong(bytes: 256))) {
      $0.targets[0].name = String(repeating: "x", count: 256)
    },
    Refused(testDescription: "NUL in the name", error: .notPackable(.nameHoldsNUL)) {
      $0.targets[0].name = "a\0b"
    },
    Refused(
      testDescription: "past the last address",
      error: .outsideAddressSpace(address: 0xFFFF_FFFD, size: 4)
    ) {
      $0.targets[0].elements[0].address = 0xFFFF_FFFD
    },
    Refused(
      testDescription: "elements that differ",
      error: .overlap(new: 3..<5, existing: 0..<4, firstDifference: 3)
    ) {
      $0.targets[0].elements.append(ImageElement(address: 3, bytes: [0, 0]))
    },
    Refused(
      testDescription: "elements that agree",
      error: .repeatedData(new: 3..<4, existing: 0..<4)
    ) {
      $0.targets[0].elements.append(ImageElement(address: 3, bytes: Array("A".utf8)))
    },
    Refused(
      testDescription: "an earlier address in a later element",
      error: .overlap(new: 0..<8, existing: 4..<8, firstDifference: 5)
    ) {
      $0.targets[0].elements = [
        ImageElement(address: 4, bytes: [1, 2, 3, 4]),
        ImageElement(address: 0, bytes: [0, 0, 0, 0, 1, 0, 0, 0]),
      ]
    },
    Refused(
      testDescription: "two targets for one memory",
      error: .overlap(new: 0..<1, existing: 0..<4, firstDifference: 0)
    ) {
      $0.targets.append(
        .init(alternateSetting: 0, elements: [ImageElement(address: 0, bytes: [0])]))
    },
  ])
  func `what cannot be packed is refused before the first byte`(refused: Refused) {
    var container = ContainerSamples.unnamed
    refused.change(&container)
    var written = 0
    #expect(throws: refused.error) { try container.encode { written += $0.count } }
    #expect(written == 0)
  }

  @Test func `more than 32 bits can count is refused`() {
    // The elements share one array: 4 GiB take no memory here.
    let bytes = [UInt8](repeating: 0, count: 1 << 20)
    let firmware = Firmware(targets: [
      .init(
        alternateSetting: 0,
        elements: (0..<4096 as Range<UInt32>).map { ImageElement(address: $0 << 20, bytes: bytes) })
    ])
    #expect(throws: FormatError.notPackable(.tooLarge(11 + 274 + 4096 * (8 + (1 << 20)) + 16))) {
      try firmware.encode { _ in }
    }
  }

  @Test func `firmware that names no memory and no device is for the first one of any`() throws {
    let image = try MemoryImage(merging: [
      ImageElement(address: 0x0800_0000, bytes: [1, 2, 3, 4])
    ])
    let read = try Firmware(reading: Firmware(image).encoded())
    #expect(read.targets == [.init(alternateSetting: 0, elements: image.runs)])
    #expect(
      read.isSame(
        as: Firmware(
          suffix: DFUSuffix(productID: 0xFFFF, vendorID: 0xFFFF), targets: read.targets)))
  }

  @Test func `the same addresses in different memories are no overlap`() throws {
    var container = ContainerSamples.unnamed
    container.targets.append(container.targets[0])
    container.targets[1].alternateSetting = 1
    #expect(try Firmware(reading: container.encoded()).isSame(as: container))
  }
}
