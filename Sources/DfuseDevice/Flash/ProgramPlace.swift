public import DfuseFormat

/// Whether raw bytes may go to the place where a board's programs start.
///
/// Bytes without an address are taken for a program, and a program's vectors say where it was
/// linked: a pure function of the bytes and the memory map.
public enum ProgramPlace: Hashable, Sendable {
  /// The bytes are a program for the board's program start.
  case sure
  /// They fit the program start, but were probably linked for `likely`; `candidates` are the places
  /// that can be written, best first, the program start last.
  case doubtful(likely: UInt64, candidates: [UInt64])
  /// They do not fit the program start, for this reason; they do fit `candidates`, best first.
  case elsewhere(VectorTable.Implausibility, candidates: [UInt64])

  /// Decides.
  ///
  /// The bytes fit a place if the reset vector and each system exception vector that is not zero
  /// are odd and inside the bytes as placed. A large program fits several places; the pointers in
  /// it then tell. Those that point between the end of the bytes here and their end there speak
  /// for the other place, those between the two starts for this one: more than twice as many for
  /// another, and at least three, put the place in doubt. (Of 91 public images, five of six that
  /// were linked for another place are found, and none of 57 is doubted that is right.)
  ///
  /// - Parameters:
  ///   - bytes: The whole file. One with an MCUboot header has its vector table behind that.
  ///   - map: The memory that programs run from.
  ///   - start: Where the board's programs start.
  ///   - mayBeRISCV: Whether the device may be a RISC-V processor, whose programs begin with an
  ///     instruction and have no vector table.
  /// - Returns: Whether to put them there.
  public static func decide(
    _ bytes: [UInt8], in map: MemoryMap, start: UInt64, mayBeRISCV: Bool = false
  ) -> ProgramPlace {
    let program = PlacedProgram(bytes, memory: map.extent)
    if mayBeRISCV, ProgramShape.isRISCV(bytes) { return .sure }
    let others = program.possibleStarts(in: map).filter { $0 != start }
    if let reason = program.misfit(at: start) {
      let fitting = others.filter {
        program.misfit(at: $0) == nil && map.allows(.writable, throughout: program.range(at: $0))
      }
      return .elsewhere(reason, candidates: program.best(of: fitting))
    }
    let better = others.filter {
      program.misfit(at: $0) == nil && program.speaksFor($0, against: start, times: 2, atLeast: 3)
    }
    if let likely = program.best(of: better).first {
      let usable = better.filter { map.allows(.writable, throughout: program.range(at: $0)) }
      return .doubtful(likely: likely, candidates: program.best(of: usable) + [start])
    }
    // No board has a sector at every such place, but a program for another one may begin there.
    let step = UInt64(0x400)
    let strange = stride(from: start + step, to: start + UInt64(bytes.count), by: Int(step))
      .filter {
        program.speaksFor($0, against: start, times: 8, atLeast: 16)
          && program.misfit(at: $0) == nil
      }
    guard let likely = program.best(of: strange).first else { return .sure }
    return .doubtful(likely: likely, candidates: [start])
  }
}

/// What shape a program has that begins a memory.
public enum ProgramShape {
  /// Whether an image has a program at an address: a vector table, also one behind an MCUboot
  /// header, or the first instruction of a RISC-V program where that is possible.
  ///
  /// - Returns: Nil if it has, or nothing is there; else why its bytes are no vector table.
  public static func misfit(
    of image: MemoryImage, at address: UInt64, mayBeRISCV: Bool = false
  ) -> VectorTable.Implausibility? {
    guard let run = image.runs.first(where: { $0.range.contains(address) }) else { return nil }
    let bytes = run.bytes.dropFirst(Int(address - run.range.lowerBound))
    if mayBeRISCV, isRISCV(bytes) { return nil }
    return VectorTable.implausibility(of: image, at: address + UInt64(headerSize(bytes)))
  }

  /// Bytes of an MCUboot header before the vector table; 0 if there is none.
  ///
  /// - SeeAlso: MCUboot design.md, "Image format": `ih_magic`, and `ih_hdr_size` at offset 8.
  package static func headerSize(_ bytes: some Collection<UInt8>) -> Int {
    let header = Array(bytes.prefix(32))
    guard header.count == 32, header.starts(with: [0x3D, 0xB8, 0xF3, 0x96]) else { return 0 }
    let size = Int(header[8]) | Int(header[9]) << 8
    return size >= 32 && size < bytes.count ? size : 0
  }

  /// Whether bytes begin with an instruction with which RISC-V programs begin: a jump, `lui`,
  /// `auipc`, an access to a control register, or `nop`.
  ///
  /// - SeeAlso: The RISC-V Instruction Set Manual, volume I, chapters 24 and 26.
  static func isRISCV(_ bytes: some Collection<UInt8>) -> Bool {
    let first = Array(bytes.prefix(4))
    guard first.count == 4 else { return false }
    let word = littleEndian(first[...])
    let function = word >> 12 & 7
    switch word & 0x7F {
    case 0x6F: return word >> 7 & 31 <= 1
    case 0x37, 0x17: return true
    case 0x73: return function != 0 && function != 4
    case 0x13: return word == 0x13
    default: return word & 0xE003 == 0xA001
    }
  }
}

