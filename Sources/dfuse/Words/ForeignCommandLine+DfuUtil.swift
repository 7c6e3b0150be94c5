import DfuseFormat

// What dfu-util's options mean here.

extension ForeignCommandLine {
  /// The options that this program has as well, with the same meaning.
  private static let shared: Set<DfuUtilOption> = [
    .help, .device, .path, .serial, .alternateSetting, .verbose, .wait,
  ]

  /// Whether a word is an option of dfu-util, and none of this program.
  static func isDfuUtil(_ word: String) -> Bool {
    guard let items = try? DfuUtilArguments.options(in: word) else { return false }
    // This program has `--wait`, and no letter for it.
    return word == "-w" || items.contains { !shared.contains($0.option) }
  }

  /// Takes a word of dfu-util, and its value.
  ///
  /// - Returns: Whether it is one.
  mutating func takeDfuUtil(_ word: String, _ rest: inout ArraySlice<String>) -> Bool {
    guard let items = try? DfuUtilArguments.options(in: word) else { return false }
    for (option, attached) in items {
      let name = items.count == 1 && attached == nil ? word : "-\(option.rawValue)"
      let value = option.takesValue ? attached.map(String.init) ?? rest.popFirst() : nil
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
    case .dfuseAddress: takeDfuSe(word, value ?? "")
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
  private mutating func takeDfuSe(_ word: String, _ value: String) {
    guard let wanted = try? DfuSeOptions(value) else { return others.append([word, value]) }
    if let address = wanted.address { places.append(address.hex) }
    if let length = wanted.length { options += ["--length", "\(length)"] }
    if wanted.modifiers.contains(.willReset) { options.append("--allow-option-bytes") }
    if wanted.modifiers.contains(.massErase) { erasesAll = true }
    if wanted.modifiers.contains(.unprotect) {
      unprotects = true
    } else if wanted.modifiers.contains(.leave) {
      command = command ?? "leave"
    }
  }
}
