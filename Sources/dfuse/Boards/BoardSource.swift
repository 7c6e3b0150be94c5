import DfuseDevice
import DfuseSimulator

/// Where boards come from: the machine's USB, or a simulated bus.
struct BoardSource {
  /// The bus.
  let bus: any USBBus
  /// Whether the bus has a clock of its own, on which waiting takes no time.
  let isSimulated: Bool
  /// Ends the work: tells of faults that a simulated board did not come to, and keeps what its
  /// memories hold, where a file was named for it.
  var finish: (Console) throws(Failure) -> Void = { _ in }

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
  ///   - changes: Whether the command may change the board, and so its state file.
  /// - Returns: The bus, with the board on port 1-1.
  /// - Throws: A failure with status 64 for a chip or a fault that does not exist; for a state file,
  ///   as ``BoardStateFile/board(_:serial:faults:)``.
  static func simulated(
    _ text: String, faults: [String], changes: Bool
  ) throws(Failure) -> BoardSource {
    let chip = try SimulatedChip.wanted(String(text.prefix { $0 != ":" }))
    let plan = try FaultPlan.wanted(faults)
    var file: BoardStateFile?
    if let path = BoardStateFile.path(in: text) {
      guard !path.isEmpty, path != "-" else {
        throw Failure(.usage, "--simulate \(text.visible) names no state file behind the colon")
      }
      file = BoardStateFile(path: path, changes: changes)
    }
    let bus = SimulatedBus()
    let port = bus.plugIn(
      try file?.board(chip, faults: plan) ?? SimulatedBoard(chip, faults: plan))
    return BoardSource(bus: bus, isSimulated: true) { [file] console throws(Failure) in
      guard let board = bus.board(at: port) else { return }
      FaultPlan.unreached(faults, on: board).forEach(console.note)
      try file?.write(board, console: console)
    }
  }
}

extension SimulatedChip {
  /// The chip with a name that a person typed.
  ///
  /// - Throws: A failure with status 64.
  static func wanted(_ name: String) throws(Failure) -> SimulatedChip {
    if let chip = named(name) { return chip }
    let isKnown = lacksUSBBootloader(name)
    throw Failure(
      .usage,
      isKnown
        ? "the ROM of \(name.visible) has no USB bootloader"
        : "there is no simulated chip '\(name.visible)'",
      why: isKnown
        ? "ST's AN2606 lists none; boards with it have one in flash, such as maple or st-usbd"
        : nil,
      fix: "choose one; 'dfuse simulate --list' describes them:",
      choices: lines(of: (all + others).flatMap { [$0.name] + $0.aliases }))
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
