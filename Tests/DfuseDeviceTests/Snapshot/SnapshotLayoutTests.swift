import DfuseFormat
import Testing

@testable import DfuseDevice

/// What a snapshot takes, how a container names it, and what is read back of that.
@Suite struct SnapshotLayoutTests {
  private func board(
    _ names: [String], serial: String? = nil, bcdDevice: UInt16 = 0x2200
  ) -> Board {
    let identity = DeviceIdentity(
      vendorID: 0x0483, productID: 0xDF11, bcdDevice: bcdDevice, path: "1-1", address: 1,
      serialNumber: serial)
    let settings = names.enumerated().map { number, name in
      DFUInterface.AlternateSetting(number: UInt8(number), name: name)
    }
    return Board(
      identity: identity,
      interface: DFUInterface(
        number: 0, mode: .dfu, alternateSettings: settings, functional: nil))
  }

  @Test func `what a bootloader makes up is no part, and what is shown twice is one`() {
    let layout = SnapshotLayout(
      of: board([
        "@Internal Flash  /0x08000000/04*016Kg", "@Internal Flash  /0x08000000/04*016Kg",
        "@Option Bytes  /0x1FFFC000/01*016 e", "@OTP Memory /0x1FFF7800/01*512 e,01*016 e",
        "@Device Feature/0xFFFF0000/01*004 e",
      ]))
    #expect(layout.parts.map(\.memory.alternateSetting) == [0, 2, 3])
    #expect(layout.byteCount == 65536 + 16 + 528)
  }

