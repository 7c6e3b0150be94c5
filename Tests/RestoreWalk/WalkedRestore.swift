import DfuseDevice
import DfuseFormat
import DfuseSimulator
import DfuseTestSupport

/// One course: a snapshot of a chip, other bytes and option fields on it, a restore that is cut at each
/// request and run again, and a snapshot.
final class WalkedRestore {
  /// What was met on it.
  struct Findings: Sendable {
    var name = ""
    /// Places at which the plug was pulled.
    var cuts = 0
    /// Boards that were left there, each once.
    var boards = 0
    /// Of these, those on which the restore was run again.
    var runs = 0
    /// Of these, those that were read protected, and were opened again, which erases them.
    var protected = 0
    /// Of these, those that have bits of option bytes otherwise then that are no field's: a write that
    /// was cut sets reserved ones (RM0440) and erases complements (RM0091), and a restore leaves alone what
    /// means nothing.
    var reserved = 0
    /// Of the boards, those without a way into their bootloader, of which the plan had warned.
    var closed = 0
    /// Fields of option bytes that were part of it.
    var fields = 0
    var hasOptions: Bool { fields > 0 }
    /// What is not as it should be.
    var problems: [String] = []
  }

  private let chip: SimulatedChip
  private let isWhole: Bool
  /// Of how many boards that were left, behind the first ones, one gets its second run.
  private let every: Int
  private let isCut: Bool
  private var findings = Findings()
  /// What the flash is filled in, and what a snapshot takes.
  private var sectors: [Range<UInt64>] = []
  private var image: [Range<UInt64>] = []
  private var container: [UInt8] = []
  private var seen: Set<SimulatedBoardState> = []
  private var last: SimulatedBoardState?
  /// What the course is at, and what it was told before that.
  private var phase = ""
  private var cautions: [OptionChange.Caution] = []

  /// How many boards always get a second run.
  private static let always = 25

  /// - Parameters:
  ///   - chip: The chip, as it comes from the factory.
  ///   - isWhole: Whether all of the flash takes part; else four sectors of it do.
  ///   - every: Of how many boards that are left one gets its second run.
  ///   - isCut: Whether the restore is cut at all.
  init(_ chip: SimulatedChip, isWhole: Bool, every: Int = 1, isCut: Bool = true) {
    (self.chip, self.isWhole, self.every, self.isCut) = (chip, isWhole, every, isCut)
  }

  func run() -> Findings {
    findings.name = chip.name
    do {
      try prepare()
    } catch {
      problem("cannot begin: \(error)")
    }
    return findings
  }

  private func prepare() throws {
    let board = SimulatedBoard(chip)
    guard let listed = try SimulatedBus([board]).devices().first?.board else { throw Gone() }
    choose(listed)
    var original = board
    fill(&original, seed: 1, all: false)
    container = try snapshot(SimulatedBus([original]))
    let bus = SimulatedBus([original])
    findings.fields = try changeOptions(bus)
    guard var changed = bus.board(at: ForkingTransport.port) else { throw Gone() }
    fill(&changed, seed: 2, all: true)
    let walked = SimulatedBus([changed])
    if try snapshot(SimulatedBus([changed])) == container { problem("nothing is different") }
    try restore(walked, isWatched: isCut)
    if try snapshot(walked) != container { problem("the restore itself does not restore") }
  }

  private struct Gone: Error {}

  private func problem(_ text: String) {
    findings.problems.append("\(chip.name) at \(phase), cut \(findings.cuts): \(text)")
  }

  // MARK: - What is on the board

