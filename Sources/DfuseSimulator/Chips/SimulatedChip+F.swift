// F0, F105/107 and F3, whose flash is programmed in half-words; F4 and F7, whose sectors are of 16 to
// 256 KiB and whose bits are programmed from 1 to 0.
extension SimulatedChip {
  private static let kib = 1024

  // MARK: - F0, F1, F3

  /// Half-words; one that is not blank takes only 0x0000 (reference manuals, from memory).
  ///
  /// Datasheet typical values, from memory: 53.5 µs a half-word, 20 to 40 ms a page or everything.
  private static func halfWords(
    _ part: String, _ guessed: DeviceProfile.Guesses, pages: Int, of size: Int, usb: USBFacts,
    readProtectionByte: UInt32? = 0x1FFF_F800, polls: ReportedPolls,
    behaviour: Behaviour = Behaviour(), quirks: Quirks = Quirks()
  ) -> DeviceProfile {
    DeviceProfile(
      part: part, guessed: guessed.union(.times), usb: usb,
      memories: [.flash(pages, size), .init(.optionBytes, at: 0x1FFF_F800, 16)],
      rules: FlashRules(unit: 2, rewrite: .zeroOnly, readProtectionByte: readProtectionByte),
      times: WorkTimes(
        erase: [size: .milliseconds(25)], programWidth: 2, program: .microseconds(53),
        massErase: .milliseconds(30)),
      polls: polls, behaviour: behaviour, quirks: quirks)
  }

  private static let halfWordOptions = "@Option Bytes  /0x1FFFF800/01*016 e"

  /// F042, 32 KiB.
  static let stm32f042 = SimulatedChip(
    "stm32f042",
    profile: halfWords(
      "STM32F042 (32 KiB)", [.polls, .transferSize, .behaviour], pages: 32, of: 1 * kib,
      usb: USBFacts(
        // A chip whose unique id was never programmed: seen in logs of F042 and F072.
        serial: "FFFFFFFEFFFF", serialIsConstant: true,
        // Log of an F042.
        maps: ["@Internal Flash  /0x08000000/032*0001Kg", halfWordOptions]),
      polls: ReportedPolls(erase: 40, write: 40)))

  /// F072, 128 KiB; drops work that is polled early.
  static let stm32f072 = SimulatedChip(
    "stm32f072", "stm32f070",
    profile: halfWords(
      "STM32F072 (128 KiB)", [.transferSize], pages: 64, of: 2 * kib,
      usb: USBFacts(
        serial: "357236543131",  // sboot_stm32#25
        maps: ["@Internal Flash  /0x08000000/064*0002Kg", halfWordOptions]),
      // dfu-util ticket 78: 40 ms again and again while a page is erased.
      polls: ReportedPolls(erase: 40, write: 60, setAddress: 1),
      behaviour: Behaviour(whileBusy: .answersBusy),
      quirks: Quirks(skipsWorkWhenPolledEarly: true)))

  /// F105/107 V2.0, 256 KiB; option bytes of type g.
  static let stm32f107 = SimulatedChip(
    "stm32f107", "stm32f105",
    profile: halfWords(
      "STM32F105/F107 (256 KiB)", [.polls, .behaviour], pages: 128, of: 2 * kib,
      // All of it from dfu-util's stm32f107.lsusb.
      usb: USBFacts(
        bcdDevice: 0x2000, product: "STM32 0x418 DFU Bootloader", serial: "STM32",
        serialIsConstant: true,
        maps: [
          "@Internal Flash  /0x08000000/128*002Kg", "@Option Bytes  /0x1FFFF800/01*016 g",
        ]),
      // Its read protection key is 0xA5, not 0xAA, so the byte is not modelled.
      readProtectionByte: nil, polls: .internalFlash))

  /// F303, 256 KiB.
  static let stm32f303 = SimulatedChip(
    "stm32f303", "stm32f302",
    profile: halfWords(
      "STM32F303 (256 KiB)", [.polls, .behaviour], pages: 128, of: 2 * kib,
      usb: USBFacts(
        serial: "207E3354304B",
        // betaflight-configurator.
        maps: ["@Internal Flash  /0x08000000/128*0002Kg", halfWordOptions]),
      polls: ReportedPolls(erase: 100, write: 65, setAddress: 1),
      behaviour: Behaviour(whileBusy: .answersBusy)))

  // MARK: - F4

  /// Sectors of one bank: 4 × 16 KiB, 64 KiB, then 128 KiB each.
  private static func bank(large: Int) -> [MemoryRegion.Run] {
    [.init(4, 16 * kib), .init(1, 64 * kib), .init(large, 128 * kib)]
  }

