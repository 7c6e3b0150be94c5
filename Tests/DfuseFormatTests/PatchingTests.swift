import DfuseFormat
import Testing

/// Bytes that are put into firmware.
@Suite struct PatchingTests {
  private func element(_ address: UInt32, _ bytes: UInt8...) -> ImageElement {
    ImageElement(address: address, bytes: bytes)
  }

  private func patched(_ parts: [ImageElement], _ element: ImageElement) throws -> [ImageElement] {
    var firmware = Firmware(targets: [.init(elements: parts)])
    try firmware.put(element)
    return try firmware.image.runs
  }

  @Test func `bytes take the place of others`() throws {
    #expect(
      try patched([element(0x100, 1, 2, 3, 4)], element(0x101, 8, 9))
        == [element(0x100, 1, 8, 9, 4)])
  }

  @Test func `bytes that the firmware has none for are added`() throws {
    #expect(
      try patched([element(0x100, 1, 2)], element(0x200, 8, 9))
        == [element(0x100, 1, 2), element(0x200, 8, 9)])
    #expect(
      try patched([element(0x100, 1, 2), element(0x104, 3, 4)], element(0xFF, 9, 8, 7, 6, 5, 4, 3))
        == [element(0xFF, 9, 8, 7, 6, 5, 4, 3)])
  }

  @Test func `what is added goes to the memory that is named`() throws {
    var firmware = Firmware(
      targets: [.init(alternateSetting: 0, elements: [element(0x100, 1, 2)])])
    try firmware.put(element(0x101, 8, 9), alternateSetting: 3)
    #expect(
      firmware.targets == [
        .init(alternateSetting: 0, elements: [element(0x100, 1, 8)]),
        .init(alternateSetting: 3, elements: [element(0x102, 9)]),
      ])
  }

  @Test func `bytes that are there several times are changed in each place`() throws {
    var firmware = Firmware(
      targets: [0, 1].map { .init(alternateSetting: $0, elements: [element(0x100, 1, 2)]) })
    try firmware.put(element(0x100, 9))
    #expect(firmware.elements == [element(0x100, 9, 2), element(0x100, 9, 2)])
  }

  @Test func `bytes above the address space are refused`() throws {
    #expect(
      try patched([element(0xFFFF_FFFE, 1, 2)], element(0xFFFF_FFFF, 9))
        == [element(0xFFFF_FFFE, 1, 9)])
    #expect(throws: FormatError.outsideAddressSpace(address: 0xFFFF_FFFF, size: 2)) {
      try patched([], element(0xFFFF_FFFF, 1, 2))
    }
  }
}
