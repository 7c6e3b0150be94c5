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
    // Nothing is opened for them; a bus that does not show them has none.
    let running = ((try? source.bus.pluggedDevices()) ?? []).filter { filter.matches($0.identity) }
    let report = ListReport(listings, running: running, filter: filter)
    if json {
      try host.console.output(JSONText.pretty(report))
    } else {
      for device in report.devices where !report.running.contains(where: { $0.path == device.path })
      {
        for line in device.lines(isVerbose: verbose) { try host.console.output(line) }
      }
      if !report.running.isEmpty {
        try host.console.output("running, with a way into the bootloader:")
        for line in report.running.flatMap(\.lines) { try host.console.output("  \(line)") }
      }
      for warning in report.warnings { host.console.warn(warning) }
    }
    if !report.hasBoard {
      guard !report.devices.isEmpty || !all.contains(where: { $0.board != nil }) else {
        throw Failure(
          .noBoard, "none of the boards in their bootloader fits the options",
          fix: "see them all: \(Suggestion(.list, device.simulate.flatMap { ["--simulate", $0] }))")
      }
      if let running = report.running.first(where: { $0.way != nil }) {
        throw Failure(
          .noBoard, "no board is in its bootloader; what is shown above runs its firmware",
          fix: "\(Suggestion(.enter, device.words(at: running.path)))")
      }
      let others =
        report.devices.isEmpty && report.running.isEmpty ? "" : "; what is shown above is none"
      let failure = Failure(
        .noBoard, "no board is in its bootloader\(others)",
        fix: "start it there (often: hold BOOT0, press reset), and look again" + Failure.seeDoctor)
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
  /// Running devices with a way into their bootloaders, in the same order.
  var running: [RunningReport]
  var warnings: [String]

  init(
    _ listings: [USBDeviceListing], running plugged: [PluggedDevice] = [],
    filter: DeviceFilter = DeviceFilter()
  ) {
    running = plugged.compactMap(RunningReport.init)
    devices = listings.filter { !$0.interfaces.isEmpty }.map {
      DeviceReport($0, filter: filter)
    }
    let boards = devices.filter(\.isBoard).map { ($0.serial, $0.path) }
    warnings = SerialTwins.among(boards).map { twins in
      "\(twins.paths.count) boards have the serial number \(twins.serial.visible): "
        + "\(twins.paths.joined(separator: ", ")); choose by --path, not by --serial"
    }
  }

  /// Whether any device is a board that could be flashed.
  var hasBoard: Bool { devices.contains(where: \.isBoard) }
}

/// A running device and the ways into its bootloader.
struct RunningReport: Encodable, Equatable {
  struct Entry: Encodable, Equatable {
    /// What `--enter=` takes.
    var way: String
    var title: String
    /// Whether the device is known to be what the way is for.
    var certain: Bool
    /// Whether it is taken without being named.
    var automatic: Bool
    var sideEffects: String?
  }

  var path: String
  var vendorID: UInt16
  var productID: UInt16
  var serial: String?
  var manufacturer: String?
  var product: String?
  var ways: [Entry]

  /// Nil when there is no way.
  init?(_ device: PluggedDevice) {
    let fitting = Way.fitting(device)
    guard !fitting.isEmpty else { return nil }
    let identity = device.identity
    path = identity.path
    (vendorID, productID) = (identity.vendorID, identity.productID)
    (serial, manufacturer) = (identity.serialNumber, identity.manufacturer)
    product = identity.product
    ways = fitting.map { way, fit in
      Entry(
        way: way.id, title: way.title, certain: fit == .certain,
        automatic: fit == .certain && !way.mustBeNamed, sideEffects: way.sideEffects)
    }
  }

  /// The way that is taken without being named, if there is one.
  var way: Entry? { ways.first(where: \.automatic) }

  /// The report for people, a line each.
  var lines: [String] {
    let id = USBID(vendorID: vendorID, productID: productID)
    let isNamedTwice = manufacturer.map { product?.hasPrefix($0) == true } ?? false
    let names = [isNamedTwice ? nil : manufacturer, product].compactMap { $0?.visible }
      .joined(separator: " ")
    let title = [path, "\(id)", names, serial.map { "serial \($0.visible)" } ?? ""]
      .filter { !$0.isEmpty }.joined(separator: "  ")
    return [title]
      + ways.map { way in
        "  \(way.certain ? "" : "maybe ")--enter=\(way.way)  \(way.title)"
          + (way.automatic ? "" : way.sideEffects.map { "; \($0)" } ?? "")
      }
  }
}

extension DeviceReport {
  /// Whether it is a board in its bootloader.
  var isBoard: Bool { mode == .dfuse }
}
