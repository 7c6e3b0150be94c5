public import DfuseFormat

/// One of two things that are compared: a board, a snapshot, or firmware.
public struct ComparedContents: Hashable, Sendable {
  /// The addresses that it has something for, in rising order.
  public var ranges: [Range<UInt64>]
  /// The bytes; what is in ``ranges`` and not here is blank.
  public var image: MemoryImage
  /// Whether it is all that some memories hold, as of a board, and not just what is put there.
  public var isWhole: Bool
  /// The memories, where they are known.
  public var maps: [MemoryMap] = []
  /// The value of blank bytes, where it is known.
  public var erasedByte: UInt8?
  /// Where programs start, where that is known.
  public var programStart: UInt64?
  /// The lines of parts that the chip may be, where that is known.
  var roms: [BootloaderROM] = []

  /// Takes in which lines of parts it is of, as something told that knows it better than a map.
  public mutating func narrow(to parts: [String]) {
    let fitting = roms.filter { parts.contains($0.parts) }
    if !fitting.isEmpty { roms = fitting }
  }

  /// Firmware: what it has bytes for.
  public init(_ image: MemoryImage) {
    (ranges, self.image, isWhole) = (image.ranges, image, false)
  }

  /// Whole memories.
  public init(_ snapshot: Snapshot) throws(FormatError) {
    var elements: [ImageElement] = []
    for memory in snapshot.memories { elements += memory.image.runs }
    image = try MemoryImage(merging: elements)
    ranges = snapshot.memories.flatMap(\.ranges).union
    isWhole = true
    maps = snapshot.memories.map(\.map)
    erasedByte = snapshot.chip.erasedByte
    roms = snapshot.chip.roms
  }

  /// What was read of a board.
  public init(_ layout: SnapshotLayout, _ bytes: [UInt8], of board: Board) throws(FormatError) {
    image = try MemoryImage(merging: layout.elements(bytes).flatMap(\.self))
    ranges = image.ranges
    isWhole = true
    maps = board.allMemories.map(\.map)
    erasedByte = board.chip.erasedByte
    roms = board.chip.roms
    programStart = board.bootloader?.programStart.map(UInt64.init)
  }

  /// The bytes of a range, `erased` where it has none.
  func bytes(_ range: Range<UInt64>, erased: UInt8) -> [UInt8] {
    var element = ImageElement(
      address: UInt32(truncatingIfNeeded: range.lowerBound),
      bytes: [UInt8](repeating: erased, count: range.count))
    for run in image.runs where run.range.overlaps(range) {
      if let part = run.part(range) { element.replace(part) }
    }
    return element.bytes
  }
}

/// In what two contents differ: a pure function of both.
///
/// Compared is what both can have: of two boards or snapshots the memories of both, of firmware and a
/// board what the firmware has, of two pieces of firmware all that either has. What is missing
/// counts as blank.
public struct Comparison: Hashable, Sendable {
  /// A place in which they differ.
  public struct Difference: Hashable, Sendable {
    /// From the first byte that differs to the last; a few equal ones may lie between.
    public var range: Range<UInt64>
    /// How many bytes differ.
    public var count: Int
    /// The first bytes of either.
    public var left: [UInt8]
    /// The first bytes of the other.
    public var right: [UInt8]
  }

  /// Words that a vector table begins with.
  public struct Vectors: Hashable, Sendable {
    /// The initial stack pointer.
    public var stack: UInt32
    /// The reset vector.
    public var reset: UInt32
  }

  /// Something that both have in one place, and that is not the same.
  public struct Pair<Value: Hashable & Sendable>: Hashable, Sendable {
    /// Where it stands.
    public var address: UInt64
    /// What one has.
    public var left: Value
    /// What the other has.
    public var right: Value
  }

  /// What was compared, in rising order.
  public private(set) var compared: [Range<UInt64>] = []
  /// What only one can have, and was not compared.
  public private(set) var onlyLeft: [Range<UInt64>] = []
  /// What only the other can have, and was not compared.
  public private(set) var onlyRight: [Range<UInt64>] = []
  /// Where they differ, but for option bytes, in rising order.
  public private(set) var differences: [Difference] = []
  /// The sectors that differ, in rising order; none where no memory map is known.
  public private(set) var sectors: [Range<UInt64>] = []
  /// Vector tables that differ.
  public private(set) var vectors: [Pair<Vectors>] = []
  /// Words of option bytes that differ.
  public private(set) var optionWords: [Pair<UInt32>] = []
  /// Fields of option bytes that differ, where the chip's are known.
  public private(set) var optionFields: [OptionFieldDifference] = []
  /// Those of the words whose difference is no field's, nor the complement of one.
  public private(set) var otherOptionWords: [Pair<UInt32>] = []

  /// Whether they are the same, as far as they were compared.
  public var isSame: Bool { differences.isEmpty && optionWords.isEmpty }
  /// Bytes that were compared.
  public var byteCount: UInt64 { compared.byteCount }
  /// Bytes that differ, those of option bytes counted by words.
  public var differingCount: Int {
    differences.reduce(0) { $0 + $1.count } + optionWords.count * 4
  }

  /// What a byte is that one of them lacks.
  private struct Blank {
    var left: UInt8
    var right: UInt8
  }

  /// How many equal bytes may lie within one difference.
  private static let gap: UInt64 = 16
  /// How many bytes of a difference are shown.
  private static let sample = 8

