import DfuseDevice
import DfuseFormat

/// Firmware made ready for one board.
struct BoardFirmware {
  var firmware: Firmware
  /// What the user should know of it.
  var notes: [BoardUpdate] = []
  /// What came from which file, if there are several.
  var parts: [(name: String, elements: [ImageElement])] = []

  /// Bytes in all; what several files have counts once.
  var size: UInt64 {
    UInt64((parts.isEmpty ? nil : try? firmware.image.byteCount) ?? firmware.byteCount)
  }

  /// Whether a program can be started at `address`: a plausible vector table is there.
  func hasProgram(at address: UInt32) -> Bool {
    // Vectors are words, and no core takes them from anywhere else (ARMv7-M manual, B1.5.3).
    guard address.isMultiple(of: 4) else { return false }
    let elements = firmware.elements.filter { $0.address >= address }
    guard let image = try? MemoryImage(merging: elements), image.runs.first?.address == address
    else { return false }
    return ProgramShape.misfit(of: image, at: UInt64(address)) == nil
  }

  /// Why what the firmware has for `start`, where the board's programs start, is no program; nil
  /// also if it has nothing for it.
  func misfit(at start: UInt64, mayBeRISCV: Bool) -> VectorTable.Implausibility? {
    guard let image = try? firmware.image else { return nil }
    return ProgramShape.misfit(of: image, at: start, mayBeRISCV: mayBeRISCV)
  }

  /// Where the program for `start` has its stack, if the chip is known to have no RAM there.
  ///
  /// What begins with a header of MCUboot has no stack pointer there.
  fileprivate func strayStack(at start: UInt64, on chip: ChipProfile) -> UInt32? {
    guard let image = try? firmware.image,
      let stack = VectorTable.stackPointer(of: image, at: start),
      VectorTable.implausibility(of: image, at: start) == nil,
      chip.hasRAM(forStackAt: stack) == false
    else { return nil }
    return stack
  }
}

extension FirmwareFile {
  /// The firmware for a board.
  ///
  /// - Parameters:
  ///   - board: The board.
  ///   - alternate: The memory that `-a` chose, or nil.
  /// - Returns: What to flash, or to compare with.
  /// - Throws: A failure with status 64 or 65.
  func firmware(
    for board: Board, alternate: AlternateMemory?
  ) throws(Failure) -> BoardFirmware {
    try checkProcessor(of: board)
    var ready = BoardFirmware(firmware: firmware)
    if !firmware.isPlaced { try place(&ready, on: board, alternate: alternate) }
    if let alternate { try choose(alternate, in: &ready.firmware) }
    leaveOutside(&ready, board.memories)
    guard ready.size > 0 else {
      throw Failure(
        .badData, "\(shown) has nothing to flash", now: FlashError.Progress.untouched.description,
        fix: skipsOutside
          ? "all of it is outside the board's memories: see 'dfuse info' and 'dfuse list'"
          : "'dfuse info' shows what is in it")
    }
    if !isSnapshot,
      let start = board.firstMemory?.map.programStart(under: board.bootloader).map(UInt64.init)
    {
      if let reason = ready.misfit(at: start, mayBeRISCV: board.chip.mayBeRISCV) {
        if let foreign { throw noProgram(foreign, at: start) }
        ready.notes.append(
          .warning(
            "\(shown) covers \(start.addressText), where programs start, and has no vector table "
              + "there: \(reason)"))
      } else if let stack = ready.strayStack(at: start, on: board.chip) {
        ready.notes.append(
          .note(
            "the stack of \(shown) would begin at \(UInt64(stack).addressText), where \(board.chip.name) "
              + "has no RAM: it may have been made for another chip"))
      }
    }
    if let warning = misplacement(on: board) { ready.notes.append(.warning(warning)) }
    return ready
  }

  /// Refuses an ELF file for a processor that the board cannot have: all are ARM but some that are
  /// RISC-V.
  private func checkProcessor(of board: Board) throws(Failure) {
    guard let machine = firmware.machine, machine != 40 else { return }
    if machine == 243, board.chip.mayBeRISCV || !board.chip.isKnown { return }
    let name =
      machine == 243 ? "a RISC-V processor" : "another kind of processor (e_machine \(machine))"
    throw Failure(
      .badData, "\(shown) is a program for \(name), and \(BoardName(board)) is not one",
      now: FlashError.Progress.untouched.description,
      fix: "name what the build for this board made")
  }

  /// The refusal of bytes that are known to be something else where a reset starts a program.
  private func noProgram(_ foreign: ForeignFile, at start: UInt64) -> Failure {
    Failure(
      .badData,
      "\(shown) is \(foreign.rawValue), and would go to \(start.addressText), where programs start",
      now: FlashError.Progress.untouched.description,
      fix: "get the firmware itself, or say where this belongs; if it is meant, say --format raw")
  }

