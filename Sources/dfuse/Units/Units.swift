import DfuseDevice
import DfuseFormat

/// What makes each board of a station a unit of its own: its bytes, and its line in the ledger.
///
/// Any thread may use it.
final class Units: Sendable {
  let patches: [PlacedPatch]
  /// The ledger and its name for people; nil where none is kept.
  let ledger: (journal: Ledger, shown: String)?
  /// The table's name for people, if there is one.
  let tableName: String?
  /// Whether the chip is asked for its unique id: because a board cannot be done without it, or to have
  /// it in the ledger.
  let uniqueID: UniqueIDUse
  /// Whether nothing is written, here or on a board.
  let isDryRun: Bool
  let clock: @Sendable () -> UTCTime

  enum UniqueIDUse: Sendable {
    case needed, wanted, notAsked
  }

  init(
    patches: [PlacedPatch], ledger: (journal: Ledger, shown: String)?, tableName: String?,
    uniqueID: UniqueIDUse, isDryRun: Bool, clock: @escaping @Sendable () -> UTCTime
  ) {
    (self.patches, self.ledger, self.tableName) = (patches, ledger, tableName)
    (self.uniqueID, self.isDryRun, self.clock) = (uniqueID, isDryRun, clock)
  }
}

/// The work on one unit, from when its number is taken to its end.
final class UnitRun {
  private let units: Units
  /// Whether the board may hold something else than before.
  var isChanging = false
  private var line: LedgerLine?
  private var row: UnitTable.Row?
  private var values: [UnitValue] = []
  private var start: UTCTime?

  init(_ units: Units) { self.units = units }

  /// What the unit is, for the report.
  var record: UnitRecord { UnitRecord(number: line?.unit, values: values) }

  /// Asks the board what has to be known of it, takes a number, and puts the unit's bytes into the
  /// firmware.
  ///
  /// - Throws: A failure; nothing was changed on the board, and no number was used.
  func begin(
    _ flasher: inout Flasher, _ firmware: inout BoardFirmware, _ context: BoardContext,
    alternate: AlternateMemory?
  ) throws(Failure) {
    do throws(Failure) {
      try checkPlaces(on: flasher.board, alternate: alternate)
      let uniqueID = try uniqueID(&flasher, context)
      try take(uniqueID, of: firmware, context)
    } catch {
      var failure = error
      failure.now = failure.now ?? FlashError.Progress.untouched.description
      throw failure
    }
    if units.isDryRun {
      let number = line.map { "unit \($0.unit) (not taken)" } ?? "this board"
      if line != nil || !values.isEmpty {
        context.report(.note("\(number)\(values.isEmpty ? "" : ": \(values.words)")"))
      }
    } else if units.ledger == nil, !values.isEmpty {
      // There is no book to look it up in.
      context.report(.note("\(context.board.path): \(values.words)"))
    }
    try put(in: &firmware, alternate: alternate)
  }

  /// Puts the unit's bytes into the firmware.
  func put(
    in firmware: inout BoardFirmware, alternate: AlternateMemory?
  ) throws(Failure) {
    for value in values {
      let element = ImageElement(address: value.address, bytes: value.bytes)
      do throws(FormatError) {
        try firmware.firmware.put(element, alternateSetting: alternate?.alternateSetting)
      } catch {
        throw Failure(.badData, "--patch \(value.place): \(error)")
      }
    }
    // What the files differ in is told of them, and the unit's bytes are in none.
    for index in firmware.parts.indices {
      firmware.parts[index].elements = firmware.parts[index].elements.filter { element in
        !values.contains { $0.range.overlaps(element.range) }
      }
    }
  }

  /// Refuses places that no memory of the board takes.
  private func checkPlaces(
    on board: Board, alternate: AlternateMemory?
  ) throws(Failure) {
    for patch in units.patches {
      let byte = ImageElement(address: patch.address, bytes: [0])
      let memory = board.memories.pieces(of: byte, named: alternate).first?.memory
      let segment = memory?.map.segment(at: UInt64(patch.address))
      guard segment?.access.contains(.writable) != true else { continue }
      let writable = board.memories.flatMap { memory in
        memory.map.ranges(.writable).map { "\($0.addressText)  \(memory.map.name.visible)" }
      }
      let place =
        patch.patch.shown == patch.address.hex ? "" : ", \(UInt64(patch.address).addressText),"
      throw Failure(
        .badData,
        "--patch \(patch.patch.shown)\(place) "
          + (segment == nil
            ? "is nothing that \(BoardName(board)) offers"
            : "cannot be written on \(BoardName(board))"),
        fix: "what can be written:", choices: writable)
    }
  }

