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
    /// Its behaviour while busy and when leaving.
    package static let behaviour = Guesses(rawValue: 32)
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
  package var behaviour: Behaviour
  /// Where it misbehaves.
  package var quirks: Quirks
  /// Whether the core starts from a vector table (Cortex-M) or from the first instruction (RISC-V).
  package var hasVectorTable: Bool

  /// Makes a profile.
  package init(
    part: String, guessed: Guesses, flashSize: Int, usb: USBFacts,
    commands: [UInt8] = [0x00, 0x21, 0x41, 0x92], defaultPointer: UInt32 = 0x0800_0000,
    memories: [MemoryRegion], rules: FlashRules, times: WorkTimes,
    timesBySupply: [UInt8: WorkTimes] = [:], polls: ReportedPolls, behaviour: Behaviour = Behaviour(),
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
    self.behaviour = behaviour
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

/// How long a chip really works; typical values.
package struct WorkTimes: Hashable, Sendable {
  /// Erase time by sector size in bytes.
  package var erase: [Int: Duration]
  /// Bytes in one program operation.
  package var programWidth: Int
  /// Time of one program operation.
  package var program: Duration
  /// Time to erase the whole flash.
  package var massErase: Duration
  /// Time the bootloader needs to fetch 1 KiB for an upload.
  package var readKiB: Duration

  /// Makes a set of times.
  package init(
    erase: [Int: Duration], programWidth: Int, program: Duration, massErase: Duration,
    readKiB: Duration = .milliseconds(3)
  ) {
    self.erase = erase
    self.programWidth = programWidth
    self.program = program
    self.massErase = massErase
    self.readKiB = readKiB
  }

  /// Time to program `count` bytes.
  package func programming(_ count: Int) -> Duration {
    program * ((count + programWidth - 1) / programWidth)
  }

  /// Time to erase a sector of `size` bytes: 1 s when the size is not listed.
  package func erasing(_ size: Int) -> Duration { erase[size] ?? .seconds(1) }

  /// Time to fetch `count` bytes.
  package func reading(_ count: Int) -> Duration { readKiB * count / 1024 }
}

/// The `bwPollTimeout` a bootloader reports for each kind of work, which may have little to do with
/// the time it needs.
package struct ReportedPolls: Hashable, Sendable {
  /// For a sector erase.
  package var erase: Duration
  /// For a block of data.
  package var write: Duration
  /// For Set Address.
  package var setAddress: Duration
  /// For a mass erase.
  package var massErase: Duration
  /// For leaving.
  package var manifest: Duration

  /// Makes a set of reports, in milliseconds.
  package init(
    erase: Int, write: Int, setAddress: Int? = nil, massErase: Int? = nil, manifest: Int = 1
  ) {
    self.erase = .milliseconds(erase)
    self.write = .milliseconds(write)
    self.setAddress = .milliseconds(setAddress ?? write)
    self.massErase = .milliseconds(massErase ?? erase)
    self.manifest = .milliseconds(manifest)
  }

  /// What ST's first device library reports for internal flash: 100 ms for an erase, 104 ms for all
  /// else, Set Address included.
  ///
  /// `TimingTable` and `GETSTATUS` of the STM32 USB-FS-Device library's DFU example. Bootloaders
  /// of the time do the same: dfu-util printed 100 ms for the erase and 104 ms for Set Address of
  /// an F4 with 256 KiB (modm's manual, `program-dfu`) and of a GD32VF103 (gd32-dfu-utils#3), and
  /// fwupd saw 100 ms and 104 ms for the erase and the write of an F745 (fwupd#2696).
  package static let internalFlash = ReportedPolls(erase: 100, write: 104)
}
