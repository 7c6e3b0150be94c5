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
  var advice: String?
  /// What the tool does and this program does not.
  var remark: String?
  /// What a shell is to put before and behind the command.
  var pipe = (before: "", after: "")
  var command: String?
  var options: [String] = []
  var operands: [String] = []
  /// Where files without addresses belong, in their order.
  var places: [String] = []
  /// Option bytes to set, `NAME=VALUE`; and whether that comes before a file is flashed.
  var settings: [String] = []
  var setsFirst = false
  /// Whether ST's tool was to erase sectors by their numbers, which a flash does by itself.
  var erasesSectors = false
  /// Whether read protection was to be removed.
  var unprotects = false
  /// Whether ST's tool was to erase the whole flash.
  var erasesAll = false
  /// Whether dfu-util was to take the board into its bootloader.
  var enters = false
  /// What is no option of the tool, with its value: this program's own, or nobody's.
  var others: [[String]] = []

  /// Reads the words behind the program's name.
  init(_ words: [String], commands: Set<String>) {
    var rest = words[...]
    let named = rest.first.flatMap { Self.names[$0] }
    if named != nil { rest.removeFirst() }
    if let first = rest.first, commands.contains(first) { command = rest.removeFirst() }
    let isOwn = command.map(Self.ownCommands.contains) ?? false
    let tool = isOwn ? nil : named ?? Self.tool(of: Array(rest))
    while let word = rest.popFirst() {
      let isTaken =
        switch tool {
        case .dfuUtil: takeDfuUtil(word, &rest)
        case .st: takeST(word, &rest)
        case nil: false
        }
      if !isTaken { takeOther(word, &rest) }
    }
    if erasesSectors, command != "flash" {
      advice =
        "give 'dfuse erase' an --address and a --length; 'dfuse list' shows where sectors begin"
    }
  }

  /// The tools' programs, whose old command lines are pasted as they are.
  private static let names: [String: Tool] = [
    "dfu-util": .dfuUtil, "dfu-util.exe": .dfuUtil, "STM32_Programmer_CLI": .st,
    "STM32_Programmer_CLI.exe": .st, "STM32_Programmer.sh": .st,
  ]

  /// The commands with letters of their own, and nothing of those tools to be taken for.
  private static let ownCommands: Set = ["pack", "unpack", "info", "udev", "simulate", "doctor"]

  /// Whose options these are; nil if all of them may be this program's.
  ///
  /// Many letters mean something to both tools, so that the words beside one count as well.
  private static func tool(of words: [String]) -> Tool? {
    for (index, word) in words.enumerated() where word.hasPrefix("-") {
      let next = index + 1 < words.count ? words[index + 1] : nil
      if isST(word, next) { return .st }
    }
    return words.contains(where: isDfuUtil) ? .dfuUtil : nil
  }

  /// The command lines here, the first to be typed first.
  ///
  /// - Parameter withOthers: Whether words that are no option of the tool are kept.
  /// - Returns: Their words without the program's name; nothing if there is no such command.
  func lines(withOthers: Bool) -> [[String]] {
    guard option != nil else { return [] }
    let options = options + (withOthers ? others.flatMap(\.self) : [])
    let set = settings.isEmpty ? [] : [["options"] + options + ["set"] + settings]
    let unlock =
      unprotects ? [["unprotect"] + Self.options(options, of: "unprotect") + ["--yes"]] : []
    guard let command = command ?? (erasesAll ? "erase" : nil) else {
      return enters ? [["enter"] + options] : unlock + set
    }
    if command.hasPrefix("-") { return [[command]] }
    // Those that dfu-util is told beside a container say nothing.
    let takesPlaces = command != "flash" || operands.contains { !FileWord.bringsAddresses($0) }
    let place = (takesPlaces ? places : []).flatMap { ["--address", $0] }
    let entry = enters ? ["--enter"] : []
    // `flash --all` is all boards, and no erase.
    let erase = erasesAll ? [command == "erase" ? "--all" : "--mass-erase"] : []
    let line = [command] + entry + erase + Self.options(options, of: command) + place + operands
    return unlock + (setsFirst ? set + [line] : [line] + set)
  }

  /// What `lines(withOthers: false)` leaves out, for people.
  var leftOut: String? {
    others.isEmpty ? nil : others.map { $0.joined(separator: " ").visible }.joined(separator: ", ")
  }

  /// Options without the alternate setting, where the command is not about one memory.
  private static func options(_ options: [String], of command: String) -> [String] {
    guard ["leave", "unprotect", "erase"].contains(command),
      let index = options.firstIndex(where: { ["-a", "--alt"].contains($0) })
    else { return options }
    return Array(options[..<index] + options.dropFirst(index + 2))
  }

  /// Takes a word of the tool: what it means here, and a file that goes with it.
  mutating func of(
    _ tool: Tool, _ name: String, means command: String? = nil, operand: String? = nil
  ) {
    option = option ?? (name, tool)
    if let command { self.command = command }
    if let operand { operands.append(operand) }
  }

  /// Takes an address if one comes: hexadecimal, or as C reads numbers.
  mutating func takePlace(_ rest: inout ArraySlice<String>) {
    guard let word = rest.first, let place = Self.address(word) else { return }
    rest.removeFirst()
    places.append(place)
  }

  /// An address as this program takes it; nil for a word that is none.
  static func address(_ word: String) -> String? {
    guard word.first?.isNumber ?? false else { return nil }
    if word.lowercased().hasPrefix("0x") { return word }
    // Whoever leaves 0x out writes all eight digits.
    if word.first == "0", word.count == 8, word.allSatisfy(\.isHexDigit) { return "0x" + word }
    return CNumber.parse(word).flatMap { UInt32(exactly: $0) }?.hex
  }

  /// Takes a word that is none of the tool's, and a value behind it.
  private mutating func takeOther(_ word: String, _ rest: inout ArraySlice<String>) {
    guard word.hasPrefix("-"), word != "-" else { return operands.append(word) }
    guard let value = rest.first, !value.hasPrefix("-"), !FileWord.isFirmware(value) else {
      return others.append([word])
    }
    rest.removeFirst()
    others.append([word, value])
  }
}

/// A word that may be the name of a file.
enum FileWord {
  /// Whether its name is that of firmware.
  static func isFirmware(_ word: String) -> Bool {
    let name = word.lowercased()
    return endings.contains { name.hasSuffix("." + $0) }
  }

  /// Whether its name is that of a file with addresses of its own.
  static func bringsAddresses(_ word: String) -> Bool {
    Firmware.Format(promisedBy: word) != nil
  }

  /// The endings of such names, without the dot: those that promise a format, and those of raw bytes.
  static let endings = Firmware.Format.endings.keys.sorted() + ["bin", "raw", "img"]
}
