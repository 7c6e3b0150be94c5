// Bootloaders that are programs in flash, not ROMs.
extension SimulatedChip {
  /// ST's USB device library 2.11.3 with the flash layout of its F4 template.
  ///
  /// Behaviour as measured on the unmodified Core and DFU class.
  static let stUsbd = SimulatedChip(
    "st-usbd", "stm32-usbd",
    profile: DeviceProfile(
      part: "ST USB device library, DFU class", guessed: [.times], flashSize: 1024 * 1024,
      usb: USBFacts(
        bcdDevice: 0x0200, product: "DFU in FS Mode", serial: "00000000001A",
        maps: Array(
          repeating: "@Internal Flash   /0x08000000/03*016Ka,01*016Kg,01*064Kg,07*128Kg", count: 2),
        transferSize: 1024),
      commands: [0x00, 0x21, 0x41], defaultPointer: 0x0800_8000,
      memories: [
        MemoryRegion(.readOnly, at: 0x0800_0000, [.init(3, 16 * 1024)]),
        MemoryRegion(
          .flash, at: 0x0800_C000,
          [.init(1, 16 * 1024), .init(1, 64 * 1024), .init(7, 128 * 1024)]),
      ],
      rules: FlashRules(
        unit: 4, hasECC: false, rewrite: .clearsBits, failure: .status(StatusCode.errVENDOR)),
      times: WorkTimes(
        erase: [
          16 * 1024: .milliseconds(250), 64 * 1024: .milliseconds(550), 128 * 1024: .seconds(1),
        ], programWidth: 4, program: .microseconds(16), massErase: .seconds(8)),
      // ST's code generator's default: 50 ms for both; Set Address reports the program time.
      polls: ReportedPolls(erase: 50, write: 50),
      behaviour: Behaviour(
        flavour: .stMiddleware, whileBusy: .worksBeforeAnswering, leave: .duringStatus,
        clearStatus: .errUnknown, oversize: .hangs),
      quirks: middlewareQuirks))

  private static var middlewareQuirks: Quirks {
    var quirks = Quirks()
    quirks.ignoresMassErase = true
    quirks.acceptsAnyAddress = true
    quirks.mediaFailure = StatusCode.errVENDOR
    return quirks
  }

  /// MicroPython's mboot on an F4: no poll timeouts, CLRSTATUS from every state, texts for errors.
  static let mboot = SimulatedChip(
    "mboot",
    profile: DeviceProfile(
      part: "MicroPython mboot (F405, 1 MiB)", guessed: [.times, .identity],
      flashSize: 1024 * 1024 - 32 * 1024,
      usb: USBFacts(
        bcdDevice: 0x0200, manufacturer: "MicroPython", product: "Pyboard DFU Bootloader",
        serial: "2F0038000C51",
        maps: ["@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg"]),
      commands: [0x00, 0x21, 0x41],
      memories: [
        MemoryRegion(.readOnly, at: 0x0800_0000, [.init(2, 16 * 1024)]),
        MemoryRegion(
          .flash, at: 0x0800_8000,
          [.init(2, 16 * 1024), .init(1, 64 * 1024), .init(7, 128 * 1024)]),
      ],
      rules: FlashRules(unit: 4, hasECC: false, rewrite: .clearsBits),
      times: WorkTimes(
        erase: [
          16 * 1024: .milliseconds(250), 64 * 1024: .milliseconds(550), 128 * 1024: .seconds(1),
        ], programWidth: 4, program: .microseconds(16), massErase: .seconds(8)),
      polls: ReportedPolls(erase: 0, write: 0, manifest: 0),
      // Its source works once the answer has gone out, and in that time answers nothing: a mass erase
      // of many seconds made pydfu give up (micropython#5730).
      behaviour: Behaviour(whileBusy: .waits, clearStatus: .clears), quirks: mbootQuirks))

  private static var mbootQuirks: Quirks {
    var quirks = Quirks()
    quirks.mediaFailure = StatusCode.errADDRESS
    quirks.failureTexts = [0x11: "Address out of range"]
    return quirks
  }
}
