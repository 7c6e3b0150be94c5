import DfuseDevice

/// How a flash ended well, in one sentence and in facts.
struct FlashReport: Sendable {
  let board: BoardName
  /// Bytes of the firmware.
  let size: UInt64
  let plan: FlashPlan
  /// Nil when only the plan was made.
  var result: FlashResult?
  /// Whether verification was not wanted.
  let skipsVerification: Bool
  /// Until all was written and verified.
  let time: Duration
  var departure = Departure.notAsked

  /// The one sentence.
  var verdict: String {
    guard let result else { return "\(board): nothing was changed (--dry-run)" }
    let did: String
    if plan.isEmpty {
      did = "\(board) holds this firmware already (\(size.sizeText) compared in \(time.timeText))"
    } else {
      did =
        "flashed \(size.sizeText) to \(board) in \(time.timeText)\(keptText(result))"
        + ": \(verificationText(result))"
    }
    return "\(did); \(departure.words)"
  }

  private func keptText(_ result: FlashResult) -> String {
    guard result.sectorsKept > 0 else { return "" }
    let all = plan.memories.reduce(0) { $0 + $1.sectors.count }
    return " (\(result.sectorsKept) of \(all.counted("sector")) held their bytes already)"
  }

  private func verificationText(_ result: FlashResult) -> String {
    let again =
      result.sectorsRepeated > 0
      ? " (\(result.sectorsRepeated.counted("sector")) written twice)" : ""
    if result.isVerified { return "verified\(again)" }
    if skipsVerification { return "not verified" }
    if !result.isReadable { return "not verified, since the memory cannot be read" }
    let most = firmware == .untouched ? "not verified" : "verified\(again) but for the option bytes"
    if result.isReadProtected { return "\(most): the chip is read protected now" }
    return "\(most): the board has not come back to its bootloader"
  }

  /// What is in the flash while option bytes are written.
  var firmware: FlashError.Progress {
    if plan.memories.allSatisfy({ $0.kind.isSettings }) { return .untouched }
    return skipsVerification || result?.isReadable == false ? .unverified : .complete
  }

  /// Whether there is something to do once the board is back in its bootloader.
  var awaitsBoard: Bool {
    guard let result else { return false }
    return !result.toWrite.isEmpty || !result.toCheck.isEmpty && !skipsVerification
  }

  /// The facts.
  var details: ResultDetails {
    var details = ResultDetails(seconds: time.roundedSeconds, size: size)
    guard let result else {
      details.dryRun = true
      return details
    }
    details.sectorsErased = result.sectorsErased
    details.sectorsKept = result.sectorsKept
    details.sectorsRepeated = result.sectorsRepeated
    details.bytesWritten = result.bytesWritten
    details.bytesVerified = result.bytesVerified
    details.verified = result.isVerified
    details.departure = departure.name
    return details
  }

  /// The end of a flash whose firmware is on the board but was not started.
  func failure(leaving error: FlashError) -> Failure {
    var failure = Failure(error, task: .leaving, board: board)
    failure.now =
      "the firmware is on the board"
      + (result?.isVerified == true ? ", written and verified" : "")
    failure.fix = "reset the board, or: dfuse leave --path \(board.path)"
    return failure
  }
}

extension MemoryKind {
  /// Whether it holds settings of the chip, and no part of a program.
  fileprivate var isSettings: Bool {
    switch self {
    case .optionBytes, .otp, .deviceFeature, .engineeringBytes: true
    case .internalFlash, .externalFlash, .dataEEPROM, .other: false
    }
  }
}
