import DfuseDevice
import DfuseFormat

/// A plan to walk through, with the chip that it is for.
struct WalkedPlan {
  /// What a sector is found as.
  enum Kind: CaseIterable {
    case kept, blank, changed, notErasable
  }

  let sectors: [WalkedChip.Sector]
  let chip: WalkedChip
  let steps: FlashSteps
  /// Where in `sectors` the program starts.
  let vector: Int?
  let name: String

  /// All plans of so many sectors in up to two memories: with a program in the first memory, or with
  /// none, when it is empty; each by sector erases and, where there is a program, by a mass erase.
  static func all(sectors count: Int) -> [WalkedPlan] {
    (0...count).flatMap { inside -> [WalkedPlan] in
      let inner = combinations(of: [.kept, .blank, .changed], inside)
      let outer = combinations(of: Kind.allCases, count - inside)
      return inner.flatMap { inner in
        outer.flatMap { outer -> [WalkedPlan] in
          let plan = WalkedPlan(inside: inner, outside: outer, massErase: false)
          guard !inner.isEmpty, inner.allSatisfy({ $0 == .changed }) else { return [plan] }
          return [plan, WalkedPlan(inside: inner, outside: outer, massErase: true)]
        }
      }
    }
  }

  private static func combinations(of kinds: [Kind], _ count: Int) -> [[Kind]] {
    (0..<count).reduce([[]]) { all, _ in all.flatMap { rest in kinds.map { rest + [$0] } } }
  }

  private init(inside: [Kind], outside: [Kind], massErase: Bool) {
    var sectors: [WalkedChip.Sector] = []
    var contents: [[WalkedChip.Block]] = []
    func memory(_ number: UInt8, _ kinds: [Kind], at start: UInt64) -> FlashPlan.Memory {
      let isInternal = number == 0
      var planned: [FlashPlan.Sector] = []
      var runs: [ImageElement] = []
      var next = start
      for (index, kind) in kinds.enumerated() {
        let sector = WalkedChip.Sector(
          start: next, blocks: index == 0 ? 2 : 1, isFlash: kind != .notErasable,
          startsProgram: isInternal && index == 0)
        sectors.append(sector)
        contents.append(
          [WalkedChip.Block](
            repeating: kind == .kept ? .new : kind == .blank ? .erased : .old,
            count: sector.blocks))
        let action: FlashPlan.Action =
          switch kind {
          case .kept: .keep
          case .blank: .write
          case .changed: .eraseAndWrite
          case .notErasable: .overwrite
          }
        planned.append(.init(range: sector.range, action: action))
        if kind != .kept {
          let bytes = [UInt8](repeating: WalkedChip.Block.new.rawValue, count: sector.range.count)
          // Runs end where the sort of memory changes.
          let joins =
            index > 0 && kinds[index - 1] != .kept
            && (kinds[index - 1] == .notErasable) == (kind == .notErasable)
          if joins, !runs.isEmpty {
            runs[runs.count - 1].bytes += bytes
          } else {
            runs.append(ImageElement(address: UInt32(next), bytes: bytes))
          }
        }
        next = sector.range.upperBound
      }
      return FlashPlan.Memory(
        alternateSetting: number, name: isInternal ? "Internal Flash" : "External Flash",
        kind: isInternal ? .internalFlash : .externalFlash, sectors: planned, runs: runs)
    }
    var memories: [FlashPlan.Memory] = []
    var maps: [AlternateMemory] = []
    for (number, kinds) in [inside, outside].enumerated() where !kinds.isEmpty {
      let start: UInt64 = number == 0 ? 0x0800_0000 : 0x9000_0000
      let memory = memory(UInt8(number), kinds, at: start)
      memories.append(memory)
      let segments = zip(memory.sectors, kinds).map { sector, kind in
        MemorySegment(
          start: sector.range.lowerBound, sectorSize: UInt64(sector.range.count), sectorCount: 1,
          access: kind == .notErasable
            ? [.readable, .writable] : [.readable, .erasable, .writable])
      }
      maps.append(
        AlternateMemory(
          alternateSetting: UInt8(number),
          map: MemoryMap(name: "\(memory.name)", text: memory.name, segments: segments)))
    }
    self.sectors = sectors
    chip = WalkedChip(contents)
    vector = inside.isEmpty ? nil : 0
    name = "\(inside) \(outside)\(massErase ? " by mass erase" : "")"
    var plan = FlashPlan(
      memories: memories, programStart: inside.isEmpty ? nil : 0x0800_0000,
      usesMassErase: massErase, transferSize: Int(WalkedChip.blockSize), erasedByte: 0xFF,
      expectedTime: .zero)
    func steps(_ plan: FlashPlan) -> FlashSteps {
      FlashSteps(
        plan: plan, memories: maps, profile: .unknown,
        blocks: BlockNumbering(transferSize: UInt16(WalkedChip.blockSize)), canUpload: true)
    }
    plan.steps = steps(plan).list(
      options: FlashOptions(), sparing: nil, byOneCommand: true)
    self.steps = steps(plan)
  }

  /// The sector that holds an address, and the block in it.
  func place(of address: UInt64) -> (sector: Int, block: Int)? {
    sectors.firstIndex { $0.range.contains(address) }.map {
      ($0, Int((address - sectors[$0].start) / WalkedChip.blockSize))
    }
  }
}
