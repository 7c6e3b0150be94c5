import ArgumentParser
import DfuseDevice
import DfuseFormat

/// `dfu-util`, where the program has that name: dfu-util's command line, carried out by the commands
/// of `dfuse`.
///
/// What callers look for is printed on standard output as dfu-util prints it; all else is said as
/// `dfuse` says it.
struct DfuUtilCommand {
  private let request: DfuUtilRequest
  private let host: Host

  /// The release of dfu-util whose options these are.
  static let version = "dfu-util 0.11"

  /// Runs the words behind the program's name.
  ///
  /// - Throws: A failure with dfu-util's status.
  static func run(_ words: some Sequence<String>, host: Host) throws(Failure) {
    do throws(Failure) {
      try DfuUtilCommand(
        request: DfuUtilRequest(try DfuUtilArguments(words)), host: host
      ).run()
    } catch {
      throw error.inDfuUtilsWords
    }
  }

  private func run() throws(Failure) {
    if request.mode == .help { return try host.console.output(DfuUtilHelp.text) }
    try host.console.output(
      "\(Self.version)\n\n\(Dfuse.configuration.version) under the name of dfu-util\n")
    switch request.mode {
    case .help, .version: return
    case .list: return try list()
    case .none where request.dfuse == nil:
      throw .dfuUtilUsage("You need to specify one of -D or -U")
    case .none, .detach: try work(on: try findBoard(), nil)
    case .upload(let file):
      try read(to: file, from: try findBoard())
    case .download(let file):
      // The file is read first: a mistake in it is told before the board needs its bootloader.
      let flash = try flash(file)
      try work(on: try findBoard(), flash)
    }
  }

  // MARK: - Boards

  /// The boards that are meant; opened again for each command of `dfuse` that is run.
  private func openBus() throws(Failure) -> BoardSource {
    request.match.narrowing(try host.openBus())
  }

  /// The one bootloader that is meant; waits for it with `-w`.
  ///
  /// - Throws: A failure with status 74, and dfu-util's words for it.
  private func findBoard() throws(Failure) -> Board {
    do throws(Failure) {
      let options: WorkOptions = try parsed(
        request.waits ? ["--wait=\(WaitOptions.forever)"] : [])
      return try BoardFinder(source: try openBus(), options: options, host: host).one()
    } catch {
      throw missing(error)
    }
  }

  private func missing(_ error: Failure) -> Failure {
    let all = (try? host.openBus().devices()) ?? []
    let (meant, others) = (
      all.filter { !request.match.interfaces(of: $0).isEmpty },
      all.filter { request.match.interfaces(of: $0).isEmpty }
    )
    for line in meant.compactMap(DfuUtilList.closedLine) { host.console.warn(line) }
    // What else the bus shows of the reason stays.
    let more = error.reasons.filter { $0 != Failure.noDFUDevice && $0 != Failure.otherDFUDevices }
    var failure = error
    failure.choices += others.map { "\($0.identity.line)  (not what the options ask for)" }
    guard error.status == .noBoard else { return failure }
    if meant.isEmpty {
      if !others.isEmpty { failure.reasons = [Failure.otherDFUDevices] + more }
    } else if let plain = meant.first(where: { $0.interfaces.contains { $0.mode == .dfu } }) {
      let assume = ["--assume-dfuse", "--device", "\(plain.identity.usbID)"]
      let kind: Suggestion.Kind = request.download == nil ? .list : .flash
      failure.fix =
        "plain DFU takes the original dfu-util; if it speaks DfuSe all the same: "
        + "\(Suggestion(kind, assume, files: request.download.map { [$0] } ?? []))"
    } else {
      failure.reasons =
        ["it runs its application, and dfuse does not send it into its bootloader"] + more
    }
    return failure
  }

  /// The host as the commands of `dfuse` see it: with no board but the one that was found.
  private func host(for board: Board) -> Host {
    var host = host
    var match = request.match
    // A board that resets itself comes back at its port, under another number.
    match.path = board.identity.path
    match.deviceNumber = nil
    let open = self.host.openBus
    host.openBus = { [match] () throws(Failure) in match.narrowing(try open()) }
    return host
  }

