import Testing

@testable import DfuseDevice

@Suite struct MemoryMapCorrectionTests {
  static let st = DeviceIdentity(
    vendorID: 0x0483, productID: 0xDF11, bcdDevice: 0x2100, path: "1-1", address: 4)

  static func gd32(serial: String?) -> DeviceIdentity {
    DeviceIdentity(
      vendorID: 0x28E9, productID: 0x0189, bcdDevice: 0x1000, path: "1-1", address: 4,
      serialNumber: serial)
  }

  /// The map of `text` after correction, alone on its device or among `siblings`.
  static func corrected(
    _ text: String, on identity: DeviceIdentity = st, siblings: [String] = []
  ) throws -> MemoryMap {
    let map = try #require(MemoryMap.parse(text))
    return map.corrected(for: identity, siblings: [map] + siblings.compactMap(MemoryMap.parse))
  }

  @Test func `Device Feature is readable and writable, whatever it says`() throws {
    let map = try Self.corrected("@Device Feature/0xFFFF0000/01*004 g")
    #expect(map.segments == [run(0xFFFF_0000, 1, 4, "rw")])
    #expect(map.notes == [.deviceFeatureAccess])
  }

  @Test(
    arguments: [
      "@Option Bytes  /0x1FFFF800/01*016 g", "@OTP Memory /0x1FFF7800/01*512 g,01*016 g",
      "@Option byte   /0x1FFFC000/01*512 g",
    ])
  func `option bytes and OTP are not erasable`(text: String) throws {
    let map = try Self.corrected(text)
    #expect(map.segments.allSatisfy { $0.access == [.readable, .writable] })
    #expect(map.notes == [.notErasable])
  }

  @Test(
    arguments: [
      "@Device Feature/0xFFFF0000/01*004 e", "@Option Bytes  /0x1FFFC000/01*016 e",
      "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
      "@Internal Flash   /0x08000000/256*02Kg", "@DATA Memory /0x08080000/2*3Ke",
    ])
  func `a map that is right stays as it is`(text: String) throws {
    #expect(try Self.corrected(text) == MemoryMap.parse(text))
  }

  @Test(
    arguments: [
      ("3CBJ", 128), ("3C8J", 64), ("3C6J", 32), ("3C4J", 16), ("3C2J", 8), ("3CDJ", 256),
      ("3CZJ", 128),
    ] as [(String, UInt64)])
  func `a GD32's serial number tells its pages`(serial: String, pages: UInt64) throws {
    let map = try Self.corrected(
      "@Internal Flash  /0x08000000/512*002Kg", on: Self.gd32(serial: serial))
    #expect(map.segments == [run(0x0800_0000, pages, 1024, "rew")])
    #expect(map.notes == [.gd32Pages(count: pages)])
  }

  @Test(arguments: [nil, "??", "3CBX", "4CBJ", "3CBJJ"])
  func `another serial number leaves the map of a GD32 alone`(serial: String?) throws {
    let text = "@Internal Flash  /0x08000000/512*002Kg"
    #expect(
      try Self.corrected(text, on: Self.gd32(serial: serial)) == MemoryMap.parse(text))
  }

  @Test(
    arguments: [
      "@Internal Flash  /0x08000000/128*001Kg", "@Internal Flash  /0x08000000/12*001Ka,116*001Kg",
    ])
  func `a GD32 bootloader that knows its pages is believed`(text: String) throws {
    #expect(
      try Self.corrected(text, on: Self.gd32(serial: "3CBJ")) == MemoryMap.parse(text))
  }

  @Test func `a GD32 serial number on another device means nothing`() throws {
    var identity = Self.st
    identity.serialNumber = "3CBJ"
    let text = "@Internal Flash  /0x08000000/512*002Kg"
    #expect(try Self.corrected(text, on: identity) == MemoryMap.parse(text))
  }

  @Test(
    arguments: [
      "@Option Bytes   /0x5200201C/01*297 e", "@Option Bytes /0x1FF8000/01*128 e",
    ])
  func `the first ROM of the H7A3 has sectors of 8 KiB`(optionBytes: String) throws {
    let map = try Self.corrected(
      "@Internal Flash /0x08000000/256*02Kg", siblings: [optionBytes])
    #expect(map.segments == [run(0x0800_0000, 256, 8 * kibi, "rew")])
    #expect(map.notes == [.h7a3Sectors])
  }

  @Test func `pages of 2 KiB stay so on other chips`() throws {
    let text = "@Internal Flash   /0x08000000/256*02Kg"
    #expect(
      try Self.corrected(text, siblings: ["@Option Bytes   /0x1FFF7800/01*048 e"])
        == MemoryMap.parse(text))
  }

  @Test func `an interface shows its memories corrected, by alternate setting`() {
    let interface = DFUInterface(
      number: 0, mode: .dfu,
      alternateSettings: [
        .init(number: 0, name: "@Internal Flash /0x08000000/256*02Kg"),
        .init(number: 1, name: nil),
        .init(number: 2, name: "no map"),
        .init(number: 3, name: "@Option Bytes   /0x5200201C/01*297 g"),
      ], functional: nil)
    let memories = interface.memories(of: Self.st)
    #expect(memories.map(\.alternateSetting) == [0, 3])
    #expect(
      memories.map(\.map.segments) == [
        [run(0x0800_0000, 256, 8 * kibi, "rew")], [run(0x5200_201C, 1, 297, "rw")],
      ])
    #expect(memories.map(\.map.notes) == [[.h7a3Sectors], [.notErasable]])
  }
}
