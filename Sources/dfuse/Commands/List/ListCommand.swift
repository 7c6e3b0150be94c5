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
    let listings: [USBDeviceListing]
    let filter = try device.filter
    do throws(Failure) {
      listings = try device.source(host: host).devices().filter { listing in
        listing.openError != nil && filter.serial != nil || filter.matches(listing.identity)
      }
    } catch {
      if json, error.status == .noBoard {
        try host.console.output(JSONText.pretty(ListReport([])))
      }
      throw error
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
      let others = report.devices.isEmpty ? "" : "; what is shown above is none"
      throw Failure(
        .noBoard, "no board is in its bootloader\(others)",
        fix: "start it there (often: hold BOOT0, press reset), and look again")
    }
  }
}