  /// All that can be written, or four sectors of the flash: the first two, one in the middle, the last.
  private func choose(_ board: Board) {
    var shown: Set<String> = []
    for memory in board.memories where shown.insert(memory.map.text).inserted {
      let isFlash = [.internalFlash, .externalFlash, .other].contains(memory.map.kind)
      guard isFlash || memory.map.kind == .dataEEPROM else {
        image += memory.map.ranges(.readable)
        continue
      }
      var own = board.bootloader?.ownRanges ?? []
      // A bootloader in flash may refuse its own sectors, whatever its map says.
      if memory.map.kind == .internalFlash, let flash = chip.profile.memory(.flash) {
        own.append(0..<flash.range.lowerBound)
      }
      var all: [Range<UInt64>] = []
      for segment in memory.map.segments where segment.access.contains(.writable) {
        for index in 0..<segment.sectorCount {
          let start = segment.start + index * segment.sectorSize
          let sector = start..<start + segment.sectorSize
          if !own.contains(where: { $0.overlaps(sector) }) { all.append(sector) }
        }
      }
      if !isWhole, isFlash, all.count > 4 {
        // Bank 2 of this one cannot be erased (AN2606).
        all =
          chip.name == "stm32f427-v9.0"
          ? Array(all.prefix(4)) : [all[0], all[1], all[all.count / 2], all[all.count - 1]]
      }
      sectors += all
      image += isWhole ? memory.map.ranges(.readable) : all
      // A snapshot has what each memory begins with, its bootloader if need be.
      if let start = memory.map.ranges(.readable).first?.lowerBound {
        image.append(start..<start + 1024)
      }
    }
    // What stands in no map of its own.
    for memory in board.allMemories where memory.map.kind == .optionBytes {
      image += memory.map.ranges(.readable)
    }
    image = image.union
  }

  /// Puts bytes at both ends of sectors, some of which are left as they are.
  private func fill(_ board: inout SimulatedBoard, seed: UInt64, all: Bool) {
    var random = SplitMix64(seed: seed)
    for sector in sectors {
      let bytes = random.bytes(min(sector.count, 48 + Int(random.next() % 32)))
      guard all || sector == sectors.first || random.next() % 3 > 0 else { continue }
      board.load(bytes, at: UInt32(truncatingIfNeeded: sector.lowerBound))
      board.load(Array(bytes.prefix(4)), at: UInt32(truncatingIfNeeded: sector.upperBound - 4))
    }
  }

  /// Gives every field another value that can be written without a word for it; but for those that make
  /// another board of it, by its map or its level.
  private func changeOptions(_ bus: SimulatedBus) throws -> Int {
    guard let first = try? options(bus, isWatched: false).options else { return 0 }
    var count = 0
    for field in first.fields
    where ![.protection, .oneWay, .map, .trustZone].contains(field.role) {
      let (options, shown) = try options(bus, isWatched: false)
      guard let value = options.value(of: field) else { continue }
      var wanted = UInt64((field.hasNamedBits ? value & 1 : value) ^ 1)
      // An area, which starts before it ends.
      if field.role == .writeProtection, !field.hasNamedBits {
        wanted = field.name.hasSuffix("END") ? 2 : 1
      }
      let change = try? options.change(
        [OptionSetting(name: field.name, value: wanted)], shown: shown, consent: OptionConsent(),
        serial: nil)
      guard let change, !change.isEmpty else { continue }
      try write(change, bus, isWatched: false)
      count += 1
    }
    return count
  }

  // MARK: - As the commands do it

  private func flasher(_ bus: SimulatedBus, isWatched: Bool) throws -> Flasher {
    guard let board = try bus.devices().first?.board, let device = try bus.pluggedDevices().first
    else { throw Gone() }
    let transport = try bus.open(board)
    guard isWatched else { return Flasher(transport: transport) }
    return Flasher(
      transport: ForkingTransport(transport, bus: bus, device: device) { [unowned self] in
        cut($0)
      })
  }

  /// A container with what the image covers of a board.
  private func snapshot(_ bus: SimulatedBus) throws -> [UInt8] {
    var flasher = try flasher(bus, isWatched: false)
    var layout = SnapshotLayout(of: flasher.board).clamped(to: image)
    var bytes: [UInt8] = []
    try flasher.snapshot(&layout, into: &bytes)
    let ids = flasher.identity
    return try layout.firmware(
      bytes, chip: flasher.board.chip,
      suffix: DFUSuffix(productID: ids.productID, vendorID: ids.vendorID)
    ).encoded()
  }

  private func options(
    _ bus: SimulatedBus, isWatched: Bool
  ) throws -> (options: OptionBytes, shown: [Range<UInt64>]) {
    var flasher = try flasher(bus, isWatched: isWatched)
    let options = try flasher.readOptions()
    return (options, flasher.shownOptions)
  }

  /// Writes option bytes, block by block; the board is plugged in again after each, for some chips take
  /// new values at their next start only.
  private func write(_ change: OptionChange, _ bus: SimulatedBus, isWatched: Bool) throws {
    if isWatched { cautions = change.cautions }
    for block in change.blocks {
      try write(block, bus, isWatched: isWatched)
      bus.plugBack(ForkingTransport.port, boot0: true)
    }
  }

