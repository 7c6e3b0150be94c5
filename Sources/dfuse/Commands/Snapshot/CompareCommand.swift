import ArgumentParser
import DfuseDevice
import DfuseFormat

/// `dfuse compare`.
struct CompareCommand: HostCommand, TakesWorkOptions {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare files and boards with each other; change nothing.",
    discussion: """
      Two files, a file and a board, or two boards. The word 'board' stands for the one that is \
      plugged in, or that the options choose; 'board:1-1.3' and 'board:SERIAL' for the one at a port \
      or with a serial number. With one file alone, the board is the other.

      Firmware is compared where it has bytes; snapshots and boards, in the memories that both have. \
      What is missing counts as blank. Ends with status 1 when they differ, and says where: sectors, \
      ranges, vector tables, fields of option bytes.
      """
  )

  @Argument(
    help: ArgumentHelp(
      "A file, or 'board'; one or two. A file of that name is './board'.", valueName: "file|board"),
    completion: .file())
  var operands: [String]
  @Option(
    help: ArgumentHelp(
      "Where a raw file begins, hexadecimal; once for each raw file.", valueName: "address"))
  var address: [String] = []
  @OptionGroup var format: InputFormatOptions
  @OptionGroup(title: "Which board") var device: DeviceOptions
  @OptionGroup(title: "Which board") var wait: WaitOptions
  @OptionGroup(title: "Which board") var enter: EnterOptions
  @OptionGroup(title: "What to show") var output: OutputOptions

  func run(host: Host) throws(Failure) {
    let host = host.quiet(work.output.quiet)
    let report: ComparisonReport
    do throws(Failure) {
      report = try compared(host)
    } catch {
      let error = error.stopped(by: host.interruptStatus())
      if work.output.json {
        try? host.console.output(JSONText.line(JSONLine("compare", nil, .failure(error))))
      }
      throw error
    }
    if work.output.json {
      try host.console.output(JSONText.line(JSONLine(comparison: report)))
    } else if !work.output.quiet {
      for line in [report.verdict] + report.lines { try host.console.output(line) }
    }
    // It has been told.
    if !report.isSame { throw Failure(.different, "") }
  }

  private func compared(_ host: Host) throws(Failure) -> ComparisonReport {
    var names = try operands.map { text throws(Failure) in try ComparedOperand(text) }
    if names.count == 1 { names.append(.board(nil)) }
    guard names.count == 2 else {
      throw Failure(.usage, "\(names.count) things cannot be compared", fix: "name two at most")
    }
    let boards = names.filter(\.isBoard)
    guard boards.count < 2 || boards[0] != boards[1] else {
      throw Failure(
        .usage, "a board is the same as itself",
        fix: "name a file, or the other board: board:PORT or board:SERIAL")
    }
    let files = try readFiles(names, console: host.console)
    let bench = try boards.isEmpty ? nil : ComparedBoards(work, host: host)
    let result = Result { () throws(Failure) -> ComparisonReport in
      var sides: [(name: String, contents: ComparedContents)] = []
      for (index, name) in names.enumerated() {
        let other = files[1 - index]
        switch (name, files[index]) {
        case (.board(let choice), _):
          guard let bench else { continue }
          sides.append(try bench.read(choice, like: other))
        case (.file, let file?):
          sides.append((file.shown, try file.contents(nil)))
        case (.file, nil): continue
        }
      }
      // A raw file belongs where the board's programs start.
      for (index, file) in files.enumerated() where sides.count == 2 {
        guard let file, let placed = bench?.placed(file) else { continue }
        sides[index].contents = try placed.get()
      }
      guard sides.count == 2 else { throw Failure(.software, "nothing was compared") }
      let comparison = Comparison(sides[0].contents, sides[1].contents)
      guard !comparison.compared.isEmpty else {
        throw Failure(
          .badData, "\(sides[0].name) and \(sides[1].name) have no address in common",
          fix: "say where a raw file belongs with --address, or compare what is for the same chip")
      }
      return ComparisonReport(comparison, left: sides[0].name, right: sides[1].name)
    }
    let finished = Result { () throws(Failure) in try bench?.finish() }
    let report = try result.get()
    try finished.get()
    return report
  }

  /// Reads the files that are named; nil stands for a board.
  private func readFiles(
    _ names: [ComparedOperand], console: Console
  ) throws(Failure) -> [ComparedFile?] {
    var rest: ArraySlice<UInt32> = []
    for text in address { rest.append(try NumberText.address(text, option: "--address")) }
    guard names.count(where: { $0 == .file("-") }) < 2 else {
      throw Failure(.usage, "standard input is named twice, and can be read once")
    }
    var files: [ComparedFile?] = []
    for name in names {
      guard case .file(let path) = name else {
        files.append(nil)
        continue
      }
      var options = FirmwareOptions()
      (options.files, options.address, options.skipOutside) = (
        names.compactMap { if case .file(let path) = $0 { path } else { nil } }, address, false
      )
      (options.format, options.alternate) = (format, AlternateOption())
      let file = try FirmwareFile(path, options, taking: &rest)
      for warning in file.warnings { console.warn("\(file.shown): \(warning)") }
      var parts: [String]?
      if path != "-", file.firmware.format == .container {
        let beside = SnapshotFiles.facts(
          beside: path, (try? InputFile(name: path).read()) ?? [])
        parts = beside.facts?.parts
      }
      files.append(ComparedFile(file: file, parts: parts))
    }
    guard rest.isEmpty else {
      throw Failure(.usage, "--address is said more often than there are raw files")
    }
    // Of two files, nothing says where a raw one belongs but the other one.
    let placed = files.compactMap(\.self)
    if placed.count == 2, let raw = placed.first(where: { !$0.file.firmware.isPlaced }),
      let other = placed.first(where: { $0.file.firmware.isPlaced }),
      let start = (try? other.file.firmware.image)?.runs.first?.address
    {
      throw Failure(
        .usage, "\(raw.shown) is a raw binary, and nothing says where it belongs",
        fix: "if it begins where \(other.shown) begins: --address \(start.hex)")
    }
    return files
  }
}

