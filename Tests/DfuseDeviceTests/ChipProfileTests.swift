import Testing

@testable import DfuseDevice

/// A device as it shows itself, and the chip it is.
struct ChipCase: Sendable, CustomTestStringConvertible {
  var name: String
  var unit: Int
  var erased: UInt8 = 0xFF
  var release: UInt16 = 0x2200
  var product: String? = "STM32  BOOTLOADER"
  var quirks: Set<ChipQuirk> = []
  var alternates: [String]

  var testDescription: String { name + " " + (alternates.first ?? "") }

  var identity: DeviceIdentity {
    DeviceIdentity(
      vendorID: 0x0483, productID: 0xDF11, bcdDevice: release, path: "1-1", address: 4,
      product: product)
  }

  static let feature = "@Device Feature/0xFFFF0000/01*004 e"
  static let otpF4 = "@OTP Memory /0x1FFF7800/01*512 e,01*016 e"

  static let all: [ChipCase] = [
    .init(
      name: "STM32F105/107", unit: 4, release: 0x2000,
      product: "STM32 0x418 DFU Bootloader",
      alternates: [
        "@Internal Flash  /0x08000000/128*002Kg", "@Option Bytes  /0x1FFFF800/01*016 g",
      ]),
    .init(
      name: "STM32F105/107", unit: 4, product: nil,
      alternates: [
        "@Internal Flash  /0x08000000/128*002Kg", "@Option Bytes  /0x1FFFF800/01*016 e",
      ]),
    .init(
      name: "STM32F04x or F070x6", unit: 4,
      alternates: [
        "@Internal Flash  /0x08000000/032*0001Kg", "@Option Bytes  /0x1FFFF800/01*016 e",
      ]),
    .init(
      name: "STM32F0/F3 (128 KiB)", unit: 4,
      alternates: [
        "@Internal Flash  /0x08000000/064*0002Kg", "@Option Bytes  /0x1FFFF800/01*016 e",
      ]),
    .init(
      name: "STM32F302/303xB/C or F373", unit: 4,
      alternates: [
        "@Internal Flash  /0x08000000/128*0002Kg", "@Option Bytes  /0x1FFFF800/01*016 e",
      ]),
    .init(
      name: "STM32F2/F4 (1 MiB)", unit: 4,
      alternates: [
        "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
        "@Option Bytes  /0x1FFFC000/01*016 e", otpF4, feature,
      ]),
    .init(
      name: "STM32F2/F4 (1 MiB)", unit: 4, release: 0x2100,
      alternates: [
        "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
        "@Option Bytes  /0x1FFFC000/01*016 g", "@OTP Memory /0x1FFF7800/01*512 g,01*016 g",
        "@Device Feature/0xFFFF0000/01*004 g",
      ]),
    .init(
      name: "STM32F2/F4 (512 KiB)", unit: 4,
      alternates: [
        "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,03*128Kg",
        "@Option Bytes  /0x1FFFC000/01*016 e", otpF4, feature,
      ]),
    .init(
      name: "STM32F413/423", unit: 4,
      alternates: [
        "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,011*128Kg",
        "@Option Bytes  /0x1FFFC000/01*016 e", otpF4, feature,
      ]),
    .init(
      name: "STM32F42x/43x or F469/479", unit: 4, quirks: [.secondBankEraseBroken],
      alternates: [
        "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg,04*016Kg,01*064Kg,07*128Kg",
        "@Option Bytes  /0x1FFFC000/01*016 e/0x1FFEC000/01*016 e", otpF4, feature,
      ]),
    .init(
      name: "STM32F72x/73x", unit: 8,
      alternates: [
        "@Internal Flash  /0x08000000/04*016Kg,01*64Kg,03*128Kg",
        "@Option Bytes  /0x1FFF0000/01*048 e", "@OTP Memory /0x1FF07800/01*528e", feature,
      ]),
    .init(
      name: "STM32F74x/75x or F76x/77x", unit: 8,
      alternates: ["@Internal Flash  /0x08000000/04*032Kg,01*128Kg,03*256Kg"]),
    .init(
      name: "STM32F76x/77x", unit: 8,
      alternates: ["@Internal Flash  /0x08000000/04*032Kg,01*128Kg,07*256Kg"]),
    .init(
      name: "STM32L07x/08x", unit: 8, erased: 0x00,
      alternates: [
        "@Internal Flash  /0x08000000/1536*128g", "@Option Bytes  /0x1FF80000/01*032 e",
        "@DATA Memory /0x08080000/2*3Ke",
      ]),
    .init(
      name: "STM32L1xxxC", unit: 8, erased: 0x00,
      alternates: [
        "@Internal Flash  /0x08000000/1024*256 g", "@DATA Memory /0x08080000/02*004Ke",
        "@Option Bytes  /0x1FF80000/01*032 e",
      ]),
    .init(
      name: "STM32L45x/46x, L47x/48x or L496/4A6", unit: 8, quirks: [.stallsWhileBusy],
      alternates: [
        "@Internal Flash  /0x08000000/0256*0002Kg", "@Option Bytes  /0x1FFF7800/01*040 e",
        "@OTP Memory /0x1FFF7000/01*0001Ke", feature,
      ]),
    .init(
      name: "STM32L4R/4S", unit: 8, quirks: [.stallsWhileBusy],
      alternates: [
        "@Internal Flash  /0x08000000/512*0004Kg",
        "@Option Bytes  /0x1FF00000/01*040 e/0x1FF01000/01*040 e",
        "@OTP Memory /0x1FFF7000/01*0001Ke",
      ]),
    .init(
      name: "STM32G431/441", unit: 8, release: 0x0200, product: "DFU in FS Mode",
      alternates: [
        "@Internal Flash   /0x08000000/64*02Kg", "@Option Bytes   /0x1FFF7800/01*40Be",
        "@OTP Memory   /0x1FFF7000/01*01Ke",
      ]),
    .init(
      name: "STM32G47x/48x or G491/4A1", unit: 8, release: 0x0200,
      product: "DFU in FS Mode",
      alternates: [
        "@Internal Flash   /0x08000000/256*02Kg",
        "@Option Bytes   /0x1FFF7800/01*048 e/0x1FFFF800/01*048 e",
        "@OTP Memory   /0x1FFF7000/01*1024 e",
      ]),
    .init(
      name: "STM32G0B1/0C1", unit: 8, release: 0x0200, product: "DFU in FS Mode",

      alternates: Array(repeating: "@Internal Flash   /0x08000000/64*02Kg", count: 3)),
    .init(
      name: "STM32H74x/75x", unit: 32, release: 0x0200, product: "DFU in FS Mode",
      quirks: [.h743StuckBusy, .waitWorstCaseErase],
      alternates: [
        "@Internal Flash   /0x08000000/16*128Kg", "@Option Bytes   /0x5200201C/01*128 e",
      ]),
    .init(
      name: "STM32H72x/73x", unit: 32, release: 0x0200, product: "DFU in FS Mode",
      alternates: [
        "@Internal Flash   /0x08000000/8*128Kg", "@Option Bytes   /0x5200201C/01*88 e",
      ]),
    .init(
      name: "STM32H7A3/7B0/7B3", unit: 16, release: 0x0200,
      product: "DFU in FS Mode",
      alternates: [
        "@Internal Flash   /0x08000000/256*08Kg", "@Option Bytes   /0x5200201C/01*297 e",
        "@OTP Memory   /0x08FFF000/01*1024 e",
      ]),
    .init(
      name: "STM32H7A3/7B0/7B3", unit: 16, release: 0x0200, product: nil,
      alternates: [
        "@OTP Memory /0x1FF7000/01*1024 e", "@Option Bytes /0x1FF8000/01*128 e",
        "@Internal Flash /0x08000000/256*02Kg",
      ]),
    .init(
      name: "STM32H562/563/573 or H5E/5F", unit: 16, release: 0x0200, product: "DFU in FS Mode",
      alternates: ["@Internal Flash   /0x08000000/256*08Kg"]),
    .init(
      name: "STM32U5/WBA (2 MiB)", unit: 16, release: 0x0200,
      product: "DFU in FS Mode",
      alternates: [
        "@Internal Flash   /0x08000000/256*08Kg", "@Option Bytes   /0x40022040/01*64 e",
        "@OTP Memory   /0x0BFA0000/01*512 e",
      ]),
    .init(
      name: "STM32U59x/5Ax or U5Fx/5Gx", unit: 16, release: 0x0200, product: "DFU in FS Mode",
      alternates: [
        "@Internal Flash   /0x08000000/512*08Kg", "@Option Bytes   /0x40022040/01*64 e",
      ]),
    .init(
      name: "STM32L552/562", unit: 16, release: 0x0200, product: "DFU in FS Mode",
      alternates: [
        "@Internal Flash   /0x08000000/256*02Kg", "@Option Bytes   /0x40022040/01*64 e",
      ]),
    .init(
      name: "STM32U073/083", unit: 8, release: 0x0220, product: "DFU in FS Mode",
      alternates: [
        "@Internal Flash    /0x08000000/128*02Kg", "@OB Bytes          /0x40022020/01*136 e",
        "@OTP Memory        /0x1FFF6800/01*1024 e", "@ENGI Bytes        /0x1FFF6C00/01*1024.e",
      ]),
    .init(
      name: "STM32C071", unit: 8, release: 0x0220, product: "DFU in FS Mode",
      alternates: [
        "@Internal Flash    /0x08000000/64*02Kg", "@OB Bytes          /0x40022020/01*136 e",
        "@ENGI Bytes        /0x1FFF7500/01*768 e",
      ]),
    .init(
      name: "STM32C071", unit: 8, release: 0x0220, product: "DFU in FS Mode",
      alternates: [
        "@Internal Flash    /0x08000000/64*02Kg", "@OB Bytes          /0x1FFF7800/01*128 e",
        "@ENGI Bytes        /0x1FFF7500/01*768 e",
      ]),
    .init(
      name: "STM32C551/552/562 or C59x/5A3", unit: 32, release: 0x0200, product: "DFU in FS Mode",
      alternates: ["@Internal Flash /0x08000000/64*08Kg"]),
    .init(
      name: "STM32WB30/35/50/55", unit: 8,
      alternates: [
        "@Internal Flash  /0x08000000/256*04Kg", "@Option Bytes  /0x1FFF8000/01*128 e",
        "@OTP Memory  /0x1FFF7000/01*001Ke",
      ]),
  ]
}

