import DfuseFormat
import DfuseTestSupport
import Testing

@testable import DfuseDevice
@testable import DfuseSimulator

/// The host's layouts against the simulated silicon, which has its own: what a field of the one is in
/// the other.
@Suite struct OptionSettingTests {
  /// The chips whose option bytes are written.
  static let names = SimulatedChip.all.map(\.name).filter { (try? isWritten($0)) == true }

  private static func isWritten(_ name: String) throws -> Bool {
    var flasher = try FlashRig(name).flasher()
    return try flasher.readOptions().layout?.isWritten == true
  }

  @Test func `as many chips are written as ever`() { #expect(Self.names.count >= 22) }

  /// And those that are no boards, since nobody has posted their maps, and one that its bootloader does
  /// not tell.
  static let all = names + told.keys.sorted() + UnpostedChip.all.map(\.name)

  /// Chips that have the id and the map of another, so that their option bytes are shown and not
  /// written: here somebody says which one it is.
  private static let told: [String: UInt16] = ["stm32l452": 0x462]

  /// The option bytes of a board.
  static func options(of flasher: inout Flasher, _ chip: String) throws -> OptionBytes {
    let options = try flasher.readOptions()
    guard let device = told[chip] else { return options }
    #expect(options.layout?.isWritten == false)
    return OptionBytes(
      layout: OptionLayout.all.first { $0.device == device }, blocks: options.blocks)
  }

  static let everything: OptionConsent = {
    var consent = OptionConsent()
    consent.allowsNoWayBack = true
    consent.allowsErase = true
    return consent
  }()

  /// Reads, plans and writes, as `dfuse options set` does with one visit to the board.
  @discardableResult
  private func set(_ name: String, _ value: UInt32, _ rig: FlashRig) throws -> OptionChange {
    var flasher = try rig.flasher()
    let options = try Self.options(of: &flasher, rig.board.chip.name)
    let change = try options.change(
      [OptionSetting(name: name, value: UInt64(value))],
      shown: flasher.shownOptions, consent: Self.everything, serial: nil)
    for block in change.blocks { _ = try flasher.write(options: block, of: options) }
    return change
  }

  private func words(_ board: SimulatedBoard) -> [UInt32: UInt32] {
    var words: [UInt32: UInt32] = [:]
    for address in board.optionWords { words[address] = board.programmedOptionWord(at: address) }
    return words
  }

  /// All values of up to four bits, of others both ends.
  static func ends(of field: OptionField) -> [UInt32] {
    field.width <= 4 ? Array(0...field.most) : [0, 1, field.most - 1, field.most]
  }

  /// And sixteen between, where there are more.
  private func values(of field: OptionField, _ random: inout SplitMix64) -> [UInt32] {
    guard field.width > 4 else { return Self.ends(of: field) }
    let between = (0..<16).map { _ in UInt32(truncatingIfNeeded: random.next()) & field.most }
    return Self.ends(of: field) + between
  }

  @Test func `a chip that has become a board is no unposted one any more`() {
    #expect(
      UnpostedChip.all.map(\.name).filter { SimulatedChip.named($0) != nil } == [],
      "take it out of UnpostedChip.all; its fields from the CMSIS headers stay")
  }

  @Test(arguments: all)
  func `a field that is set is that field in the silicon, and nothing else changes`(
    _ name: String
  ) throws {
    let chip = try TestProgram.chip(name)
    var reader = try FlashRig(SimulatedBoard(chip)).flasher()
    let options = try Self.options(of: &reader, name)
    let shown = reader.shownOptions
    let layout = try #require(options.layout)
    #expect(layout.isWritten)
    // Where another hand has written down what the silicon has, that counts.
    let fields = SiliconFields.of(name)
    if let fields {
      let known = Set(layout.fields.filter { !$0.hasNamedBits }.map(\.name))
      #expect(Set(fields.keys).isSubset(of: known))
    }
    var random = SplitMix64(seed: 11)
    var count = 0
    for field in layout.fields {
      guard !field.hasNamedBits, field.condition == nil, field.role != .trustZone,
        !layout.family.neverWritten.contains(field.name), let now = options.value(of: field)
      else { continue }
      let place = layout.writeAddress(of: field.address)
      guard shown.contains(where: { $0.contains(place) && $0.upperBound >= place + 4 }) else {
        continue
      }
      for value in values(of: field, &random) where value != now && field.allows(value) {
        // The ends of levels are another test's.
        if field.role == .protection, layout.family.levels.permanent.contains(value) { continue }
        let rig = FlashRig(SimulatedBoard(chip))
        var expected = words(try rig.board)
        // A chip with one core does not have the words of the second.
        let address = UInt32(field.address)
        guard let word = expected[address] else { continue }
        var silicon = SiliconFields.Place(
          address: address, low: UInt32(field.low), width: UInt32(field.width))
        if let fields { silicon = try #require(fields[field.name], "\(field.name) is none") }
        let change: OptionChange
        do {
          change = try set(field.name, value, rig)
        } catch {
          Issue.record("\(field.name)=\(value): \(error)")
          continue
        }
        #expect(change.differences.map(\.after) == [value])
        #expect(silicon.address == address)
        expected[address] = word & ~silicon.mask | value << silicon.low
        let found = words(try rig.board)
        #expect(found == expected, "\(field.name)=\(value)")
        #expect(try rig.board.touchedPasswordWords == [])
        count += 1
      }
    }
    #expect(count > 5)
  }

  @Test(arguments: all)
  func `sectors are protected by their names`(_ name: String) throws {
    let chip = try TestProgram.chip(name)
    var reader = try FlashRig(SimulatedBoard(chip)).flasher()
    let options = try Self.options(of: &reader, name)
    for field in options.fields where field.hasNamedBits && options.value(of: field) != nil {
      guard field.role == .writeProtection else { continue }
      let (stem, first) = OptionField.stem(of: field.name)
      for bit in 0..<field.width {
        let rig = FlashRig(SimulatedBoard(chip))
        var expected = words(try rig.board)
        try set("\(stem)\(first + bit)", 0, rig)
        let place = SiliconFields.sector(first + bit, of: name)
        let address = place?.address ?? UInt32(field.address)
        expected[address]? &= ~(1 << (place?.low ?? UInt32(field.low + bit)))
        #expect(words(try rig.board) == expected, "\(stem)\(first + bit)")
      }
    }
  }
}
