/// The contents of a board: every byte the bootloader serves, and its protections.
///
/// Storage is sparse: only 4 KiB pages that were written to exist.
struct BoardMemory: Hashable, Sendable {
  /// 4 KiB of content and, for each byte, whether it was programmed since the last erase.
  struct Page: Hashable, Sendable {
    /// The content.
    var bytes: [UInt8]
    /// 1 where a byte was programmed.
    var used: [UInt8]
  }

  /// Bytes in a page.
  static let pageSize: UInt64 = 4096

  /// All of a page was programmed.
  private static let allUsed = bytes(1, count: Int(pageSize))

  /// The memories, sorted by address.
  var regions: [MemoryRegion]
  /// How flash takes data.
  let rules: FlashRules
  /// What the chip's option bytes are; nil where they are mere bytes.
  let options: SimulatedOptionBytes?
  /// Pages by address divided by ``pageSize``.
  var pages: [UInt32: Page] = [:]
  /// Read protection level: 0, 1 or 2.
  var readProtection: UInt8 = 0
  /// First addresses of write-protected sectors.
  var writeProtected: Set<UInt32> = []
  /// The option bytes that are in force, by address.
  var loadedOptions: [UInt32: UInt32] = [:]
  /// First addresses of sectors that option bytes protect.
  var optionProtected: Set<UInt32> = []
  /// First addresses of sectors of which the bootloader sees nothing.
  var hidden: Set<UInt32> = []
  /// Whether the banks have changed places.
  var banksAreSwapped = false
  /// Whether two banks are one.
  var banksAreJoined = false
  /// Bits that do not program: masks by address.
  var stuckBits: [UInt32: UInt8] = [:]

  /// Makes the memory of a blank board.
  init(
    regions: [MemoryRegion], rules: FlashRules, options: SimulatedOptionBytes? = nil
  ) {
    self.regions = regions.sorted { $0.start < $1.start }
    self.rules = rules
    self.options = options
    formatOptions()
  }

  /// The size of the flash.
  var kibibytes: Int {
    regions.filter { $0.kind == .flash }.reduce(0) { $0 + $1.size } / 1024
  }

  /// The region that holds `address`, or nil.
  func region(at address: UInt64) -> MemoryRegion? {
    regions.first { $0.range.contains(address) }
  }

  /// The region that holds all of `range`, or nil.
  func region(holding range: Range<UInt64>) -> MemoryRegion? {
    region(at: range.lowerBound).flatMap { range.upperBound <= $0.range.upperBound ? $0 : nil }
  }

  /// The sector that holds `address`, or nil when it is in no memory.
  func sector(at address: UInt32) -> Range<UInt64>? {
    region(at: UInt64(address))?.sector(at: UInt64(address))
  }

  /// The bytes at `range`, cut at the end of the region in which it starts.
  func read(_ range: Range<UInt64>) -> [UInt8] {
    guard let region = region(at: range.lowerBound) else { return [] }
    var result: [UInt8] = []
    for (number, span) in Self.parts(of: range.clamped(to: region.range)) {
      if let page = pages[number] {
        result += page.bytes[span]
      } else {
        result += [UInt8](repeating: region.erased, count: span.count)
      }
    }
    return result
  }

  /// Whether the first `count` bytes from `address` on are erased.
  func isErased(_ count: UInt64, at address: UInt32) -> Bool {
    let bytes = read(UInt64(address)..<(UInt64(address) + count))
    return bytes == Self.bytes(region(at: UInt64(address))?.erased ?? 0xFF, count: bytes.count)
  }

  /// Gives `range` its erased value; it must lie in one region.
  mutating func erase(_ range: Range<UInt64>) {
    guard let region = region(holding: range) else { return }
    for (number, span) in Self.parts(of: range) {
      guard var page = pages.removeValue(forKey: number), span.count < Self.pageSize else {
        continue
      }
      page.bytes.replaceSubrange(span, with: Self.bytes(region.erased, count: span.count))
      page.used.replaceSubrange(span, with: Self.bytes(0, count: span.count))
      pages[number] = page
    }
  }

  /// Puts bytes into memory as a debug probe would, whatever was there.
  ///
  /// Bytes outside every memory are dropped.
  mutating func load(_ bytes: [UInt8], at address: UInt32) {
    let range = UInt64(address)..<(UInt64(address) + UInt64(bytes.count))
    for region in regions where region.range.overlaps(range) {
      let part = region.range.clamped(to: range)
      let offset = Int(part.lowerBound - range.lowerBound)
      store(bytes[offset..<(offset + part.count)], at: part.lowerBound)
    }
  }

  /// Sets bytes within one region and marks them programmed.
  ///
  /// `clearingBits` leaves zeros that are there already.
  mutating func store(_ bytes: ArraySlice<UInt8>, at start: UInt64, clearingBits: Bool = false) {
    var offset = bytes.startIndex
    for (number, span) in Self.parts(of: start..<(start + UInt64(bytes.count))) {
      var page = pages.removeValue(forKey: number) ?? blankPage(number)
      if clearingBits, Array(page.bytes[span]) != Self.bytes(0xFF, count: span.count) {
        for place in span { page.bytes[place] &= bytes[offset + place - span.lowerBound] }
      } else {
        page.bytes.replaceSubrange(span, with: bytes[offset..<(offset + span.count)])
      }
      if page.used != Self.allUsed {
        page.used.replaceSubrange(span, with: Self.bytes(1, count: span.count))
        // Most pages end so: one array serves them all.
        if page.used == Self.allUsed { page.used = Self.allUsed }
      }
      pages[number] = page
      offset += span.count
    }
  }

  /// Whether every byte of `range` is unprogrammed, as flash with this ECC rule sees it.
  func isBlank(_ range: Range<UInt64>, in region: MemoryRegion) -> Bool {
    Self.parts(of: range).allSatisfy { number, span in
      guard let page = pages[number] else { return true }
      return rules.hasECC
        ? Array(page.used[span]) == Self.bytes(0, count: span.count)
        : Array(page.bytes[span]) == Self.bytes(region.erased, count: span.count)
    }
  }

  /// Equal bytes; whole arrays are filled, copied and compared at once, also where nothing is
  /// optimised.
  private static func bytes(_ byte: UInt8, count: Int) -> [UInt8] {
    [UInt8](repeating: byte, count: count)
  }

  /// The pages that `range` touches, and what of each it covers.
  private static func parts(of range: Range<UInt64>) -> [(number: UInt32, span: Range<Int>)] {
    var parts: [(number: UInt32, span: Range<Int>)] = []
    var first = range.lowerBound / pageSize * pageSize
    while first < range.upperBound {
      let start = max(first, range.lowerBound) - first
      let end = min(first + pageSize, range.upperBound) - first
      parts.append((UInt32(first / pageSize), Int(start)..<Int(end)))
      first += pageSize
    }
    return parts
  }

  /// A page in which every byte has the erased value of its region.
  func blankPage(_ key: UInt32) -> Page {
    var page = Page(
      bytes: Self.bytes(0xFF, count: Int(Self.pageSize)),
      used: Self.bytes(0, count: Int(Self.pageSize)))
    let first = UInt64(key) * Self.pageSize
    for region in regions where region.erased != 0xFF {
      let overlap = region.range.clamped(to: first..<(first + Self.pageSize))
      page.bytes.replaceSubrange(
        Int(overlap.lowerBound - first)..<Int(overlap.upperBound - first),
        with: Self.bytes(region.erased, count: overlap.count))
    }
    return page
  }
}
