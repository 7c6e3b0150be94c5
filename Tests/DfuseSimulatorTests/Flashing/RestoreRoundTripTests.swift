import DfuseDevice
import DfuseFormat
import DfuseTestSupport
import Testing

@testable import DfuseDevice
@testable import DfuseSimulator

/// Snapshot, other bytes, restore, snapshot: the two containers are the same bytes, also when the
/// restore was cut.
@Suite struct RestoreRoundTripTests {
  static let names = SimulatedChip.all.map(\.name)

  /// A chip of each family.
  static let families = [
    "stm32f072", "stm32f107", "stm32f303", "stm32f405", "stm32f723", "stm32l072", "stm32l152",
    "stm32l476", "stm32wb55", "stm32g0b1", "stm32g431", "stm32c071", "stm32u083", "stm32h563",
    "stm32u575", "stm32h723", "gd32vf103", "apm32f103",
  ]

  /// A container with all that a board holds.
  private func snapshot(_ rig: FlashRig) throws -> [UInt8] {
    var flasher = try rig.flasher()
    var layout = SnapshotLayout(of: flasher.board)
    var bytes: [UInt8] = []
    try flasher.snapshot(&layout, into: &bytes)
    #expect(bytes.count == Int(layout.byteCount))
    let (board, ids) = (flasher.board, flasher.identity)
    return try layout.firmware(
      bytes, chip: board.chip,
      suffix: DFUSuffix(productID: ids.productID, vendorID: ids.vendorID)
    ).encoded()
  }

  /// Puts a snapshot on a board, as `dfuse restore` does.
  private func restore(_ container: [UInt8], _ rig: FlashRig) throws {
    let snapshot = try #require(Snapshot(try Firmware(reading: container)))
    let board = try #require(try rig.bus.devices().first?.board)
    try rig.flash(snapshot.restoration(for: board).firmware, leave: false)
  }

  /// Puts bytes at both ends of sectors, some of which are left as they are.
  private func fill(_ board: inout SimulatedBoard, seed: UInt64, all: Bool) {
    var random = SplitMix64(seed: seed)
    for region in board.chip.profile.memories where [.flash, .eeprom].contains(region.kind) {
      var address = region.range.lowerBound
      while let sector = region.sector(at: address) {
        let count = min(sector.count, 48 + Int(random.next() % 32))
        let bytes = random.bytes(count)
        if all || address == region.range.lowerBound || random.next() % 3 > 0 {
          board.load(bytes, at: UInt32(sector.lowerBound))
          board.load(Array(bytes.prefix(4)), at: UInt32(sector.upperBound - 4))
        }
        address = sector.upperBound
      }
    }
  }

  private func rig(_ chip: SimulatedChip) -> FlashRig {
    var board = SimulatedBoard(chip)
    fill(&board, seed: 1, all: false)
    return FlashRig(board)
  }

  private func roundTrip(_ chip: SimulatedChip) throws {
    let rig = rig(chip)
    let before = try snapshot(rig)
    var board = try rig.board
    fill(&board, seed: 2, all: true)
    let changed = board
    rig.bus.changeBoard(at: "1-1") { $0 = changed }
    #expect(try snapshot(rig) != before)
    try restore(before, rig)
    #expect(try snapshot(rig) == before)
  }

  @Test(arguments: names)
  func `on every chip, with four sectors of it`(_ name: String) throws {
    try roundTrip(TestProgram.chip(name).withFourSectors())
  }

  @Test(arguments: families)
  func `on a whole chip of each family`(_ name: String) throws {
    try roundTrip(TestProgram.chip(name))
  }

  /// The option bytes, and what the bootloader shows of them.
  private func options(_ rig: FlashRig) throws -> (OptionBytes, shown: [Range<UInt64>]) {
    var flasher = try rig.flasher()
    let options = try flasher.readOptions()
    return (options, flasher.shownOptions)
  }

  private func write(_ change: OptionChange, _ options: OptionBytes, _ rig: FlashRig) throws {
    for block in change.blocks {
      try writeBlock(block, options, rig)
      // Some chips take new values at their next start only.
      rig.bus.plugBack("1-1", boot0: true)
    }
  }

  private func writeBlock(_ block: ImageElement, _ options: OptionBytes, _ rig: FlashRig) throws {
    var flasher = try rig.flasher()
    _ = try flasher.readOptions()
    _ = try flasher.write(options: block, of: options)
  }