  private func uniqueID(
    _ flasher: inout Flasher, _ context: BoardContext
  ) throws(Failure) -> [UInt8]? {
    if case .notAsked = units.uniqueID { return nil }
    let identity: ChipIdentity
    do throws(FlashError) { identity = try flasher.identify() } catch {
      throw context.failure(error, .identifying)
    }
    if let id = identity.uniqueID { return id.words.flatMap { littleEndian($0) } }
    guard case .needed = units.uniqueID else { return nil }
    throw Failure(
      .protocolError, "\(context.board) does not tell its unique id",
      why: identity.isReadProtected == true
        ? "the chip is read protected"
        : "its bootloader does not serve that address, or nobody knows where the chip has it",
      fix: "take a number from a counter or a table instead")
  }

  private func take(
    _ uniqueID: [UInt8]?, of firmware: BoardFirmware, _ context: BoardContext
  ) throws(Failure) {
    let time = units.clock()
    start = time
    guard let (journal, shown) = units.ledger else {
      values = try units.patches.values(for: UnitFacts(uniqueID: uniqueID, time: time))
      return
    }
    let crc = firmware.crc
    do throws(TakingError) {
      line = try journal.take { number, row throws(Failure) in
        values = try units.patches.values(
          for: UnitFacts(number: number, row: row, uniqueID: uniqueID, time: time))
        self.row = row
        return LedgerLine(
          unit: number, event: .taken, row: row.map { "\($0.number)-\($0.key)" } ?? "",
          time: time.text, port: context.board.path, serial: context.board.serial ?? "",
          uniqueID: uniqueID?.digits ?? "", firmwareCRC: crc, values: values.words)
      }
    } catch {
      switch error {
      case .ledger(let error): throw Failure(error, ledger: shown)
      case .value(let failure): throw failure
      case .noRowLeft:
        throw Failure(
          .badData, "\(units.tableName ?? "the table") has no row left",
          why: "each of its \(journal.rowCount.counted("row")) has its board, by \(shown)",
          fix: "add rows at its end")
      }
    }
  }

  // MARK: - The end

  /// The unit is done.
  ///
  /// - Throws: A failure with status 74 when that could not be written.
  func end(_ report: FlashReport) throws(Failure) {
    guard let result = report.result else { return }
    let event: LedgerLine.Event = result.isVerified ? .verified : .unverified
    guard
      let error = write(
        event, result.isVerified ? "verified" : "not verified",
        seconds: "\(report.time.roundedSeconds)"),
      let unit = line?.unit, let shown = units.ledger?.shown
    else { return }
    var failure = Failure(error, ledger: shown)
    failure.what = "the end of unit \(unit) is not in the ledger: " + failure.what
    failure.now =
      "the firmware is on the board\(result.isVerified ? ", written and verified" : "")"
      + ", as unit \(unit); the next start closes that as abandoned"
    failure.details = report.conclusion.details
    throw failure
  }

  /// The unit has failed: the failure, with what became of its number.
  func failed(_ failure: Failure) -> Failure {
    guard let unit = line?.unit, let shown = units.ledger?.shown, !units.isDryRun else {
      return failure
    }
    var failure = failure
    let seconds = start.map { "\(units.clock().seconds - $0.seconds)" } ?? ""
    let error = write(isChanging ? .failed : .returned, failure.what, seconds: seconds)
    if let error {
      let reason = Failure(error, ledger: shown)
      failure.reasons.append(
        "the end of unit \(unit) is not in the ledger either: \(reason.what)")
    } else if isChanging {
      let now = "unit \(unit) is in the ledger as failed, and its number is not given again"
      failure.now = failure.now.map { "\($0); \(now)" } ?? now
    }
    return failure
  }

  private func write(_ event: LedgerLine.Event, _ verdict: String, seconds: String) -> LedgerError?
  {
    guard var line, let journal = units.ledger?.journal else { return nil }
    line.event = event
    line.verdict = verdict
    line.time = units.clock().text
    line.seconds = seconds
    do throws(LedgerError) { try journal.end(line, row: row) } catch { return error }
    return nil
  }
}

/// Which unit a board is, and what it got of its own.
struct UnitRecord: Equatable, Sendable {
  /// nil without a ledger.
  var number: UInt64?
  var values: [UnitValue]
}

/// A value that a board got of its own, for programs.
struct UnitValueReport: Encodable, Equatable, Sendable {
  /// As it was typed: an address or a variable.
  var place: String
  var address: UInt32
  var bytes: String
  var text: String

  init(_ value: UnitValue) {
    (place, address, text) = (value.place, value.address, value.text)
    bytes = value.bytes.digits
  }
}

extension [UnitValue] {
  /// `serial=1017; 0x0800FC00=ACME`.
  fileprivate var words: String { map { "\($0.place)=\($0.text)" }.joined(separator: "; ") }
}

extension BoardFirmware {
  /// CRC-32, as zlib computes it, of all bytes in the order of their addresses.
  fileprivate var crc: String {
    var crc = CRC32()
    for run in (try? firmware.image.runs) ?? firmware.elements { crc.update(run.bytes) }
    return (~crc.value).hex
  }
}
