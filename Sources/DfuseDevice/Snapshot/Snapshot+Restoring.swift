public import DfuseFormat

extension Snapshot {
  /// The firmware that gives a board's flash what the snapshot has, the blank parts included, and what
  /// of the snapshot is left alone.
  public struct Restoration: Hashable, Sendable {
    /// A target for each memory.
    public var firmware: Firmware
    /// What the snapshot has for sectors that are not written: those of a bootloader that is a
    /// program, and what the board's map says cannot be written.
    public var leftAlone: [Range<UInt64>] = []
  }

  /// Fills what was left out as blank: it is compared with the board as the rest is, and erased where
  /// something else stands there.
  ///
  /// What the board has no memory for is kept as it is, for the plan to refuse.
  ///
  /// - Parameters:
  ///   - board: The board.
  ///   - allowBootloader: Writes a bootloader's own sectors as well, where the board lets them be.
  /// - Returns: What to flash; option bytes and one-time programmable memory are no part of it.
  public func restoration(for board: Board, allowBootloader: Bool = false) -> Restoration {
    var restoration = Restoration(firmware: Firmware(suffix: suffix, targets: []))
    for memory in memories where memory.isRestored {
      guard let home = memory.home(on: board) else {
        restoration.firmware.targets.append(
          Firmware.Target(
            alternateSetting: memory.alternateSetting, name: memory.map.name,
            elements: memory.image.runs))
        continue
      }
      let own = allowBootloader ? [] : (board.bootloader?.ownRanges ?? []).union
      let writable = home.map.ranges(memory.map.kind.isFlash ? [.writable, .erasable] : .writable)
        .subtracting(own)
      let known = memory.ranges.intersection(writable)
      var elements: [ImageElement] = []
      for range in known {
        let address = UInt32(truncatingIfNeeded: range.lowerBound)
        var element = ImageElement(
          address: address, bytes: [UInt8](repeating: board.chip.erasedByte, count: range.count))
        for run in memory.image.runs {
          if let part = run.part(range) { element.replace(part) }
        }
        elements.append(element)
      }
      for run in memory.image.runs {
        for rest in [run.range].subtracting(known) {
          if home.map.segment(at: rest.lowerBound) != nil {
            restoration.leftAlone.append(rest)
          } else if let part = run.part(rest) {
            elements.append(part)
          }
        }
      }
      guard !elements.isEmpty else { continue }
      restoration.firmware.targets.append(
        Firmware.Target(
          alternateSetting: home.alternateSetting, name: home.map.name, elements: elements))
    }
    return restoration
  }

  /// Whether a board is of the same line of parts, so that its option bytes mean the same.
  ///
  /// - Parameters:
  ///   - board: The board.
  ///   - parts: The lines that it may be, by its own word or by its map.
  ///   - own: Those of the board that the snapshot is of; nil where its map alone tells.
  /// - Returns: Whether nothing speaks against it: the option bytes have the same places, and there is
  ///   a line that both may be.
  public func isSameLine(as board: Board, parts: [String], own: [String]?) -> Bool {
    guard memories.map(\.map).optionRanges == board.allMemories.map(\.map).optionRanges else {
      return false
    }
    let these = own ?? chip.roms.map(\.parts)
    return these.isEmpty && parts.isEmpty || !Set(these).isDisjoint(with: parts)
  }
}

extension Snapshot.Memory {
  /// Whether it is put back as firmware is.
  public var isRestored: Bool { map.kind.isFlash || map.kind == .dataEEPROM }

  /// The board's memory for it.
  fileprivate func home(on board: Board) -> AlternateMemory? {
    guard let start = ranges.first?.lowerBound else { return nil }
    let fitting = board.memories.filter { $0.map.segment(at: start) != nil }
    return fitting.first { $0.alternateSetting == alternateSetting } ?? fitting.first
  }
}
