import DfuseDevice
import DfuseFormat

extension FirmwareFile {
  /// The firmware for a board with these memories.
  ///
  /// - Parameters:
  ///   - alternate: The memory that `-a` chose, or nil.
  ///   - memories: All of the board's.
  ///   - profile: What the board is.
  ///   - bootloader: The bootloader, if it is a program in flash that is known.
  /// - Returns: What to flash, or to compare with.
  /// - Throws: A failure with status 64 or 65.
  func firmware(
    alternate: AlternateMemory?, memories: [AlternateMemory], profile: ChipProfile,
    bootloader: ApplicationBootloader?
  ) throws(Failure) -> BoardFirmware {
    var firmware: BoardFirmware
    switch contents {
    case .container(let container):
      firmware = BoardFirmware(input: .container(try targets(of: container, for: alternate)))
    case .image(let image):
      firmware = BoardFirmware(input: .image(image, alternateSetting: alternate?.alternateSetting))
    case .bytes(let bytes, let suffix):
      firmware = try place(
        bytes, suffix: suffix, alternate: alternate, memories: memories, profile: profile,
        bootloader: bootloader)
    }
    firmware = try atHome(firmware, alternate: alternate, in: memories)
    guard firmware.size > 0 else {
      throw Failure(
        .badData, "\(shown) has nothing to flash", now: FlashError.Progress.untouched.onChip)
    }
    let flash = memories.first { $0.alternateSetting == 0 } ?? memories.first
    if let start = flash?.map.programStart(under: bootloader).map(UInt64.init),
      let reason = firmware.misfit(at: start, mayBeRISCV: profile.family == .gd32)
    {
      firmware.notes.append(
        .warning(
          "\(shown) covers \(start.addressText), where programs start, and has no vector table "
            + "there: \(reason)"))
    }
    return firmware
  }

  /// The firmware without what no memory of the board takes, if that is wanted; says what is left
  /// out, and what goes to another memory than its target names.
  private func atHome(
    _ firmware: BoardFirmware, alternate: AlternateMemory?, in memories: [AlternateMemory]
  ) throws(Failure) -> BoardFirmware {
    var kept = firmware
    func sort(_ elements: [ImageElement], named: AlternateMemory?) -> [ImageElement] {
      var inside: [ImageElement] = []
      for piece in elements.flatMap({ memories.pieces(of: $0, named: named) }) {
        let place = piece.element.range.addressText + section(at: piece.element.range.lowerBound)
        if let memory = piece.memory {
          if let named, named.map.text != memory.map.text {
            kept.notes.append(
              .note(
                "\(place) goes to \(memory.map.name.visible) (alternate setting "
                  + "\(memory.alternateSetting)): \(named.map.name.visible) does not have it"))
          }
        } else if skipsOutside {
          kept.notes.append(.note("left out (--skip-outside): \(place)"))
          continue
        }
        inside.append(piece.element)
      }
      return skipsOutside ? inside : elements
    }
    switch firmware.input {
    case .container(var container):
      for index in container.targets.indices {
        let number = container.targets[index].alternateSetting
        guard let named = memories.first(where: { $0.alternateSetting == number }) else { continue }
        container.targets[index].elements = sort(container.targets[index].elements, named: named)
      }
      kept.input = .container(container)
    case .image(let image, let number):
      let named = alternate
      let elements = sort(image.runs, named: named)
      if skipsOutside, let rest = try? MemoryImage(merging: elements) {
        kept.input = .image(rest, alternateSetting: number)
      }
    }
    return kept
  }

  /// The section of an ELF file that has an address, in brackets; else nothing.
  func section(at address: UInt64) -> String {
    let name = sections.first { $0.range.contains(address) }?.name ?? ""
    return name.isEmpty ? "" : " (section \(name.visible))"
  }

  /// Adds the ELF section to what is said of an address.
  func naming(_ error: FlashError, _ failure: Failure) -> Failure {
    guard case .outsideMemory(let range, _, _, _) = error else { return failure }
    var failure = failure
    failure.what.replace(
      "has \(range.addressText),",
      with: "has \(range.addressText)\(section(at: range.lowerBound)),")
    return failure
  }

  /// The whole container, or the targets for one memory.
  private func targets(
    of container: DfuseContainer, for alternate: AlternateMemory?
  ) throws(Failure) -> DfuseContainer {
    guard let alternate else { return container }
    var chosen = container
    chosen.targets.removeAll { $0.alternateSetting != alternate.alternateSetting }
    guard chosen.targets.isEmpty else { return chosen }
    let there = Set(container.targets.map(\.alternateSetting)).sorted().map(String.init)
    throw Failure(
      .usage, "\(shown) has nothing for alternate setting \(alternate.alternateSetting)",
      fix: "it has targets for \(there.joined(separator: ", "))")
  }

  /// Raw bytes at the address that was given, or else where the board's programs start, if they are
  /// a program for that place.
  private func place(
    _ bytes: [UInt8], suffix: DFUSuffix?, alternate: AlternateMemory?, memories: [AlternateMemory],
    profile: ChipProfile, bootloader: ApplicationBootloader?
  ) throws(Failure) -> BoardFirmware {
    var notes: [BoardUpdate] = []
    let start: UInt32
    if let address {
      start = address
    } else {
      let memory = alternate ?? memories.first { $0.alternateSetting == 0 } ?? memories.first
      guard let memory, let first = memory.map.programStart(under: bootloader) else {
        throw Failure(
          .usage, "\(shown) is a raw binary, and nothing says where it belongs",
          fix: "say it: --address 0x08000000")
      }
      // Of a memory that runs no programs, the start is all that can be meant.
      if alternate == nil || memory.map.kind == .internalFlash {
        try checkFit(
          bytes, to: first, in: memory.map, mayBeRISCV: profile.family == .gd32,
          sparing: bootloader?.ownRanges ?? [])
      }
      start = first
      let isWhole = memory.map.segments.allSatisfy { $0.start >= first }
      let place =
        isWhole
        ? "the start of"
        : bootloader?.programStart == first
          ? "behind \(bootloader?.name ?? "the bootloader") in" : "where writing is allowed in"
      notes.append(
        .note(
          "\(shown) is a raw binary: it goes to \(UInt64(first).addressText), \(place) "
            + "\(memory.map.name.visible); --address changes that"))
    }
    do throws(FormatError) {
      let firmware = try RawBinary.parse(bytes, at: start)
      return BoardFirmware(
        input: input(firmware.image, suffix: suffix, alternate: alternate, memories: memories),
        notes: notes)
    } catch {
      throw Failure(reading: shown, error, path: path)
    }
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
    let untouched = FlashError.Progress.untouched.onChip
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
        fix: choices.isEmpty
          ? "if it is not a program, say where it belongs with --address; if it is, it was made "
            + "for another board"
          : "say where it belongs; it fits",
        choices: choices)
    }
  }

  /// A suffix makes a container of it, so that the ids in it count.
  private func input(
    _ image: MemoryImage, suffix: DFUSuffix?, alternate: AlternateMemory?,
    memories: [AlternateMemory]
  ) -> FlashInput {
    guard let suffix, let start = image.runs.first?.range.lowerBound else {
      return .image(image, alternateSetting: alternate?.alternateSetting)
    }
    let memory = alternate ?? memories.first { $0.map.segment(at: start) != nil }
    return .container(
      DfuseContainer(
        deviceVersion: suffix.deviceVersion, productID: suffix.productID,
        vendorID: suffix.vendorID,
        targets: [
          .init(alternateSetting: memory?.alternateSetting ?? 0, elements: image.runs)
        ]))
  }
}

extension MemoryMap {
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