  private func list() throws(Failure) {
    let devices: [USBDeviceListing]
    do throws(Failure) {
      devices = try host.openBus().devices()
    } catch {
      // A machine without USB has no devices; that is no failure of a list.
      return host.console.warn(error.why ?? error.what)
    }
    for device in devices.reversed() {
      if let line = DfuUtilList.closedLine(device), !request.match.interfaces(of: device).isEmpty {
        host.console.warn(line)
        continue
      }
      for interface in request.match.interfaces(of: device) {
        for line in DfuUtilList.lines(device, interface) { try host.console.output(line) }
      }
    }
  }

  // MARK: - Work

  private typealias Flash = (command: FlashCommand, job: FlashJob, file: String)

  /// `-D`, `-e`, or `-s` alone.
  private func work(on board: Board, _ flash: Flash?) throws(Failure) {
    if request.mode == .detach {
      return host.console.note(
        "\(BoardName(board)) is in its bootloader already: there is nothing to detach")
    }
    if request.has(.unprotect) {
      try needsForce("The read unprotect command")
      try run(UnprotectCommand.self, ["--yes", "--unlisted"], on: board)
      return try host.console.output("Device disconnects, erases flash and resets now")
    }
    if request.has(.massErase) { try needsForce("The mass erase command") }
    if var flash {
      try check(&flash, board)
      flash.command.device.path = board.identity.path
      do throws(Failure) {
        try flash.command.run(host: host(for: board), job: flash.job)
      } catch {
        throw error.ofBoardWork
      }
      try host.console.output("Download done.\nFile downloaded successfully")
    } else {
      if request.has(.massErase) { try run(EraseCommand.self, ["--all"], on: board) }
      try leave(board)
    }
    try reset(board)
  }

  /// Runs a command of `dfuse` on the board.
  private func run<Command: BoardCommand>(
    _ type: Command.Type, _ words: [String], on board: Board
  ) throws(Failure) {
    let command: Command = try parsed(words + output + ["--path", board.identity.path])
    do throws(Failure) { try command.run(host: host(for: board)) } catch { throw error.ofBoardWork }
  }

  private func leave(_ board: Board) throws(Failure) {
    guard request.has(.leave) else { return }
    let address = request.dfuse?.address.map { ["--address", $0.hex] }
    try run(LeaveCommand.self, ["--force"] + (address ?? []), on: board)
  }

  private func needsForce(_ command: String) throws(Failure) {
    if request.has(.force) { return }
    throw .dfuUtilUsage(
      "\(command) can only be used with force",
      fix: "it erases the flash; add :force if that is meant")
  }

  /// `-U`.
  private func read(to file: String, from board: Board) throws(Failure) {
    if request.has(.unprotect) || request.has(.massErase) {
      throw .dfuUtilUsage("-U does not go together with unprotect or mass-erase")
    }
    guard FileFacts.of(file) == nil else {
      throw Failure(
        .cannotCreate, "Cannot open file \(file.visible) for writing: it is there already",
        fix: "choose another name, or remove it first")
    }
    let range = uploadRange(on: board)
    var words = ["--as-bytes", "-o", file == "-" ? "./-" : file, "--address", range.address.hex]
    words += ["--length", "0x" + String(range.length, radix: 16)]
    if let number = request.match.alternateSetting(on: board) { words += ["-a", "\(number)"] }
    try run(ReadCommand.self, words, on: board)
    try host.console.output("Upload done.")
    try leave(board)
    try reset(board)
  }

  /// What `-U` reads: without a length, to the end of the address's segment; without an address, the
  /// first 16 KiB.
  private func uploadRange(on board: Board) -> (address: UInt32, length: UInt64) {
    let unbound: UInt64 = 0x4000
    let memories = board.memories
    let number = request.match.alternateSetting(on: board)
    let chosen = memories.first { $0.alternateSetting == number }
    if request.uploadSize != nil, request.dfuse?.length == nil {
      host.console.note(
        "-Z changes nothing on a DfuSe device: the length stands behind the address, "
          + "-s 0x08000000:65536")
    }
    guard let address = request.dfuse?.address else {
      let first = (chosen ?? memories.programFlash)?.map.segments.map(\.start).min() ?? 0
      if request.dfuse?.length == nil {
        host.console.note("without an address and a length, 16 KiB are read")
      }
      return (UInt32(clamping: first), request.dfuse?.length ?? unbound)
    }
    let segments = (chosen.map { [$0] } ?? memories).flatMap(\.map.segments)
    let segment = segments.first { $0.range.contains(UInt64(address)) }
    let rest = segment.map { $0.range.upperBound - UInt64(address) }
    return (address, request.dfuse?.length ?? rest ?? unbound)
  }

