import Testing

@testable import DfuseDevice
@testable import DfuseSimulator
@testable import RestoreWalk

/// Power that fails while `dfuse options set` is at work: at each request of each set, and in the middle
/// of all work that one has begun.
@Suite struct OptionSetCutTests {
  /// What a board is left as by some cuts.
  private struct Left {
    /// Places at which the plug was pulled.
    var cuts = 0
    /// Boards that do not start their bootloader any more.
    var closed = 0
    /// What should not be.
    var problems: [String] = []
    /// The board looked at last: the next cut mostly leaves the same.
    private var last: (state: SimulatedBoardState, isClosed: Bool)?

    /// Looks at the board of a bus whose plug was pulled.
    mutating func look(_ bus: SimulatedBus) {
      cuts += 1
      guard let board = bus.board(at: ForkingTransport.port) else {
        return problems.append("no board")
      }
      let state = board.state
      if let last, last.state == state { return closed += last.isClosed ? 1 : 0 }
      problems += board.harms.map { "\($0) at cut \(cuts)" }
      let isClosed = !bus.plugBackIntoROM()
      if isClosed { closed += 1 }
      last = (state, isClosed)
    }
  }

  /// A set on a fresh board that is cut at each of its requests.
  private func cut(
    _ chip: SimulatedChip, _ name: String, _ value: UInt32
  ) throws -> (change: OptionChange, left: Left, endsClosed: Bool) {
    let bus = SimulatedBus([SimulatedBoard(chip)])
    let board = try #require(try bus.devices().first?.board)
    let device = try #require(try bus.pluggedDevices().first)
    var left = Left()
    var flasher = Flasher(
      transport: ForkingTransport(try bus.open(board), bus: bus, device: device) {
        left.look($0)
      })
    let options = try OptionSettingTests.options(of: &flasher, chip.name)
    let change = try options.change(
      [OptionSetting(name: name, value: UInt64(value))], shown: flasher.shownOptions,
      consent: OptionSettingTests.everything, serial: nil)
    for block in change.blocks { _ = try flasher.write(options: block, of: options) }
    // As it stands when all is done.
    left.look(bus.fork())
    return (change, left, !bus.plugBackIntoROM())
  }

  /// What a field can be set to that it is not: all values of up to four bits, both ends of wider ones,
  /// or its bits by their names.
  private func settings(
    of field: OptionField, _ now: UInt32
  ) -> [(String, UInt32)] {
    guard field.hasNamedBits else {
      return OptionSettingTests.ends(of: field).filter { $0 != now && field.allows($0) }
        .map { (field.name, $0) }
    }
    let (stem, first) = OptionField.stem(of: field.name)
    return (0..<field.width).map { ("\(stem)\(first + $0)", ~(now >> $0) & 1) }
  }

  @Test(arguments: OptionSettingTests.all)
  func `a cut at any request never locks for ever, and closes the way only where that was said`(
    _ chipName: String
  ) throws {
    let chip = try TestProgram.chip(chipName)
    var reader = try FlashRig(SimulatedBoard(chip)).flasher()
    let options = try OptionSettingTests.options(of: &reader, chipName)
    let layout = try #require(options.layout)
    var (sets, cuts, closed) = (0, 0, 0)
    for field in layout.fields {
      guard !layout.family.neverWritten.contains(field.name),
        let now = options.value(of: field)
      else { continue }
      for (name, value) in settings(of: field, now) {
        if field.role == .protection, layout.family.levels.permanent.contains(value) { continue }
        let (change, left, endsClosed): (OptionChange, Left, Bool)
        do {
          (change, left, endsClosed) = try cut(chip, name, value)
        } catch OptionError.outsideMap, OptionError.notThere, OptionError.trustZone {
          continue
        }
        #expect(left.problems == [], "\(name)=\(value)")
        #expect(left.cuts > 10)
        if left.closed > 0, !endsClosed {
          #expect(change.cautions.contains(.holdSupply), "\(name)=\(value)")
        }
        sets += 1
        cuts += left.cuts
        closed += endsClosed ? 0 : left.closed
      }
    }
    #expect(sets > 5)
    print(
      "\(chipName): \(sets) sets, \(cuts) cuts, of which \(closed) close the way that the set leaves open"
    )
  }
}
