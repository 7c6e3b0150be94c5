import DfuseDevice
import DfuseFormat

// What the flasher says, in a person's words: what is on the chip now, and how to carry on.

extension Failure {
  /// Why work on a board failed.
  init(_ error: FlashError, task: BoardTask, board: BoardName) {
    let subject = task.subject
    switch error {
    case .noMemoryMap:
      self.init(
        .protocolError, "\(board) shows no memory map",
        why: "without one, nobody knows its addresses and sectors",
        fix: "it may not be a DfuSe bootloader; see what it says: "
          + "\(Suggestion(.list, ["--verbose"], on: board))")
    case .blocksTooShort(let size):
      self = .refused(
        .protocolError, "\(board) takes only \(Int(size).counted("byte")) at a time",
        why: "that is its wTransferSize; flash is programmed in units of up to 8 bytes and more",
        fix: "put its bootloader right; see what it says: "
          + "\(Suggestion(.list, ["--verbose"], on: board))")
    case .noSuchAlternateSetting(let number, let available):
      self = .refused(
        .badData, "\(subject) is for alternate setting \(number), which \(board) does not have",
        why: "it has \(available.map(String.init).joined(separator: ", "))",
        fix: "choose the targets for one that it has with -a, or another board")
    case .otherDevice(let wanted, let found):
      self = .refused(
        .badData, "\(subject) is for devices \(wanted.orAny), and \(board) is \(found)",
        fix: "flash the file that was made for this board, or say --ignore-ids")
    case .conflict(let error):
      self = .refused(
        .badData, "\(subject): \(error)", fix: "pack it again, with each address once")
    case .nothingToFlash:
      self = .refused(.badData, "\(subject) has nothing to flash")
    case .noSupplySetting:
      self = .refused(
        .usage, "\(board) cannot be told its supply voltage",
        why: "only the bootloaders of STM32F2, F4 and F7 have the memory Device Feature for it",
        fix: "leave --supply out")
    case .nothingThere(let memory):
      self = .refused(
        .badData,
        "alternate setting \(memory.alternateSetting) of \(board), \(memory.map.name.visible), is empty",
        why: "its memory map lists no sectors",
        fix: "choose another; see what each has: \(Suggestion(.list, on: board))")
    case .bootloaderSectors(let range, let bootloader):
      let start = bootloader.programStart.map { UInt64($0).addressText }
      self = .refused(
        .usage,
        "\(subject) reaches into \(range.addressText) of \(board), which is "
          + "\(bootloader.name)'s own",
        why: start.map { "programs for it begin at \($0)" }
          ?? "without it, the board can be flashed only by its ROM or a debug probe",
        fix: (start.map { "flash a program that was linked for \($0); " } ?? "")
          + "--allow-bootloader overwrites its sectors, where the board lets them be written")
    case .nothingForFlash:
      self = .refused(
        .usage, "\(subject) has nothing for the flash of \(board), which --mass-erase would erase",
        fix: "leave --mass-erase out; to erase the flash alone: \(Suggestion(.erase, on: board))")
    case .permanentLock(let level, let address, let name, let serial):
      self = .refused(
        .usage,
        "\(subject) would lock \(board) for ever: protection level \(level.hex) at "
          + "\(address.addressText) (\(name.visible))",
        why: Self.permanentLockReason, fix: Self.permanentLockAdvice(serial))
    case .outsideMemory(let range, _, let memory, let found):
      self.init(outside: range, memory, found: found, task: task, board: board)
    case .notWritable(let range, let segment, let writable):
      self = .refused(
        .badData, "\(subject) has \(range.addressText), which cannot be written on \(board)",
        why: "\(segment.range.addressText) is \(segment.access)",
        fix: writable.map { "the next address that can be written is \($0.start.addressText)" })
    case .needsConsent(let kind, let name, let range):
      self.init(consent: kind, "\(subject) would write \(name.visible) (\(range.addressText))")
    case .alreadyProgrammed(let address, let found, let wanted):
      self = .refused(
        .badData,
        "\(address.addressText) of \(board) is programmed already: \(found.hex), not \(wanted.hex)",
        why: "one-time programmable bits go from 1 to 0, and never back")
    case .cannotPreserve(let range):
      self = .refused(
        .usage, "what stands beside \(subject) in \(range.addressText) cannot be preserved",
        why: "that memory of \(board) cannot be read", fix: "leave --preserve out to lose it")
    case .notErasable(let range):
      self = .refused(
        .badData, "\(range.addressText) of \(board) cannot be erased",
        why: "its memory map does not allow that")
    case .fellSilent(let address, _):
      self = .refused(
        .protocolError,
        "\(board) does not answer any more since \(UInt64(address).addressText) was read",
        why:
          "what the chip is should stand there; that a read of it stops the bootloader was not known",
        fix: "start its bootloader again (unplug it, or reset)"
          + (task == .identifying ? "" : ", and say --no-identify")
          + "; please report this with what --trace shows")
    case .readProtected:
      self = .refused(
        .protocolError, "\(board) is read protected",
        fix: "remove the protection, and everything in its flash: "
          + "\(Suggestion(.unprotect, on: board))")
    case .notReadable(let name, let progress):
      self.init(
        .protocolError, "\(board) does not let its \(name.visible) be read",
        why: "its bootloader takes no upload", now: progress.onChip(after: task),
        fix: task.isFlashing
          ? "say --full --no-verify: then it is written without being read"
          : "it can still be flashed, with --full --no-verify; a debug probe can read it")
    case .notTaken(let leftover):
      self.init(leftover, board: board)
    case .refused(let error, let progress):
      let concernsReading =
        if case .device(_, _, _, during: .reading) = error { true } else { false }
      self.init(
        .protocolError, "\(board) refused: \(error)",
        why: "the chip is not read protected: it has let itself be read or changed. "
          + (concernsReading
            ? "That part may be protected, or not be there"
            : "The sector may be write protected, or hold the bootloader"),
        now: progress.onChip(after: task),
        fix: concernsReading
          ? "leave that part out"
          : "clear the write protection in the option bytes, if there is one; other addresses may "
            + "do")
    case .different(let difference):
      self.init(difference, task: task, board: board)
    case .cancelled(let progress):
      self.init(
        .interrupted, "stopped on request", now: progress.onChip(after: task),
        fix: progress.carryOn)
    case .device(let error, let progress):
      let meaning = error.meaning(carryOn: progress.carryOn, task: task, board: board)
      self.init(
        meaning.status, "\(board): \(error)", why: meaning.reason,
        now: error.sentNothing ? "nothing was sent to it" : progress.onChip(after: task),
        fix: meaning.fix)
    }
  }