/// A word of `dfuse compare`.
enum ComparedOperand: Hashable {
  case file(String)
  /// The board at a port or with a serial number; nil for the one that the options choose.
  case board(String?)

  init(_ text: String) throws(Failure) {
    if text == "board" {
      self = .board(nil)
    } else if text.hasPrefix("board:") {
      let choice = String(text.dropFirst("board:".count))
      guard !choice.isEmpty else {
        throw Failure(
          .usage, "'board:' names no board",
          fix: "write board:1-1.3 or board:SERIAL, or board alone")
      }
      self = .board(choice)
    } else {
      self = .file(text)
    }
  }

  var isBoard: Bool { if case .board = self { true } else { false } }
}

/// A file that is compared.
struct ComparedFile {
  let file: FirmwareFile
  /// The lines of parts that a snapshot is of, where the file beside it tells.
  let parts: [String]?

  var shown: String { file.shown }

  /// What it has: whole memories if it is a snapshot, else its bytes.
  ///
  /// - Parameter board: Where it is to be placed, if it is raw and says no address.
  /// - Returns: What is compared of it.
  /// - Throws: A failure with status 64 or 65.
  func contents(_ board: Board?) throws(Failure) -> ComparedContents {
    var firmware = file.firmware
    let snapshot = firmware.format == .container ? Snapshot(firmware) : nil
    if snapshot == nil, let board {
      firmware = try file.firmware(for: board, alternate: nil).firmware
    }
    do throws(FormatError) {
      if let snapshot {
        var contents = try ComparedContents(snapshot)
        if let parts { contents.narrow(to: parts) }
        return contents
      }
      return ComparedContents(try firmware.image)
    } catch {
      throw Failure(.badData, "\(shown): \(error)")
    }
  }
}

/// The boards of one comparison: found on one bus, and read one after the other.
final class ComparedBoards {
  private let options: WorkOptions
  private let host: Host
  private let source: BoardSource
  private var board: Board?

  init(_ options: WorkOptions, host: Host) throws(Failure) {
    (self.options, self.host) = (options, host)
    host.listenForInterrupt(host.console)
    source = try options.device.source(host: host, changes: false)
  }

  /// Reads a board: what the file can have, or all of it.
  ///
  /// - Parameters:
  ///   - choice: Its port or its serial number; nil for the one that the options choose.
  ///   - file: What it is compared with, if that is a file.
  /// - Returns: The board's name and what it holds.
  /// - Throws: A failure.
  func read(
    _ choice: String?, like file: ComparedFile?
  ) throws(Failure) -> (name: String, contents: ComparedContents) {
    var options = options
    if let choice {
      guard let chosen = try source.options(options, choosing: choice) else {
        throw Failure(
          .noBoard, "no board has the port or the serial number \(choice.visible)",
          fix: "see 'dfuse list'")
      }
      options = chosen
    }
    let finder = try BoardFinder(source: source, options: options, host: host)
    let console = host.console
    let entered = try finder.entered { console.note($0) }
    let work = BoardWork(
      entered, bus: source.bus, isSimulated: source.isSimulated, options: options,
      isCancelled: host.isInterrupted, countErase: host.countErase)
    board = work.board
    let reporter = BoardReporter(work.name, console: host.console, output: options.output)
    reporter.begin(work.board)
    defer { reporter.clear() }
    let wanted = try file.map { file throws(Failure) in try file.contents(work.board).ranges }
    let contents = try work.perform(report: reporter.show) {
      flasher, context throws(Failure) -> ComparedContents in
      var flasher = flasher
      var layout = SnapshotLayout(of: flasher.board)
      if let wanted { layout = layout.clamped(to: wanted) }
      var bytes: [UInt8] = []
      var parts: [String] = []
      do throws(FlashError) {
        if !layout.parts.isEmpty { try flasher.snapshot(&layout, into: &bytes) }
        let hasOptions = layout.parts.contains { $0.memory.map.kind == .optionBytes }
        if hasOptions { parts = try flasher.partsByOptions() }
      } catch {
        throw context.failure(error, .reading)
      }
      do throws(FormatError) {
        var contents = try ComparedContents(layout, bytes, of: flasher.board)
        contents.narrow(to: parts)
        return contents
      } catch {
        throw Failure(.software, "what was read does not fit together: \(error)")
      }
    }
    if work.origin != nil { _ = try work.leave(report: reporter.show) }
    if let failure = reporter.failure { throw failure }
    return ("\(work.name)", contents)
  }

  /// What a file has, on the board that was read; nil where none was.
  func placed(_ file: ComparedFile) -> Result<ComparedContents, Failure>? {
    guard let board else { return nil }
    return Result { () throws(Failure) in try file.contents(board) }
  }

  /// Keeps what is kept of simulated boards.
  func finish() throws(Failure) { try source.finish(host.console) }
}
