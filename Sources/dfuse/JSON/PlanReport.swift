import DfuseDevice
import DfuseFormat

/// A flash plan for people and for programs.
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

  var memories: [Memory]
  var massErase: Bool
  /// Bytes.
  var bytesToErase: UInt64
  var bytesToWrite: UInt64
  var bytesToVerify: UInt64
  /// Where the firmware starts; missing when it has no program.
  var programStart: UInt32?
  var expectedSeconds: Double

  init(_ plan: FlashPlan) {
    memories = plan.memories.map(Memory.init)
    massErase = plan.usesMassErase
    bytesToErase = plan.bytesToErase
    bytesToWrite = plan.bytesToWrite
    bytesToVerify = plan.bytesToVerify
    programStart = plan.programStart
    expectedSeconds = plan.expectedTime.roundedSeconds
  }
}

extension PlanReport.Memory {
  init(_ memory: FlashPlan.Memory) {
    alternateSetting = memory.alternateSetting
    name = memory.name
    sectors = []
    for sector in memory.sectors {
      let size = UInt64(sector.range.count)
      let action = PlanReport.Sectors.Action(sector.action)
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

extension PlanReport.Sectors.Action {
  init(_ action: FlashPlan.Action) {
    switch action {
    case .keep: self = .keep
    case .write, .overwrite: self = .write
    case .eraseAndWrite: self = .eraseAndWrite
    }
  }

  /// The action in words.
  fileprivate var words: String {
    switch self {
    case .keep: "as it should be"
    case .write: "write"
    case .eraseAndWrite: "erase, write"
    }
  }
}

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
      return lines + ["  the board holds it already: nothing to do"]
    }
    let erase = massErase ? "erase the whole flash" : "erase \(bytesToErase.sizeText)"
    lines.append(
      "  \(erase), write \(bytesToWrite.sizeText), read back \(bytesToVerify.sizeText); "
        + "about \(Duration.seconds(expectedSeconds).timeText)")
    return lines
  }
}

extension FlashPlan {
  /// The steps for people, a line for all that follow one another for the same reason.
  var stepLines: [String] {
    var groups: [(step: FlashStep, range: Range<UInt64>?, count: Int, bytes: UInt64)] = []
    for step in steps where step.work != .settle {
      if let last = groups.last, last.step.joins(step) {
        groups[groups.count - 1].count += 1
        groups[groups.count - 1].bytes += UInt64(range(of: step)?.count ?? 0)
        if let before = last.range, let range = range(of: step) {
          groups[groups.count - 1].range =
            min(before.lowerBound, range.lowerBound)..<max(before.upperBound, range.upperBound)
        }
      } else {
        let range = range(of: step)
        groups.append((step, range, 1, UInt64(range?.count ?? 0)))
      }
    }
    guard !groups.isEmpty else { return [] }
    return ["  in this order:"]
      + groups.enumerated().map { number, group in
        let place = group.range.map { " in \($0.addressText)" } ?? ""
        let what = group.step.words(count: group.count, bytes: group.bytes)
        return "    \(number + 1). \(what)\(place): \(group.step.reason.words)"
      }
  }

  private func range(of step: FlashStep) -> Range<UInt64>? {
    switch step.work {
    case .probe(let range), .erase(let range), .write(let range, _), .verify(let range, _, _),
      .verifyBlank(let range, _, _):
      range
    case .writeDirectly(let index), .checkDirectly(let index):
      directWrites.indices.contains(index) ? directWrites[index].range : nil
    case .tellSupply, .massErase, .eraseLeft, .settle: nil
    }
  }
}

extension FlashStep {
  /// Whether another step is told together with this one.
  fileprivate func joins(_ other: FlashStep) -> Bool {
    guard alternateSetting == other.alternateSetting, reason == other.reason else { return false }
    switch (work, other.work) {
    case (.erase, .erase), (.write, .write), (.verify, .verify), (.probe, .probe): return true
    default: return false
    }
  }

  fileprivate func words(count: Int, bytes: UInt64) -> String {
    switch work {
    case .tellSupply: "tell the bootloader the supply voltage"
    case .massErase: "erase the whole flash by one command"
    case .probe: "look at the beginning of \(count.counted("sector"))"
    case .eraseLeft: "erase the sectors that are not blank"
    case .erase: "erase \(count.counted("sector"))"
    case .write, .writeDirectly: "write \(bytes.sizeText)"
    case .verify, .checkDirectly: "read back \(bytes.sizeText)"
    case .verifyBlank: "look whether \(bytes.sizeText) are blank"
    case .settle: "do again what is wrong"
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