  /// Adds what is known of boards that fail alike.
  mutating func add(_ trouble: KnownTrouble) {
    reasons.append(trouble.reason)
    fix = [fix, trouble.remedy].compactMap { $0 }.joined(separator: "; ")
  }

  /// What was refused before anything was changed.
  private static func refused(
    _ status: ExitStatus, _ what: String, why: String? = nil, fix: String? = nil
  ) -> Failure {
    Failure(status, what, why: why, now: FlashError.Progress.untouched.description, fix: fix)
  }

  private init(
    outside range: Range<UInt64>, _ memory: MemoryMap?, found: UInt8?, task: BoardTask,
    board: BoardName
  ) {
    let name = memory?.name.visible ?? "the memory"
    let region = task.hasFile && found == nil ? OutsideRegion(range.lowerBound) : nil
    let place =
      region?.words.map { "which is \($0), and nothing that \(board) offers" }
      ?? "which is not in \(name) of \(board)"
    self = .refused(
      .badData, "\(task.subject) has \(range.addressText), \(place)",
      why: region?.reason ?? memory.map { "\(name) is \($0.extentText)" },
      fix: memory?.kind.isSettings == true
        ? "leave -a out: these bytes are no \(name)"
        : region?.advice
          ?? found.map {
            "alternate setting \($0) has it: pack it into a target for that (-a \($0))"
          })
  }

  private init(consent kind: MemoryKind, _ what: String) {
    switch kind {
    case .optionBytes, .deviceFeature:
      self = .refused(
        .usage, what, why: "option bytes change how the chip works, and can lock it for ever",
        fix: "say --allow-option-bytes if that is meant")
    case .otp:
      self = .refused(
        .usage, what, why: "one-time programmable memory cannot be undone",
        fix: "say --allow-otp if that is meant")
    case .internalFlash, .dataEEPROM, .engineeringBytes, .externalFlash, .other:
      self = .refused(
        .badData, what, why: "that memory is not for firmware", fix: "leave it out of the file")
    }
  }

  /// Why a level that is for ever is refused.
  static let permanentLockReason =
    "no bootloader, no erase and no debug probe opens the chip again after that"

