import DfuseFormat

/// Makes a plan from the work for each memory and what the board holds: pure decisions.
struct FlashPlanner {
  let profile: ChipProfile
  let transferSize: Int
  var usesMassErase = false
  private var memories: [FlashPlan.Memory] = []
  private var programStart: UInt32?

  init(profile: ChipProfile, transferSize: Int) {
    self.profile = profile
    self.transferSize = transferSize
  }

  /// The plan of a memory with sectors.
  func flash(_ work: MemoryWork, _ states: [SectorState]) -> FlashPlan.Memory {
    let sectors = zip(work.sectors, states).map { sector, state in
      FlashPlan.Sector(range: sector.range, action: action(for: sector, in: state))
    }
    var runs: [ImageElement] = []
    var before: FlashPlan.Action?
    for sector in sectors where sector.action != .keep {
      let isOtherSort = before != nil && (before == .overwrite) != (sector.action == .overwrite)
      before = sector.action
      for (index, run) in work.runs(in: sector.range).enumerated() {
        if let last = runs.last, last.range.upperBound == run.range.lowerBound,
          index > 0 || !isOtherSort
        {
          runs[runs.count - 1].bytes += run.bytes
        } else {
          runs.append(run)
        }
      }
    }
    return FlashPlan.Memory(
      alternateSetting: work.alternateSetting, name: work.map.name, kind: work.kind,
      sectors: sectors, runs: runs)
  }

  private func action(for sector: MemoryWork.Sector, in state: SectorState) -> FlashPlan.Action {
    switch state {
    case .same: .keep
    case .blank, .different, .unread:
      if !sector.access.contains(.erasable) {
        .overwrite
      } else {
        state == .blank ? .write : .eraseAndWrite
      }
    }
  }

  mutating func add(_ memory: FlashPlan.Memory, image: MemoryImage) {
    memories.append(memory)
    if memory.kind == .internalFlash, programStart == nil {
      programStart = image.runs.first?.address
    }
  }

  /// Whether all of the board's flash is being replaced, and one mass erase takes less time than all
  /// sectors.
  ///
  /// The command erases the flash behind every alternate setting that shows some.
  func massEraseIsQuicker(on board: [AlternateMemory]) -> Bool {
    guard profile.massEraseWorks else { return false }
    var erased: [FlashPlan.Sector] = []
    for memory in board.internalFlash {
      let sectors =
        memories.first { $0.alternateSetting == memory.alternateSetting }?.sectors
        .filter { $0.action == .eraseAndWrite } ?? []
      let erasable = memory.map.segments.filter { $0.access.contains(.erasable) }
      guard erasable.reduce(0, { $0 + $1.sectorCount }) == UInt64(sectors.count) else {
        return false
      }
      erased += sectors
    }
    guard !erased.isEmpty else { return false }
    let oneByOne = erased.reduce(Duration.zero) {
      $0 + profile.eraseTime(forSectorOf: UInt64($1.range.count)).typical
    }
    return profile.massEraseTime.typical < oneByOne
  }

  /// Bytes that will be lost: in sectors that are erased, but not in the image.
  func bytesLost(_ work: [MemoryWork], _ plan: FlashPlan) -> UInt64 {
    zip(work, plan.memories).reduce(0) { sum, pair in
      let (work, memory) = pair
      return sum
        + memory.sectors.filter { $0.action == .eraseAndWrite }.reduce(0) { sum, sector in
          let covered = work.runs.reduce(0) { $0 + $1.range.clamped(to: sector.range).count }
          return sum + UInt64(sector.range.count - covered)
        }
    }
  }

  var plan: FlashPlan {
    var plan = FlashPlan(
      memories: memories, programStart: programStart, usesMassErase: usesMassErase,
      transferSize: transferSize, erasedByte: profile.erasedByte, expectedTime: .zero)
    plan.expectedTime = expectedTime(of: plan)
    return plan
  }
}

extension FlashPlanner {
  /// The time that the chip's data and the wire give a plan.
  func expectedTime(of plan: FlashPlan) -> Duration {
    let erases = plan.memories.flatMap(\.sectors).filter { $0.action == .eraseAndWrite }
      .reduce(Duration.zero) {
        $0 + profile.eraseTime(forSectorOf: UInt64($1.range.count)).typical
      }
    let units = plan.bytesToWrite / UInt64(max(profile.programmingUnit, 1))
    let programming = profile.programTimePerUnit.typical * Int(clamping: units)
    let blocks = (plan.bytesToWrite + UInt64(transferSize) - 1) / UInt64(transferSize)
    let readBlocks = (plan.bytesToVerify + UInt64(transferSize) - 1) / UInt64(transferSize)
    let transfers = blocks * 3 + readBlocks + 3 * UInt64(plan.count(of: .eraseAndWrite))
    return (usesMassErase ? profile.massEraseTime.typical : erases) + programming
      + WireTime.of(transfers: transfers, bytes: plan.bytesToWrite + plan.bytesToVerify)
  }
}

/// How long control transfers occupy a full-speed bus, apart from the device's own time.
///
/// SETUP and status stage cost a quarter of a frame together; of the data stage's packets of 64
/// bytes some 16 fit into a frame of 1 ms, where USB 2.0 table 5-7 has room for 19 bulk packets.
package enum WireTime {
  /// The time for a number of transfers that carry a number of bytes in all.
  package static func of(transfers: UInt64 = 1, bytes: UInt64) -> Duration {
    .microseconds(250) * Int(clamping: transfers)
      + .microseconds(60) * Int(clamping: (bytes + 63) / 64)
  }
}

/// What a look at the board has told about one sector.
enum SectorState: Hashable {
  /// Nothing: it was not looked at.
  case unread
  /// It holds the image's bytes.
  case same
  /// It is erased wherever the image has bytes.
  case blank
  /// It holds something else.
  case different
}
