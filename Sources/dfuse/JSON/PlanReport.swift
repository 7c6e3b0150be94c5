import DfuseDevice
import DfuseFormat

/// A flash plan for people and for programs; documented in `docs/json.md`.
struct PlanReport: Encodable, Equatable {
  struct Memory: Encodable, Equatable {
    var alternateSetting: UInt8
    var name: String
    var sectors: [Sectors]
  }

  /// Neighbouring sectors of one size with the same action.
  struct Sectors: Encodable, Equatable {
    enum Action: String, Encodable {
      case keep, write, eraseAndWrite
    }

    var address: UInt64
    var sectorSize: UInt64
    var count: Int
    var action: Action
  }

  /// Steps that follow one another and do the same for the same reason.
  struct Step: Encodable, Equatable {
    enum Action: String, Encodable {
      case tellSupply, massErase, probe, eraseLeft, erase, write, verify, verifyBlank
    }

    var action: Action
    /// The name of a ``FlashStep/Reason``.
    var reason: String
    var alternateSetting: UInt8
    /// From the first byte to the last.
    var range: AddressRange?
    /// Bytes that are worked on, which need not be all of the range.
    var bytes: UInt64?
    /// How many steps of the machine these are: sectors, or blocks.
    var count: Int
  }

  var memories: [Memory]
  var massErase: Bool
  /// Bytes.
  var bytesToErase: UInt64
  var bytesToWrite: UInt64
  var bytesToVerify: UInt64
  /// Where the firmware starts; missing when it has no program.
  var programStart: UInt32?
  var expectedSeconds: Double
  /// What is done, in order.
  var steps: [Step]

  init(_ plan: FlashPlan) {
    memories = plan.memories.map(Memory.init)
    massErase = plan.usesMassErase
    bytesToErase = plan.bytesToErase
    bytesToWrite = plan.bytesToWrite
    bytesToVerify = plan.bytesToVerify
    programStart = plan.programStart
    expectedSeconds = plan.expectedTime.roundedSeconds
    steps = []
    for step in plan.steps {
      guard let step = Step(step, of: plan) else { continue }
      if steps.last?.joins(step) == true {
        steps[steps.count - 1].add(step)
      } else {
        steps.append(step)
      }
    }
  }
}

extension PlanReport.Memory {
  init(_ memory: FlashPlan.Memory) {
    alternateSetting = memory.alternateSetting
    name = memory.name
    sectors = []
    for sector in memory.sectors {
      let size = UInt64(sector.range.count)
      let action: PlanReport.Sectors.Action =
        switch sector.action {
        case .keep: .keep
        case .write, .overwrite: .write
        case .eraseAndWrite: .eraseAndWrite
        }
      if let last = sectors.last, last.action == action, last.sectorSize == size,
        last.address + size * UInt64(last.count) == sector.range.lowerBound
      {
        sectors[sectors.count - 1].count += 1
      } else {
        sectors.append(
          .init(address: sector.range.lowerBound, sectorSize: size, count: 1, action: action))
      }
    }
  }
}

extension PlanReport.Step {
  /// A step of a plan; nil for one that has nothing to do unless something goes wrong.
  fileprivate init?(_ step: FlashStep, of plan: FlashPlan) {
    func direct(_ index: Int) -> Range<UInt64>? {
      plan.directWrites.indices.contains(index) ? plan.directWrites[index].range : nil
    }
    let (action, range): (Action, Range<UInt64>?)
    switch step.work {
    case .settle: return nil
    case .tellSupply: (action, range) = (.tellSupply, nil)
    case .massErase: (action, range) = (.massErase, nil)
    case .eraseLeft: (action, range) = (.eraseLeft, nil)
    case .probe(let part): (action, range) = (.probe, part)
    case .erase(let sector): (action, range) = (.erase, sector)
    case .write(let part, _): (action, range) = (.write, part)
    case .verify(let part, _, _): (action, range) = (.verify, part)
    case .verifyBlank(let part, _, _): (action, range) = (.verifyBlank, part)
    case .writeDirectly(let index): (action, range) = (.write, direct(index))
    case .checkDirectly(let index): (action, range) = (.verify, direct(index))
    }
    self.init(
      action: action, reason: step.reason.rawValue, alternateSetting: step.alternateSetting,
      range: range.map(AddressRange.init), bytes: range.map { UInt64($0.count) }, count: 1)
  }

