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
      ("simulated", Self.simulated), ("others", Self.others), ("roms", Self.roms),
      ("times", Self.times), ("bootloaders", Self.bootloaders), ("polling", Self.polling),
      ("quirks", Self.quirks), ("layouts", Self.layouts),
    ] {
      let start = try #require(text.range(of: "<!-- \(mark) -->\n")).upperBound
      let end = try #require(text.range(of: "<!-- end -->", range: start..<text.endIndex))
        .lowerBound
      if ProcessInfo.processInfo.environment["DFUSE_WRITE_DOCS"] == nil {
        #expect(String(text[start..<end]) == table, "'Scripts/docs' writes the table '\(mark)'")
      }
      text.replaceSubrange(start..<end, with: table)
    }
    if ProcessInfo.processInfo.environment["DFUSE_WRITE_DOCS"] != nil {
      try text.write(to: Self.file("devices.md"), atomically: true, encoding: .utf8)
    }
  }

  private static func board(_ chip: SimulatedChip) -> Board? {
    (try? SimulatedBus([SimulatedBoard(chip)]).devices())?.first?.board
  }

  /// The listings that a chip's strings are from, and what of it is guessed.
  private static func origin(_ chip: SimulatedChip) -> String {
    let listings = chip.profile.usb.listings.map { "`\($0)`" }.joined(separator: " ")
    let guessed = DeviceProfile.Guess.allCases.filter(chip.profile.guessed.contains)
      .map(\.words).joined(separator: ", ")
    return "\(listings) | \(guessed)"
  }

  private static var simulated: String {
    let rows = SimulatedChip.all.map { chip in
      let known = board(chip)?.chip
      return "| `\(chip.name)` | \(chip.part) | \(known?.name ?? "") "
        + "| \(chip.profile.usb.transferSize) | \(known?.programmingUnit ?? 0) "
        + "| \(known?.mayBePolledEarly == true ? "adaptive" : "spec") | \(origin(chip)) |\n"
    }
    return "| simulated as | part | profile | block | unit | polling | strings | guessed |\n"
      + "|---|---|---|---:|---:|---|---|---|\n" + rows.joined()
  }

  /// Which option bytes are decoded, and which of these are written.
  private static var layouts: String {
    func names(_ isWritten: Bool) -> String {
      OptionLayout.all.filter { $0.isWritten == isWritten }
        .map { $0.name.replacing("STM32", with: "") }.joined(separator: ", ")
    }
    return """
      | | lines of parts |
      |---|---|
      | shown and written: two sources agree bit by bit | \(names(true)) |
      | shown only | \(names(false)) |
      | not decoded | everything else, clones among it |

      """
  }

  private static var others: String {
    let rows = SimulatedChip.others.map { chip in
      let board = Self.board(chip)
      let kept = board?.bootloader == nil ? "" : "yes"
      return "| `\(chip.name)` | \(chip.part) "
        + "| \(board?.dfuProtocol == .dfuse ? "DfuSe" : "plain DFU") | \(kept) "
        + "| \(chip.profile.usb.transferSize) | \(origin(chip)) |\n"
    }
    return "| simulated as | part | speaks | known board | block | strings | guessed |\n"
      + "|---|---|---|---|---:|---|---|\n" + rows.joined()
  }

  /// Lines of parts without `STM32`, or the name of another maker's chip.
  private static func parts(_ profiles: [ChipProfile]) -> String {
    let names = profiles.flatMap { chip in
      chip.roms.isEmpty ? [chip.name] : chip.roms.map { String($0.parts.dropFirst(5)) }
    }
    return names.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
      .joined(separator: ", ")
  }

  private static var polling: String {
    let profiles = ChipTable.entries.map(\.profile)
    var seen: [EarlyPolling] = []
    for profile in profiles where !seen.contains(profile.earlyPolling) {
      if profile.earlyPolling != .unknown { seen.append(profile.earlyPolling) }
    }
    let rows = seen.map { polling in
      let (policy, why) =
        switch polling {
        case .harmless(let why): ("adaptive", why)
        case .harmful(let why): ("spec", why)
        case .unknown: ("spec", "")
        }
      return "| \(parts(profiles.filter { $0.earlyPolling == polling })) | \(policy) | \(why) |\n"
    }
    return "| chips | polling | why |\n|---|---|---|\n" + rows.joined()
      + "| all others | spec | nobody has told |\n"
  }

  /// What the host takes a simulated chip for once it has read the bootloader's id.
  private static func known(_ chip: SimulatedChip) -> ChipProfile? {
    var known = board(chip)?.chip
    known?.version = chip.profile.system.map { BootloaderVersion(id: $0.id) }
    return known
  }

  private static func names(_ chips: [SimulatedChip]) -> String {
    chips.isEmpty ? "–" : chips.map { "`\($0.name)`" }.joined(separator: ", ")
  }

  private static func row(_ account: QuirkAccount, of devices: String, _ chips: String) -> String {
    "| \(devices) | \(account.text) | \(account.source) | \(account.answer) | \(chips) |\n"
  }

  private static var quirks: String {
    let chips = SimulatedChip.every
    let known = chips.map { (chip: $0, profile: Self.known($0)) }
    let flags = ChipQuirk.allCases.map { quirk in
      let facts = ChipTable.entries.flatMap(\.profile.quirkFacts).filter { $0.quirk == quirk }
      let releases =
        switch facts.first?.releases {
        case .only(let ids)?:
          ", bootloader "
            + ids.sorted().map { BootloaderVersion(id: $0).description }.joined(separator: ", ")
        case .allBut(let ids)?:
          ", all but bootloader "
            + ids.sorted().map { BootloaderVersion(id: $0).description }.joined(separator: ", ")
        case .all?, nil: ""
        }
      let having = ChipTable.entries.map(\.profile).filter { profile in
        profile.quirkFacts.contains { $0.quirk == quirk }
      }
      let shown = known.filter { $0.profile?.quirks.contains(quirk) == true }.map(\.chip)
      return row(quirk.account, of: parts(having) + releases, names(shown))
    }
    let notes = BehaviourNote.all.map { note in
      let shown = chips.filter { note.isShown($0.profile) }
      let parts = shown.map { $0.part.prefix { $0 != "(" && $0 != "," } }.map {
        $0.hasSuffix(" ") ? String($0.dropLast()) : String($0)
      }.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
      return row(note.account, of: parts.joined(separator: ", "), names(shown))
    }
    let troubles = Set(ChipTable.roms.flatMap(\.troubles)).map { trouble in
      let roms = ChipTable.roms.filter { $0.troubles.contains(trouble) }
        .map { String($0.parts.dropFirst(5)) }.sorted()
      let account = QuirkAccount(
        trouble.reason, source: "the same",
        answer: "nothing beforehand; tells it once it has happened: " + trouble.remedy)
      return row(account, of: roms.joined(separator: ", "), "–")
    }
    return "| device | what it does | source | what `dfuse` does | simulated as |\n"
      + "|---|---|---|---|---|\n" + (flags + notes + troubles.sorted()).joined()
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

  @Test(arguments: BehaviourNote.all.map(\.account))
  func `what a bootloader may do otherwise is shown by some, and not by all`(
    account: QuirkAccount
  ) throws {
    let note = try #require(BehaviourNote.all.first { $0.account == account })
    let chips = SimulatedChip.every
    let shown = chips.filter { note.isShown($0.profile) }
    #expect(!shown.isEmpty && shown.count < chips.count / 2)
  }

  @Test func `a misbehaviour of a simulated chip is told of`() {
    for chip in SimulatedChip.every
    where chip.profile.quirks != Quirks() {
      let isFlag = Self.known(chip)?.quirks.isEmpty == false
      #expect(
        isFlag || BehaviourNote.all.contains { $0.isShown(chip.profile) },
        "\(chip.name) has a quirk without a note: add one in Bootloader/Quirks.swift")
    }
  }

  @Test(
    arguments: [
      (ChipQuirk.h743StuckBusy, ["stm32h743"]), (.waitWorstCaseErase, ["stm32h743-v9.1"]),
      (.secondBankEraseBroken, ["stm32f427-v9.0"]),
      (.leavesWithoutStatus, ["gd32vf103", "gd32-12k"]),
      (.stallsWhileBusy, ["stm32l476", "stm32l433", "stm32l452", "stm32l4r5"]),
    ] as [(ChipQuirk, [String])])
  func `a quirk that the host knows is found on the chips that were simulated for it`(
    quirk: ChipQuirk, names: [String]
  ) {
    let chips = SimulatedChip.every
    #expect(
      chips.filter { Self.known($0)?.quirks.contains(quirk) == true }.map(\.name) == names,
      """
      the left are the chips for which the host's table has \(quirk): where a new one is right, add it \
      to the list above
      """)
  }

  /// A row of a table, without the bars and the blanks.
  private static func cells(_ line: Substring) -> [String] {
    line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
  }

  @Test func `README's table of times is that of the benchmarks`() throws {
    let benchmarks = try Self.document("benchmarks.md").split(separator: "\n").map(Self.cells)
    let text = try Self.document("../README.md")
    let start = try #require(text.range(of: "<!-- how-fast: begin -->")).upperBound
    let end = try #require(text.range(of: "<!-- how-fast: end -->")).lowerBound
    let rows = text[start..<end].split(separator: "\n").filter { $0.hasPrefix("| ") }
      .map(Self.cells).dropFirst()
    #expect(rows.count >= 6)
    for row in rows {
      let measured = benchmarks.filter { $0.count > 12 && $0[0] == row[0].lowercased() }
      for (name, cell) in zip(["full", "blank", "one sector", "same"], row.dropFirst()) {
        let times = try #require(measured.first { $0[3] == name }, "\(row[0]): \(name)")
        let (told, found) = (try #require(Double(cell)), try #require(Double(times[10])))
        #expect(abs(told - found) < 0.051, "\(row[0]), \(name)")
        let other = (try #require(Double(row[5])), try #require(Double(times[12])))
        #expect(abs(other.0 - other.1) < 0.051, "\(row[0]), dfu-util")
      }
    }
  }

  @Test func `each file of checks in the kernel is described`() throws {
    let page = try Self.document("kernel-tests.md")
    let folder = Self.file("../Tests/Kernel")
    let files = try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil)
    let checks = files.map { $0.deletingPathExtension().lastPathComponent }
      .filter { $0.first?.isNumber == true }
    #expect(checks.count > 20)
    for name in checks {
      #expect(page.contains("| `\(name)` |"), "docs/kernel-tests.md has no line for \(name)")
    }
  }

  @Test(arguments: SimulatedChip.all.map(\.name))
  func `a chip is described, and its benchmark is shown`(name: String) throws {
    #expect(
      try Self.document("devices.md").contains("\n| `\(name)` |"), "'Scripts/docs' writes the row")
    let rows = try Self.document("benchmarks.md").split(separator: "\n").filter {
      $0.split(separator: " ").prefix(2) == ["|", name[...]]
    }
    #expect(
      rows.count == 4,
      "put the four rows into docs/benchmarks.md that 'Scripts/bench flash \(name)' prints")
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
