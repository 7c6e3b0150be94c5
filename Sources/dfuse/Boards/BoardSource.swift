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

  /// All of the bus's devices, whatever they run.
  ///
  /// - Throws: A failure with status 69 where there is no USB.
  func pluggedDevices() throws(Failure) -> [PluggedDevice] {
    do {
      return try bus.pluggedDevices()
    } catch {
      throw Failure(device: error)
    }
  }

  /// The same options, but for the choice of a device by its port or its serial number, whichever
  /// `name` is; nil where nothing has that name.
  ///
  /// - Throws: A failure with status 69 where there is no USB.
  func options(_ options: WorkOptions, choosing name: String) throws(Failure) -> WorkOptions? {
    let plugged = try pluggedDevices().map(\.identity)
    var options = options
    (options.device.path, options.device.serial) = (nil, nil)
    if plugged.contains(where: { $0.path == name }) {
      options.device.path = name
    } else if plugged.contains(where: { $0.hasSerial(name) }) {
      options.device.serial = name
    } else {
      return nil
    }
    return options
  }

  /// A bus with simulated boards, on ports 1-1, 1-2 and so on.
  ///
  /// - Parameters:
  ///   - texts: `CHIP[:STATE-FILE]` for each of them.
  ///   - faults: What goes wrong on each, as ``FaultPlan`` reads it.
  ///   - application: The firmware that each runs; nil starts them in their bootloaders.
  ///   - changes: Whether the command may change the boards, and so their state files.
  /// - Returns: The bus with the boards.
  /// - Throws: A failure with status 64 for a chip or a fault that does not exist; for a state file,
  ///   as ``BoardStateFile/board(_:serial:faults:)``.
  static func simulated(
    _ texts: [String], faults: [String], application: ApplicationFace? = nil, changes: Bool
  ) throws(Failure) -> BoardSource {
    let plan = try FaultPlan.wanted(faults)
    try refuseSharedFiles(texts)
    let bus = SimulatedBus()
    var files: [(port: String, file: BoardStateFile?)] = []
    var counts: [String: Int] = [:]
    for text in texts {
      let chip = try SimulatedChip.wanted(String(text.prefix { $0 != ":" }))
      let serial = chip.serial(ofBoard: counts[chip.name, default: 0])
      counts[chip.name, default: 0] += 1
      let file = try stateFile(of: text, changes: changes)
      var board =
        try file?.board(chip, serial: serial, faults: plan)
        ?? SimulatedBoard(chip, serial: serial, faults: plan)
      if let application { board.install(application) }
      files.append((bus.plugIn(board), file))
    }
    return BoardSource(bus: bus, isSimulated: true) { [files] console throws(Failure) in
      FaultPlan.unreached(faults, on: files.compactMap { bus.board(at: $0.port) })
        .forEach { console.note($0) }
      for (port, file) in files {
        guard let board = bus.board(at: port) else { continue }
        try file?.write(board, console: console)
      }
    }
  }

  private static func stateFile(
    of text: String, changes: Bool
  ) throws(Failure) -> BoardStateFile? {
    guard let path = BoardStateFile.path(in: text) else { return nil }
    guard !path.isEmpty, path != "-" else {
      throw Failure(.usage, "--simulate \(text.visible) names no state file behind the colon")
    }
    return BoardStateFile(path: path, changes: changes)
  }

  /// Two boards in one file would overwrite each other.
  private static func refuseSharedFiles(_ texts: [String]) throws(Failure) {
    let paths = texts.compactMap(BoardStateFile.path(in:))
    for (number, path) in paths.enumerated()
    where paths.prefix(number).contains(where: OutputFile(name: path).takesPlace) {
      throw Failure(
        .usage, "two simulated boards have the state file \(path.visible)",
        fix: "name a file of its own for each")
    }
  }
}

extension SimulatedChip {
  /// The chip with a name that a person typed.
  ///
  /// - Throws: A failure with status 64.
  static func wanted(_ name: String) throws(Failure) -> SimulatedChip {
    if let chip = named(name) { return chip }
    let isKnown = PartsWithoutUSB.contain(name)
    throw Failure(
      .usage,
      isKnown
        ? "the ROM of \(name.visible) has no USB bootloader"
        : "there is no simulated chip '\(name.visible)'",
      why: isKnown
        ? "ST's AN2606 lists none; boards with it have one in flash, such as maple or st-usbd"
        : nil,
      fix: "choose one; '\(Suggestion(.simulateList))' describes them:",
      choices: lines(of: every.flatMap(\.names)))
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

extension FaultPlan {
  /// A line for each of the faults that a person typed whose request came on none of the boards.
  static func unreached(_ texts: [String], on boards: [SimulatedBoard]) -> [String] {
    texts.compactMap { text in
      // Conditions such as rdp=1 have no request.
      guard let fault = (try? FaultPlan(parsing: [text]))?.faults.first else { return nil }
      let count = boards.map { $0.counters.count(fault.kind) }.max() ?? 0
      guard count < fault.occurrence else { return nil }
      return "--fault \(text.visible) was not reached: there "
        + (count == 1 ? "was 1 such request" : "were \(count) such requests")
    }
  }
}
