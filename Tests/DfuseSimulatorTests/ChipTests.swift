import DfuseDevice
import Testing

@testable import DfuseSimulator

/// Every profile, looked at from the wire.
@Suite struct ChipTests {
  static let names = SimulatedChip.all.map(\.name)

  static func get(_ probe: inout Probe, _ type: UInt8, _ index: UInt8) -> [UInt8] {
    guard case .data(let bytes) = probe.send([0x80, 6, index, type, 9, 4, 0xFF, 1]).answer else {
      return []
    }
    return bytes
  }

  @Test(arguments: names)
  func `the descriptors are well formed`(name: String) throws {
    var probe = try Probe(name)
    let device = Self.get(&probe, 1, 0)
    #expect(device.count == 18)
    #expect(device.prefix(2) == [18, 1])
    #expect(device[7] == 64)
    let configuration = Self.get(&probe, 2, 0)
    #expect(Int(configuration[2]) | Int(configuration[3]) << 8 == configuration.count)
    var offset = 0
    var types: [UInt8] = []
    while offset < configuration.count {
      let length = Int(configuration[offset])
      #expect(length >= 7 && offset + length <= configuration.count)
      types.append(configuration[offset + 1])
      if configuration[offset + 1] == 4 {
        #expect(configuration[(offset + 5)..<(offset + 8)] == [0xFE, 0x01, 0x02])
        let text = Self.get(&probe, 3, configuration[offset + 8])
        // "@" in UTF-16.
        #expect(text.dropFirst(1).prefix(3) == [3, 0x40, 0])
      }
      offset += max(length, 1)
    }
    #expect(types.first == 2)
    #expect(types.dropFirst().dropLast().allSatisfy { $0 == 4 })
    #expect(types.last == 0x21)
    // The clone's descriptor is that of DFU 1.0, without a version; it has a test of its own.
    let functional = configuration.suffix(name == "f105-clone" ? 7 : 9)
    #expect(name == "f105-clone" || functional.suffix(2) == [0x1A, 0x01])
    #expect([1024, 2048].contains(Int(le16(functional.dropFirst(5)))))
    for index: UInt8 in 1...3 { #expect(Self.get(&probe, 3, index).count > 2) }
  }

  func le16(_ bytes: ArraySlice<UInt8>) -> UInt16 {
    bytes.prefix(2).reversed().reduce(0) { $0 << 8 | UInt16($1) }
  }

  /// The size in a text such as "STM32G431 (128 KiB)".
  func named(in part: String) -> Int? {
    guard let match = part.firstMatch(of: /\((\d+) ([KM])iB\)/), let number = Int(match.1) else {
      return nil
    }
    return number << (match.2 == "K" ? 10 : 20)
  }

  @Test(arguments: names)
  func `the sectors add up to the flash, and each has an erase time`(name: String) throws {
    let chip = try #require(SimulatedChip.named(name))
    let flash = chip.profile.memories.filter { $0.kind == .flash }
    let reserved = chip.profile.memories.filter { $0.kind == .readOnly && $0.start >> 24 == 8 }
    let total = flash.reduce(0) { $0 + $1.size }
    // Where a chip's name gives the size, its first sectors may belong to the bootloader.
    let size = try #require(named(in: chip.part) ?? ["st-usbd": 1 << 20, "mboot": 992 << 10][name])
    let counts = name == "at32f435" || name == "st-usbd"
    #expect(total + (counts ? reserved.first?.size ?? 0 : 0) == size)
    #expect(chip.flashSize == size)
    for run in flash.flatMap(\.runs) { #expect(chip.profile.times.erase[run.size] != nil) }
    for times in chip.profile.timesBySupply.values {
      for run in flash.flatMap(\.runs) { #expect(times.erase[run.size] != nil) }
    }
  }

  @Test(arguments: names)
  func `the first and the last sector can be erased, written and read`(name: String) throws {
    var probe = try Probe(name)
    probe.clrStatusIfFailed()
    let flash = try #require(probe.board.chip.profile.memory(.flash))
    for address in [flash.start, UInt32(flash.range.upperBound - 64)] {
      // The H743's two ways to fail in bank 2 have tests of their own.
      if name.hasPrefix("stm32h743"), address > 0x0810_0000 { continue }
      #expect(probe.erase(address) == [0, 5])
      #expect(probe.write(pattern(64), at: address) == [0, 5])
      probe.abort()
      #expect(probe.upload(2, 64) == .data(pattern(64)))
      probe.abort()
    }
    #expect(probe.board.counters.earlyPolls.isEmpty)
    #expect(probe.board.counters.refusedPrograms.isEmpty)
  }

  /// Posted output of `dfu-util --list` for an F72x (version 2200, serial number STM32FxSTM32).
  @Test func `an F72x shows 48 option bytes, and OTP with its lock bytes`() throws {
    var probe = try Probe("stm32f723")
    let configuration = Self.get(&probe, 2, 0)
    let names = stride(from: 9, to: configuration.count - 9, by: 9).map { offset in
      let text = Self.get(&probe, 3, configuration[offset + 8]).dropFirst(2)
      return String(decoding: text.filter { $0 != 0 }, as: UTF8.self)
    }
    #expect(
      names == [
        "@Internal Flash  /0x08000000/04*016Kg,01*64Kg,03*128Kg",
        "@Option Bytes  /0x1FFF0000/01*048 e", "@OTP Memory /0x1FF07800/01*528e",
        "@Device Feature/0xFFFF0000/01*004 e",
      ])
    for (address, size) in [(0x1FFF_0000, 48), (0x1FF0_7800, 528)] as [(UInt32, Int)] {
      #expect(probe.memory(4096, at: address).count == size)
    }
  }

  @Test func `the option bytes of a C071 are where ST's programmer finds them in its ROM`() throws {
    let chip = try #require(SimulatedChip.named("stm32c071"))
    #expect(chip.profile.memory(.optionBytes)?.start == 0x1FFF_7800)
    #expect(chip.profile.usb.maps[1].contains("/0x1FFF7800/"))
    #expect(chip.profile.guessed.contains(.maps))
  }

  @Test func `every memory lies where no other is, inside 32 bits`() {
    for chip in SimulatedChip.all {
      let ranges = chip.profile.memories.map(\.range).sorted { $0.lowerBound < $1.lowerBound }
      for (one, next) in zip(ranges, ranges.dropFirst()) {
        #expect(one.upperBound <= next.lowerBound)
      }
      #expect(ranges.allSatisfy { $0.upperBound <= 1 << 32 })
    }
  }

  @Test func `names and aliases are unique`() {
    let names = SimulatedChip.all.flatMap { [$0.name] + $0.aliases }
    #expect(Set(names).count == names.count)
    #expect(names.allSatisfy { $0 == $0.lowercased() })
  }

  @Test(arguments: [
    ("STM32F405", "stm32f405"), ("f407", "stm32f405"), ("Stm32L562", "stm32l552"),
    ("Stm32G0C1", "stm32g0c1"),
    ("GD32VF103", "gd32vf103"), ("ST-USBD", "st-usbd"),
  ])
  func `a chip is found by name or alias in any case`(text: String, name: String) {
    #expect(SimulatedChip.named(text)?.name == name)
  }

  @Test(arguments: [
    ("STM32F405RG", "stm32f405"), ("STM32F407VGT6", "stm32f405"), ("f303re", "stm32f303"),
    ("STM32H743ZIT6", "stm32h743"), ("STM32H7A3ZIT6Q", "stm32h7a3"), ("f732ie", "stm32f723"),
    ("STM32U575ZI-Q", "stm32u575"), ("STM32L4R5ZITxP", "stm32l4r5"), ("wb55cg", "stm32wb55"),
    ("STM32L152RE", "stm32l152"), ("GD32VF103CBT6", "gd32vf103"), ("AT32F435ZMT7", "at32f435"),
    ("APM32F103CBT6", "apm32f103"), ("STM32G0B1CE", "stm32g0b1"),
  ])
  func `a chip is found by what is printed on it`(text: String, name: String) {
    #expect(SimulatedChip.named(text)?.name == name)
  }

  @Test(arguments: [
    "STM32F103C8T6", "f103", "STM32F030F4", "STM32F303K8", "STM32F410RB", "STM32G071RB",
    "STM32L053R8", "STM32L152RB", "STM32WL55JC", "STM32WB15CC", "STM32C031C6", "STM32F334R8",
    "STM32WBA55CG",
  ])
  func `parts without USB in their ROM are told from others`(text: String) {
    #expect(SimulatedChip.named(text)?.name == nil)
    #expect(PartsWithoutUSB.contain(text))
  }

  @Test func `a chip that can be simulated has USB in its ROM`() {
    for chip in SimulatedChip.every {
      #expect(!([chip.name] + chip.aliases).contains(where: PartsWithoutUSB.contain))
    }
    for text in ["STM32F105RC", "STM32F303VC", "STM32F302R8", "STM32L073RZ", "STM32WBA65"] {
      #expect(!PartsWithoutUSB.contain(text))
    }
  }

  @Test(arguments: ["stm32c531", "stm32c5a3", "apm32e103", "stm32f405-", "stm32f4051", "f405r"])
  func `a name that is longer is not a chip with a part of it`(text: String) {
    #expect(SimulatedChip.named(text)?.name == nil)
    #expect(!PartsWithoutUSB.contain(text))
  }

  @Test func `an unknown name is no chip`() {
    #expect(SimulatedChip.named("stm32f999")?.name == nil)
    #expect(SimulatedChip.named("")?.name == nil)
  }

  @Test func `boards of one chip have serial numbers of their own unless the real ones have not`()
    throws
  {
    let chip = try #require(SimulatedChip.named("stm32f405"))
    #expect(chip.serial(ofBoard: 0) == "315A28A0B956")
    #expect(Set((0..<64).map { chip.serial(ofBoard: $0) }).count == 64)
    #expect((0..<64).allSatisfy { chip.serial(ofBoard: $0).count == 12 })
    let constant = try #require(SimulatedChip.named("stm32h743"))
    #expect(constant.serial(ofBoard: 5) == "200364500000")
  }
}

extension Probe {
  /// Clears the error some devices are found in.
  mutating func clrStatusIfFailed() {
    if condition()?[1] == 10 { clrStatus() }
  }
}
