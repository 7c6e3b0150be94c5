import ArgumentParser
import DfuseDevice
import DfuseSimulator

/// What a shell offers behind an option, when somebody presses Tab.
///
/// The shell asks the program, with the words that stand there so far: boards are those that are
/// plugged in, or those that the line itself simulates.
enum Completions {
  /// The chips that can be simulated.
  static let chips = CompletionKind.custom { _, _, _ in SimulatedChip.every.flatMap(\.names) }
  /// The ports of boards, in their bootloaders or with a way there.
  static let paths = CompletionKind.custom { words, _, _ in
    boards(in: words).map(\.identity.path)
  }
  /// Their serial numbers.
  static let serials = CompletionKind.custom { words, _, _ in
    Set(boards(in: words).compactMap(\.identity.serialNumber)).sorted()
  }
  /// The memories of boards in their bootloaders, by number and by name.
  static let alternates = CompletionKind.custom { words, _, _ in alternates(in: words) }

  /// Files that hold a container.
  static let containers = CompletionKind.file(extensions: ["dfu"])
  /// Files that hold an image, by the names that firmware has.
  static let images = CompletionKind.file(extensions: FileWord.endings)
  /// Behind an option whose value may be missing: what follows is a file, for most.
  static let operand = CompletionKind.file()

  /// The words of all values that an option has on a command line.
  private static func values(of option: String, in words: [String]) -> [String] {
    words.indices.compactMap { index in
      if words[index].hasPrefix(option + "=") {
        return String(words[index].dropFirst(option.count + 1))
      }
      return words[index] == option && index + 1 < words.count ? words[index + 1] : nil
    }
  }

  /// The bus that a command line works on; none where that cannot be used.
  private static func source(_ words: [String]) -> BoardSource? {
    // A shell may have split a value at its colon; the state of a board is not needed.
    let chips = values(of: "--simulate", in: words).map { String($0.prefix { $0 != ":" }) }
    guard chips.isEmpty else {
      return try? .simulated(chips, faults: [], changes: false)
    }
    return try? .machine()
  }

  /// The devices that commands work on, none of which is opened.
  private static func boards(in words: [String]) -> [PluggedDevice] {
    let plugged = (try? source(words)?.pluggedDevices()) ?? []
    return plugged.filter { $0.isInBootloader || !Way.fitting($0).isEmpty }
  }

  private static func alternates(in words: [String]) -> [String] {
    let path = values(of: "--path", in: words).last
    let serial = values(of: "--serial", in: words).last
    let boards = ((try? source(words)?.devices()) ?? []).filter { listing in
      let identity = listing.identity
      return (path == nil || identity.path == path) && (serial.map(identity.hasSerial) ?? true)
    }
    let memories = boards.compactMap(\.board).flatMap(\.memories)
    let names = memories.flatMap { ["\($0.alternateSetting)", $0.map.name] }
    return names.indices.filter { !names[..<$0].contains(names[$0]) && !names[$0].isEmpty }
      .map { names[$0].visible }
  }
}
