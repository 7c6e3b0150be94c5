import ArgumentParser
import DfuseDevice
import DfuseFormat

/// `dfuse snapshot`.
struct SnapshotCommand: BoardCommand, TakesWorkOptions {
  static let configuration = CommandConfiguration(
    commandName: "snapshot",
    abstract: "Read everything that a board holds into one container.",
    discussion: """
      Flash, option bytes and one-time programmable memory, each as a target with its memory map as \
      its name; 'dfuse restore' puts it back, 'dfuse compare' compares it. Blank parts of flash are \
      left out. The same contents make the same bytes, whatever board they are of; which one it was \
      stands in a second file, FILE.json, which 'dfuse info' shows.

      If it is cut, run the same command again: what was read is kept in FILE.part. The board stays \
      in its bootloader.
      """
  )

  static let changesBoard = false

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("The container to write; '-' is standard output.", valueName: "file"),
    completion: Completions.containers)
  var outputFile: String
  @Flag(help: "Read everything a second time, and compare.")
  var verify = false
  @Flag(
    inversion: .prefixedNo,
    help: "Ask the chip first for its bootloader's id, its flash size and its unique id.")
  var identify = true
  @OptionGroup(title: "Which board") var device: DeviceOptions
  @OptionGroup(title: "Which board") var wait: WaitOptions
  @OptionGroup(title: "Which board") var enter: EnterOptions
  @OptionGroup(title: "What to show") var output: OutputOptions

  var outputCarriesData: Bool { OutputFile(name: outputFile).isStandardOutput }

  func order(_ console: Console) throws(Failure) -> (files: SnapshotFiles, console: Console) {
    let files = SnapshotFiles(container: OutputFile(name: outputFile))
    try work.checkStream(of: files.container)
    let format = Firmware.Format(promisedBy: outputFile)
    let isBinary = outputFile.lowercased().hasSuffix(".bin")
    guard format == nil && !isBinary || format == .container || format == .plainDFU else {
      throw Failure(
        .usage, "\(files.container.shown): a snapshot is a DfuSe container",
        fix: "name a file that ends in .dfu")
    }
    for file in files.all { try work.checkPlace(of: file) }
    for file in files.all { try file.tryPlace(console: console) }
    return (files, console)
  }

  func perform(
    _ order: (files: SnapshotFiles, console: Console), _ flasher: consuming Flasher,
    _ context: BoardContext
  ) throws(Failure) -> Conclusion {
    var flasher = flasher
    let begin = context.now()
    let taken = try take(order.files, &flasher, context, console: order.console)
    let firmware = taken.layout.firmware(
      taken.bytes, chip: flasher.board.chip,
      suffix: DFUSuffix(
        productID: flasher.identity.productID, vendorID: flasher.identity.vendorID))
    let container: [UInt8]
    do throws(FormatError) {
      container = try firmware.encoded()
    } catch {
      throw Failure(.software, "cannot make a file of what was read: \(error)")
    }
    let facts = SnapshotFacts(flasher.board, taken.identity, firmware, file: container)
    try order.files.container.write(container, console: order.console)
    if let file = order.files.facts {
      try file.write(Array((try JSONText.pretty(facts) + "\n").utf8), console: order.console)
    }
    order.files.forgetPart()
    let time = context.now() - begin
    let size = UInt64(taken.bytes.count)
    var details = ResultDetails(seconds: time.roundedSeconds, size: size)
    details.snapshot = facts
    if verify { details.verified = true }
    let names = taken.layout.parts.map(\.memory.map.name.visible).joined(separator: ", ")
    return Conclusion(
      verdict: "read all of \(context.board) (\(size.sizeText): \(names)) in \(time.timeText) into "
        + "\(order.files.container.shown)" + (verify ? ": read twice, and the same" : ""),
      details: details)
  }

  /// What was read, and of what.
  private struct Taken {
    var layout: SnapshotLayout
    var bytes: [UInt8] = []
    var identity: IdentityReport?
  }

  private func take(
    _ files: SnapshotFiles, _ flasher: inout Flasher, _ context: BoardContext, console: Console
  ) throws(Failure) -> Taken {
    var taken = Taken(layout: SnapshotLayout(of: flasher.board))
    for memory in context.memories {
      for segment in memory.map.segments where !segment.access.contains(.readable) {
        context.report(
          .warning(
            "\(segment.range.addressText) (\(memory.map.name.visible)) cannot be read and is left "
              + "out"))
      }
    }
    do throws(FlashError) {
      if identify { taken.identity = IdentityReport(try flasher.identify()) }
      if taken.identity?.readProtected == true { throw .readProtected }
    } catch {
      throw context.failure(error, .reading)
    }
    let part = SnapshotPart(flasher.board, taken.identity, taken.layout)
    do throws(FlashError) {
      let before = files.read(part)
      if let bytes = before.bytes, try flasher.holds(bytes, of: taken.layout) {
        taken.bytes = bytes
        context.report(
          .note("going on where it was cut: \(UInt64(bytes.count).sizeText) are there already"))
      } else if before.isThere {
        context.report(
          .note("\(files.part?.shown ?? "") is of another board, or of other contents: begun anew"))
      }
      try flasher.snapshot(&taken.layout, into: &taken.bytes)
    } catch {
      var failure = context.failure(error, .reading)
      let mayGoOn =
        switch error {
        case .device, .cancelled: true
        default: false
        }
      if mayGoOn, files.keep(part, taken.bytes, console: console) {
        failure.fix =
          "run the same command again: it goes on from there "
          + "(\(UInt64(taken.bytes.count).sizeText) are kept in \(files.part?.shown ?? ""))"
      }
      throw failure
    }
    guard verify else { return taken }
    let difference: FlashError.Difference?
    do throws(FlashError) {
      difference = try flasher.compare(taken.layout, with: taken.bytes)
    } catch {
      throw context.failure(error, .reading)
    }
    guard let difference else { return taken }
    files.forgetPart()
    throw Failure(
      .different,
      "\(context.board) was read twice, and differs: \(difference)",
      why: "the cable or the USB port is at fault, or the flash is worn out",
      now: FlashError.Progress.untouched.description, fix: "run the same command again")
  }
}