  /// ST community 839156: a G0C1 gives its flash's name to all three alternate settings.
  ///
  /// ST's programmer reads 116 bytes at 0x1FFF_7800 of it.
  @Test func `option bytes that a chip serves under its flash's name are taken by their address`()
    throws
  {
    let name = "@Internal Flash   /0x08000000/256*02Kg"
    let names = [name, name, name]
    let g0 = board(names, bcdDevice: 0x0200)
    let layout = SnapshotLayout(of: g0)
    #expect(layout.parts.map(\.memory.alternateSetting) == [0, 1])
    #expect(layout.parts.last?.ranges == [0x1FFF_7800..<0x1FFF_7874])
    #expect(layout.parts.map(\.targetName) == [name, "@Option Bytes   /0x1FFF7800/01*116 e"])
    #expect(g0.memories.map(\.map.text) == names)
    // What is made of it is one of a G0, and fits a G0.
    let bytes = [UInt8](repeating: 0x5A, count: Int(layout.byteCount))
    let snapshot = try #require(
      Snapshot(layout.firmware(bytes, chip: g0.chip, suffix: DFUSuffix())))
    #expect(snapshot.chip.name == g0.chip.name)
    #expect(snapshot.isSameLine(as: g0, parts: ["STM32G0B1/0C1"], own: nil))
    // With one name alone, or of a chip that nobody knows, nothing is looked for there.
    #expect(SnapshotLayout(of: board([name], bcdDevice: 0x0200)).parts.count == 1)
    let other = String(name.map { $0 == "2" ? "3" : $0 })
    #expect(SnapshotLayout(of: board([other, other], bcdDevice: 0x0200)).parts.count == 1)
  }

  @Test(
    arguments: [
      (
        "@Option Bytes   /0x40022040/01*64 e", [0x4002_2040..<0x4002_2070],
        [0x4002_2070..<0x4002_2080]
      ),
      (
        "@OB Bytes          /0x40022020/01*136 e", [0x4002_2020..<0x4002_2084],
        [0x4002_2084..<0x4002_20A8]
      ),
      ("@Option Bytes  /0x40022040/01*48 e", [0x4002_2040..<0x4002_2070], []),
      ("@Option Bytes  /0x40022050/01*176 e", [0x4002_2050..<0x4002_2100], []),
      (
        "@Option Bytes  /0x1FFFC000/01*016 e/0x1FFEC000/01*016 e",
        [0x1FFE_C000..<0x1FFE_C010, 0x1FFF_C000..<0x1FFF_C010], []
      ),
    ] as [(String, [Range<UInt64>], [Range<UInt64>])])
  func `key words are no option bytes`(
    _ text: String, _ ranges: [Range<UInt64>], _ keys: [Range<UInt64>]
  ) throws {
    let board = board(["@Internal Flash   /0x08000000/128*08Kg", text])
    let map = board.memories[1].map
    #expect(OptionBytesExtent.readable(map: map) == ranges)
    #expect(map.keyWords == keys)
    #expect(map.ranges(.readable) == ranges)
    // The string alone, as somebody may ask who has not corrected it.
    let raw = try #require(MemoryMap.parse(text))
    #expect(OptionBytesExtent.readable(map: raw) == ranges)
    for key in keys { #expect(map.segment(at: key.lowerBound) == nil) }
  }

  @Test func `a target's name is the memory's map, put right where it is wrong`() throws {
    let layout = SnapshotLayout(
      of: board([
        "@Internal Flash   /0x08000000/128*08Kg", "@Option Bytes   /0x40022040/01*64 e",
      ]))
    #expect(
      layout.parts.map(\.targetName) == [
        "@Internal Flash   /0x08000000/128*08Kg", "@Option Bytes /0x40022040/01*048 e",
      ])
    for part in layout.parts {
      let map = try #require(MemoryMap.parse(part.targetName))
      #expect(map.ranges(.readable) == part.ranges)
    }
  }

  @Test func `a container tells what was read and blank`() throws {
    let board = board([
      "@Internal Flash  /0x08000000/04*016Kg", "@Option Bytes  /0x1FFFC000/01*016 e",
    ])
    let layout = SnapshotLayout(of: board)
    var flash = [UInt8](repeating: 0xFF, count: 65536)
    flash[5000] = 1
    flash[6143] = 2
    flash[65535] = 3
    let options = [UInt8](repeating: 0xFF, count: 16)
    let firmware = layout.firmware(
      flash + options, chip: board.chip, suffix: DFUSuffix())
    let sizes = firmware.targets.map {
      $0.elements.map { [UInt64($0.address), UInt64($0.bytes.count)] }
    }
    #expect(
      sizes == [
        [[0x0800_0000, 1024], [0x0800_1000, 2048], [0x0800_FC00, 1024]], [[0x1FFF_C000, 16]],
      ])
    let back = try #require(Snapshot(try Firmware(reading: firmware.encoded())))
    #expect(
      back.memories.map(\.ranges) == [[0x0800_0000..<0x0801_0000], [0x1FFF_C000..<0x1FFF_C010]])
    let whole = back.restoration(for: board).firmware
    #expect(whole.targets.map(\.elements) == [[ImageElement(address: 0x0800_0000, bytes: flash)]])
  }

  @Test(arguments: [
    nil, "Internal Flash", "@Internal Flash", "@Internal Flash /0x08000400/04*016Kg",
  ])
  func `other containers are no snapshots`(_ name: String?) {
    let element = ImageElement(address: 0x0800_0000, bytes: [1, 2])
    let target = Firmware.Target(alternateSetting: 0, name: name, elements: [element])
    #expect(Snapshot(Firmware(targets: [target])) == nil)
  }

  @Test func `bytes beside what a map has are no part of a snapshot`() {
    func snapshot(_ elements: [ImageElement]) -> Snapshot? {
      Snapshot(
        Firmware(targets: [
          .init(
            alternateSetting: 0, name: "@Internal Flash /0x08000000/01*004 g", elements: elements)
        ]))
    }
    #expect(snapshot([ImageElement(address: 0x0800_0000, bytes: [1])]) != nil)
    #expect(snapshot([ImageElement(address: 0x0800_0001, bytes: [1])]) == nil)
    #expect(snapshot([ImageElement(address: 0x0800_0000, bytes: [1, 2, 3, 4, 5])]) == nil)
  }

  @Test func `a bootloader's own sectors are left alone`() throws {
    let text = "@Internal Flash /0x08000000/02*016Ka,02*016Kg"
    let board = board([text])
    let snapshot = try #require(
      Snapshot(
        Firmware(targets: [
          .init(
            alternateSetting: 0, name: text,
            elements: [
              ImageElement(address: 0x0800_0000, bytes: [1, 2, 3, 4]),
              ImageElement(address: 0x0800_8000, bytes: [5]),
            ])
        ])))
    let restoration = snapshot.restoration(for: board)
    #expect(restoration.leftAlone == [0x0800_0000..<0x0800_0004])
    let elements = restoration.firmware.elements
    #expect(elements.map(\.range) == [0x0800_8000..<0x0801_0000])
    #expect(elements.first?.bytes.prefix(2) == [5, 0xFF])
  }
}
