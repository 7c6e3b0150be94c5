extension MemoryMap {
  /// No string descriptor is long enough for more runs of sectors.
  static let runLimit = 64

  /// Reads the name of an alternate setting as a memory map.
  ///
  /// More is understood than UM0424 grants, because devices send more: counts and sizes of up to
  /// five digits (`0256*0002Kg`), a missing multiplier (`1536*128g`) or `.` for one
  /// (`01*1024.e`), several groups, addresses without leading zeros, unprintable bytes anywhere.
  /// What cannot be understood becomes a note; what is sound is kept.
  ///
  /// - Parameter text: The string, cut to the bytes that were received.
  /// - Returns: The map, or nil when the string does not start with `@`.
  public static func parse(_ text: String) -> MemoryMap? {
    let scalars = text.unicodeScalars.filter { (0x20...0x7E).contains($0.value) }
    let printable = String(scalars)
    guard printable.hasPrefix("@") else { return nil }
    var map = MemoryMap(name: "", text: text, segments: [])
    let dropped = text.unicodeScalars.count - scalars.count
    if dropped > 0 { map.notes.append(.charactersDropped(count: dropped)) }

    var parts = printable.dropFirst().split(separator: "/", omittingEmptySubsequences: false)[...]
    map.name = parts.removeFirst().split(separator: " ").joined(separator: " ")
    while let address = parts.popFirst()?.trimmed {
      let runs = parts.popFirst()
      // A slash at the very end opens no group.
      if runs == nil, address.isEmpty { break }
      if let runs, let start = hexadecimal(address) {
        map.append(runs, from: start)
      } else {
        map.notes.append(.malformedGroup(String(address)))
      }
    }
    return map
  }

  /// Adds the runs of one group, each from where the one before ended.
  private mutating func append(_ runs: Substring, from start: UInt64) {
    var address = start
    for text in runs.split(separator: ",", omittingEmptySubsequences: false).map(\.trimmed) {
      guard segments.count < Self.runLimit else {
        notes.append(.tooManyRuns(limit: Self.runLimit))
        return
      }
      guard let run = MemoryMapRun(text) else {
        // Without this run, nobody knows where the following ones are.
        notes.append(.malformedRun(String(text)))
        return
      }
      notes += run.notes
      guard run.count > 0, run.sectorSize > 0 else {
        notes.append(.emptyRun(String(text)))
        continue
      }
      let fitting = min(run.count, (0x1_0000_0000 - address) / run.sectorSize)
      if fitting < run.count { notes.append(.beyondAddressSpace(String(text))) }
      guard fitting > 0 else { return }
      let segment = MemorySegment(
        start: address, sectorSize: run.sectorSize, sectorCount: fitting, access: run.access)
      if segments.contains(where: { $0.range.overlaps(segment.range) }) {
        notes.append(.overlap(String(text)))
      } else {
        segments.append(segment)
      }
      guard fitting == run.count else { return }
      address = segment.end
    }
  }

  /// The address of a group: one to eight hexadecimal digits, with or without `0x`.
  private static func hexadecimal(_ text: Substring) -> UInt64? {
    let prefixed = text.hasPrefix("0x") || text.hasPrefix("0X")
    let digits = prefixed ? text.dropFirst(2) : text
    guard (1...8).contains(digits.count), digits.allSatisfy(\.isHexDigit) else { return nil }
    return UInt64(digits, radix: 16)
  }
}

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
