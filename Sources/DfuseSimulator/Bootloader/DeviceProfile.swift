/// Everything the simulator knows of one kind of bootloader, as data.
package struct DeviceProfile: Sendable {
  /// Groups of facts that are inferred from relatives or remembered, not seen on this device.
  ///
  /// The times the chip works are no group: they are typical datasheet values throughout.
  enum Guess: CaseIterable, Sendable {
    /// Ids, `bcdDevice`, product text.
    case identity
    /// The memory map strings.
    case maps
    /// `wTransferSize`.
    case transferSize
    /// The poll timeouts it reports.
    case polls
    /// Its behaviour while busy and when leaving.
    case behaviour
  }

  /// The part or parts, for people.
  var part: String
  /// What of this is guessed; the rest was seen or is documented.
  var guessed: Set<Guess>
  /// Identity and strings.
  package var usb: USBFacts
  /// Get Commands' answer.
  var commands: [UInt8] = [0x00, 0x21, 0x41, 0x92]
  /// Where the address pointer stands after power-on.
  var defaultPointer: UInt32 = 0x0800_0000
  /// Where a program begins that a bootloader in flash starts, if not where its pointer stands or
  /// the flash begins.
  var programStart: UInt32?
  /// The memories of the silicon.
  var memories: [MemoryRegion]
  /// Whether the sectors of the flash that cannot be written count as program memory.
  var countsReadOnlyFlash = false
  /// What it tells outside its memory maps; nil where that is not known, and nothing is served.
  var system: SystemMemory?
  /// What its option bytes are; nil where they are mere bytes.
  var options: SimulatedOptionBytes?
  /// How the flash takes data.
  var rules: FlashRules
  /// How long things take.
  var times: WorkTimes
  /// Other times by the first byte of Device Feature, which names the supply range (F2, F4, F7).
  var timesBySupply: [UInt8: WorkTimes] = [:]
  /// How long it says things take.
  var polls: ReportedPolls
  /// How it behaves.
  var behaviour = Behaviour()
  /// Where it misbehaves.
  var quirks = Quirks()
  /// Whether the core starts from a vector table (Cortex-M) or from the first instruction (RISC-V).
  var hasVectorTable = true

  /// Most bytes of a block, and what block numbers are counted by.
  var blockSize: UInt16 { quirks.countsBlocksBy ?? usb.transferSize }

  /// Whether the board leaves the bus when option bytes were written.
  package var leavesAfterOptions: Bool {
    guard let options else { return rules.optionWriteResets }
    return options.after == .reset || options.after == .launch
  }

  /// The memory of a kind with the lowest address, or nil.
  package func memory(_ kind: MemoryRegion.Kind) -> MemoryRegion? {
    memories.filter { $0.kind == kind }.min { $0.start < $1.start }
  }
}

/// How long a chip really works; typical values.
struct WorkTimes: Hashable, Sendable {
  /// Erase time by sector size in bytes.
  var erase: [Int: Duration]
  /// Bytes in one program operation.
  var programWidth: Int
  /// Time of one program operation.
  var program: Duration
  /// Time to erase the whole flash.
  var massErase: Duration
  /// Time the bootloader needs to fetch 1 KiB for an upload.
  var readKiB: Duration = .milliseconds(3)

  /// Time to program `count` bytes.
  func programming(_ count: Int) -> Duration {
    program * ((count + programWidth - 1) / programWidth)
  }

  /// Time to erase a sector of `size` bytes: 1 s when the size is not listed.
  func erasing(_ size: Int) -> Duration { erase[size] ?? .seconds(1) }

  /// Time to fetch `count` bytes.
  func reading(_ count: Int) -> Duration { readKiB * count / 1024 }
}

extension WorkTimes {
  /// Times of sectors, by KiB, and of everything in milliseconds, of a program operation in
  /// microseconds.
  init(_ sectors: [Int: Int], width: Int, program: Int = 16, massErase: Int) {
    self.init(
      erase: sectors.reduce(into: [:]) { $0[$1.key * 1024] = .milliseconds($1.value) },
      programWidth: width, program: .microseconds(program), massErase: .milliseconds(massErase))
  }
}

/// The `bwPollTimeout` a bootloader reports for each kind of work, in milliseconds; it may have little
/// to do with the time the work needs.
struct ReportedPolls: Hashable, Sendable {
  /// For an erase, of a sector or of everything.
  var erase: Int
  /// For a block of data.
  var write: Int
  /// For Set Address; nil as for a block of data.
  var setAddress: Int?
  /// For leaving.
  var manifest = 1
  /// Where nothing is going on.
  var idle = 0

  /// What ST's first device library reports for internal flash: 100 ms for an erase, 104 ms for all
  /// else, Set Address included.
  ///
  /// `TimingTable` and `GETSTATUS` of the STM32 USB-FS-Device library's DFU example. Bootloaders
  /// of the time do the same: dfu-util printed 100 ms for the erase and 104 ms for Set Address of
  /// an F4 with 256 KiB (modm's manual, `program-dfu`) and of a GD32VF103 (gd32-dfu-utils#3), and
  /// fwupd saw 100 ms and 104 ms for the erase and the write of an F745 (fwupd#2696).
  static let internalFlash = ReportedPolls(erase: 100, write: 104)
}
