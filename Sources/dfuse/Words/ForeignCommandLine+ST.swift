import DfuseFormat

// What the options of ST's programmer mean here.

extension ForeignCommandLine {
  /// What an option of ST's programmer is about.
  private enum STOption {
    case connect, list, write, writeWords(size: Int), read, readWords(size: Int), compare
    case erase, optionBytes, unprotect, start, verify, version
    /// What this program does by itself or has no use for, with a value or not.
    case idle(takesValue: Bool)
    /// What goes through a debug probe only.
    case probe
  }

  private static let stOptions: [String: STOption] = [
    "-c": .connect, "--connect": .connect, "-l": .list, "--list": .list, "-w": .write,
    "--write": .write, "-d": .write, "--download": .write, "-w8": .writeWords(size: 1),
    "-w16": .writeWords(size: 2), "-w32": .writeWords(size: 4), "-w64": .writeWords(size: 8),
    "-r": .read, "--read": .read, "-u": .read, "--upload": .read, "-r8": .readWords(size: 1),
    "-r16": .readWords(size: 2), "-r32": .readWords(size: 4), "-r64": .readWords(size: 8),
    "-cmp": .compare,
    "--compare": .compare, "-e": .erase, "--erase": .erase, "-ob": .optionBytes,
    "--optionbytes": .optionBytes, "-rdu": .unprotect, "--readunprotect": .unprotect,
    "-g": .start, "--go": .start, "-s": .start, "--start": .start, "-rst": .start, "--rst": .start,
    "-hardRst": .start, "--hardRst": .start, "-v": .verify, "--verify": .verify,
    "-version": .version, "--version": .version, "-vb": .idle(takesValue: true),
    "--verbosity": .idle(takesValue: true), "-log": .idle(takesValue: true),
    "--log": .idle(takesValue: true), "-q": .idle(takesValue: false),
    "--quietMode": .idle(takesValue: false), "-y": .idle(takesValue: false),
    "-se": .idle(takesValue: false), "--skipErase": .idle(takesValue: false),
    "-el": .idle(takesValue: true), "--extload": .idle(takesValue: true), "-halt": .probe,
    "-run": .probe, "-step": .probe, "-score": .probe, "-coreReg": .probe, "-regdump": .probe,
    "-hf": .probe, "-swv": .probe, "-startswv": .probe,
  ]

  /// The names that this program or dfu-util has, too: of these, the next word tells whose they are.
  private static func isST(_ option: STOption, _ word: String, _ next: String?) -> Bool {
    let next = next ?? ""
    switch option {
    case .connect: return next.contains("=")
    case .list: return ["usb", "uart", "st-link"].contains(next.lowercased())
    case .write: return ["-w", "-d"].contains(word) ? FileWord.isFirmware(next) : word == "--write"
    case .read: return ["-r", "--read", "-u"].contains(word) || address(next) != nil
    case .erase: return next == "all" || sectorNumber(next) != nil
    case .verify, .version: return false
    case .start: return !["-s", "--start"].contains(word)
    case .idle: return !["-q", "-y", "-version", "--log"].contains(word)
    case .writeWords, .readWords, .compare, .optionBytes, .unprotect, .probe: return true
    }
  }

  /// Whether a word, with what stands behind it, is an option of ST's programmer and of no other.
  static func isST(_ word: String, _ next: String?) -> Bool {
    stOptions[word].map { isST($0, word, next) } ?? false
  }

  /// Takes a word of ST's programmer, and its values.
  ///
  /// - Returns: Whether it is one.
  mutating func takeST(_ word: String, _ rest: inout ArraySlice<String>) -> Bool {
    guard let option = Self.stOptions[word] else { return false }
    if Self.isST(option, word, rest.first) { of(.st, word) }
    switch option {
    case .connect: takeConnection(&rest)
    case .list:
      command = "list"
      rest = rest.drop { !$0.hasPrefix("-") }
    case .write: takeFiles(&rest)
    case .writeWords(let size): takeWords(size, &rest)
    case .read:
      command = "read"
      for name in ["--address", "--length", "-o"] {
        guard let value = rest.first, !value.hasPrefix("-") else { break }
        rest.removeFirst()
        options += [name, name == "--address" ? Self.address(value) ?? value : value]
      }
    case .readWords(let size):
      guard let start = rest.popFirst(), let length = rest.popFirst() else { break }
      command = "read"
      options += ["--address", Self.address(start) ?? start, "--length", length, "-o", "-"]
      pipe.after = " | od -A x -t x\(size)"
    case .compare:
      command = "verify"
      if let file = rest.popFirst() { operands.append(file) }
      takePlace(&rest)
    case .erase: takeErase(&rest)
    case .optionBytes: takeOptionBytes(&rest)
    case .unprotect: unprotects = true
    case .start:
      let before = places.count
      takePlace(&rest)
      // A file is started where its vectors are.
      if command != nil, let place = places.last, places.count > before {
        places.removeLast()
        if !places.contains(place) { others.append([word, place]) }
      }
      command = command ?? "leave"
      options.removeAll { $0 == "--stay" }
    case .verify:
      if let how = rest.first, !how.hasPrefix("-"), !FileWord.isFirmware(how) { rest.removeFirst() }
    case .version: command = "--version"
    case .idle(let takesValue): takeIdle(word, takesValue, &rest)
    case .probe: remark = Self.noProbe
    }
    return true
  }

