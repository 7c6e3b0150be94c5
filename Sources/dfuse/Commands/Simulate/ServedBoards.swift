import DfuseDevice
import DfuseSimulator

/// The boards of `dfuse simulate`, with the files that they are kept and traced in.
struct ServedBoards {
  /// The boards as a server shows them, on ports from 1.
  let devices: [SimulatedUSBIPDevice]
  private let chip: SimulatedChip
  private let stateFiles: [BoardStateFile]
  private let traceFile: OutputFile?

  /// - Throws: A failure with status 65 or 66 for a state file, 73 for the folder of them.
  init(
    chip: SimulatedChip, count: Int, sameSerial: Bool, faults: FaultPlan, afterLeave: AfterLeave,
    application: ApplicationFace?, stateFolder: String?, traceFile: String?
  ) throws(Failure) {
    self.chip = chip
    self.traceFile = traceFile.map { OutputFile(name: $0) }
    if let stateFolder { try Folder.make(stateFolder) }
    var devices: [SimulatedUSBIPDevice] = []
    var stateFiles: [BoardStateFile] = []
    for number in 0..<count {
      let serial = chip.serial(ofBoard: sameSerial ? 0 : number)
      var board = SimulatedBoard(chip, serial: serial, faults: faults)
      if let stateFolder {
        let file = BoardStateFile(path: "\(stateFolder)/\(chip.name)-\(number + 1).state")
        board = try file.board(chip, serial: serial, faults: faults)
        stateFiles.append(file)
      }
      board.afterLeave = afterLeave
      if let application { board.install(application) }
      board.recordsTransfers = traceFile != nil
      devices.append(SimulatedUSBIPDevice(board, port: UInt32(number + 1)))
    }
    self.devices = devices
    self.stateFiles = stateFiles
  }

  /// What to do to use the boards, a line each.
  func introduction(address: String, port: UInt16) -> [String] {
    let place = address == "0.0.0.0" ? "THIS-MACHINE" : address
    let portOption = port == 3240 ? "" : " --tcp-port \(port)"
    let firmware = devices.first?.board.application.map { ", running \($0.rawValue)," } ?? ""
    return [
      "serving \(devices.count.counted("board")) (\(chip.name))\(firmware) on \(address):\(port)"
    ]
      + devices.map { device in
        "  sudo usbip\(portOption) attach -r \(place) -b \(device.busID)"
      }
      + (devices.first?.board.faults.enter == .held
        ? ["  enter=held: the port is the client's; have a program there open it for some seconds"]
        : [])
  }

  /// What to say when a board has gone from its client.
  func departureText(of busID: String) -> String {
    guard let device = devices.first(where: { $0.busID == busID }) else {
      return "\(busID) detached"
    }
    let board = device.board
    let words = device.departure.words(
      afterLeave: board.afterLeave, application: board.application, on: chip)
    return "\(busID) \(words)"
  }

  /// Writes the boards' memories, and the transfers so far, to their files.
  ///
  /// - Throws: A failure with status 73 or 74.
  func keep(console: Console) throws(Failure) {
    for (device, file) in zip(devices, stateFiles) {
      try file.write(device.board, console: console)
    }
    guard let traceFile else { return }
    var text = ""
    for device in devices {
      for transfer in device.board.transcript {
        text += "\(device.busID)  \(transfer.at.roundedSeconds)  \(transfer)\n"
      }
    }
    try traceFile.write(Array(text.utf8), console: console)
  }

  /// What was done to the boards, a line each.
  var summary: [String] {
    devices.flatMap { device in
      let counters = device.board.counters
      let transfers = RequestKind.allCases
        .filter { counters.count($0) > 0 && !Self.sums.contains($0) }
        .map { "\($0.rawValue) \(counters.count($0))" }.joined(separator: ", ")
      let most = counters.erases.values.max() ?? 0
      let often = most > 1 ? ", one of them \(most) times" : ""
      return [
        "\(device.busID): \(counters.count(.all).counted("transfer")), busy for "
          + counters.busyTime.timeText,
        transfers.isEmpty ? nil : "  \(transfers)",
        "  \(counters.erases.count.counted("sector")) erased\(often), "
          + "\(UInt64(counters.bytesProgrammed).sizeText) programmed, "
          + "\(UInt64(counters.bytesRead).sizeText) read",
        Self.firmwareSummary(of: device.board),
      ].compactMap { $0 }
    }
  }

  /// What a board's firmware was told to do; nil where it has none that can be told.
  private static func firmwareSummary(of board: SimulatedBoard) -> String? {
    guard board.application != nil else { return nil }
    let counters = board.applicationCounters
    let armed = counters.rebootsWhileArmed
    return "  told to enter its bootloader \(counters.entries.counted("time")), "
      + "restarted \(counters.restarts.counted("time")), "
      + "soft reset \(counters.softResets.counted("time"))"
      + (armed > 0 ? ", rebooted with its motors armed \(armed.counted("time"))" : "")
  }

  /// Kinds that only add up others.
  private static let sums: Set<RequestKind> = [.all, .any]
}

extension BoardDeparture {
  /// What became of a board, and what is there when it is attached again; goes behind its bus id.
  ///
  /// A bootloader does not come back by itself over USB/IP: clients attach, servers do not.
  func words(
    afterLeave: AfterLeave, application: ApplicationFace?, on chip: SimulatedChip
  ) -> String {
    let replug = "attach it again (a replug with BOOT0 set) to have the bootloader"
    let ids = (application ?? .vendor).ids(on: chip)
    let firmware =
      "attach it again to have the firmware's device, "
      + USBID(vendorID: ids.vendorID, productID: ids.productID).description
    return switch self {
    case .unplugged: application == nil ? "detached" : "detached; \(firmware)"
    case .firmwareUnplugged where application != nil:
      "detached, and its firmware ended; \(firmware)"
    case .firmwareUnplugged: "detached, and its firmware ended; \(replug)"
    case .left(.application):
      switch application == nil ? afterLeave : .application {
      case .application: "left its bootloader: the firmware runs; \(firmware)"
      case .nothing: "left its bootloader: the firmware runs, without USB; \(replug)"
      }
    case .entered(.bootloader):
      "left its firmware for its bootloader; attach it again to have the bootloader"
    case .entered(.application): "restarted its firmware; \(firmware)"
    case .entered(.otherBootloader), .left(.otherBootloader):
      "left its firmware for a bootloader without DfuSe; attach it again to have that"
    case .entered(.nothing): "left its firmware, and does not come back"
    case .left(.bootloader): "reset itself; attach it again to have the bootloader"
    case .left(.nothing): "went off the bus, and no firmware runs; \(replug)"
    }
  }
}
