import DfuseDevice
import DfuseFormat

extension MemoryAccess {
  /// What may be done: `read, erase, write`; a single thing as `read only`; or `nothing`.
  var words: String {
    let all: [(MemoryAccess, String)] = [
      (.readable, "read"), (.erasable, "erase"), (.writable, "write"),
    ]
    let names = all.filter { contains($0.0) }.map(\.1)
    switch names.count {
    case 0: return "nothing"
    case 1: return names[0] + " only"
    default: return names.joined(separator: ", ")
    }
  }
}

extension MemorySegment {
  /// The segment on one line: `0x0800_0000-0x0800_ffff  4 sectors of 16 KiB  read, erase, write`.
  var line: String {
    let sectors = Int(clamping: sectorCount).counted("sector")
    return "\(range.addressText)  \(sectors) of \(sectorSize.sizeText)  \(access.words)"
  }
}

extension MemoryMap {
  /// First and last address, not all between them need be there; `empty` without sectors.
  var extent: String {
    guard let start = segments.map(\.start).min(), let end = segments.map(\.end).max() else {
      return "empty"
    }
    return (start..<max(start, end)).addressText
  }

  /// The range widened to whole sectors, as far as it lies in the memory.
  func wholeSectors(_ range: Range<UInt64>) -> Range<UInt64> {
    let first = segment(at: range.lowerBound)?.sector(at: range.lowerBound)
    let last =
      range.isEmpty
      ? nil
      : segment(at: range.upperBound - 1)?
        .sector(at: range.upperBound - 1)
    return (first?.lowerBound ?? range.lowerBound)..<(last?.upperBound ?? range.upperBound)
  }
}

extension [AlternateMemory] {
  /// The flash that programs run from: of alternate setting 0 if that is one, else the first.
  var programFlash: AlternateMemory? {
    first { $0.map.kind == .internalFlash } ?? first
  }
}

extension Failure {
  /// The failure with a list of what there is to read or to erase, if addresses were asked for that
  /// are not there.
  func listing(_ memories: [AlternateMemory], if error: FlashError, task: BoardTask) -> Failure {
    guard case .outsideMemory(_, _, _, found: nil) = error else { return self }
    var failure = self
    let access: MemoryAccess = task == .erasing ? .erasable : .readable
    failure.fix = "what can be \(task == .erasing ? "erased" : "read"):"
    failure.choices = memories.flatMap { memory in
      memory.map.segments.filter { $0.access.isSuperset(of: access) }.map {
        "\($0.range.addressText)  \(memory.map.name.visible) (-a \(memory.alternateSetting))"
      }
    }
    return failure
  }
}
