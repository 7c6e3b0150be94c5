// F7: sectors of 16 to 256 KiB, bits programmed from 1 to 0, DFU_GETSTATUS waits while busy.
extension SimulatedChip {
  /// Erase times by bytes, from memory; the F745 log of fwupd#2696 shows 350 ms for 32 KiB.
  ///
  /// Programming goes by words all the same: another F745 took less than 12 ms for 1832 bytes
  /// (fwupd#1944).
  private static let usualTimes = WorkTimes(
    erase: [
      16 * 1024: .milliseconds(300), 32 * 1024: .milliseconds(350), 64 * 1024: .milliseconds(700),
      128 * 1024: .milliseconds(1100), 256 * 1024: .milliseconds(2100),
    ], programWidth: 4, program: .microseconds(16), massErase: .seconds(16))

  private static let wordTimes = WorkTimes(
    erase: [
      16 * 1024: .milliseconds(200), 32 * 1024: .milliseconds(250), 64 * 1024: .milliseconds(350),
      128 * 1024: .milliseconds(500), 256 * 1024: .seconds(1),
    ], programWidth: 4, program: .microseconds(16), massErase: .seconds(8))

  private static func f7(
    _ part: String, _ guessed: DeviceProfile.Guesses, kibibytes: Int, runs: [MemoryRegion.Run],
    map: String, otp: UInt32, serial: String, isConstant: Bool = false, polls: ReportedPolls
  ) -> DeviceProfile {
    var quirks = Quirks()
    quirks.refusesAddressWhenProtected = true
    let otpText = String(otp, radix: 16, uppercase: true)
    return DeviceProfile(
      // Alternates other than flash are not in any log; they follow the F4.
      part: part, guessed: guessed.union([.times, .maps]), flashSize: kibibytes * 1024,
      usb: USBFacts(
        bcdDevice: 0x2200, serial: serial, serialIsConstant: isConstant,
        maps: [
          map, "@Option Bytes  /0x1FFF0000/01*032 e",
          "@OTP Memory /0x\(otpText)/01*01Ke", "@Device Feature/0xFFFF0000/01*004 e",
        ]),
      memories: [
        MemoryRegion(.flash, at: 0x0800_0000, runs),
        MemoryRegion(.optionBytes, at: 0x1FFF_0000, [.init(1, 32)]),
        MemoryRegion(.otp, at: otp, [.init(1, 1024)]),
        MemoryRegion(.deviceFeature, at: 0xFFFF_0000, [.init(1, 4)]),
      ],
      rules: FlashRules(
        unit: 1, alignment: 8, hasECC: false, rewrite: .clearsBits, readProtectionByte: 0x1FFF_0001),
      times: usualTimes, timesBySupply: [3: wordTimes, 4: wordTimes], polls: polls, quirks: quirks)
  }

  /// F72x/F73x, 512 KiB.
  static let stm32f723 = SimulatedChip(
    "stm32f723", "stm32f722", "stm32f730", "stm32f732", "stm32f733",
    profile: f7(
      "STM32F722/F723/F73x (512 KiB)", [.polls], kibibytes: 512,
      runs: [.init(4, 16 * 1024), .init(1, 64 * 1024), .init(3, 128 * 1024)],
      map: "@Internal Flash  /0x08000000/04*016Kg,01*64Kg,03*128Kg",  // betaflight-configurator
      otp: 0x1FF0_7800, serial: "STM32FxSTM32", isConstant: true,
      polls: .internalFlash))

  /// F745, 1 MiB; reports 104 ms after every block, whatever it needs (fwupd#2696).
  static let stm32f745 = SimulatedChip(
    "stm32f745", "stm32f746", "stm32f756",
    profile: f7(
      "STM32F745/F746 (1 MiB)", [], kibibytes: 1024,
      runs: [.init(4, 32 * 1024), .init(1, 128 * 1024), .init(3, 256 * 1024)],
      map: "@Internal Flash  /0x08000000/04*032Kg,01*128Kg,03*256Kg", otp: 0x1FF0_F000,
      serial: "375F37623033", polls: .internalFlash))

  /// F767, 2 MiB in one bank.
  static let stm32f767 = SimulatedChip(
    "stm32f767", "stm32f765", "stm32f777",
    profile: f7(
      "STM32F765/F767 (2 MiB)", [.polls], kibibytes: 2048,
      runs: [.init(4, 32 * 1024), .init(1, 128 * 1024), .init(7, 256 * 1024)],
      map: "@Internal Flash  /0x08000000/04*032Kg,01*128Kg,07*256Kg", otp: 0x1FF0_F000,
      serial: "205A36653253", polls: .internalFlash))

  /// F767 in dual-bank mode: the sectors are those of an F42x.
  static let stm32f767dual: SimulatedChip = {
    let bank: [MemoryRegion.Run] = [.init(4, 16 * 1024), .init(1, 64 * 1024), .init(7, 128 * 1024)]
    var profile = stm32f767.profile
    profile.part = "STM32F765/F767 (2 MiB), dual bank"
    profile.usb.maps[0] =
      "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg,04*016Kg,01*064Kg,07*128Kg"
    profile.memories[0] = MemoryRegion(.flash, at: 0x0800_0000, bank + bank)
    return SimulatedChip("stm32f767-dual", profile: profile)
  }()
}
