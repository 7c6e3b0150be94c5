import DfuseDevice
import DfuseSimulator

/// What `dfuse simulate --list` shows.
enum ChipList {
  /// A line for each chip, below a line of titles.
  static var lines: [String] {
    let rows =
      [["chip", "part", "flash", "transfer", "known"]]
      + (SimulatedChip.all + SimulatedChip.others).map { chip in
        [
          ([chip.name] + chip.aliases).joined(separator: ", "), chip.part,
          UInt64(chip.flashSize).sizeText, "\(chip.transferSize)",
          chip.isGuess ? "partly guessed" : "seen or documented",
        ]
      }
    let widths = (0..<5).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      zip(row, widths).map { text, width in
        text + String(repeating: " ", count: width - text.count)
      }.joined(separator: "  ").trimmingTrailingBlanks
    }
  }
}

extension SimulatedChip {
  /// Bytes of a block, as the bootloader's descriptor says.
  fileprivate var transferSize: Int {
    let bus = SimulatedBus([SimulatedBoard(self)])
    let listing = (try? bus.devices())?.first
    return Int(listing?.interfaces.first?.functional?.wTransferSize ?? 0)
  }
}

extension String {
  fileprivate var trimmingTrailingBlanks: String {
    var text = self[...]
    while text.last == " " { text = text.dropLast() }
    return String(text)
  }
}
