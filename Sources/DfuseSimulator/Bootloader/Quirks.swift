import DfuseDevice

/// Misbehaviours of single devices, as data.
struct Quirks: Hashable, Sendable {
  /// Erases at or above this address are done but never reported as done (H743 revision V, bank 2;
  /// betaflight-configurator#1861, dfu-util ticket 88).
  var staysBusyErasingFrom: UInt32?
  /// Erases at or above this address are reported as done but not done (F42x V9.0 and V9.1 in
  /// dual-bank mode, AN2606).
  var ignoresEraseFrom: UInt32?
  /// Erases at or above this address are reported as done at once and go on for so long (H74x V9.1,
  /// AN2606); until they are, what is written there is lost.
  struct EarlyReport: Hashable, Sendable {
    var start: UInt32
    var time: Duration
  }
  var reportsEraseEarly: EarlyReport?
  /// A write of more than 256 bytes that is no multiple of 8 is corrupted (L47x V10.1 to V10.3,
  /// L43x V9.1; AN2606).
  var corruptsLongOddWrites = false
  /// The functional descriptor is that of DFU 1.0, 7 bytes without a version (clones;
  /// flashfloppy#462).
  var hasShortFunctionalDescriptor = false
  /// A DFU_GETSTATUS before the reported time makes the chip drop the work and say it is done
  /// (F070/F072; dfu-util ticket 78).
  var skipsWorkWhenPolledEarly = false
  /// A mass erase is reported as done and nothing happens (ST's USB device library).
  var ignoresMassErase = false
  /// Set Address takes any address; the next read or write fails instead (ST's USB device library).
  var acceptsAnyAddress = false
  /// Under read protection already Set Address fails (seen by betaflight-configurator).
  var refusesAddressWhenProtected = false
  /// A write of option bytes is reported as done and nothing happens.
  var ignoresOptionBytes = false
  /// The request for the list of commands is never answered.
  var answersNoCommandList = false
  /// Every upload of memory is refused, whatever `bmAttributes` says.
  var refusesUploads = false
  /// GET_DESCRIPTOR for the DFU functional descriptor is never answered (STM32C5,
  /// betaflight-configurator#5300).
  var ignoresFunctionalDescriptorRequest = false
  /// Leaving without a Set Address before fails (C071, LibUsbDfu#13).
  var leaveNeedsAddress = false
  /// `bLength` of the alternate settings' strings, when it lies (F42x/F43x: 166 for 112 bytes).
  var statedStringLength: UInt8?
  /// The map tells of other sectors than the silicon has (H7A3 V9.0, AN2606; GD32VF103, fwupd).
  var mapIsWrong = false
  /// The serial number is 8-bit text instead of UTF-16 (GD32).
  var eightBitSerial = false
  /// Every media failure is reported with this status, if set.
  var mediaFailure: UInt8?
  /// Texts of failures by `iString` (MicroPython's mboot).
  var failureTexts: [UInt8: String] = [:]
  /// A page that was erased last is not erased again (Black Magic Probe, dfu_f1.c).
  var skipsRepeatedErase = false
  /// State and status right after power-on instead of dfuIDLE (F407 V2.1: dfuERROR, errFIRMWARE).
  var powerOnError: UInt8?

  /// What the firmware holds in its buffer and counts its blocks by, where its descriptor says
  /// something else: a descriptor of 0 or 0xFFFF says nothing.
  var countsBlocksBy: UInt16?
}

/// What some simulated bootloaders do otherwise than most, or than AN3156 has it.
struct BehaviourNote: Sendable {
  /// What it is, and what the host makes of it.
  let account: QuirkAccount
  /// Whether a bootloader does so.
  let isShown: @Sendable (DeviceProfile) -> Bool

  init(
    _ text: String, source: String, answer: String,
    _ isShown: @escaping @Sendable (DeviceProfile) -> Bool
  ) {
    account = QuirkAccount(text, source: source, answer: answer)
    self.isShown = isShown
  }

