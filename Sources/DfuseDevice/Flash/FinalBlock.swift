import DfuseFormat

/// The block with the vector table, which is written last.
struct FinalBlock {
  var memory: FlashPlan.Memory
  /// The block's bytes, as a run of its own.
  var run: ImageElement
  var address: UInt64 { run.range.lowerBound }
  var count: Int { run.bytes.count }
  /// The sector that holds it, if that can be erased.
  var sector: Range<UInt64>? {
    memory.sectors.first { $0.range.contains(address) && $0.action != .keep }?.range
  }

  /// The first block of the program; nil when it is not written, or holds nothing.
  init?(of plan: FlashPlan) {
    guard let start = plan.programStart,
      let memory = plan.memories.first(where: { $0.kind == .internalFlash }),
      let run = memory.runs.first(where: { $0.range.contains(UInt64(start)) }),
      let block = plan.blocks(of: run, of: memory).last(where: {
        run.range.lowerBound + UInt64($0.offset) <= UInt64(start)
      }), block.range(in: run).contains(UInt64(start))
    else { return nil }
    self.memory = memory
    self.run = ImageElement(
      address: run.address + UInt32(block.offset), bytes: Array(block.bytes(in: run)))
  }
}

extension ImageElement {
  /// The run without the block that is written last.
  func parts(without last: FinalBlock?) -> [ImageElement] {
    guard let last, range.overlaps(last.run.range) else { return [self] }
    return [
      part(range.lowerBound..<max(range.lowerBound, last.run.range.lowerBound)),
      part(min(range.upperBound, last.run.range.upperBound)..<range.upperBound),
    ].compactMap { $0 }
  }
}