  /// How to go on without it, or with it on a board that has a serial number.
  static func permanentLockAdvice(_ serial: String?) -> String {
    serial.map {
      "leave that level out; if it is meant, say --allow-permanent-lock \($0.shellWord)"
    } ?? "leave that level out; a board without a serial number of its own is never locked"
  }

  private init(_ difference: FlashError.Difference, task: BoardTask, board: BoardName) {
    let clear =
      "clear the write protection, then run the same command again; which fields it is shows: "
      + "\(Suggestion(.options, on: board))"
    switch task {
    case .erasing:
      self.init(
        .different, "\(board) is not blank: \(difference.holds)",
        why: "the sector was erased, and read back; it is probably write protected",
        now: FlashError.Progress.erased.onChip(after: task), fix: clear)
    case .verifying(let file, let flash):
      self = .refused(
        .different, "\(board) differs from \(file): \(difference)",
        fix: "put it right: \(flash)")
    case .flashing, .reading, .identifying, .leaving, .unprotecting, .readingOptions,
      .settingOptions:
      self.init(
        .different, "\(board) did not take the firmware: \(difference)",
        why: difference.looksProtected
          ? "its sector was as if never erased, twice: it is probably write protected"
          : "it was erased and written twice",
        now: difference.progress.description,
        fix: difference.looksProtected
          ? clear
          : "run the same command again; if it fails there again, the flash is worn out or the USB "
            + "port is at fault: try a hub between")
    }
  }

  /// Option bytes and the like that were not taken: what of the firmware is on the board all the same.
  private init(_ leftover: FlashError.Leftover, board: BoardName) {
    let name = leftover.name.visible
    let isAlone = leftover.firmware == .untouched
    let firmware = leftover.firmware.description
    func now(_ end: String) -> String { isAlone ? end : "\(firmware); \(end)" }
    let again = DFUError.plugInAgain
    switch leftover.reason {
    case .failed(let error) where error.meaning().isRefusal:
      let look = Suggestion(
        .read, Suggestion.option("-a", leftover.name) + ["-o", "option-bytes.dfu"], on: board)
      self.init(
        error.meaning().status, "\(board) did not take the \(name): \(error)",
        now: isAlone ? firmware : now("the \(name) are as they were"),
        fix: (isAlone ? "" : "flash the firmware without them, or ") + "look at them: \(look)")
    case .failed(let error):
      self.init(
        error.meaning().status, "\(board): \(error)", why: error.meaning().reason,
        now: now("the \(name) may have changed"), fix: again)
    case .unchanged:
      self.init(
        .different, "\(board) did not take the \(name): they read as before",
        why: "some chips load them only when they lose power",
        now: isAlone ? firmware : now("the \(name) were not changed"), fix: again)
    case .different(let difference):
      self.init(
        .different,
        "\(board) did not take the \(name) as they were sent: \(difference)",
        now: now("the \(name) have changed"), fix: again)
    }
  }
}

extension FlashError.Progress {
  /// What is on the chip after some task.
  func onChip(after task: BoardTask) -> String? {
    switch task {
    case .flashing: description
    case .erasing:
      self == .untouched ? description : "some sectors are erased, others are as they were"
    case .unprotecting: "the flash may be erased"
    case .settingOptions: self == .untouched ? description : "the option bytes may have changed"
    case .verifying, .reading, .identifying, .readingOptions: Self.untouched.description
    case .leaving: "the memory is as it was"
    }
  }

  /// How to carry on.
  var carryOn: String {
    switch self {
    case .untouched, .complete: "run the same command again"
    case .erased, .incomplete, .mixed, .unverified:
      "run the same command again; the board stays in its bootloader"
    }
  }
}

extension OutsideRegion {
  /// What it is; nil if nobody knows.
  fileprivate var words: String? {
    switch self {
    case .ram: "RAM"
    case .coreCoupledRAM: "core-coupled RAM"
    case .externalMemory: "external memory"
    case .flashAlias: "another address of the flash, which is written at 0x0800_0000"
    case .unknown: nil
    }
  }

  fileprivate var reason: String? {
    switch self {
    case .ram, .coreCoupledRAM: "a program fills its RAM itself when it starts"
    case .externalMemory: "a bootloader in ROM cannot write external memory"
    case .flashAlias, .unknown: nil
    }
  }

  fileprivate var advice: String {
    self == .flashAlias
      ? "link it for 0x0800_0000; --skip-outside leaves these bytes out"
      : "say --skip-outside to leave these bytes out"
  }
}