  /// All but what the host has a quirk for.
  static let all: [BehaviourNote] = [
    // MARK: Time
    .init(
      "reports 100 ms for an erase and 104 ms for all else, a block of 8 ms and a mass erase of 16 s "
        + "among it",
      source: "ST's first device library; fwupd#2696, #1944, dfu-util",
      answer: "asks early where that does no harm; asks again as often as it says, up to 120 s"
    ) { $0.polls == .internalFlash },
    .init(
      "programs byte by byte until Device Feature names the supply", source: "AN2606",
      answer: "`--supply 2.7-3.6` makes it program words"
    ) { !$0.timesBySupply.isEmpty },
    .init(
      "reports 0 ms for everything", source: "micropython, device-os, mcuboot-arduino-stm32h7",
      answer: "asks again after 1 ms, and waits for the answer"
    ) { ($0.polls.erase, $0.polls.write) == (0, 0) },
    .init(
      "answers the first DFU_GETSTATUS only when the work is done",
      source: "ST community 234209; ST's device library v2.11.3, measured",
      answer: "waits for the answer as long as the work may take"
    ) { $0.behaviour.whileBusy == .worksBeforeAnswering },
    .init(
      "polled early, drops the work and calls it done", source: "dfu-util ticket 78",
      answer: "waits as told; verification catches the rest"
    ) { $0.quirks.skipsWorkWhenPolledEarly },
    // MARK: Descriptors
    .init(
      "is found in dfuERROR with errFIRMWARE", source: "dfu-util's device logs",
      answer: "DFU_CLRSTATUS"
    ) { $0.quirks.powerOnError != nil },
    .init(
      "a map's string says 166 bytes and has 112", source: "BIGTREETECH-OCTOPUS-Pro#42",
      answer: "takes what arrived"
    ) { $0.quirks.statedStringLength != nil },
    .init(
      "the map tells of other sectors, or of more, than the silicon has",
      source: "AN2606; dfu-util, fwupd", answer: "corrects the map"
    ) { $0.quirks.mapIsWrong },
    .init(
      "every alternate setting has the flash's string", source: "ST community 839156",
      answer: "goes by addresses; the first one serves for all"
    ) { $0.usb.maps.count > 1 && Set($0.usb.maps).count == 1 },
    .init(
      "other sectors, or other banks, as an option byte has it", source: "reference manuals",
      answer: "goes by the map"
    ) { $0.options?.modes.isEmpty == false },
    .init(
      "a functional descriptor of 7 bytes, without a version", source: "flashfloppy#462",
      answer: "DfuSe, if the name of an alternate setting is a memory map"
    ) { $0.quirks.hasShortFunctionalDescriptor },
    .init(
      "never answers GET_DESCRIPTOR(0x21)", source: "betaflight-configurator#5300",
      answer: "takes the descriptor from the configuration"
    ) { $0.quirks.ignoresFunctionalDescriptorRequest },
    .init(
      "the serial number is text of 8 bits a letter", source: "fwupd", answer: "reads it as that"
    ) { $0.quirks.eightBitSerial },
    // MARK: Commands
    .init(
      "stalls DFU_CLRSTATUS outside dfuERROR", source: "betaflight-configurator#5300",
      answer: "sends DFU_CLRSTATUS in dfuERROR only"
    ) { $0.behaviour.clearStatus == .stalls },
    .init(
      "never answers the request for its commands", source: "keirf/flashfloppy#584",
      answer: "a flash does without it"
    ) { $0.quirks.answersNoCommandList },
    .init(
      "takes a mass erase and does nothing", source: "ST's device library v2.11.3, measured",
      answer: "erases sector by sector"
    ) { $0.quirks.ignoresMassErase },
    .init(
      "takes any address; the next read or write fails instead",
      source: "ST's device library v2.11.3, measured; the bootloaders' sources",
      answer: "goes by the map"
    ) { $0.quirks.acceptsAnyAddress },
    .init(
      "has one status for whatever fails", source: "the bootloaders' sources",
      answer: "asks for the reason by a read"
    ) { $0.quirks.mediaFailure != nil },
    .init(
      "under read protection, Set Address fails already", source: "betaflight-configurator",
      answer: "says that it is read protected"
    ) { $0.quirks.refusesAddressWhenProtected },
    // MARK: Flash
    .init(
      "erases to 0x00, pages of 128 or 256 bytes", source: "reference manuals",
      answer: "blank is 0x00; many pages in one read"
    ) { $0.memory(.flash)?.erased == 0x00 },
    .init(
      "corrupts writes of more than 256 bytes that are no multiple of 8", source: "AN2606",
      answer: "pads to whole double words"
    ) { $0.quirks.corruptsLongOddWrites },
    .init(
      "its first sectors are in its map and cannot be written", source: "their maps",
      answer: "refuses them before anything is erased"
    ) {
      $0.memories.contains { $0.kind == .readOnly } && $0.usb.maps.contains { $0.contains("a,") }
    },
    .init(
      "does not erase the sector again that it has erased last", source: "its source, dfu_f1.c",
      answer: "erases each sector once, and reads back what it has written"
    ) { $0.quirks.skipsRepeatedErase },
    // MARK: Leaving
    .init(
      "leaves only after a Set Address", source: "LibUsbDfu#13",
      answer: "sets the address before it leaves"
    ) { $0.quirks.leaveNeedsAddress },
    .init(
      "is gone before the last DFU_GETSTATUS is answered", source: "dfu-util",
      answer: "counts a disappearance as success"
    ) { $0.behaviour.leave == .duringStatus },
    .init(
      "answers the last DFU_GETSTATUS with a stall", source: "qFlipper",
      answer: "counts that as success as well"
    ) { $0.behaviour.leave == .stallsStatus },
  ]
}