  /// Datasheet typical values, from memory, in milliseconds.
  private static func f4Times(
    _ small: Int, _ medium: Int, _ large: Int, width: Int, massErase: Int
  ) -> WorkTimes {
    WorkTimes(
      erase: [
        16 * kib: .milliseconds(small), 64 * kib: .milliseconds(medium),
        128 * kib: .milliseconds(large),
      ], programWidth: width, program: .microseconds(16), massErase: .milliseconds(massErase))
  }

  /// At 2.1 to 2.7 V: half-words.
  private static let f4HalfWords = f4Times(300, 700, 1300, width: 2, massErase: 11_000)
  /// At 2.7 to 3.6 V: words.
  static let f4Words = f4Times(250, 550, 1000, width: 4, massErase: 8000)

  private static func f4(
    _ part: String, _ guessed: DeviceProfile.Guesses = [], large: Int, map: String,
    serial: String, isConstant: Bool = false, quirks: Quirks = Quirks()
  ) -> DeviceProfile {
    DeviceProfile(
      part: part, guessed: guessed.union([.times, .polls]),
      usb: USBFacts(
        serial: serial, serialIsConstant: isConstant,
        maps: [
          map, "@Option Bytes  /0x1FFFC000/01*016 e",
          "@OTP Memory /0x1FFF7800/01*512 e,01*016 e", "@Device Feature/0xFFFF0000/01*004 e",
        ]),
      memories: [
        .flash(bank(large: large)),
        .init(.optionBytes, at: 0x1FFF_C000, 16),
        .init(.otp, at: 0x1FFF_7800, [.init(1, 512), .init(1, 16)]),
        .init(.deviceFeature, at: 0xFFFF_0000, 4),
        // AN2606: the bootloader uses 12 KiB from 0x20000000; the rest may be written.
        .init(.ram, at: 0x2000_3000, 116 * kib),
      ],
      // AN2606: word writes are possible, bits 1 → 0; RDP is byte 1 of the option bytes.
      rules: FlashRules(unit: 1, rewrite: .clearsBits, readProtectionByte: 0x1FFF_C001),
      // Bytewise, as the ROM programs unless Device Feature names a higher supply range (AN2606).
      times: f4Times(400, 1200, 2000, width: 1, massErase: 16_000),
      timesBySupply: [1: f4HalfWords, 2: f4HalfWords, 3: f4Words, 4: f4Words],
      // dfu-util: a mass erase, which takes many seconds, reports 100 ms as well.
      polls: .internalFlash, quirks: quirks)
  }

  private static let f4Map512 = "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,03*128Kg"
  private static let f4Map1024 = "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg"

  /// F401/F411, 512 KiB.
  static let stm32f401 = SimulatedChip(
    "stm32f401", "stm32f411",
    profile: f4("STM32F401/F411 (512 KiB)", large: 3, map: f4Map512, serial: "377A364D3234"))

  /// F405/F407, 1 MiB, V2.2.
  static let stm32f405 = SimulatedChip(
    "stm32f405", "stm32f407", "stm32f415", "stm32f417",
    profile: f4("STM32F405/F407 (1 MiB)", large: 7, map: f4Map1024, serial: "315A28A0B956"))

  /// F407 V2.1 as on the first Discovery boards: type g, found in dfuERROR.
  static let stm32f407v21 = stm32f405.variant(
    "stm32f407-v2.1", part: "STM32F407 (1 MiB), bootloader with DFU V2.1"
  ) { profile in
    // dfu-util's stm32f4discovery.lsusb and .bin-download.
    profile.usb.bcdDevice = 0x2100
    profile.usb.maps = [
      f4Map1024, "@Option Bytes  /0x1FFFC000/01*016 g",
      "@OTP Memory /0x1FFF7800/01*512 g,01*016 g", "@Device Feature/0xFFFF0000/01*004 g",
    ]
    profile.quirks.powerOnError = StatusCode.errFIRMWARE
  }

  /// F427/F429/F437/F439, 2 MiB in two banks.
  static let stm32f427: SimulatedChip = {
    var profile = f4(
      "STM32F427/F437 (2 MiB)", large: 7, map: f4Map1024 + ",04*016Kg,01*064Kg,07*128Kg",
      serial: "326433593336")
    profile.usb.maps[1] = "@Option Bytes  /0x1FFFC000/01*016 e/0x1FFEC000/01*016 e"
    profile.memories[0] = .flash(bank(large: 7) + bank(large: 7))
    profile.memories.append(.init(.optionBytes, at: 0x1FFE_C000, 16))
    return SimulatedChip("stm32f427", "stm32f437", profile: profile)
  }()

  /// The same with bootloader V9.0, whose erase in bank 2 does nothing (AN2606).
  static let stm32f427v90 = stm32f427.variant(
    "stm32f427-v9.0", part: "STM32F427/F437 (2 MiB), bootloader V9.0"
  ) { $0.quirks.ignoresEraseFrom = 0x0810_0000 }