  /// Compares.
  public init(_ left: ComparedContents, _ right: ComparedContents) {
    if left.isWhole || right.isWhole {
      compared = left.ranges.intersection(right.ranges)
      // What a board has beside firmware was never meant.
      if right.isWhole { onlyLeft = left.ranges.subtracting(compared) }
      if left.isWhole { onlyRight = right.ranges.subtracting(compared) }
    } else {
      compared = (left.ranges + right.ranges).union
    }
    // Two chips may be blank in different ways.
    let blank = Blank(
      left: left.erasedByte ?? right.erasedByte ?? 0xFF,
      right: right.erasedByte ?? left.erasedByte ?? 0xFF)
    let maps = left.maps.isEmpty ? right.maps : left.maps
    let options = maps.optionRanges
    optionWords = Self.differences(optionBytes: compared.intersection(options), left, right)
    otherOptionWords = optionWords
    if !optionWords.isEmpty,
      let known = ComparedOptions(left, right, in: compared.intersection(options))
    {
      optionFields = known.fields
      otherOptionWords.removeAll { !known.hasMore($0) }
    }
    for range in compared.subtracting(options) {
      compare(range, left, right, blank)
    }
    for difference in differences {
      for map in maps where map.kind.isFlash {
        for sector in map.sectors(overlapping: difference.range) where sectors.last != sector {
          sectors.append(sector)
        }
      }
    }
    vectors = Self.vectors(left, right, in: compared, blank)
  }

  /// The words of option bytes that differ.
  private static func differences(
    optionBytes ranges: [Range<UInt64>], _ left: ComparedContents, _ right: ComparedContents
  ) -> [Pair<UInt32>] {
    var words: [Pair<UInt32>] = []
    for range in ranges {
      var address = range.lowerBound
      while address < range.upperBound {
        let word = address..<min(address + 4, range.upperBound)
        let (one, other) = (left.bytes(word, erased: 0xFF), right.bytes(word, erased: 0xFF))
        if one != other {
          words.append(
            Pair(address: address, left: littleEndian(one[...]), right: littleEndian(other[...])))
        }
        address = word.upperBound
      }
    }
    return words
  }

  /// Whole blocks are compared at once, and only those that differ byte by byte.
  private mutating func compare(
    _ range: Range<UInt64>, _ left: ComparedContents, _ right: ComparedContents, _ blank: Blank
  ) {
    var start = range.lowerBound
    var isNew = true
    while start < range.upperBound {
      let block = start..<min(start + 4096, range.upperBound)
      let one = left.bytes(block, erased: blank.left)
      let other = right.bytes(block, erased: blank.right)
      if one != other {
        for index in one.indices where one[index] != other[index] {
          let address = start + UInt64(index)
          if !isNew, let last = differences.last, address - last.range.upperBound < Self.gap {
            differences[differences.count - 1].range = last.range.lowerBound..<address + 1
            differences[differences.count - 1].count += 1
          } else {
            let shown = index..<min(index + Self.sample, one.count)
            differences.append(
              Difference(
                range: address..<address + 1, count: 1, left: Array(one[shown]),
                right: Array(other[shown])))
            isNew = false
          }
        }
      }
      start = block.upperBound
    }
    // Of a short difference, no more is shown than there is.
    for index in differences.indices.reversed() {
      guard range.contains(differences[index].range.lowerBound) else { break }
      let count = min(differences[index].range.count, Self.sample)
      differences[index].left = Array(differences[index].left.prefix(count))
      differences[index].right = Array(differences[index].right.prefix(count))
    }
  }

  private static func vectors(
    _ left: ComparedContents, _ right: ComparedContents, in compared: [Range<UInt64>],
    _ blank: Blank
  ) -> [Pair<Vectors>] {
    let flash: Range<UInt64> = 0x0800_0000..<0x0900_0000
    var places: Set<UInt64> = []
    for side in [left, right] {
      if let start = side.programStart { places.insert(start) }
      for map in side.maps where map.kind == .internalFlash {
        if let start = map.segments.map(\.start).min() { places.insert(start) }
      }
      if let run = side.image.runs.first(where: { flash.contains($0.range.lowerBound) }) {
        places.insert(run.range.lowerBound)
      }
    }
    return places.sorted().compactMap { place in
      let table = place..<place + 8
      let isThere = compared.contains {
        $0.lowerBound <= table.lowerBound && table.upperBound <= $0.upperBound
      }
      guard isThere else { return nil }
      let pair = Pair(
        address: place, left: Vectors(left.bytes(table, erased: blank.left)),
        right: Vectors(right.bytes(table, erased: blank.right)))
      return pair.left == pair.right ? nil : pair
    }
  }
}

extension Comparison.Vectors {
  fileprivate init(_ bytes: [UInt8]) {
    self.init(stack: littleEndian(bytes[0..<4]), reset: littleEndian(bytes[4..<8]))
  }
}

extension [MemoryMap] {
  /// How much they have in all, in KiB; nil where they have no addresses.
  var kibibytes: UInt64? {
    let bytes = flatMap { $0.segments.map(\.range) }.union.byteCount
    return bytes > 0 ? bytes / 1024 : nil
  }

  /// The segments of option bytes: those of the first map that is of them.
  var optionSegments: [MemorySegment] { first { $0.kind == .optionBytes }?.segments ?? [] }

  /// The addresses of option bytes.
  var optionRanges: [Range<UInt64>] {
    filter { $0.kind == .optionBytes }.flatMap { $0.segments.map(\.range) }.union
  }
}
