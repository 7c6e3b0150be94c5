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

  /// The memories, sorted by address.
  let regions: [MemoryRegion]
  /// How flash takes data.
  let rules: FlashRules
  /// Pages by address divided by ``pageSize``.
  var pages: [UInt32: Page] = [:]
  /// Read protection level: 0, 1 or 2.
  var readProtection: UInt8 = 0
  /// First addresses of write-protected sectors.
  var writeProtected: Set<UInt32> = []
  /// Bits that do not program: masks by address.
  var stuckBits: [UInt32: UInt8] = [:]

  /// Makes the memory of a blank board.
  init(regions: [MemoryRegion], rules: FlashRules) {
    self.regions = regions.sorted { $0.start < $1.start }
    self.rules = rules
    if let address = rules.readProtectionByte { load([0xAA], at: address) }
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
        result += repeatElement(region.erased, count: span.count)
      }
    }
    return result
  }

  /// Whether the first `count` bytes from `address` on are erased.
  func isErased(_ count: UInt64, at address: UInt32) -> Bool {
    let erased = region(at: UInt64(address))?.erased
    return read(UInt64(address)..<(UInt64(address) + count)).allSatisfy { $0 == erased }
  }

  /// Gives `range` its erased value; it must lie in one region.
  mutating func erase(_ range: Range<UInt64>) {
    guard let region = region(holding: range) else { return }
    for (number, span) in Self.parts(of: range) {
      guard var page = pages.removeValue(forKey: number), span.count < Self.pageSize else {
        continue
      }
      for offset in span { (page.bytes[offset], page.used[offset]) = (region.erased, 0) }
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
    var rest = bytes
    for (number, span) in Self.parts(of: start..<(start + UInt64(bytes.count))) {
      var page = pages.removeValue(forKey: number) ?? blankPage(number)
      for (place, byte) in zip(span, rest) {
        page.bytes[place] = clearingBits ? page.bytes[place] & byte : byte
        page.used[place] = 1
      }
      pages[number] = page
      rest = rest.dropFirst(span.count)
    }
  }

  /// Whether every byte of `range` is unprogrammed, as flash with this ECC rule sees it.
  func isBlank(_ range: Range<UInt64>, in region: MemoryRegion) -> Bool {
    Self.parts(of: range).allSatisfy { number, span in
      guard let page = pages[number] else { return true }
      return rules.hasECC
        ? page.used[span].allSatisfy { $0 == 0 }
        : page.bytes[span].allSatisfy { $0 == region.erased }
    }
  }

  /// The pages that `range` touches, and what of each it covers.
  private static func parts(of range: Range<UInt64>) -> [(number: UInt32, span: Range<Int>)] {
    stride(
      from: range.lowerBound / pageSize * pageSize, to: range.upperBound, by: Int(pageSize)
    ).map { first in
      let part = range.clamped(to: first..<(first + pageSize))
      return (UInt32(first / pageSize), Int(part.lowerBound - first)..<Int(part.upperBound - first))
    }
  }

  /// A page in which every byte has the erased value of its region.
  func blankPage(_ key: UInt32) -> Page {
    var page = Page(
      bytes: [UInt8](repeating: 0xFF, count: Int(Self.pageSize)),
      used: [UInt8](repeating: 0, count: Int(Self.pageSize)))
    let first = UInt64(key) * Self.pageSize
    for region in regions where region.erased != 0xFF {
      let overlap = region.range.clamped(to: first..<(first + Self.pageSize))
      for address in overlap { page.bytes[Int(address - first)] = region.erased }
    }
    return page
  }
}