  /// F429, 1 MiB in one bank: its string descriptor says 166 bytes and has 112.
  static let stm32f429 = SimulatedChip(
    "stm32f429", "stm32f439",
    profile: f4(
      "STM32F429/F439 (1 MiB)", large: 7, map: f4Map1024, serial: "3370365D3433",
      // BIGTREETECH-OCTOPUS-Pro#42: "was 166, received 112".
      quirks: Quirks(statedStringLength: 166)))

  /// F446, 512 KiB; a constant serial number.
  static let stm32f446 = SimulatedChip(
    "stm32f446",
    profile: f4(
      "STM32F446 (512 KiB)", [.maps], large: 3, map: f4Map512, serial: "STM32FxSTM32",
      isConstant: true))

  // MARK: - F7

  /// Erase times in milliseconds, from memory; the F745 log of fwupd#2696 shows 350 ms for 32 KiB.
  ///
  /// Programming goes by words at any supply: another F745 took less than 12 ms for 1832 bytes
  /// (fwupd#1944).
  private static func f7Times(_ erase: [Int: Int], massErase: Int) -> WorkTimes {
    WorkTimes(
      erase: erase.reduce(into: [:]) { $0[$1.key * kib] = .milliseconds($1.value) },
      programWidth: 4, program: .microseconds(16), massErase: .seconds(massErase))
  }

  private static let f7Words = f7Times(
    [16: 200, 32: 250, 64: 350, 128: 500, 256: 1000], massErase: 8)

  private static func f7(
    _ part: String, _ guessed: DeviceProfile.Guesses, runs: [MemoryRegion.Run],
    map: String, otp: UInt32, serial: String, isConstant: Bool = false
  ) -> DeviceProfile {
    DeviceProfile(
      // Alternates other than flash are not in any log; they follow the F4.
      part: part, guessed: guessed.union([.times, .maps]),
      usb: USBFacts(
        serial: serial, serialIsConstant: isConstant,
        maps: [
          map, "@Option Bytes  /0x1FFF0000/01*032 e",
          "@OTP Memory /0x\(String(otp, radix: 16, uppercase: true))/01*01Ke",
          "@Device Feature/0xFFFF0000/01*004 e",
        ]),
      memories: [
        .flash(runs),
        .init(.optionBytes, at: 0x1FFF_0000, 32),
        .init(.otp, at: otp, 1 * kib),
        .init(.deviceFeature, at: 0xFFFF_0000, 4),
      ],
      rules: FlashRules(
        unit: 1, alignment: 8, rewrite: .clearsBits, readProtectionByte: 0x1FFF_0001),
      times: f7Times([16: 300, 32: 350, 64: 700, 128: 1100, 256: 2100], massErase: 16),
      timesBySupply: [3: f7Words, 4: f7Words], polls: .internalFlash,
      quirks: Quirks(refusesAddressWhenProtected: true))
  }

  /// F72x/F73x, 512 KiB.
  static let stm32f723 = SimulatedChip(
    "stm32f723", "stm32f722", "stm32f730", "stm32f732", "stm32f733",
    profile: f7(
      "STM32F722/F723/F73x (512 KiB)", [.polls], runs: bank(large: 3),
      map: "@Internal Flash  /0x08000000/04*016Kg,01*64Kg,03*128Kg",  // betaflight-configurator
      otp: 0x1FF0_7800, serial: "STM32FxSTM32", isConstant: true))

  /// F745, 1 MiB; reports 104 ms after every block, whatever it needs (fwupd#2696).
  static let stm32f745 = SimulatedChip(
    "stm32f745", "stm32f746", "stm32f756",
    profile: f7(
      "STM32F745/F746 (1 MiB)", [],
      runs: [.init(4, 32 * kib), .init(1, 128 * kib), .init(3, 256 * kib)],
      map: "@Internal Flash  /0x08000000/04*032Kg,01*128Kg,03*256Kg", otp: 0x1FF0_F000,
      serial: "375F37623033"))

  /// F767, 2 MiB in one bank.
  static let stm32f767 = SimulatedChip(
    "stm32f767", "stm32f765", "stm32f777",
    profile: f7(
      "STM32F765/F767 (2 MiB)", [.polls],
      runs: [.init(4, 32 * kib), .init(1, 128 * kib), .init(7, 256 * kib)],
      map: "@Internal Flash  /0x08000000/04*032Kg,01*128Kg,07*256Kg", otp: 0x1FF0_F000,
      serial: "205A36653253"))

  /// F767 in dual-bank mode: the sectors are those of an F42x.
  static let stm32f767dual = stm32f767.variant(
    "stm32f767-dual", part: "STM32F765/F767 (2 MiB), dual bank"
  ) { profile in
    profile.usb.maps[0] = f4Map1024 + ",04*016Kg,01*064Kg,07*128Kg"
    profile.memories[0] = .flash(bank(large: 7) + bank(large: 7))
  }
}
