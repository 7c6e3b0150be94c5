public import DfuseFormat

/// A piece of memory that is no flash, written in one go, and what is to be found there afterwards.
public struct DirectWrite: Hashable, Sendable {
  /// The memory's alternate setting.
  public var alternateSetting: UInt8
  /// The memory's name.
  public var name: String
  /// What the memory is for.
  public var kind: MemoryKind
  /// All that is written: whole option bytes, else words.
  public var range: Range<UInt64>
  /// The firmware's own bytes; what stands beside them is written back as it was.
  public var wanted: [ImageElement]
  /// What was there before; nil when it could not be read.
  public var before: ImageElement?
  /// All the bytes that are written.
  var bytes: ImageElement
}

extension Flasher {
  /// Reads back what was written directly, as after the board has come back from a reset.
  ///
  /// The firmware's own bytes count; the chip may have put right what stands beside them.
  ///
  /// - Parameters:
  ///   - write: From ``FlashResult/toCheck``.
  ///   - firmware: What is in the flash, for the error.
  /// - Throws: ``FlashError/notTaken(_:)`` when they are not there; ``FlashError/readProtected``;
  ///   other ``FlashError``.
  public mutating func check(
    _ write: DirectWrite, firmware: FlashError.Progress = .complete
  ) throws(FlashError) {
    guard let map = map(of: write.alternateSetting) else { return }
    if session.state == nil { try enter() }
    let bytes: [UInt8]
    do {
      bytes = try read(write.range, alternateSetting: write.alternateSetting, map: map)
    } catch .refused(.device(.errVENDOR, _, _, during: .reading), _) {
      // It was open before: the level that was written is in force.
      throw .readProtected
    }
    if let error = write.failure(write.judge(bytes), firmware: firmware) { throw error }
  }

  /// The memory that takes the supply voltage.
  func deviceFeature() throws(FlashError) -> AlternateMemory {
    guard let memory = memories.first(where: { $0.map.kind == .deviceFeature }),
      memory.map.segments.contains(where: { $0.access.contains(.writable) })
    else { throw .noSupplySetting }
    return memory
  }
}

extension DirectWrite {
  /// What was read back, beside what should be there and what was there before.
  func judge(_ bytes: [UInt8]) -> FlashMachine.Outcome {
    let found = ImageElement(
      address: UInt32(truncatingIfNeeded: range.lowerBound), bytes: bytes)
    guard let difference = found.difference(from: wanted) else { return .found(nil) }
    let isUnchanged = before.map { before in
      wanted.allSatisfy { found.part($0.range) == before.part($0.range) }
    }
    return isUnchanged == true ? .unchanged(difference) : .found(difference)
  }

  /// What is wrong, if that is not what should be there.
  func failure(
    _ outcome: FlashMachine.Outcome, firmware: FlashError.Progress
  ) -> FlashError? {
    let (found, reason): (FlashError.Difference, FlashError.Leftover.Reason)
    switch outcome {
    case .found(.some(let difference)): (found, reason) = (difference, .different(difference))
    case .unchanged(let difference): (found, reason) = (difference, .unchanged)
    default: return nil
    }
    return kind == .optionBytes ? notTaken(reason, firmware: firmware) : .different(found)
  }

  /// The error for a write that came to nothing.
  func notTaken(
    _ reason: FlashError.Leftover.Reason, firmware: FlashError.Progress
  ) -> FlashError {
    .notTaken(.init(name: name, range: range, reason: reason, firmware: firmware))
  }
}

extension ImageElement {
  /// The first place where this differs from pieces of it, and how many bytes differ.
  fileprivate func difference(from wanted: [ImageElement]) -> FlashError.Difference? {
    var difference: FlashError.Difference?
    for piece in wanted {
      guard let found = part(piece.range), found.range == piece.range else { continue }
      for (index, pair) in zip(found.bytes, piece.bytes).enumerated() where pair.0 != pair.1 {
        guard difference == nil else {
          difference?.count += 1
          continue
        }
        difference = .init(
          address: piece.range.lowerBound + UInt64(index), expected: pair.1, found: pair.0, count: 1
        )
      }
    }
    return difference
  }
}
