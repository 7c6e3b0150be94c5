import DfuseFormat
import Foundation
import Testing

@testable import DfuseDevice
@testable import DfuseSimulator

/// The documents name every chip that can be simulated.
@Suite struct DeviceDocumentTests {
  private static func file(_ name: String) -> URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "docs/" + name)
  }

  private static func document(_ name: String) throws -> String {
    try String(contentsOf: file(name), encoding: .utf8)
  }

  /// The tables between their marks; with DFUSE_WRITE_DOCS in the environment the page gets them.
  @Test func `the page has the chips as the data have them`() throws {
    var text = try Self.document("devices.md")
    for (mark, table) in [
      ("simulated", Self.simulated), ("roms", Self.roms), ("times", Self.times),
      ("bootloaders", Self.bootloaders),
    ] {
      let start = try #require(text.range(of: "<!-- \(mark) -->\n")).upperBound
      let end = try #require(text.range(of: "<!-- end -->", range: start..<text.endIndex))
        .lowerBound
      if ProcessInfo.processInfo.environment["DFUSE_WRITE_DOCS"] == nil {
        #expect(String(text[start..<end]) == table)
      }
      text.replaceSubrange(start..<end, with: table)
    }
    if ProcessInfo.processInfo.environment["DFUSE_WRITE_DOCS"] != nil {
      try text.write(to: Self.file("devices.md"), atomically: true, encoding: .utf8)
    }
  }

  private static var simulated: String {
    let rows = SimulatedChip.all.map { chip in
      let bus = SimulatedBus([SimulatedBoard(chip)])
      let board = (try? bus.devices())?.first?.board
      let known = board?.chip
      let guessed = DeviceProfile.Guess.allCases.filter(chip.profile.guessed.contains)
        .map(\.words).joined(separator: ", ")
      return "| `\(chip.name)` | \(chip.part) | \(known?.name ?? "") "
        + "| \(chip.profile.usb.transferSize) | \(known?.programmingUnit ?? 0) "
        + "| \(known?.mayBePolledEarly == true ? "adaptive" : "spec") | \(guessed) |\n"
    }
    return "| simulated as | part | profile | block | unit | polling | guessed |\n"
      + "|---|---|---|---:|---:|---|---|\n" + rows.joined()
  }

  private static var roms: String {
    let rows = ChipTable.roms.sorted { $0.parts < $1.parts }.map { rom in
      let entries = ChipTable.entries.filter { $0.profile.roms.contains(rom) }
      let units = Set(entries.map(\.profile.programmingUnit)).sorted().map(String.init)
      let ids = rom.ids.map(\.shortHex).joined(separator: ", ")
      let posted = PostedListing.all.values
        .filter { "STM32" + $0.chip == rom.parts && !$0.isFromSource }.map(\.key).sorted()
        .map { "`\($0)`" }.joined(separator: " ")
      let limits = rom.limits.map { limit in
        limit.versions.sorted().map { BootloaderVersion(id: $0).description }
          .joined(separator: ", ") + ": " + limit.text
      }
      return "| \(rom.parts) | \(ids) | \(rom.idAddress?.hex ?? "") "
        + "| V\(rom.dfu >> 8).\(rom.dfu >> 4 & 15) | \(units.joined(separator: ", ")) "
        + "| \(rom.flash.map(String.init).joined(separator: ", ")) "
        + "| \(limits.joined(separator: "; ")) | \(posted.isEmpty ? "guessed" : posted) |\n"
    }
    return "| parts | id | at | DFU | unit | flash | what AN2606 says of releases | posted |\n"
      + "|---|---|---|---|---:|---|---|---|\n" + rows.joined()
  }

  private static var times: String {
    var done: Set<String> = []
    let rows = ChipTable.entries.compactMap { entry -> String? in
      let chip = entry.profile
      let name =
        chip.name.isEmpty
        ? chip.roms.map { $0.parts.dropFirst(5) }.joined(separator: ", ") : chip.name
      let erase = chip.sectorEraseTimes.map { "\(kibibytes($0.sectorSize)): \(text($0.time))" }
      let supply = chip.wordTimes.map { "; words \(text($0.programPerUnit))" } ?? ""
      let reported = chip.reported.map { [$0.erase, $0.write, $0.setAddress].map(text) }
      let row =
        "| \(name) | \(erase.joined(separator: "; ")) | \(text(chip.programTimePerUnit))\(supply) "
        + "| \(chip.massEraseWorks ? text(chip.massEraseTime) : "not used") "
        + "| \(reported?.joined(separator: ", ") ?? "?") |\n"
      return done.insert(row).inserted ? row : nil
    }
    return "| chips | erase of a sector | program of a unit | mass erase | reported |\n"
      + "|---|---|---|---|---|\n" + rows.joined()
  }

  private static func kibibytes(_ bytes: UInt64) -> String {
    bytes < 1024 ? "\(bytes) B" : "\(bytes / 1024) KiB"
  }

  private static func text(_ time: ExpectedTime) -> String {
    "\(text(time.typical)) to \(text(time.maximum))"
  }

  /// Three digits at most: `53.5 µs`, `905 ms`, `16 s`.
  private static func text(_ time: Duration) -> String {
    let microseconds = time / Duration.microseconds(1)
    let (value, unit): (Double, String) =
      switch microseconds {
      case ..<1000: (microseconds, "µs")
      case ..<1_000_000: (microseconds / 1000, "ms")
      default: (microseconds / 1_000_000, "s")
      }
    let tenths = Int((value * 10).rounded())
    return tenths.isMultiple(of: 10)
      ? "\(tenths / 10) \(unit)" : "\(tenths / 10).\(tenths % 10) \(unit)"
  }

  private static var bootloaders: String {
    var boards: [(bootloader: ApplicationBootloader, names: [String], ids: [String])] = []
    for device in KnownDevice.all {
      guard let bootloader = device.bootloader else { continue }
      if let index = boards.firstIndex(where: { $0.bootloader == bootloader }) {
        boards[index].names.append(device.name)
        boards[index].ids.append("\(device.id)")
      } else {
        boards.append((bootloader, [device.name], ["\(device.id)"]))
      }
    }
    boards.append((.daisy, ["Daisy bootloader"], ["0483:df11, product `Daisy Bootloader`"]))
    boards.append((.mboot, ["MicroPython's mboot"], ["by its strings"]))
    let rows = boards.map { board in
      let own = board.bootloader.ownRanges.map(\.addressText).joined(separator: ", ")
      let start = board.bootloader.programStart.map { UInt64($0).addressText }
      let notes = [
        board.bootloader.survivesMassErase ? "survives a mass erase" : nil,
        board.bootloader.listsCommands ? nil : "lists no commands",
      ].compactMap { $0 }.joined(separator: ", ")
      return "| \(board.names.joined(separator: ", ")) | \(board.ids.joined(separator: ", ")) "
        + "| \(own) | \(start ?? "as the firmware says") | \(notes) |\n"
    }
    return "| boards | ids | its own | programs begin at | |\n|---|---|---|---|---|\n"
      + rows.joined()
  }

  @Test(arguments: SimulatedChip.all.map(\.name))
  func `a chip is described, and its benchmark is shown`(name: String) throws {
    #expect(try Self.document("devices.md").contains("\n| `\(name)` |"))
    let rows = try Self.document("benchmarks.md").split(separator: "\n").filter {
      $0.split(separator: " ").prefix(2) == ["|", name[...]]
    }
    #expect(rows.count == 4)
  }
}

extension DeviceProfile.Guess {
  fileprivate var words: String {
    switch self {
    case .identity: "identity"
    case .maps: "maps"
    case .transferSize: "transfer size"
    case .polls: "reported times"
    case .behaviour: "behaviour"
    }
  }
}
