/// One run of a memory map, `COUNT*SIZE[MULTIPLIER][TYPE]`, before it has an address.
struct MemoryMapRun {
  /// Sectors; 0 to 99999.
  var count: UInt64
  /// Bytes a sector; 0 to 99999 MiB.
  var sectorSize: UInt64
  /// What the type letter allows.
  var access: MemoryAccess
  /// What is odd about the run.
  var notes: [MemoryMapNote] = []

  /// Reads a run of printable ASCII, or fails when count or size are not numbers up to 99999.
  init?(_ text: Substring) {
    guard let star = text.firstIndex(of: "*") else { return nil }
    let behind = text[star...].dropFirst().trimmed
    let digits = behind.prefix { $0.isNumber }
    guard let count = Self.decimal(text[..<star].trimmed), let size = Self.decimal(digits) else {
      return nil
    }
    self.count = count

    var letters = behind.dropFirst(digits.count).filter { $0 != " " }
    if letters.count > 2 {
      notes.append(.junkAfterRun(String(text)))
      letters = String(letters.prefix(2))
    }
    let access = letters.last.flatMap(Self.access)
    if access != nil { letters.removeLast() }
    if access == nil { notes.append(.typeMissing(String(text))) }
    self.access = access ?? .readable

    switch letters.first {
    case nil, "B", ".": sectorSize = size
    case "K", "k": sectorSize = size * 1024
    case "M", "m": sectorSize = size * 1_048_576
    default:
      sectorSize = size
      notes.append(.unknownMultiplier(String(text)))
    }
  }

  /// A number of decimal digits only, at most 99999; a leading 0 does not make it octal.
  private static func decimal(_ digits: Substring) -> UInt64? {
    guard digits.allSatisfy(\.isNumber), let number = UInt64(digits) else { return nil }
    return number <= 99_999 ? number : nil
  }

  /// What a type letter, `a` to `g` of any case, allows: its low three bits.
  ///
  /// A capital B is the multiplier, as it is everywhere else; nobody has a type `b` memory, which
  /// could be erased but neither read nor written.
  private static func access(_ letter: Character) -> MemoryAccess? {
    guard letter != "B", let code = letter.asciiValue, ("a"..."g").contains(letter.lowercased())
    else { return nil }
    return MemoryAccess(rawValue: code & 7)
  }
}

extension Substring {
  /// Without the blanks at both ends.
  var trimmed: Substring {
    let start = drop { $0 == " " }
    guard let last = start.lastIndex(where: { $0 != " " }) else { return "" }
    return start[...last]
  }
}
