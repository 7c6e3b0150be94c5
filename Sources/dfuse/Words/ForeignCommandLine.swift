import DfuseFormat

/// A command line with the options of another tool, and what it means here.
///
/// - SeeAlso: dfu-util 0.11's manual; ST UM2237 (STM32CubeProgrammer), section 3.2.
struct ForeignCommandLine {
  enum Tool: String {
    case dfuUtil = "dfu-util"
    case st = "STM32CubeProgrammer"
  }

  /// The first option that is another tool's, and whose.
  private(set) var option: (name: String, tool: Tool)?
  /// What to do where no command here does it.
  private(set) var advice: String?
  /// What the tool does and this program does not.
  private(set) var remark: String?
  private var command: String?
  private var options: [String] = []
  private var operands: [String] = []
  private var address: String?
  /// Whether ST's tool was to erase the whole flash.
  private var erasesAll = false
  /// Whether dfu-util was to take the board into its bootloader.
  private var enters = false

  /// Reads the words behind the program's name.
  init(_ words: [String], commands: Set<String>) {
    var rest = words[...]
    if let first = rest.first, Self.names.contains(first) { rest.removeFirst() }
    if let first = rest.first, commands.contains(first) { command = rest.removeFirst() }
    while let word = rest.popFirst() { take(word, &rest) }
  }

  /// The tools' programs, whose old command lines are pasted as they are.
  private static let names: Set = [
    "dfu-util", "STM32_Programmer_CLI", "STM32_Programmer_CLI.exe", "STM32_Programmer.sh",
  ]

  /// The command line here, if there is one.
  var words: [String]? {
    guard option != nil, let command else { return enters ? ["enter"] + options : nil }
    let place = address.map { ["--address", $0] } ?? []
    let entry = enters ? ["--enter"] : []
    // `flash --all` is all boards, and no erase.
    let erase = erasesAll ? [command == "erase" ? "--all" : "--mass-erase"] : []
    return [command] + entry + erase + Self.options(options, of: command) + place + operands
  }

  /// Options without the alternate setting, where the command is not about one memory.
  private static func options(_ options: [String], of command: String) -> [String] {
    guard ["leave", "unprotect"].contains(command),
      let index = options.firstIndex(where: { ["-a", "--alt"].contains($0) })
    else { return options }
    return Array(options[..<index] + options.dropFirst(index + 2))
  }

  private mutating func take(_ word: String, _ rest: inout ArraySlice<String>) {
    switch word {
    case "-D", "--download": of(.dfuUtil, word, means: "flash", operand: rest.popFirst())
    case "-U", "--upload":
      of(.dfuUtil, word, means: "read")
      options += ["-o", rest.popFirst() ?? "board.bin"]
    case "-l", "--list":
      let isST = ["usb", "uart", "st-link"].contains(rest.first ?? "")
      of(isST ? .st : .dfuUtil, word, means: "list")
      if isST { rest = rest.dropFirst() }
    case "-s", "--dfuse-address": takeAddress(word, &rest)
    case "-w", "-d":
      if let file = rest.first, FileWord.isFirmware(file) {
        of(.st, word, means: "flash", operand: rest.removeFirst())
        takePlace(&rest)
      } else if word == "-w" {
        of(.dfuUtil, word)
        options.append("--wait")
      } else {
        options += [word] + rest.prefix(1)
        rest = rest.dropFirst()
      }
    case "-R", "--reset":
      of(.dfuUtil, word)
      command = command ?? "leave"
    case "-e", "--detach", "--erase":
      takeErase(word, &rest)
    case "-Z", "--upload-size":
      of(.dfuUtil, word)
      options += ["--length"] + rest.prefix(1)
      rest = rest.dropFirst()
    case "-c", "--connect": takeConnection(word, &rest)
    case "-ob", "--optionbytes":
      of(.st, word)
      takeOptionBytes(&rest)
    case "-rdu", "--readunprotect":
      of(.st, word, means: "unprotect")
      options.append("--yes")
    case "-r", "-u", "--read":
      of(.st, word, means: "read")
      for name in ["--address", "--length", "-o"] {
        options += [name] + rest.prefix(1)
        rest = rest.dropFirst()
      }
    case "-g", "--go", "-rst", "-hardRst":
      of(.st, word)
      command = command ?? "leave"
      takePlace(&rest)
    case "-v" where option?.tool == .st: break
    default:
      guard word.hasPrefix("-"), word != "-" else { return operands.append(word) }
      options.append(word)
      if let value = rest.first, !value.hasPrefix("-"), !FileWord.isFirmware(value) {
        options.append(rest.removeFirst())
      }
    }
  }