/// A file of raw bytes, and the addresses in it that point into a memory.
private struct PlacedProgram {
  private let count: UInt64
  private let header: UInt64
  private let table: [UInt8]
  /// The aligned words that are addresses of the memory, in rising order.
  private let pointers: [UInt64]

  init(_ bytes: [UInt8], memory: Range<UInt64>) {
    count = UInt64(bytes.count)
    let header = ProgramShape.headerSize(bytes)
    self.header = UInt64(header)
    table = Array(bytes[header...].prefix(VectorTable.size))
    // Vectors in an alias of the flash say that other pointers are, too; any other number that looks
    // like one is a number.
    let alias = table.count >= 8 ? Self.alias(of: Self.word(table, 4)) : nil
    var pointers: [UInt64] = []
    for index in stride(from: 0, to: bytes.count - 3, by: 4) {
      let word = Self.word(bytes, index)
      if memory.contains(UInt64(word)) {
        pointers.append(UInt64(word))
      } else if let alias, Self.alias(of: word) == alias {
        let real = UInt64(word &+ alias)
        if memory.contains(real) { pointers.append(real) }
      }
    }
    self.pointers = pointers.sorted()
  }

  private static func word(_ bytes: [UInt8], _ index: Int) -> UInt32 {
    UInt32(bytes[index]) | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2]) << 16
      | UInt32(bytes[index + 3]) << 24
  }

  /// What leads from an alias of the flash to the flash; nil for any other address.
  private static func alias(of address: UInt32) -> UInt32? {
    VectorTable.meanings(of: address).dropFirst().last.map { $0 &- address }
  }

  /// The addresses of the bytes, if they begin at `start`.
  func range(at start: UInt64) -> Range<UInt64> { start..<(start + count) }

  /// Why the vectors do not fit bytes at `start`; nil if they do.
  func misfit(at start: UInt64) -> VectorTable.Implausibility? {
    let range = range(at: start)
    return VectorTable.implausibility(of: table) { range.contains($0) }
  }

  /// Sector starts from which the reset vector lies inside the bytes.
  func possibleStarts(in map: MemoryMap) -> [UInt64] {
    guard table.count >= 8 else { return [] }
    return VectorTable.meanings(of: Self.word(table, 4) & ~1).flatMap { meaning in
      let reset = UInt64(meaning)
      return map.segments.flatMap { segment -> [UInt64] in
        let low = reset >= count ? reset - count + 1 : 0
        let range = segment.range.clamped(to: low..<(reset + 1))
        guard !range.isEmpty else { return [] }
        let size = segment.sectorSize
        let first = (range.lowerBound - segment.start + size - 1) / size
        return stride(from: segment.start + first * size, to: range.upperBound, by: Int(size))
          .map { $0 }
      }
    }
  }

  /// How many pointers there are into a range.
  func count(in range: Range<UInt64>) -> Int {
    range.isEmpty ? 0 : index(of: range.upperBound) - index(of: range.lowerBound)
  }

  /// Whether more than so many times as many pointers fit `other` only as fit `start` only.
  func speaksFor(
    _ other: UInt64, against start: UInt64, times: Int, atLeast least: Int
  ) -> Bool {
    let (low, high) = (min(start, other), max(start, other))
    let between = count(in: low..<min(high, low + count))
    let behind = count(in: max(high, low + count)..<(high + count))
    let (gained, lost) = other > start ? (behind, between) : (between, behind)
    return gained > times * lost && gained >= least
  }

  /// The places with most pointers inside the bytes, at most four; of equal ones those that the
  /// bytes name, and the higher.
  func best(of starts: [UInt64]) -> [UInt64] {
    let ranked = starts.map { start in
      (inside: count(in: range(at: start)), named: count(in: start..<(start + 1)), start)
    }.sorted { ($0.0, min($0.1, 1), $0.2) > ($1.0, min($1.1, 1), $1.2) }
    let most = ranked.first?.inside ?? 0
    return ranked.filter { $0.inside * 10 >= most * 9 }.prefix(4).map(\.2)
  }

  /// The number of pointers below an address.
  private func index(of address: UInt64) -> Int {
    var (low, high) = (0, pointers.count)
    while low < high {
      let middle = (low + high) / 2
      if pointers[middle] < address { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension MemoryMap {
  /// From the first address to the last.
  fileprivate var extent: Range<UInt64> {
    let start = segments.map(\.start).min() ?? 0
    return start..<max(segments.map(\.end).max() ?? 0, start)
  }
}