  /// Whether another step is told together with this one.
  fileprivate func joins(_ other: Self) -> Bool {
    action == other.action && reason == other.reason
      && alternateSetting == other.alternateSetting && range != nil
      && reason != FlashStep.Reason.afterFlash.rawValue
  }

  fileprivate mutating func add(_ other: Self) {
    count += 1
    guard let range, let added = other.range else { return }
    let start = min(range.address, added.address)
    let end = max(range.address + range.size, added.address + added.size)
    self.range = AddressRange(start..<end)
    bytes = (bytes ?? 0) + (other.bytes ?? 0)
  }
}

// MARK: - For people

extension PlanReport {
  /// The plan for people, a line each.
  var lines: [String] {
    var lines: [String] = []
    for memory in memories {
      lines.append("  \(memory.name.visible), alternate setting \(memory.alternateSetting)")
      lines += memory.sectors.map { sectors in
        let end = sectors.address + sectors.sectorSize * UInt64(sectors.count)
        let size = "\(sectors.count.counted("sector")) of \(sectors.sectorSize.sizeText)"
        return "    \((sectors.address..<end).addressText)  \(size)  \(sectors.action.words)"
      }
    }
    if bytesToWrite == 0, bytesToErase == 0, bytesToVerify == 0 {
      lines.append("  the board holds it already: nothing to do")
    } else {
      let erase = massErase ? "erase the whole flash" : "erase \(bytesToErase.sizeText)"
      lines.append(
        "  \(erase), write \(bytesToWrite.sizeText), read back \(bytesToVerify.sizeText); "
          + "about \(Duration.seconds(expectedSeconds).timeText)")
    }
    if !steps.isEmpty { lines.append("  in this order:") }
    return lines
      + steps.enumerated().map { number, step in "    \(number + 1). \(step.line)" }
  }
}

extension PlanReport.Sectors.Action {
  fileprivate var words: String {
    switch self {
    case .keep: "as it should be"
    case .write: "write"
    case .eraseAndWrite: "erase, write"
    }
  }
}

extension PlanReport.Step {
  fileprivate var line: String {
    let place = range.map { " in \(($0.address..<$0.address + $0.size).addressText)" } ?? ""
    let why = FlashStep.Reason(rawValue: reason)?.words ?? reason
    return "\(words)\(place): \(why)"
  }

  private var words: String {
    let size = (bytes ?? 0).sizeText
    return switch action {
    case .tellSupply: "tell the bootloader the supply voltage"
    case .massErase: "erase the whole flash by one command"
    case .probe: "look at the beginning of \(count.counted("sector"))"
    case .eraseLeft: "erase the sectors that are not blank"
    case .erase: "erase \(count.counted("sector"))"
    case .write: "write \(size)"
    case .verify: "read back \(size)"
    case .verifyBlank: "look whether \(size) are blank"
    }
  }
}

extension FlashStep.Reason {
  fileprivate var words: String {
    switch self {
    case .supply: "it programs faster then"
    case .wholeFlash: "all of it is replaced"
    case .notTrusted: "not every bootloader does what it is told there"
    case .vectorTableFirst: "the old program starts there, and does not start from then on"
    case .different: "something else is there"
    case .unread: "what is there was not compared"
    case .missing: "the board does not hold it"
    case .vectorTableLast: "the start of the program comes last, when all else has been read back"
    case .written: "what was written is checked"
    case .afterFlash: "no flash: it comes last, since some chips restart at that"
    }
  }
}
