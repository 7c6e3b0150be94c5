import DfuseDevice
import DfuseFormat

/// Settings of option bytes as people type them.
enum OptionWords {
  /// A setting, with what has to be said of how it was read.
  struct Reading: Equatable {
    var setting: OptionSetting
    var remark: String?
  }

  /// Reads `NAME=VALUE` words.
  ///
  /// - Throws: A failure with status 64 for a word that is none; nothing is ever taken for zero.
  static func settings(_ words: [String]) throws(Failure) -> [Reading] {
    guard !words.isEmpty else {
      throw Failure(
        .usage, "nothing says what to set", fix: "dfuse options set BOR_LEV=3")
    }
    var readings: [Reading] = []
    for word in words {
      let sides = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard sides.count == 2, !sides[0].isEmpty else {
        throw Failure(
          .usage, "'\(word.visible)' is no field with a value",
          fix: "write NAME=VALUE, as BOR_LEV=3 or BOOT_ADD0=0x2000")
      }
      readings.append(try reading(String(sides[0]), String(sides[1])))
    }
    return readings
  }

  private static func reading(_ name: String, _ text: String) throws(Failure) -> Reading {
    if let value = UInt64(text) {
      return Reading(setting: OptionSetting(name: name, value: value))
    }
    // With a letter among its digits it can be hexadecimal only.
    if case .success(let value) = NumberText.hexadecimal(text, as: UInt64.self) {
      let said = "\(name.visible)=\(text.visible) is taken as hexadecimal, \(value.shortHex)"
      return Reading(
        setting: OptionSetting(name: name, value: value),
        remark: text.lowercased().hasPrefix("0x") ? nil : said)
    }
    throw Failure(
      .usage, "'\(text.visible)' is no value for \(name.visible)",
      fix: "write it in decimal, or in hexadecimal with 0x")
  }
}
