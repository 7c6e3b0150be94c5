import ArgumentParser
import DfuseDevice
import DfuseFormat

/// `dfuse read`.
struct ReadCommand: BoardCommand, TakesWorkOptions {
  static let configuration = CommandConfiguration(
    commandName: "read",
    abstract: "Read a board's memory into a file.",
    discussion: """
      Without --address, the whole flash, or the whole memory that -a names. The name says what \
      is written: a container (.dfu), Intel HEX (.hex) or S-records (.s19, .srec), which keep the \
      addresses; any other file gets the bytes as they are. The board stays in its bootloader.

      --address is hexadecimal, with or without 0x. --length is decimal, or hexadecimal with 0x; \
      K and M stand for KiB and MiB.
      """
  )

  static let changesBoard = false

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("The file to write; '-' is standard output.", valueName: "file"),
    completion: .file())
  var outputFile: String
  @OptionGroup var range: RangeOptions
  @OptionGroup var alternate: AlternateOption
  /// The file gets the bytes as they are, whatever its name ends in: for dfu-util.
  @Flag(help: .hidden)
  var asBytes = false
  @OptionGroup(title: "Which board") var device: DeviceOptions
  @OptionGroup(title: "Which board") var wait: WaitOptions
  @OptionGroup(title: "Which board") var enter: EnterOptions
  @OptionGroup(title: "What to show") var output: OutputOptions

  var outputCarriesData: Bool { OutputFile(name: outputFile).isStandardOutput }

  func order(_ console: Console) throws(Failure) -> (file: OutputFile, console: Console) {
    let file = OutputFile(name: outputFile)
    try work.checkStream(of: file)
    guard format != .elf else {
      throw Failure(
        .usage, "\(file.shown): an ELF file cannot be made of what a board holds",
        fix: "name a file that ends in .dfu, .hex, .s19 or .bin")
    }
    try work.checkPlace(of: file)
    _ = (try range.start, try range.count)
    try file.tryPlace(console: console)
    return (file, console)
  }

  func perform(
    _ order: (file: OutputFile, console: Console), _ flasher: consuming Flasher,
    _ context: BoardContext
  ) throws(Failure) -> Conclusion {
    var flasher = flasher
    let begin = context.now()
    let memories = context.memories
    let chosen = try context.memory(alternate.alternateSetting)
    let wanted = try wantedRange(in: chosen, of: memories)
    if wanted == nil, let memory = chosen ?? memories.programFlash {
      try check(memory, context)
    }
    let elements: [ImageElement]
    do throws(FlashError) {
      if let wanted {
        elements = [try flasher.read(wanted, alternateSetting: chosen?.alternateSetting)]
      } else {
        elements = try flasher.readAll(alternateSetting: chosen?.alternateSetting)
      }
    } catch {
      throw context.failure(error, .reading)
    }
    let time = context.now() - begin
    let bytes = try contents(elements, chosen, memories, flasher.identity)
    try order.file.write(bytes, console: order.console)
    let size = elements.reduce(0) { $0 + UInt64($1.bytes.count) }
    var details = ResultDetails(seconds: time.roundedSeconds, size: size)
    details.ranges = elements.map { AddressRange($0.range) }
    let places = elements.map(\.range.addressText).joined(separator: " and ")
    return Conclusion(
      verdict: "read \(size.sizeText) (\(places)) of \(context.board) in "
        + "\(time.timeText) into \(order.file.shown)\(form)",
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
    let end = home?.map.ranges(.readable).first { $0.contains(start) }?.upperBound
    return start..<(end ?? start + 1)
  }

  /// Whether the file can hold all of a memory; says what cannot be read of it.
  ///
  /// - Throws: A failure with status 64 for raw bytes of parts that do not touch.
  private func check(_ memory: AlternateMemory, _ context: BoardContext) throws(Failure) {
    let ranges = memory.map.ranges(.readable)
    if ranges.count > 1, format == .raw {
      throw Failure(
        .usage,
        "\(memory.map.name.visible) of \(context.board) has \(ranges.count) parts, which a raw file "
          + "cannot tell apart",
        fix: "name a file that ends in .dfu or .hex, which keeps them all, or read one part:",
        choices: ranges.map {
          "--address \(UInt32(clamping: $0.lowerBound).hex) --length \($0.count)"
        })
    }
    for segment in memory.map.segments where !segment.access.contains(.readable) {
      context.report(.warning("\(segment.range.addressText) cannot be read and is left out"))
    }
  }

  /// What the file's name says that is written.
  private var format: Firmware.Format {
    asBytes ? .raw : Firmware.Format(promisedBy: outputFile) ?? .raw
  }

  /// The same, for people; what dfu-util writes needs no word.
  private var form: String {
    switch format {
    case .container, .plainDFU: ", a DfuSe container"
    case .hex, .srec: ", as \(format)"
    case .raw, .elf: asBytes ? "" : ", as raw bytes"
    }
  }

  private func contents(
    _ elements: [ImageElement], _ chosen: AlternateMemory?, _ memories: [AlternateMemory],
    _ identity: DeviceIdentity
  ) throws(Failure) -> [UInt8] {
    if format == .raw { return elements.flatMap(\.bytes) }
    let start = elements.first.map { UInt64($0.address) }
    let memory =
      chosen ?? start.flatMap { start in memories.first { $0.map.segment(at: start) != nil } }
    let firmware = Firmware(
      suffix: DFUSuffix(productID: identity.productID, vendorID: identity.vendorID),
      targets: [
        .init(
          alternateSetting: memory?.alternateSetting ?? 0, name: memory?.map.name,
          elements: elements)
      ])
    do throws(FormatError) {
      if let records = try firmware.encodedRecords(as: format) { return records }
      return try firmware.encoded()
    } catch {
      throw Failure(.software, "cannot make a file of what was read: \(error)")
    }
  }
}
