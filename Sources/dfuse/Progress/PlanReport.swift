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
