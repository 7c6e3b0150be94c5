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
