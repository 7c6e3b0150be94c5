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
    var names: [String] = []
    var states: [[SectorState]] = []
    for (kinds, start, name) in [
      (inside, 0x0800_0000, "@Internal Flash /0x08000000/"),
      (outside, 0x9000_0000, "@External Flash /0x90000000/"),
    ] as [([Kind], UInt64, String)] where !kinds.isEmpty {
      var next = start
      for (index, kind) in kinds.enumerated() {
        let sector = WalkedChip.Sector(
          start: next, blocks: index == 0 ? 2 : 1, isFlash: kind != .notErasable,
          startsProgram: start == 0x0800_0000 && index == 0)
        sectors.append(sector)
        contents.append(
          [WalkedChip.Block](
            repeating: kind == .kept ? .new : kind == .blank ? .erased : .old,
            count: sector.blocks))
        next = sector.range.upperBound
      }
      // e can be read and written, g erased as well.
      let runs = kinds.enumerated().map { index, kind in
        "1*\(WalkedChip.blockSize * (index == 0 ? 2 : 1))B\(kind == .notErasable ? "e" : "g")"
      }
      names.append(name + runs.joined(separator: ","))
      states.append(
        kinds.map { $0 == .kept ? .same : $0 == .blank ? .blank : .different })
    }
    self.sectors = sectors
    chip = WalkedChip(contents)
    vector = inside.isEmpty ? nil : 0
    name = "\(inside) \(outside)\(massErase ? " by mass erase" : "")"
    let board = Board(
      identity: DeviceIdentity(
        vendorID: 0x1234, productID: 0x0001, bcdDevice: 0x0100, path: "1-1", address: 1),
      interface: Self.interface(names))
    var planner = FlashPlanner(board: board, usesMassErase: massErase)
    let new = sectors.map { sector in
      ImageElement(
        address: UInt32(sector.start),
        bytes: [UInt8](repeating: WalkedChip.Block.new.rawValue, count: sector.range.count))
    }
    guard let image = try? MemoryImage(merging: new),
      let work = try? FlashLayout(board: board).work(
        for: Firmware(image))
    else { preconditionFailure("the sectors do not overlap, and are the board's") }
    for (work, states) in zip(work, states) { planner.add(work, states) }
    var plan = planner.finished()
    plan.steps = FlashSteps(plan: plan, board: board).list(
      options: FlashOptions(), sparing: nil, byOneCommand: true)
    steps = FlashSteps(plan: plan, board: board)
  }

  /// The interface of a bootloader whose memories have these names.
  private static func interface(_ names: [String]) -> DFUInterface {
    var bytes: [UInt8] = [9, 2, 0, 0, 1, 1, 0, 0x80, 50]
    for number in names.indices {
      bytes += [9, 4, 0, UInt8(number), 0, 0xFE, 1, 2, UInt8(number + 1)]
    }
    bytes += [9, 0x21, 0x0B, 255, 0, UInt8(WalkedChip.blockSize), 0, 0x1A, 1]
    guard let found = try? ConfigurationDescriptor.dfuInterfaces(in: bytes).first else {
      preconditionFailure("the descriptor above is one")
    }
    return found.named { names[Int($0) - 1] }
  }

  /// The sector that holds an address, and the block in it.
  func place(of address: UInt64) -> (sector: Int, block: Int)? {
    sectors.firstIndex { $0.range.contains(address) }.map {
      ($0, Int((address - sectors[$0].start) / WalkedChip.blockSize))
    }
  }
}