  /// Gives every field another value that can be written without a word for it, one after the other;
  /// but for those that make another board of it, by its map or its level.
  private func changeOptions(_ rig: FlashRig) throws -> Int {
    var count = 0
    for field in try options(rig).0.fields
    where ![.protection, .oneWay, .map, .trustZone].contains(field.role) {
      let (options, shown) = try options(rig)
      guard let value = options.value(of: field) else { continue }
      var wanted = field.hasNamedBits ? field.most ^ 2 : value ^ 1
      // An area, which starts before it ends.
      if options.area(endingAt: field, value) != nil {
        wanted = field.name.hasSuffix("END") ? 2 : 1
      }
      let change = try? options.change(
        to: [field: wanted], shown: shown, consent: OptionConsent(), serial: nil)
      guard let change, !change.isEmpty else { continue }
      try write(change, options, rig)
      count += 1
    }
    return count
  }

  @Test(arguments: OptionSettingTests.names)
  func `with other option bytes as well`(_ name: String) throws {
    let rig = rig(try TestProgram.chip(name))
    let before = try snapshot(rig)
    var board = try rig.board
    fill(&board, seed: 2, all: true)
    let changed = board
    rig.bus.changeBoard(at: "1-1") { $0 = changed }
    #expect(try changeOptions(rig) > 3)
    #expect(try !options(rig).0.writeProtection.isEmpty)
    #expect(try snapshot(rig) != before)
    // As `dfuse restore` does it: what protects sectors goes first.
    let (protected, shown) = try options(rig)
    let lifting = try protected.changeLiftingWriteProtection(
      shown: shown, consent: OptionConsent(), serial: nil)
    try write(lifting, protected, rig)
    try restore(before, rig)
    let memories = try #require(Snapshot(try Firmware(reading: before))).memories
    let wanted = memories.filter { $0.map.kind == .optionBytes }.flatMap(\.image.runs)
    let open = try options(rig).0
    let change = try open.change(
      toMatch: wanted, shown: shown, consent: OptionConsent(), serial: nil)
    try write(change, open, rig)
    let after = try snapshot(rig)
    let isSame = after == before
    #expect(isSame)
    #expect(try rig.board.touchedPasswordWords == [])
  }

  @Test(arguments: families)
  func `a restore that is cut at any request is finished by the next`(_ name: String) throws {
    let chip = try TestProgram.chip(name).withFourSectors()
    let original = rig(chip)
    let container = try snapshot(original)
    var changed = try original.board
    fill(&changed, seed: 2, all: true)
    let board = changed
    let whole = FlashRig(board)
    let first = try whole.requests
    try restore(container, whole)
    let requests = try whole.requests - first
    #expect(requests > 20)
    // Where sectors are large, most requests read a block of them.
    let step = max(1, requests / 60)
    var unnoticed = 0
    for number in stride(from: 1, through: requests, by: step) {
      let rig = FlashRig(board)
      rig.bus.changeBoard(at: "1-1") {
        $0.faults = FaultPlan([Fault(.disconnect, at: .any, first + number)])
      }
      let error = try rig.failure { try self.restore(container, $0) }
      if error == nil { unnoticed += 1 }
      try rig.mend()
      try restore(container, rig)
      for region in chip.profile.memories where [.flash, .eeprom].contains(region.kind) {
        let same = try rig.memory(region.range) == original.memory(region.range)
        #expect(same, "cut at \(number) of \(requests)")
      }
    }
    // The last request ends the last upload: what came of it matters to nobody.
    #expect(unnoticed <= 1)
  }
}

extension SimulatedChip {
  /// The chip with no more than the first four sectors of its flash, in its map as well; those whose
  /// flash begins with a bootloader, or of which the host knows better than the map, are whole.
  func withFourSectors() throws -> SimulatedChip {
    var profile = profile
    let text = try #require(profile.usb.maps.first)
    let map = try #require(MemoryMap.parse(text))
    let first = try #require(map.segments.first)
    let index = profile.memories.firstIndex { $0.range.contains(first.start) && $0.kind == .flash }
    guard name != "gd32vf103", let index else { return self }
    let size = try #require(profile.memories[index].runs.first?.size)
    let count = min(4, Int(first.sectorCount))
    let run = try #require(
      text.split(separator: "/").dropFirst(2).first?.split(separator: ",").first)
    let star = try #require(run.firstIndex(of: "*"))
    let small = "@\(map.name)  /0x\(String(first.start, radix: 16))/0\(count)\(run[star...])"
    for place in profile.usb.maps.indices where profile.usb.maps[place] == text {
      profile.usb.maps[place] = small
    }
    profile.memories[index].runs = [.init(count, size)]
    return SimulatedChip(name, profile: profile)
  }
}