@Suite struct ChipProfileTests {
  @Test(arguments: ChipCase.all)
  func `a ROM's maps tell its chip`(sample: ChipCase) {
    let maps = sample.alternates.compactMap(MemoryMap.parse)
    #expect(maps.count == sample.alternates.count)
    let profile = ChipProfile.identify(sample.identity, maps: maps)
    #expect(profile.name == sample.name)
    #expect(profile.programmingUnit == sample.unit)
    #expect(profile.erasedByte == sample.erased)
    #expect(profile.quirks == sample.quirks)
  }

  @Test(arguments: ChipCase.all)
  func `correcting the maps first does not change the chip`(sample: ChipCase) {
    let maps = sample.alternates.compactMap(MemoryMap.parse)
    let corrected = maps.map { $0.corrected(for: sample.identity, siblings: maps) }
    #expect(
      ChipProfile.identify(sample.identity, maps: corrected)
        == ChipProfile.identify(sample.identity, maps: maps))
  }

  @Test(arguments: ChipCase.all)
  func `every profile can be worked with`(sample: ChipCase) {
    let profile = ChipProfile.identify(
      sample.identity, maps: sample.alternates.compactMap(MemoryMap.parse))
    #expect(profile.programmingUnit >= 4 && profile.programmingUnit.nonzeroBitCount == 1)
    let sizes = profile.sectorEraseTimes.map(\.sectorSize)
    #expect(!sizes.isEmpty && sizes == sizes.sorted())
    let times =
      profile.sectorEraseTimes.map(\.time) + [profile.programTimePerUnit, profile.massEraseTime]
    #expect(times.allSatisfy { $0.typical > .zero && $0.maximum >= $0.typical })
  }

  @Test(
    arguments: [
      (0x28E9, 0x0189, "GD32VF103", 4, [.leavesWithoutStatus]),
      (0x2E3C, 0xDF11, "AT32", 32, []),
      (0x314B, 0x0106, "APM32", 32, []),
      (0x3997, 0xDF11, "X32", 32, []),
    ] as [(UInt16, UInt16, String, Int, Set<ChipQuirk>)])
  func `a clone is told by its ids`(
    vendor: UInt16, product: UInt16, name: String, unit: Int, quirks: Set<ChipQuirk>
  ) {
    let identity = DeviceIdentity(
      vendorID: vendor, productID: product, bcdDevice: 0x1000, path: "1-1", address: 4)
    let maps = ["@Internal Flash  /0x08000000/512*002Kg"].compactMap(MemoryMap.parse)
    let profile = ChipProfile.identify(identity, maps: maps)
    #expect(profile.name == name)
    #expect(profile.programmingUnit == unit)
    #expect(profile.quirks == quirks)
    #expect(!profile.massEraseWorks)
  }

  static func identify(
    _ alternates: [String], vendor: UInt16 = 0x0483, product: UInt16 = 0xDF11,
    productString: String? = nil
  ) -> ChipProfile {
    ChipProfile.identify(
      DeviceIdentity(
        vendorID: vendor, productID: product, bcdDevice: 0x0200, path: "1-1", address: 4,
        product: productString), maps: alternates.compactMap(MemoryMap.parse))
  }

  @Test(
    arguments: [
      [], ["@FSBL /0x01/1*1Me"], ["@Internal Flash /0x08000000"],
      ["@Internal Flash  /0x08004000/112*001Kg"], ["@Internal Flash   /0x08000000/8*001Kg"],
      // ST's template keeps its own sectors read-only: a bootloader in flash.
      ["@Internal Flash   /0x08000000/03*016Ka,01*016Kg,01*064Kg,07*128Kg"],
    ])
  func `a device that fits no chip is unknown`(alternates: [String]) {
    #expect(Self.identify(alternates) == .unknown)
  }

  @Test func `a foreign device is unknown, however much its map looks like an F4`() {
    let profile = Self.identify(
      ["@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg"], vendor: 0x1209,
      product: 0xDB42)
    #expect(profile == .unknown)
  }

  @Test(arguments: ["@Internal Flash  /0x08000000/48*256 a,464*256 g", "@X/0x08000000/64*128 g"])
  func `an unknown chip with small pages erases to zero`(map: String) {
    let profile = Self.identify([map], vendor: 0x1234, product: 0x0001)
    #expect(!profile.isKnown)
    #expect(profile.erasedByte == 0x00)
    #expect(profile.programmingUnit == 32)
  }

  @Test func `an unknown chip is written 32 bytes at a time and polled as it says`() {
    #expect(ChipProfile.unknown.programmingUnit == 32)
    #expect(ChipProfile.unknown.erasedByte == 0xFF)
    #expect(!ChipProfile.unknown.mayBePolledEarly)
    #expect(!ChipProfile.unknown.massEraseWorks)
  }

  @Test(arguments: ["Pyboard DFU", "STM32 DownLoad Firmware Update", "STM32OpenBootloader DFU"])
  func `a bootloader that is no ROM keeps the flash and loses the quirks`(product: String) {
    let profile = Self.identify(
      ["@Internal Flash   /0x08000000/16*128Kg", "@Option Bytes   /0x5200201C/01*128 e"],
      productString: product)
    #expect(profile.name == "STM32H74x/75x")
    #expect(profile.programmingUnit == 32)
    #expect(profile.quirks == [])
    #expect(!profile.mayBePolledEarly)
    #expect(!profile.massEraseWorks)
  }

  @Test(
    arguments: [
      // Sector size, typical, maximum on an F4
      (1, 400, 800), (16 << 10, 400, 800), ((16 << 10) + 1, 1200, 2400),
      (64 << 10, 1200, 2400), (128 << 10, 2000, 4000), (256 << 10, 6000, 12_000),
      (UInt64.max, 20_000, 40_000),
    ] as [(UInt64, Int, Int)])
  func `an erase time is that of the next larger sector`(
    size: UInt64, typical: Int, maximum: Int
  ) {
    let time = ChipProfile.f4([]).eraseTime(forSectorOf: size)
    #expect(
      time == ExpectedTime(typical: .milliseconds(typical), maximum: .milliseconds(maximum)))
  }

  @Test func `only families seen to bear it are polled early`() {
    let early = ChipCase.all.filter { sample in
      ChipProfile.identify(
        sample.identity, maps: sample.alternates.compactMap(MemoryMap.parse)
      ).mayBePolledEarly
    }
    #expect(early.count == 9)
    #expect(
      early.allSatisfy { sample in
        ["STM32F2/F4 ", "STM32F413", "STM32F42x", "STM32F7", "STM32H74x/75x"].contains {
          sample.name.hasPrefix($0)
        }
      })
  }
}