  /// With ST's programmer, `-e` erases everything, or sectors by their numbers; with dfu-util, it
  /// takes a board into its bootloader.
  private mutating func takeErase(_ word: String, _ rest: inout ArraySlice<String>) {
    // `[0 1 2]` as the manual has it, `[0 7]` for a range, or without brackets.
    let sectors = rest.prefix { word in
      Int(word.drop { $0 == "[" }.prefix { $0.isNumber }) != nil
    }
    if word != "--detach", rest.first == "all" {
      of(.st, word)
      command = command ?? "erase"
      erasesAll = true
      rest = rest.dropFirst()
    } else if word != "--detach", !sectors.isEmpty {
      of(.st, word)
      advice =
        "give 'dfuse erase' an --address and a --length; 'dfuse list' shows where sectors begin"
      rest = rest.dropFirst(sectors.count)
    } else {
      of(.dfuUtil, word)
      enters = true
    }
  }

  /// ST's programmer shows option bytes by `-ob displ`, and sets those that follow.
  private mutating func takeOptionBytes(_ rest: inout ArraySlice<String>) {
    command = "options"
    if rest.first == "displ" {
      rest = rest.dropFirst()
      return
    }
    if !operands.contains("set") { operands.append("set") }
    while let setting = rest.first, setting.contains("="), !setting.hasPrefix("-") {
      operands.append(setting)
      rest = rest.dropFirst()
    }
  }

  private mutating func of(
    _ tool: Tool, _ name: String, means command: String? = nil, operand: String? = nil
  ) {
    option = option ?? (name, tool)
    if let command { self.command = command }
    if let operand { operands.append(operand) }
  }

  /// dfu-util's `ADDRESS[:modifier]…`; with ST's tool, `-s` starts a program.
  private mutating func takeAddress(_ word: String, _ rest: inout ArraySlice<String>) {
    guard option?.tool != .st, let value = rest.popFirst() else {
      of(.st, word)
      command = command ?? "leave"
      return takePlace(&rest)
    }
    let parts = value.split(separator: ":", omittingEmptySubsequences: false)
    of(.dfuUtil, word)
    if let first = parts.first, !first.isEmpty { address = String(first) }
    if let length = parts.dropFirst().first(where: { $0.first?.isNumber ?? false }) {
      options += ["--length", String(length)]
    }
    let modifiers = parts.dropFirst().compactMap { DfuSeOptions.Modifier(rawValue: String($0)) }
    if modifiers.contains(.willReset) { options.append("--allow-option-bytes") }
    if modifiers.contains(.massErase) { options.append("--mass-erase") }
    if modifiers.contains(.unprotect) {
      command = "unprotect"
      options.append("--yes")
    } else if modifiers.contains(.leave) {
      command = command ?? "leave"
    }
  }

  private mutating func takePlace(_ rest: inout ArraySlice<String>) {
    guard let place = rest.first, place.lowercased().hasPrefix("0x") else { return }
    address = rest.removeFirst()
  }

  /// ST's `port=usb1 sn=…`: boards are found without it, but for a serial number.
  private mutating func takeConnection(_ word: String, _ rest: inout ArraySlice<String>) {
    of(.st, word)
    while let setting = rest.first, setting.contains("=") {
      if setting.lowercased().hasPrefix("sn=") {
        options += ["--serial", String(setting.dropFirst(3))]
      }
      if ["port=swd", "port=jtag"].contains(setting.lowercased()) {
        remark = "dfuse reaches a board by USB, in its bootloader, and not through a debug probe"
      }
      rest = rest.dropFirst()
    }
    if rest.isEmpty { command = command ?? "list" }
  }
}

/// A word that may be the name of a file.
enum FileWord {
  /// Whether its name is that of firmware.
  static func isFirmware(_ word: String) -> Bool {
    let name = word.lowercased()
    return endings.contains { name.hasSuffix("." + $0) }
  }

  /// The endings of such names, without the dot: those that promise a format, and those of raw bytes.
  static let endings = Firmware.Format.endings.keys.sorted() + ["bin", "raw", "img"]
}