  private static let noProbe =
    "dfuse reaches a board by USB, in its bootloader, and not through a debug probe"

  private static let wordsApart =
    "take the files together, and each option that writes words alone: they are commands of their own"

  /// Takes an option that this program needs no word for, or has nothing for.
  private mutating func takeIdle(
    _ word: String, _ takesValue: Bool, _ rest: inout ArraySlice<String>
  ) {
    var words = [word]
    if takesValue, let value = rest.first, !value.hasPrefix("-") {
      words.append(value)
      rest.removeFirst()
    }
    if ["-se", "--skipErase", "-el", "--extload"].contains(word) { others.append(words) }
  }

  /// Files, each with its address if it brings none.
  private mutating func takeFiles(_ rest: inout ArraySlice<String>) {
    guard let file = rest.popFirst() else { return }
    guard pipe.before.isEmpty else { return advice = Self.wordsApart }
    command = "flash"
    operands.append(file)
    let before = places.count
    takePlace(&rest)
    if FileWord.bringsAddresses(file) { places.removeLast(places.count - before) }
    while let file = rest.first, FileWord.isFirmware(file) { takeFiles(&rest) }
  }

  /// ST's `port=usb1 sn=…`: boards are found without it, but for a serial number.
  private mutating func takeConnection(_ rest: inout ArraySlice<String>) {
    // `-c usb1`, with a slip.
    if let word = rest.first, word.lowercased().hasPrefix("usb") { rest.removeFirst() }
    while let setting = rest.first, setting.contains("=") {
      let parts = setting.split(separator: "=", maxSplits: 1).map(String.init)
      let value = parts.count > 1 ? parts[1] : ""
      switch (parts.first?.lowercased(), value.lowercased()) {
      case ("sn", _) where !value.isEmpty: options += ["--serial", value]
      case ("pid", _), ("vid", _): others.append(["-c", setting])
      case ("port", "swd"), ("port", "jtag"): remark = Self.noProbe
      case ("port", "usb"), ("port", "usb1"): break
      case ("port", let bus) where bus.hasPrefix("usb"): others.append(["-c", setting])
      case ("port", _): remark = "dfuse reaches a board by USB, and not over \(value.visible)"
      default: break
      }
      rest = rest.dropFirst()
    }
    if rest.isEmpty, command == nil, settings.isEmpty, !unprotects { command = "list" }
  }

  /// Sectors by their numbers: `[0 1 2]` as the manual has it, `[0 7]` for a range, or without brackets.
  private static func sectorNumber(_ word: String) -> Int? {
    Int(word.drop { $0 == "[" }.prefix { $0.isNumber })
  }

  private mutating func takeErase(_ rest: inout ArraySlice<String>) {
    if rest.first == "all" {
      command = command ?? "erase"
      erasesAll = true
      rest = rest.dropFirst()
      return
    }
    erasesSectors = true
    rest = rest.drop { Self.sectorNumber($0) != nil }
  }

  /// ST's programmer shows option bytes by `-ob displ`, and sets those that follow.
  private mutating func takeOptionBytes(_ rest: inout ArraySlice<String>) {
    if rest.first == "displ" {
      command = command ?? "options"
      rest = rest.dropFirst()
      return
    }
    while let setting = rest.first, setting.contains("="), !setting.hasPrefix("-") {
      if setting.hasPrefix("file=") {
        others.append(["-ob", setting])
      } else {
        settings.append(setting)
      }
      rest = rest.dropFirst()
    }
    setsFirst = command == nil
    if settings.isEmpty { command = command ?? "options" }
  }

  /// Single words of memory, as a command that has them as a file: `printf` knows octal everywhere.
  private mutating func takeWords(_ size: Int, _ rest: inout ArraySlice<String>) {
    guard let place = rest.popFirst() else { return }
    var text = ""
    while let word = rest.first, let value = CNumber.parse(word) {
      rest.removeFirst()
      guard value.magnitude >> (8 * size) == 0 || size == 8 else {
        advice = "\(word.visible) does not fit into \(8 * size) bits: write what is meant"
        return
      }
      for byte in 0..<size {
        let digits = String(UInt8(truncatingIfNeeded: value >> (8 * byte)), radix: 8)
        text += "\\" + String(repeating: "0", count: 3 - digits.count) + digits
      }
    }
    guard !text.isEmpty else { return }
    guard pipe.before.isEmpty, operands.isEmpty else { return advice = Self.wordsApart }
    command = "flash"
    pipe.before = "printf '\(text)' | "
    options += ["--stay", "--preserve", "--format", "raw"]
    places.append(Self.address(place) ?? place)
    operands.append("-")
  }
}
