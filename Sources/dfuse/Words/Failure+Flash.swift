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
        fix: "it may not be a DfuSe bootloader; 'dfuse list --verbose' shows what it says")
    case .blocksTooShort(let size):
      self.init(
        .protocolError, "\(board) takes only \(size) byte\(size == 1 ? "" : "s") at a time",
        why: "that is its wTransferSize; flash is programmed in units of up to 8 bytes and more",
        now: FlashError.Progress.untouched.onChip,
        fix: "put its bootloader right; 'dfuse list --verbose' shows what it says")
    case .noSuchAlternateSetting(let number, let available):
      let list = available.map(String.init).joined(separator: ", ")
      self.init(
        .badData, "\(subject) is for alternate setting \(number), which \(board) does not have",
        why: "it has \(list)", now: FlashError.Progress.untouched.onChip,
        fix: "choose the targets for one that it has with -a, or another board")
    case .otherDevice(let vendorID, let productID, let deviceVendorID, let deviceProductID):
      let wanted = USBID(vendorID: vendorID, productID: productID)
      let found = USBID(vendorID: deviceVendorID, productID: deviceProductID)
      self.init(
        .badData, "\(subject) is for devices \(wanted.orAny), and \(board) is \(found)",
        now: FlashError.Progress.untouched.onChip,
        fix: "flash the file that was made for this board, or say --ignore-ids")
    case .conflict(let error):
      self.init(
        .badData, "\(subject): \(error)", now: FlashError.Progress.untouched.onChip,
        fix: "pack it again, with each address once")
    case .nothingToFlash:
      self.init(
        .badData, "\(subject) has nothing to flash", now: FlashError.Progress.untouched.onChip)
    case .noSupplySetting:
      self.init(
        .usage, "\(board) cannot be told its supply voltage",
        why: "only the bootloaders of STM32F2, F4 and F7 have the memory Device Feature for it",
        now: FlashError.Progress.untouched.onChip, fix: "leave --supply out")
    case .nothingThere(let number, let name):
      self.init(
        .badData, "alternate setting \(number) of \(board), \(name.visible), is empty",
        why: "its memory map lists no sectors",
        now: FlashError.Progress.untouched.onChip,
        fix: "choose another; 'dfuse list' shows what each has")
    case .bootloaderSectors(let range, let bootloader):
      self.init(bootloader, owns: range, subject: subject, board: board)
    case .nothingForFlash:
      self.init(
        .usage, "\(subject) has nothing for the flash of \(board), which --mass-erase would erase",
        now: FlashError.Progress.untouched.onChip,
        fix: "leave --mass-erase out; 'dfuse erase --all' erases the flash alone")
    case .permanentLock(let level, let address, let name, let serial):
      self.init(
        .usage,
        "\(subject) would lock \(board) for ever: protection level \(level.hex) at "
          + "\(address.addressText) (\(name.visible))",
        why: "no bootloader, no erase and no debug probe opens the chip again after that",
        now: FlashError.Progress.untouched.onChip,
        fix: serial.map {
          "leave that level out; if it is meant, say --allow-permanent-lock \($0.shellWord)"
        } ?? "leave that level out; a board without a serial number of its own is never locked")
    case .outsideMemory, .notWritable, .needsConsent, .alreadyProgrammed, .cannotPreserve,
      .notErasable:
      self.init(rejected: error, task: task, board: board)
    case .readProtected:
      self.init(
        .protocolError, "\(board) is read protected", now: FlashError.Progress.untouched.onChip,
        fix: "dfuse unprotect --yes removes the protection, and everything in its flash")
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
      self.init(
        .protocolError, "\(board) refused: \(error)", why: error.reasonOfRefusal,
        now: progress.onChip(after: task), fix: error.fixOfRefusal)
    case .different(let difference):
      self.init(difference, task: task, board: board)
    case .cancelled(let progress):
      self.init(
        .interrupted, "stopped on request", now: progress.onChip(after: task),
        fix: progress.carryOn)
    case .device(let error, let progress):
      self.init(error, progress, task: task, board: board)
    }
  }

  /// What the memory map does not allow; nothing was changed.
  private init(rejected error: FlashError, task: BoardTask, board: BoardName) {
    let untouched = FlashError.Progress.untouched.onChip
    let subject = task.subject
    switch error {
    case .outsideMemory(let range, _, let memory, let found):
      let name = memory.map { $0.name.visible } ?? "the memory"
      self.init(
        .badData, "\(subject) has \(range.addressText), which is not in \(name) of \(board)",
        why: memory.map { "\($0.name.visible) is \($0.extent)" }, now: untouched,
        fix: found.map {
          "alternate setting \($0) has it: pack it into a target for that (-a \($0))"
        })
      if task.hasFile, found == nil {
        let region = OutsideRegion(range.lowerBound)
        if let words = region.words {
          what = "\(subject) has \(range.addressText), which is \(words), and no memory of \(board)"
        }
        why = region.reason ?? why
        fix = region.advice
      }
    case .notWritable(let range, let segment, let writable):
      self.init(
        .badData, "\(subject) has \(range.addressText), which cannot be written on \(board)",
        why: "\(segment.range.addressText) is \(segment.access.words)", now: untouched,
        fix: writable.map { "the next address that can be written is \($0.start.addressText)" })
    case .needsConsent(let kind, let name, let range):
      self.init(consent: kind, name: name, range: range, subject: subject)
    case .alreadyProgrammed(let address, let found, let wanted):
      self.init(
        .badData,
        "\(address.addressText) of \(board) is programmed already: \(found.hex), not \(wanted.hex)",
        why: "one-time programmable bits go from 1 to 0, and never back", now: untouched)
    case .cannotPreserve(let range):
      self.init(
        .usage, "what stands beside \(subject) in \(range.addressText) cannot be preserved",
        why: "that memory of \(board) cannot be read", now: untouched,
        fix: "leave --preserve out to lose it")
    case .notErasable(let range):
      self.init(
        .badData, "\(range.addressText) of \(board) cannot be erased",
        why: "its memory map does not allow that", now: untouched)
    case .noMemoryMap, .blocksTooShort, .noSuchAlternateSetting, .otherDevice, .conflict,
      .nothingToFlash,
      .noSupplySetting, .nothingForFlash, .permanentLock, .readProtected, .notReadable, .different,
      .notTaken, .cancelled, .device, .refused, .bootloaderSectors, .nothingThere:
      self.init(.software, "\(board): \(error)")
    }
  }

  /// What would destroy the bootloader that is asked to do it; nothing was changed.
  private init(
    _ bootloader: ApplicationBootloader, owns range: Range<UInt64>, subject: String,
    board: BoardName
  ) {
    let start = bootloader.programStart.map { UInt64($0).addressText }
    self.init(
      .usage,
      "\(subject) reaches into \(range.addressText) of \(board), which is \(bootloader.name)'s own",
      why: start.map { "programs for it begin at \($0)" }
        ?? "without it, the board can be flashed only by its ROM or a debug probe",
      now: FlashError.Progress.untouched.onChip,
      fix: (start.map { "flash a program that was linked for \($0); " } ?? "")
        + "--allow-bootloader overwrites its sectors, where the board lets them be written")
  }

  private init(consent kind: MemoryKind, name: String, range: Range<UInt64>, subject: String) {
    let what = "\(subject) would write \(name.visible) (\(range.addressText))"
    let untouched = FlashError.Progress.untouched.onChip
    switch kind {
    case .optionBytes, .deviceFeature:
      self.init(
        .usage, what, why: "option bytes change how the chip works, and can lock it for ever",
        now: untouched, fix: "say --allow-option-bytes if that is meant")
    case .otp:
      self.init(
        .usage, what, why: "one-time programmable memory cannot be undone", now: untouched,
        fix: "say --allow-otp if that is meant")
    case .internalFlash, .dataEEPROM, .engineeringBytes, .externalFlash, .other:
      self.init(
        .badData, what, why: "that memory is not for firmware", now: untouched,
        fix: "leave it out of the file")
    }
  }

  private init(_ difference: FlashError.Difference, task: BoardTask, board: BoardName) {
    let place = difference.address.addressText
    if task == .erasing {
      self.init(
        .different, "\(board) is not blank: \(place) holds \(difference.found.hex)",
        why: "the sector was erased, and read back; it is probably write protected",
        now: FlashError.Progress.erased.onChip(after: task),
        fix: "clear the write protection in the option bytes, then run the same command again")
      return
    }
    let bytes = "\(difference.found.hex) instead of \(difference.expected.hex)"
    let more = difference.count > 1 ? "; \(difference.count) bytes differ" : ""
    if case .verifying(let file) = task {
      self.init(
        .different, "\(board) differs from \(file): \(place) holds \(bytes)\(more)",
        now: FlashError.Progress.untouched.onChip, fix: "dfuse flash \(file) puts it right")
      return
    }
    self.init(
      .different, "\(board) did not take the firmware: \(place) holds \(bytes)\(more)",
      why: difference.looksProtected
        ? "its sector was as if never erased, twice: it is probably write protected"
        : "it was erased and written twice",
      now: difference.progress.onChip,
      fix: difference.looksProtected
        ? "clear the write protection in the option bytes, then run the same command again"
        : "run the same command again; if it fails there again, the flash is worn out or the USB "
          + "port is at fault: try a hub between")
  }

  /// Option bytes and the like that were not taken: what of the firmware is on the board all the same.
  private init(_ leftover: FlashError.Leftover, board: BoardName) {
    let name = leftover.name.visible
    let isAlone = leftover.firmware == .untouched
    func now(_ end: String) -> String {
      isAlone ? end : "\(leftover.firmware.onChip); \(end)"
    }
    switch leftover.reason {
    case .failed(let error) where error.isRefusal:
      self.init(
        error.status, "\(board) did not take the \(name): \(error)",
        now: isAlone ? leftover.firmware.onChip : now("the \(name) are as they were"),
        fix: isAlone
          ? "look at them: dfuse read -a '\(name)' -o options.dfu"
          : "flash the firmware without them, or look at them: "
            + "dfuse read -a '\(name)' -o options.dfu")
    case .failed(let error):
      self.init(
        error.status, "\(board): \(error)", why: error.likelyReason,
        now: now("the \(name) may have changed"),
        fix: "plug the board in again, in its bootloader, and run the same command again")
    case .unchanged:
      self.init(
        .different, "\(board) did not take the \(name): they read as before",
        why: "some chips load them only when they lose power",
        now: isAlone ? leftover.firmware.onChip : now("the \(name) were not changed"),
        fix: "plug the board in again, in its bootloader, and run the same command again")
    case .different(let difference):
      let more = difference.count > 1 ? "; \(difference.count) bytes differ" : ""
      self.init(
        .different,
        "\(board) did not take the \(name) as they were sent: \(difference.address.addressText) "
          + "holds \(difference.found.hex) instead of \(difference.expected.hex)\(more)",
        now: now("the \(name) have changed"),
        fix: "plug the board in again, in its bootloader, and run the same command again")
    }
  }

  private init(
    _ error: DFUError, _ progress: FlashError.Progress, task: BoardTask, board: BoardName
  ) {
    if case .notOffered(.readUnprotect, _) = error {
      self.init(
        error.status, "\(board): \(error)", why: error.likelyReason, now: "nothing was sent to it",
        fix: error.fix(progress))
      return
    }
    self.init(
      error.status, "\(board): \(error)", why: error.likelyReason,
      now: progress.onChip(after: task), fix: error.fix(progress))
  }
}

extension USBID {
  /// The ids, `any` for 0xFFFF.
  fileprivate var orAny: String {
    let parts = description.split(separator: ":").map { $0 == "ffff" ? "any" : String($0) }
    return parts.joined(separator: ":")
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
    switch self {
    case .flashAlias: "link it for 0x0800_0000; --skip-outside leaves these bytes out"
    case .ram, .coreCoupledRAM, .externalMemory, .unknown:
      "say --skip-outside to leave these bytes out"
    }
  }
}
