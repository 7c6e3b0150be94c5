import DfuseDevice
import DfuseFormat

/// Firmware made ready for one board.
struct BoardFirmware {
  var input: FlashInput
  /// What the user should know of it.
  var notes: [BoardUpdate] = []

  /// Bytes in all.
  var size: UInt64 { elements.reduce(0) { $0 + UInt64($1.bytes.count) } }

  private var elements: [ImageElement] {
    switch input {
    case .container(let container): container.targets.flatMap(\.elements)
    case .image(let image, _): image.runs
    }
  }

  /// Whether a program can be started at `address`: a plausible vector table is there.
  func hasProgram(at address: UInt32) -> Bool {
    guard let image = try? MemoryImage(merging: elements.filter { $0.address >= address }),
      image.runs.first?.address == address
    else { return false }
    return ProgramShape.misfit(of: image, at: UInt64(address)) == nil
  }

  /// Why what the firmware has for `start`, where the board's programs start, is no program; nil
  /// also if it has nothing for it.
  func misfit(at start: UInt64, mayBeRISCV: Bool) -> VectorTable.Implausibility? {
    if case .image(let image, _) = input {
      return ProgramShape.misfit(of: image, at: start, mayBeRISCV: mayBeRISCV)
    }
    guard let image = try? MemoryImage(merging: elements) else { return nil }
    return ProgramShape.misfit(of: image, at: start, mayBeRISCV: mayBeRISCV)
  }
}