  /// What to say of raw bytes whose vectors were linked for another place than the stated one; nil
  /// of data, and of an update with MCUboot's header, which waits in a slot for being moved.
  private func misplacement(on board: Board) -> String? {
    guard !isSnapshot, firmware.format == .raw, firmware.isPlaced,
      let element = firmware.elements.first, ProgramShape.headerSize(element.bytes) == 0,
      let map = board.memories.first(where: { $0.map.kind == .internalFlash })?.map,
      map.segment(at: UInt64(element.address)) != nil
    else { return nil }
    let place = UInt64(element.address)
    switch ProgramPlace.decide(
      element.bytes, in: map, start: place, mayBeRISCV: board.chip.mayBeRISCV)
    {
    case .elsewhere(_, let candidates):
      return candidates.first.map {
        "\(shown) goes to \(place.addressText), and its vectors are for \($0.addressText): it does not "
          + "run from here"
      }
    case .doubtful(let likely, _) where likely != place:
      return
        "\(shown) goes to \(place.addressText), and was probably linked for \(likely.addressText)"
    case .sure, .doubtful: return nil
    }
  }

  /// Leaves the targets for one memory; what names no target goes to it.
  private func choose(_ alternate: AlternateMemory, in firmware: inout Firmware) throws(Failure) {
    let number = alternate.alternateSetting
    let there = Set(firmware.targets.compactMap(\.alternateSetting)).sorted()
    firmware.targets.removeAll { ($0.alternateSetting ?? number) != number }
    guard !firmware.targets.isEmpty else {
      throw Failure(
        .usage, "\(shown) has nothing for alternate setting \(number)",
        fix: "it has targets for \(there.map(String.init).joined(separator: ", "))")
    }
    for index in firmware.targets.indices { firmware.targets[index].alternateSetting = number }
  }

  /// Leaves out what no memory of the board takes, if that is wanted, and in any case what would go
  /// where a chip takes keys; says what is left out, and what goes to another memory than its target
  /// names.
  ///
  /// Whoever reads all of a U5's option bytes with another program has such words in the file, and
  /// did not mean them.
  private func leaveOutside(_ ready: inout BoardFirmware, _ memories: [AlternateMemory]) {
    for (index, target) in ready.firmware.targets.enumerated() {
      let named = memories.first { $0.alternateSetting == target.alternateSetting }
      // That there is no such memory is the planner's error.
      if target.alternateSetting != nil, named == nil { continue }
      var inside: [ImageElement] = []
      var rest: [ImageElement] = []
      var leavesOut = skipsOutside
      for piece in target.elements.flatMap({ memories.pieces(of: $0, named: named) }) {
        let place = piece.element.range.addressText + section(at: piece.element.range.lowerBound)
        if let memory = piece.memory {
          if let named, named.map.text != memory.map.text {
            ready.notes.append(
              .note(
                "\(place) goes to \(memory.map.name.visible) (alternate setting "
                  + "\(memory.alternateSetting)): \(named.map.name.visible) does not have it"))
          }
          inside.append(piece.element)
        } else if memories.contains(where: { $0.map.takesKeys(in: piece.element.range) }) {
          leavesOut = true
          ready.notes.append(
            .warning("\(place) is left out: a locked chip takes its keys there"))
        } else if skipsOutside {
          ready.notes.append(.note("left out (--skip-outside): \(place)"))
        } else {
          rest.append(piece.element)
        }
      }
      if leavesOut { ready.firmware.targets[index].elements = inside + rest }
    }
  }

  /// The section of an ELF file that has an address, in brackets; else nothing.
  func section(at address: UInt64) -> String {
    let name = firmware.sections.first { $0.range.contains(address) }?.name ?? ""
    return name.isEmpty ? "" : " (section \(name.visible))"
  }

  /// Adds the ELF section to what is said of an address; where nothing of the file is inside, there is
  /// nothing to leave out.
  func naming(_ error: FlashError, _ failure: Failure) -> Failure {
    guard case .outsideMemory(let range, _, _, _) = error else { return failure }
    var failure = failure
    failure.what.replace(
      "has \(range.addressText),",
      with: "has \(range.addressText)\(section(at: range.lowerBound)),")
    if firmware.elements.allSatisfy({ range.contains($0.range) }) {
      failure.fix =
        switch (firmware.format, OutsideRegion(range.lowerBound)) {
        case (.raw, _): "say an --address that the board has: 'dfuse list' shows its memories"
        case (_, .flashAlias): "link it for 0x0800_0000"
        default: "link it for a memory of the board: 'dfuse list' shows them"
        }
    }
    return failure
  }

