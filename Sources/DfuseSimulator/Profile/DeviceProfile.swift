/// Everything the simulator knows of one kind of bootloader, as data.
package struct DeviceProfile: Sendable {
  /// Groups of facts that are inferred from relatives or remembered, not seen on this device.
  package struct Guesses: OptionSet, Hashable, Sendable {
    package var rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Ids, `bcdDevice`, product text.
    package static let identity = Guesses(rawValue: 1)
    /// The memory map strings.
    package static let maps = Guesses(rawValue: 2)
    /// `wTransferSize`.
    package static let transferSize = Guesses(rawValue: 4)
    /// The times the chip works.
    package static let times = Guesses(rawValue: 8)
    /// The poll timeouts it reports.
    package static let polls = Guesses(rawValue: 16)
    /// Its manners while busy and when leaving.
    package static let manners = Guesses(rawValue: 32)
  }

  /// The part or parts, for people.
  package var part: String
  /// What of this is guessed; the rest was seen or is documented.
  package var guessed: Guesses
  /// Bytes of program memory of the simulated part.
  package var flashSize: Int
  /// Identity and strings.
  package var usb: USBFacts
  /// Get Commands' answer.
  package var commands: [UInt8]
  /// Where the address pointer stands after power-on.
  package var defaultPointer: UInt32
  /// The memories of the silicon.
  package var memories: [MemoryRegion]
  /// How the flash takes data.
  package var rules: FlashRules
  /// How long things take.
  package var times: WorkTimes
  /// Other times by the first byte of Device Feature, which names the supply range (F2, F4, F7).
  package var timesBySupply: [UInt8: WorkTimes]
  /// How long it says things take.
  package var polls: ReportedPolls
  /// How it behaves.
  package var manners: Manners
  /// Where it misbehaves.
  package var quirks: Quirks
  /// Whether the core starts from a vector table (Cortex-M) or from the first instruction (RISC-V).
  package var hasVectorTable: Bool

  /// Makes a profile.
  package init(
    part: String, guessed: Guesses, flashSize: Int, usb: USBFacts,
    commands: [UInt8] = [0x00, 0x21, 0x41, 0x92], defaultPointer: UInt32 = 0x0800_0000,
    memories: [MemoryRegion], rules: FlashRules, times: WorkTimes,
    timesBySupply: [UInt8: WorkTimes] = [:], polls: ReportedPolls, manners: Manners = Manners(),
    quirks: Quirks = Quirks(), hasVectorTable: Bool = true
  ) {
    self.part = part
    self.guessed = guessed
    self.flashSize = flashSize
    self.usb = usb
    self.commands = commands
    self.defaultPointer = defaultPointer
    self.memories = memories
    self.rules = rules
    self.times = times
    self.timesBySupply = timesBySupply
    self.polls = polls
    self.manners = manners
    self.quirks = quirks
    self.hasVectorTable = hasVectorTable
  }

  /// Most bytes of a block, and what block numbers are counted by.
  package var blockSize: UInt16 { quirks.countsBlocksBy ?? usb.transferSize }

  /// The memory of a kind with the lowest address, or nil.
  package func memory(_ kind: MemoryRegion.Kind) -> MemoryRegion? {
    memories.filter { $0.kind == kind }.min { $0.start < $1.start }
  }
}