  /// `-R`: a USB reset, unless the board has left already.
  private func reset(_ board: Board) throws(Failure) {
    guard request.resets else { return }
    let source = try openBus()
    guard try source.devices().contains(where: { $0.identity == board.identity }) else { return }
    do throws(USBError) {
      try source.bus.open(board).reset()
    } catch {
      // A reset that it answers by leaving is what was wanted.
      if error != .disconnected { throw Failure(device: error, at: "\(BoardName(board))") }
    }
  }
}

// MARK: - Files

extension DfuUtilCommand {
  /// The options of `dfuse` for what is shown.
  private var output: [String] {
    switch request.verbosity {
    case 0: []
    case 1, 2: ["--verbose"]
    default: ["--trace"]
    }
  }

  /// `dfuse flash` with the options that say the same, and the file as it reads it.
  private func flash(_ file: String) throws(Failure) -> Flash {
    var words = output
    if let address = request.dfuse?.address { words += ["--address", address.hex] }
    if !request.has(.leave) { words.append("--stay") }
    if request.has(.massErase) { words.append("--mass-erase") }
    if request.has(.force) { words += ["--allow-otp", "--allow-bootloader"] }
    if request.has(.force) || request.has(.willReset) { words.append("--allow-option-bytes") }
    let command: FlashCommand = try parsed(words + ["--", file])
    do throws(Failure) {
      return (command, try command.job(console: host.console), file)
    } catch {
      throw error.status == .badData ? damaged(error, file) : error
    }
  }

  /// For dfu-util, a container without a sound suffix is a raw file, which needs an address.
  private func damaged(_ error: Failure, _ file: String) -> Failure {
    var failure = error
    if request.dfuse?.address == nil, file != "-",
      let bytes = try? InputFile(name: file).read(), !DFUSuffix.isPresent(in: bytes)
    {
      failure.status = .usage
    }
    return failure
  }

  /// Refuses what dfu-util refuses, once the device is known.
  private func check(_ flash: inout Flash, _ board: Board) throws(Failure) {
    if let size = request.transferSize {
      host.console.note("-t \(size) changes nothing: blocks have the size that the board states")
    }
    let file = flash.job.files.files[0]
    if let number = request.match.alternateSetting(on: board) {
      flash.job.alternate = "\(number)"
      for other in file.alternateSettings.subtracting([number]).sorted() {
        host.console.warn(
          "\(file.shown): what is for alternate setting \(other) is left out, because of -a \(number)"
        )
      }
    }
    // Ids of the application in the file and behind -d: the person knows that they belong together.
    if let id = file.deviceID, id == request.match.runTime.id { flash.job.options.ignoreIDs = true }
    guard request.dfuse?.address == nil, !file.isContainer else { return }
    throw .dfuUtilUsage(
      "\(file.shown) is no DfuSe container, and nothing says where it belongs",
      fix: "for a raw file, say the address: -s 0x08000000:leave; Intel HEX, S-record and ELF are "
        + "taken by: \(Suggestion(.flash, files: [flash.file]))")
  }

  /// A command of `dfuse`, from words that this program has made.
  private func parsed<Command: ParsableArguments>(_ words: [String]) throws(Failure) -> Command {
    do {
      return try Command.parse(words)
    } catch {
      throw Failure(
        .software, "dfuse does not know its own options: \(Command.message(for: error))")
    }
  }
}

extension FirmwareFile {
  /// Whether the file says where all of it belongs, as DfuSe does it.
  fileprivate var isContainer: Bool { firmware.format == .container }

  /// The alternate settings that a container has targets for.
  fileprivate var alternateSettings: Set<UInt8> {
    Set(firmware.targets.compactMap(\.alternateSetting))
  }

  /// The device that the file says it is for.
  fileprivate var deviceID: USBID? {
    firmware.suffix.map { USBID(vendorID: $0.vendorID, productID: $0.productID) }
  }
}