  /// Puts bytes without an address where the board's programs start, if they are a program for that
  /// place.
  private func place(
    _ ready: inout BoardFirmware, on board: Board, alternate: AlternateMemory?
  ) throws(Failure) {
    let bootloader = board.bootloader
    guard let memory = alternate ?? board.firstMemory,
      let start = memory.map.programStart(under: bootloader)
    else {
      throw Failure(
        .usage, "\(shown) is a raw binary, and nothing says where it belongs",
        fix: "say it: --address 0x08000000")
    }
    // Of a memory that runs no programs, the start is all that can be meant.
    if alternate == nil || memory.map.kind == .internalFlash {
      try checkFit(
        firmware.elements.first?.bytes ?? [], to: start, in: memory.map,
        mayBeRISCV: board.chip.mayBeRISCV, sparing: bootloader?.ownRanges ?? [])
    }
    do throws(FormatError) { try ready.firmware.place(at: start) } catch {
      throw Failure(.badData, "\(shown): \(error)")
    }
    let isWhole = memory.map.segments.allSatisfy { $0.start >= start }
    let place =
      isWhole
      ? "the start of"
      : bootloader?.programStart == start
        ? "behind \(bootloader?.name ?? "the bootloader") in" : "where writing is allowed in"
    ready.notes.append(
      .note(
        "\(shown) is a raw binary: it goes to \(UInt64(start).addressText), \(place) "
          + "\(memory.map.name.visible); --address changes that"))
  }

  /// Refuses bytes that are no program for the place where the board's programs start.
  private func checkFit(
    _ bytes: [UInt8], to start: UInt32, in map: MemoryMap, mayBeRISCV: Bool,
    sparing own: [Range<UInt64>]
  ) throws(Failure) {
    func options(_ candidates: [UInt64]) -> [String] {
      candidates.filter { start in
        !own.contains { $0.overlaps(start..<(start + UInt64(max(bytes.count, 1)))) }
      }.map { "--address \(UInt32(truncatingIfNeeded: $0).hex)" }
    }
    let place = UInt64(start).addressText
    let untouched = FlashError.Progress.untouched.description
    switch ProgramPlace.decide(bytes, in: map, start: UInt64(start), mayBeRISCV: mayBeRISCV) {
    case .sure: return
    case .doubtful(let likely, let candidates):
      throw Failure(
        .badData, "\(shown) is a raw binary, and \(place) is probably not where it belongs",
        why: "more of the addresses in it make sense if it begins at \(likely.addressText)",
        now: untouched,
        fix: candidates.count > 1
          ? "say where it belongs, the likely place first:"
          : "\(likely.addressText) is no start of a sector: it was probably made for another "
            + "board; if it does belong here, say",
        choices: options(candidates))
    case .elsewhere(let reason, let candidates):
      let choices = options(candidates)
      throw Failure(
        .badData, "\(shown) is a raw binary, and no program for \(place)", why: "\(reason)",
        now: untouched,
        fix: denied.map { "leave --format raw out: it is \($0), which says where it belongs" }
          ?? (choices.isEmpty
            ? "if it is not a program, say where it belongs with --address; if it is, it was made "
              + "for another board"
            : "say where it belongs; it fits"),
        choices: denied == nil ? choices : [])
    }
  }
}

extension Board {
  /// The memory that a file without addresses is for: that of alternate setting 0.
  fileprivate var firstMemory: AlternateMemory? {
    memories.first { $0.alternateSetting == 0 } ?? memories.first
  }
}

extension MemoryMap {
  /// Whether all of a range is for keys.
  fileprivate func takesKeys(in range: Range<UInt64>) -> Bool {
    keyWords.contains { $0.lowerBound <= range.lowerBound && range.upperBound <= $0.upperBound }
  }

  /// Where a program belongs that does not say it: where the bootloader's programs are known to be,
  /// else in the first sector that can be written and is not the bootloader's.
  func programStart(under bootloader: ApplicationBootloader?) -> UInt32? {
    if let start = bootloader?.programStart, segment(at: UInt64(start)) != nil { return start }
    let floor = bootloader?.ownRanges.filter { segment(at: $0.lowerBound) != nil }
      .map(\.upperBound).min()
    let starts = segments.filter { $0.access.contains(.writable) }.compactMap { segment in
      // The first sector of the segment that lies wholly above the floor.
      let first = max(segment.start, floor ?? 0)
      guard first < segment.end else { return nil as UInt64? }
      let sector = segment.sector(at: first)
      let start = sector.lowerBound < first ? sector.upperBound : sector.lowerBound
      return start < segment.end ? start : nil
    }
    return starts.min().flatMap { UInt32(exactly: $0) }
  }
}
