import DfuseDevice
import DfuseFormat

// Why option bytes are not changed, in a person's words.

extension Failure {
  /// Why a change of option bytes was refused; nothing was written.
  init(_ error: OptionError, of options: OptionBytes, on board: BoardName) {
    let show = Suggestion(.options, on: board)
    switch error {
    case .notDecoded:
      self.init(
        .badData, "the option bytes of \(board) are not decoded",
        why: "nobody has written down those of this chip, or it looks like chips that have others",
        fix: "see what they are: \(show)")
    case .shownOnly:
      self.init(
        .badData, error.description,
        why: "their layout has one source only, or a write of them is not known to be safe",
        fix: "use a debug probe for these")
    case .noSuchField(let name):
      let nearest = options.names(like: name)
      self.init(
        .usage, "\(board) has no option '\(name.visible)'",
        fix: nearest.isEmpty
          ? "see what there is: \(show)" : "did you mean \(nearest.joined(separator: ", "))?")
    case .severalFields(let name, let names):
      self.init(
        .usage, "'\(name.visible)' is the manual's name of several fields",
        fix: "name one: \(names.joined(separator: ", "))")
    case .twoValues:
      self.init(.usage, error.description)
    case .illegal(let field, _):
      guard let legal = field.legal else {
        self.init(
          .usage, error.description,
          why: "it has \(field.width.counted("bit")): 0 to \(OptionsReport.text(field.most))",
          fix: "see what it is and means now: \(show)")
        break
      }
      self.init(
        .usage, error.description, fix: "its values, of which say one:",
        choices: legal.map { value in
          let meaning = options.meaning(of: value, for: field).map { "   # \($0)" } ?? ""
          return "\(field.name)=\(OptionsReport.text(value))\(meaning)"
        })
    case .outsideMap(let field):
      self.init(
        .badData, "\(field.name) of \(board) cannot be written",
        why:
          "its word at \(field.address.addressText) is outside what the bootloader's memory map has",
        fix: "use a debug probe for it")
    case .notThere(let field, let needs):
      self.init(
        .badData, "\(board) has no \(field.name) now", why: "it is there only with \(needs)")
    case .neverWritten:
      self.init(
        .usage, error.description,
        why: "it cannot be set back, or starts what the bootloader does not survive",
        fix: "use a debug probe for it")
    case .permanent(let field, let value, let serial):
      self.init(
        .usage, "\(field.name)=\(value.shortHex) would lock \(board) for ever",
        why: Self.permanentLockReason, fix: Self.permanentLockAdvice(serial))
    case .erasesEverything:
      self.init(
        .usage, error.description,
        why: "flash is cleared by the chip itself when its protection goes",
        fix: "say --yes if that is meant")
    case .closesBootloader(let fields):
      self.init(
        .usage, "\(fields.titles) would close the way into the bootloader of \(board)",
        why:
          "after that only the firmware or a debug probe can start it, whatever the BOOT0 pin says",
        fix: "flash the firmware first; if it is meant, say --allow-no-way-back")
    case .startsNothing(let fields):
      self.init(
        .usage, "\(fields.titles) would leave \(board) without a way to start firmware",
        why: "the chip would always start its bootloader, or what is no memory",
        fix: "if it is meant, say --allow-no-way-back")
    case .oneWay:
      self.init(
        .usage, error.description,
        why:
          "only a return from protection level 1 undoes it, which erases everything, or nothing does",
        fix: "if it is meant, say --allow-no-way-back")
    case .cannotBeUndone:
      self.init(
        .usage, error.description,
        why:
          "the chip ignores that but together with a return from protection level 1, for which its "
          + "bootloader has a command of its own",
        fix:
          "to lose everything on the chip and these: \(Suggestion(.unprotect, on: board)); to try all "
          + "the same, say --allow-no-way-back")
    case .trustZone(let field, let on):
      self.init(
        .usage,
        on
          ? "\(field.name)=1 closes the flash of \(board) to its bootloader"
          : error.description,
        why: on
          ? "both banks become secure: the bootloader then reads zeros, and what it writes vanishes"
          : "the chip does that only together with a return from protection level 1",
        fix: on ? "if it is meant, say --allow-no-way-back" : "use a debug probe for it")
    case .separately:
      self.init(
        .usage, error.description,
        why: "AN2606: the bootloader does not take protection level and secure options together",
        fix: "set one, then the other")
    case .factoryUnknown:
      self.init(
        .badData, error.description,
        fix: "set the fields that are meant by name; see them: \(show)")
    }
    now = FlashError.Progress.untouched.description
  }

  /// Option bytes that read as before, or otherwise than they should, after the board came back.
  init(notTaken change: OptionChange, _ board: BoardName) {
    let fields = change.differences.map { difference in
      "\(difference.field.title) is \(OptionsReport.text(difference.before)), and should be "
        + OptionsReport.text(difference.after)
    }
    self.init(
      .different, "\(board) did not take all option bytes: \(fields.joined(separator: "; "))",
      why: "the chip or its bootloader ignores some of them, or a protection keeps them",
      now: "the board is in its bootloader, with the option bytes that it has",
      fix: "see what it has: \(Suggestion(.options, on: board))")
  }
}

extension OptionBytes {
  /// The names of fields that are most like one that is none.
  fileprivate func names(like name: String) -> [String] {
    let ranked = fields.map { field in
      let slips = CommandWords.distance(name.lowercased(), field.name.lowercased())
      return (name: field.title, slips: slips)
    }
    let near = ranked.filter { $0.slips <= max(2, name.count / 2) }
    return near.sorted { $0.slips < $1.slips }.prefix(3).map(\.name)
  }
}
