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
    for (mark, table) in [("simulated", Self.simulated), ("roms", Self.roms)] {
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
