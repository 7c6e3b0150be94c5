import ArgumentParser
import DfuseDevice

/// `dfuse list`.
struct ListCommand: HostCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Show the boards that are in their bootloader, and what can be flashed on them.",
    discussion: """
      Shows every device with a DFU interface: its port, ids and serial number, the chip where its \
      memory map tells, and each memory with its sectors. One that cannot be opened is shown with \
      the reason. Ends with status 69 when no board is in its bootloader.
      """
  )

  @OptionGroup(title: "Which board") var device: DeviceOptions
  @Flag(help: "Print one JSON object (docs/json.md).")
  var json = false
  @Flag(help: "Show the memory maps as the boards send them.")
  var verbose = false

  func run(host: Host) throws(Failure) {
    let source: BoardSource
    let all: [USBDeviceListing]
    let filter = try device.filter
    do throws(Failure) {
      source = try device.source(host: host, changes: false)
      all = try source.devices()
    } catch {
      if json, error.status == .noBoard {
        try host.console.output(JSONText.pretty(ListReport([])))
      }
      throw error
    }
    let listings = all.filter { listing in
      listing.openError != nil && filter.serial != nil || filter.matches(listing.identity)
    }
    let report = ListReport(listings, filter: filter)
    if json {
      try host.console.output(JSONText.pretty(report))
    } else {
      for device in report.devices {
        for line in device.lines(isVerbose: verbose) { try host.console.output(line) }
      }
      for warning in report.warnings { host.console.warn(warning) }
    }
    if !report.hasBoard {
      guard !report.devices.isEmpty || !all.contains(where: { $0.board != nil }) else {
        throw Failure(
          .noBoard, "none of the boards in their bootloader fits the options",
          fix: "see them all: \(Suggestion(.list, device.simulate.flatMap { ["--simulate", $0] }))")
      }
      let others = report.devices.isEmpty ? "" : "; what is shown above is none"
      let failure = Failure(
        .noBoard, "no board is in its bootloader\(others)",
        fix: "start it there (often: hold BOOT0, press reset), and look again")
      throw all.haveNoBootloader ? BoardLookout(source.bus).explaining(failure) : failure
    }
  }
}

/// What `dfuse list --json` prints.
struct ListReport: Encodable, Equatable {
  /// Version of this schema.
  var schema = 1
  /// In the order of their paths.
  var devices: [DeviceReport]
  var warnings: [String]

  init(_ listings: [USBDeviceListing], filter: DeviceFilter = DeviceFilter()) {
    devices = listings.filter { !$0.interfaces.isEmpty }.map {
      DeviceReport($0, filter: filter)
    }
    warnings = []
    let serials = Dictionary(grouping: devices.filter(\.isBoard)) { $0.serial ?? "" }
    for (serial, boards) in serials.sorted(by: { $0.key < $1.key }) {
      guard !serial.isEmpty, boards.count > 1 else { continue }
      let paths = boards.map(\.path).joined(separator: ", ")
      warnings.append(
        "\(boards.count) boards have the serial number \(serial.visible): \(paths); "
          + "choose by --path, not by --serial")
    }
  }

  /// Whether any device is a board that could be flashed.
  var hasBoard: Bool { devices.contains(where: \.isBoard) }
}

extension DeviceReport {
  /// Whether it is a board in its bootloader.
  var isBoard: Bool { mode == .dfuse }
}
