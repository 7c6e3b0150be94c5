import DfuseFormat

/// Makes a plan from the work for each memory and what the board holds: pure decisions.
package struct FlashPlanner {
  private let board: Board
  private let chip: ChipProfile
  private var plan: FlashPlan

  /// Starts the plan for a board, whose supply makes it program as fast as `chip` says.
  package init(board: Board, chip: ChipProfile? = nil, usesMassErase: Bool = false) {
    self.board = board
    self.chip = chip ?? board.chip
    plan = FlashPlan(
      usesMassErase: usesMassErase, transferSize: board.blocks.length,
      erasedByte: board.chip.erasedByte)
  }

  /// Adds a memory of which the sectors were found in these states.
  package mutating func add(_ work: MemoryWork, _ states: [SectorState]) {
    let sectors = zip(work.sectors, states).map { sector, state in
      let isErasable = work.memory.map.allows(.erasable, in: sector)
      let action: FlashPlan.Action =
        switch state {
        case .same: .keep
        case .blank where isErasable: .write
        case .blank, .different, .unread: isErasable ? .eraseAndWrite : .overwrite
        }
      return FlashPlan.Sector(range: sector, action: action)
    }
    var ranges: [Range<UInt64>] = []
    var before: FlashPlan.Action?
    for sector in sectors where sector.action != .keep {
      let isOtherSort = before != nil && (before == .overwrite) != (sector.action == .overwrite)
      before = sector.action
      for (index, range) in work.widened.ranges(in: sector.range).enumerated() {
        if let last = ranges.last, last.upperBound == range.lowerBound, index > 0 || !isOtherSort {
          ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
        } else {
          ranges.append(range)
        }
      }
    }
    var content = work.widened
    content.ranges = ranges
    plan.memories.append(.init(memory: work.memory, sectors: sectors, content: content))
    if work.memory.map.kind == .internalFlash, plan.programStart == nil {
      plan.programStart = work.image.runs.first?.address
    }
  }

  /// Adds memory that is written directly.
  mutating func add(_ memory: AlternateMemory, _ pieces: [DirectWrite]) {
    let written = pieces.filter { $0.before != $0.bytes }
    plan.memories.append(
      .init(
        memory: memory,
        sectors: pieces.map { piece in
          .init(range: piece.range, action: piece.before == piece.bytes ? .keep : .overwrite)
        },
        content: WidenedImage(written.map(\.bytes))))
    plan.directWrites += written
  }

  /// The plan, without its steps and its time.
  package func finished() -> FlashPlan {
    var plan = plan
    if massEraseIsQuicker { plan.usesMassErase = true }
    return plan
  }

  /// Whether all of the board's flash is being replaced, and one mass erase takes less time than all
  /// sectors.
  ///
  /// The command erases the flash behind every alternate setting that shows some.
  private var massEraseIsQuicker: Bool {
    guard chip.massEraseWorks else { return false }
    var erased: [Range<UInt64>] = []
    for memory in board.flash {
      let sectors =
        plan.memory(memory.alternateSetting)?.sectors.filter { $0.action == .eraseAndWrite } ?? []
      let erasable = memory.map.segments.filter { $0.access.contains(.erasable) }
      guard erasable.reduce(0, { $0 + $1.sectorCount }) == UInt64(sectors.count) else {
        return false
      }
      erased += sectors.map(\.range)
    }
    return !erased.isEmpty && chip.massEraseTime.typical < eraseTime(of: erased)
  }

  private func eraseTime(of sectors: [Range<UInt64>]) -> Duration {
    sectors.reduce(.zero) { $0 + chip.eraseTime(forSectorOf: UInt64($1.count)).typical }
  }
}

/// What a look at the board has told about one sector.
package enum SectorState: Hashable {
  /// Nothing: it was not looked at.
  case unread
  /// It holds the image's bytes.
  case same
  /// It is erased wherever the image has bytes.
  case blank
  /// It holds something else.
  case different
}