  private func write(_ block: ImageElement, _ bus: SimulatedBus, isWatched: Bool) throws {
    var flasher = try flasher(bus, isWatched: isWatched)
    let options = try flasher.readOptions()
    _ = try flasher.write(options: block, of: options)
  }

  /// As `dfuse restore` does it: what protects sectors goes first, option bytes come last.
  private func restore(_ bus: SimulatedBus, isWatched: Bool) throws {
    guard var snapshot = Snapshot(try Firmware(reading: container)),
      let board = try bus.devices().first?.board
    else { throw Gone() }
    // What is not in the image is nobody's business.
    for index in snapshot.memories.indices {
      snapshot.memories[index].ranges = snapshot.memories[index].ranges.intersection(image)
    }
    if isWatched { phase = "look" }
    if findings.hasOptions {
      let (options, shown) = try options(bus, isWatched: isWatched)
      let lifting = try options.changeLiftingWriteProtection(
        shown: shown, consent: OptionConsent(), serial: nil)
      if isWatched { phase = "write protection" }
      try write(lifting, bus, isWatched: isWatched)
    }
    if isWatched { phase = "flash" }
    try flash(snapshot.restoration(for: board).firmware, bus, isWatched: isWatched)
    guard findings.hasOptions else { return }
    if isWatched { phase = "option bytes" }
    let (options, shown) = try options(bus, isWatched: isWatched)
    let wanted = snapshot.memories.filter { $0.map.kind == .optionBytes }.flatMap(\.image.runs)
    let change = try options.change(
      toMatch: wanted, shown: shown, consent: OptionConsent(), serial: nil)
    try write(change, bus, isWatched: isWatched)
  }

  private func flash(_ firmware: Firmware, _ bus: SimulatedBus, isWatched: Bool) throws {
    var flasher = try flasher(bus, isWatched: isWatched)
    let plan = try flasher.plan(firmware, options: FlashOptions())
    _ = try flasher.run(plan)
  }

  private func unprotect(_ bus: SimulatedBus) throws {
    let flasher = try flasher(bus, isWatched: false)
    _ = try flasher.unprotect()
  }

  // MARK: - What is true after a cut

  /// Looks at a board whose plug was pulled, and runs the same command again.
  private func cut(_ bus: SimulatedBus) {
    findings.cuts += 1
    guard let board = bus.board(at: ForkingTransport.port) else { return problem("no board") }
    // A board that holds what an earlier one did goes the same way.
    let state = board.state
    guard state != last else { return }
    last = state
    guard seen.insert(state).inserted else { return }
    findings.boards += 1
    for harm in board.harms { problem(harm) }
    guard bus.plugBackIntoROM() else {
      findings.closed += 1
      if !cautions.contains(.holdSupply) { problem("no way into the bootloader, and no warning") }
      return
    }
    guard phase != "flash" || findings.boards <= Self.always || findings.boards % every == 0 else {
      return
    }
    findings.runs += 1
    do {
      let wasTorn = try again(bus)
      guard try snapshot(bus) != container else { return }
      guard wasTorn, try holdsAllFields(bus) else {
        return problem("the second run leaves something else")
      }
      findings.reserved += 1
    } catch {
      problem("the second run fails: \(error)")
    }
  }

  /// Runs the command; where a cut write of option bytes has left the chip read protected, opens it
  /// first, and says so.
  private func again(_ bus: SimulatedBus) throws -> Bool {
    do {
      try restore(bus, isWatched: false)
      return false
    } catch FlashError.readProtected {
      findings.protected += 1
      try unprotect(bus)
      bus.plugBack(ForkingTransport.port, boot0: true)
      try restore(bus, isWatched: false)
      return true
    }
  }

  /// Whether a board is as the snapshot has it, but for bits of option bytes that are no field's.
  private func holdsAllFields(_ bus: SimulatedBus) throws -> Bool {
    guard let wanted = Snapshot(try Firmware(reading: container)),
      let found = Snapshot(try Firmware(reading: try snapshot(bus)))
    else { return false }
    let same = zip(wanted.memories, found.memories).allSatisfy { one, other in
      one.map.kind == .optionBytes || one == other
    }
    let (options, shown) = try options(bus, isWatched: false)
    let words = wanted.memories.filter { $0.map.kind == .optionBytes }.flatMap(\.image.runs)
    return try same
      && options.change(
        toMatch: words, shown: shown, consent: OptionConsent(), serial: nil
      ).isEmpty
  }
}
