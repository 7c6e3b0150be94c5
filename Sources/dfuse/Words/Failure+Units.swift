import SystemPackage

// What a ledger says, in a person's words.

extension Failure {
  /// Why a ledger cannot be used, which is called `shown`.
  init(_ error: LedgerError, ledger shown: String) {
    switch error {
    case .notALedger:
      self.init(
        .badData, "\(shown) is no ledger of dfuse",
        why: "its first line is not \(LedgerLine.header.dropLast())",
        fix: "name a file that is not there yet; a spreadsheet must not save over a ledger")
    case .badLine(let line, let problem):
      self.init(
        .badData, "line \(line) of the ledger \(shown) is damaged: \(problem)",
        why: "it was changed by another program, and which numbers are used is not sure any more",
        fix: "put it right; or begin a new one, with a counter above all numbers in this one")
    case .notAFile:
      self.init(
        .cannotCreate, "the ledger \(shown) is no regular file",
        fix: "name a file, which need not be there yet")
    case .inUse(let process):
      self.init(
        .inputOutput, "the ledger \(shown) is in use by \(FileLock.words(process))",
        why: "two stations on one ledger would give the same numbers",
        fix: "wait until that has ended, or name another ledger, with numbers of its own")
    case .noLocks(let error):
      self.init(
        .inputOutput, "the ledger \(shown) cannot be locked: \(error)",
        why: "a second station could use it at the same time",
        fix: "keep it on a disk of this machine")
    case .unreadable(let error):
      self.init(
        .noInput, "cannot read the ledger \(shown): \(error)", fix: error.fixReading(shown))
    case .cannotOpen(let error):
      self.init(
        .cannotCreate, "cannot open the ledger \(shown): \(error)", fix: error.fixWriting(shown))
    case .unwritable(let error):
      self.init(
        .inputOutput, "cannot write the ledger \(shown): \(error)",
        fix: error == .noSpace ? "make room on the disk, and run the same command again" : nil)
    case .changed:
      self.init(
        .inputOutput, "the ledger \(shown) was changed by another program",
        why: "a spreadsheet that saves it puts another file in its place",
        fix: "end this command; then look what is missing, and start it again")
    case .broken:
      self.init(
        .inputOutput, "the ledger \(shown) could not be written before, and takes nothing more",
        fix: "see to the disk, and start the command again")
    case .noNumberLeft:
      self.init(.badData, "the ledger \(shown) has no number left behind its highest one")
    }
  }
}
