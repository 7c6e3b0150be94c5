import DfuseFormat

// What dfu-util's options mean here.

extension ForeignCommandLine {
  /// The options that this program has as well, with the same meaning.
  private static let shared: Set<DfuUtilOption> = [
    .help, .device, .path, .serial, .alternateSetting, .verbose, .wait,
  ]

  /// Whether a word is an option of dfu-util, and none of this program.
  static func isDfuUtil(_ word: String) -> Bool {
    guard let items = dfuUtilOptions(word) else { return false }
    // `--upload` is no letter's, and `-w` is no option here.
    return word == "-w" || items.contains { !shared.contains($0.option) }
  }

  /// The options in one word, as `getopt_long` splits it: `-vl`, `-a0`, `--alt=0`, each with the value
  /// that stands with it; nil if it is no word of dfu-util.
  private static func dfuUtilOptions(
    _ word: String
  ) -> [(option: DfuUtilOption, value: String?)]? {
    if word.hasPrefix("--") {
      let parts = word.dropFirst(2).split(
        separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      // Also shortened, as getopt takes them; but this program's own names are its own.
      guard let name = parts.first, let option = try? DfuUtilOption.named(name) else { return nil }
      return [(option, parts.count > 1 ? String(parts[1]) : nil)]
    }
    guard word.hasPrefix("-"), word.count > 1 else { return nil }
    var items: [(option: DfuUtilOption, value: String?)] = []
    var letters = word.dropFirst()
    while let letter = letters.popFirst() {
      guard let option = DfuUtilOption(rawValue: letter) else { return nil }
      guard option.takesValue else {
        items.append((option, nil))
        continue
      }
      items.append((option, letters.isEmpty ? nil : String(letters)))
      break
    }
    return items
  }

  /// Takes a word of dfu-util, and its value.
  ///
  /// - Returns: Whether it is one.
  mutating func takeDfuUtil(_ word: String, _ rest: inout ArraySlice<String>) -> Bool {
    guard let items = Self.dfuUtilOptions(word) else { return false }
    for (option, attached) in items {
      let name = items.count == 1 && attached == nil ? word : "-\(option.rawValue)"
      let value = option.takesValue ? attached ?? rest.popFirst() : nil
      if !Self.shared.contains(option) || name == "-w" { of(.dfuUtil, name) }
      take(option, word, value)
    }
    return true
  }

  private mutating func take(_ option: DfuUtilOption, _ word: String, _ value: String?) {
    switch option {
    case .help: options.append("--help")
    case .version: command = "--version"
    case .verbose: if !options.contains("--verbose") { options.append("--verbose") }
    case .list: command = "list"
    case .detach: enters = true
    case .download: of(.dfuUtil, word, means: "flash", operand: value)
    case .upload:
      command = "read"
      options += ["-o", value ?? "board.bin"]
    case .uploadSize: options += ["--length"] + [value].compactMap(\.self)
    case .device:
      // `RUNNING,BOOTLOADER`; here it is a bootloader's.
      let ids = value.map(Self.behindComma) ?? ""
      if !ids.isEmpty { options += [word.hasPrefix("--") ? "--device" : "-d", ids] }
    case .serial:
      let serial = value.map(Self.behindComma) ?? ""
      if !serial.isEmpty { options += [word.hasPrefix("--") ? "--serial" : "-S", serial] }
    case .path: options += [word.hasPrefix("--") ? "--path" : "-p"] + [value].compactMap(\.self)
    case .alternateSetting:
      options += [word.hasPrefix("--") ? "--alt" : "-a"] + [value].compactMap(\.self)
    case .wait: options.append("--wait")
    case .reset: command = command ?? "leave"
    case .dfuseAddress: takeDfuSe(value ?? "")
    // A board has one DFU interface, and says itself how large a block is.
    case .configuration, .interface, .transferSize, .detachDelay: break
    case .deviceNumber: others.append([word, value ?? ""])
    }
  }

  /// What stands behind the last comma, or before it if nothing does.
  private static func behindComma(_ value: String) -> String {
    let parts = value.split(separator: ",")
    return parts.last.map(String.init) ?? ""
  }

  /// dfu-util's `ADDRESS[:modifier]…`.
  private mutating func takeDfuSe(_ value: String) {
    let parts = value.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    if let first = parts.first, !first.isEmpty { places.append(Self.address(first) ?? first) }
    if let length = parts.dropFirst().first(where: { $0.first?.isNumber ?? false }) {
      options += ["--length", length]
    }
    let modifiers = parts.dropFirst().compactMap(DfuSeOptions.Modifier.init(rawValue:))
    if modifiers.contains(.willReset) { options.append("--allow-option-bytes") }
    if modifiers.contains(.massErase) { erasesAll = true }
    if modifiers.contains(.unprotect) {
      unprotects = true
    } else if modifiers.contains(.leave) {
      command = command ?? "leave"
    }
  }
}
