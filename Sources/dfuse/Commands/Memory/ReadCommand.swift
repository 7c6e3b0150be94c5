import ArgumentParser
import DfuseDevice
import DfuseFormat

/// `dfuse read`.
struct ReadCommand: HostCommand {
  static let configuration = CommandConfiguration(
    commandName: "read",
    abstract: "Read a board's memory into a file.",
    discussion: """
      Without --address, the whole flash, or the whole memory that -a names. A file whose name \
      ends in .dfu becomes a container, which keeps the address; any other gets the bytes as they \
      are. The board stays in its bootloader.

      --address is hexadecimal, with or without 0x. --length is decimal, or hexadecimal with 0x; \
      K and M stand for KiB and MiB.
      """
  )

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("The file to write; '-' is standard output.", valueName: "file"),
    completion: .file())
  var outputFile: String
  @OptionGroup var range: RangeOptions
  @OptionGroup var alternate: AlternateOption
  @OptionGroup(title: "Which board") var device: DeviceOptions
  @OptionGroup(title: "Which board") var wait: WaitOptions
  @OptionGroup(title: "What to show") var output: OutputOptions

  func run(host: Host) throws(Failure) {
    let run = BoardRun("read", host: host, device: device, output: output, wait: wait)
    try run.telling { () throws(Failure) in
      let file = OutputFile(name: outputFile)
      if output.json, file.isStandardOutput {
        throw Failure(
          .usage, "--json and -o - do not go together", why: "both go to standard output")
      }
      _ = (try range.start, try range.count)
      return try run.onBoard { flasher, context throws(Failure) in
        try read(to: file, host: host, flasher, context)
      }
    }
  }

  private func read(
    to file: OutputFile, host: Host, _ flasher: consuming Flasher, _ context: BoardContext
  ) throws(Failure) -> Conclusion {
    var flasher = flasher
    let begin = context.now()
    let memories = flasher.memories
    let chosen = try alternate.choice.resolve(in: memories, on: context.board)
    let wanted = try wantedRange(in: chosen, of: memories)
    let element: ImageElement
    do throws(FlashError) {
      element = try flasher.read(wanted, alternateSetting: chosen?.alternateSetting)
    } catch {
      throw Failure(error, task: .reading, board: context.board)
    }
    let time = context.now() - begin
    let bytes = try contents(element, chosen, memories, flasher.identity)
    try file.write(bytes, console: host.console)
    let size = UInt64(element.bytes.count)
    var details = ResultDetails(seconds: time.roundedSeconds, size: size)
    details.ranges = [AddressRange(element.range)]
    return Conclusion(
      verdict: "read \(size.sizeText) (\(element.range.addressText)) of \(context.board) in "
        + "\(time.timeText) into \(file.shown)",
      details: details)
  }

  /// The addresses to read; nil for all of the flash.
  private func wantedRange(
    in chosen: AlternateMemory?, of memories: [AlternateMemory]
  ) throws(Failure) -> Range<UInt64>? {
    guard !range.isEmpty else { return nil }
    let memory = chosen ?? memories.programFlash
    let start = try range.start ?? memory?.map.segments.map(\.start).min() ?? 0
    if let count = try range.count { return try RangeOptions.range(from: start, count: count) }
    // To the end of what is there in one piece.
    let home = chosen ?? memories.first { $0.map.segment(at: start) != nil }
    var end = start
    while let segment = home?.map.segment(at: end) { end = segment.end }
    return start..<max(end, start + 1)
  }

  private func contents(
    _ element: ImageElement, _ chosen: AlternateMemory?, _ memories: [AlternateMemory],
    _ identity: DeviceIdentity
  ) throws(Failure) -> [UInt8] {
    guard outputFile.lowercased().hasSuffix(".dfu") else { return element.bytes }
    let memory =
      chosen ?? memories.first { $0.map.segment(at: UInt64(element.address)) != nil }
    let container = DfuseContainer(
      productID: identity.productID, vendorID: identity.vendorID,
      targets: [
        .init(
          alternateSetting: memory?.alternateSetting ?? 0, name: memory?.map.name,
          elements: [element])
      ])
    do throws(FormatError) {
      return try container.encoded()
    } catch {
      throw Failure(.software, "cannot make a container of what was read: \(error)")
    }
  }
}
