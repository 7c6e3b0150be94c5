import DfuseDevice
import DfuseSimulator

/// Where boards come from: the machine's USB, or a simulated bus.
struct BoardSource {
  /// The bus.
  let bus: any USBBus
  /// Whether the bus has a clock of its own, on which waiting takes no time.
  let isSimulated: Bool
  /// Keeps what the simulated board's memories hold, where a file was named for it.
  var keepState: (Console) throws(Failure) -> Void = { _ in }

  /// The machine's USB.
  ///
  /// libusb starts here, and nowhere else in the program.
  ///
  /// - Throws: A failure with status 69 when libusb cannot start.
  static func machine() throws(Failure) -> BoardSource {
    do {
      return BoardSource(bus: try LibUSBBus(), isSimulated: false)
    } catch {
      throw Failure(device: error)
    }
  }

  /// The bus's DFU devices.
  ///
  /// - Throws: A failure with status 69 where there is no USB.
  func devices() throws(Failure) -> [USBDeviceListing] {
    do {
      return try bus.devices()
    } catch {
      throw Failure(device: error)
    }
  }

  /// A bus with one simulated board.
  ///
  /// - Parameters:
  ///   - text: `CHIP[:STATE-FILE]`.
  ///   - faults: What goes wrong, as ``FaultPlan`` reads it.
  /// - Returns: The bus, with the board on port 1-1.
  /// - Throws: A failure with status 64 for a chip or a fault that does not exist, 65 for a damaged
  ///   state file, 66 for one that cannot be read.
  static func simulated(_ text: String, faults: [String]) throws(Failure) -> BoardSource {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let chip = try SimulatedChip.wanted(String(parts[0]))
    let plan = try FaultPlan.wanted(faults)
    guard parts.count == 2 else {
      return BoardSource(
        bus: SimulatedBus([SimulatedBoard(chip, faults: plan)]), isSimulated: true)
    }
    let file = String(parts[1])
    guard !file.isEmpty, file != "-" else {
      throw Failure(.usage, "--simulate \(text.visible) names no state file behind the colon")
    }
    let board = try BoardStateFile(path: file).board(chip, faults: plan)
    let bus = SimulatedBus()
    let path = bus.plugIn(board)
    return BoardSource(bus: bus, isSimulated: true) { console throws(Failure) in
      if let board = bus.board(at: path) {
        try BoardStateFile(path: file).write(board, console: console)
      }
    }
  }
}

extension SimulatedChip {
  /// The chip with a name that a person typed.
  ///
  /// - Throws: A failure with status 64.
  static func wanted(_ name: String) throws(Failure) -> SimulatedChip {
    if let chip = named(name) { return chip }
    throw Failure(
      .usage, "there is no simulated chip '\(name.visible)'",
      fix: "choose one; 'dfuse simulate --list' describes them:",
      choices: lines(of: (all + others).map(\.name)))
  }

  /// Names, several a line.
  private static func lines(of names: [String]) -> [String] {
    var lines: [String] = []
    for name in names {
      if let last = lines.last, last.count + name.count < 70 {
        lines[lines.count - 1] = "\(last) \(name)"
      } else {
        lines.append(name)
      }
    }
    return lines
  }
}

extension FaultPlan {
  /// The faults that a person typed.
  ///
  /// - Throws: A failure with status 64.
  static func wanted(_ texts: [String]) throws(Failure) -> FaultPlan {
    do {
      return try FaultPlan(parsing: texts)
    } catch {
      throw Failure(
        .usage, "--fault: \(error)",
        fix: "for example stall@write:3, disconnect@erase:1, start=dfuERROR, rdp=1")
    }
  }
}

/// The file that keeps a simulated board's memories between runs.
struct BoardStateFile {
  var path: String

  /// The board that the file holds, or a blank one where there is no file.
  ///
  /// - Throws: A failure with status 65 when the file is no such state, or of another chip; 66 when
  ///   it cannot be read.
  func board(
    _ chip: SimulatedChip, serial: String? = nil, faults: FaultPlan
  ) throws(Failure) -> SimulatedBoard {
    guard FileFacts.of(path) != nil else {
      return SimulatedBoard(chip, serial: serial, faults: faults)
    }
    let bytes = try InputFile(name: path).read()
    do throws(BoardStateError) {
      return try SimulatedBoard(
        chip, state: try SimulatedBoardState(decoding: bytes), faults: faults)
    } catch {
      throw Failure(
        .badData, "\(path.visible): \(error)",
        fix: "name a file that is not there yet for a blank board")
    }
  }

  /// Keeps a board.
  ///
  /// - Throws: A failure with status 73 or 74.
  func write(_ board: SimulatedBoard, console: Console) throws(Failure) {
    try OutputFile(name: path).write(board.state.encode(), console: console)
  }
}
