/// The contents of a board: every byte the bootloader serves, and its protections.
///
/// Storage is sparse: only 4 KiB pages that were written to exist.
package struct BoardMemory: Hashable, Sendable {
  /// 4 KiB of content and, for each byte, whether it was programmed since the last erase.
  package struct Page: Hashable, Sendable {
    /// The content.
    package var bytes: [UInt8]
    /// 1 where a byte was programmed.
    package var used: [UInt8]
  }

  /// Bytes in a page.
  package static let pageSize: UInt64 = 4096

  /// The memories, sorted by address.
  package let regions: [MemoryRegion]
  /// How flash takes data.
  package let rules: FlashRules
  /// Pages by address divided by ``pageSize``.
  package internal(set) var pages: [UInt32: Page] = [:]
  /// Read protection level: 0, 1 or 2.
  package var readProtection: UInt8 = 0
  /// First addresses of write-protected sectors.
  package var writeProtected: Set<UInt32> = []
  /// Bits that do not program: masks by address.
  package var stuckBits: [UInt32: UInt8] = [:]

  /// Makes the memory of a blank board.
  package init(regions: [MemoryRegion], rules: FlashRules) {
    self.regions = regions.sorted { $0.start < $1.start }
    self.rules = rules
    if let address = rules.readProtectionByte { load([0xAA], at: address) }
  }

  /// The region that holds `address`, or nil.
  package func region(at address: UInt64) -> MemoryRegion? {
    regions.first { $0.range.contains(address) }
  }

  /// The region that holds all of `range`, or nil.
  package func region(holding range: Range<UInt64>) -> MemoryRegion? {
    region(at: range.lowerBound).flatMap { range.upperBound <= $0.range.upperBound ? $0 : nil }
  }

  /// The bytes at `range`, cut at the end of the region in which it starts.
  package func read(_ range: Range<UInt64>) -> [UInt8] {
    guard let region = region(at: range.lowerBound) else { return [] }
    let end = min(range.upperBound, region.range.upperBound)
    var result: [UInt8] = []
    result.reserveCapacity(Int(end - range.lowerBound))
    var address = range.lowerBound
    while address < end {
      let pageEnd = min(end, (address / Self.pageSize + 1) * Self.pageSize)
      let count = Int(pageEnd - address)
      if let page = pages[UInt32(address / Self.pageSize)] {
        let offset = Int(address % Self.pageSize)
        result += page.bytes[offset..<(offset + count)]
      } else {
        result += repeatElement(region.erased, count: count)
      }
      address = pageEnd
    }
    return result
  }

  /// Gives `range` its erased value; it must lie in one region.
  package mutating func erase(_ range: Range<UInt64>) {
    guard let region = region(holding: range) else { return }
    var address = range.lowerBound
    while address < range.upperBound {
      let pageEnd = min(range.upperBound, (address / Self.pageSize + 1) * Self.pageSize)
      let key = UInt32(address / Self.pageSize)
      if let page = pages[key] {
        if address % Self.pageSize == 0, pageEnd % Self.pageSize == 0 {
          pages[key] = nil
        } else {
          pages[key] = Self.blanking(
            page, Int(address % Self.pageSize)..<Int((pageEnd - 1) % Self.pageSize + 1),
            region.erased)
        }
      }
      address = pageEnd
    }
  }

  /// Puts bytes into memory as a debug probe would, whatever was there.
  ///
  /// Bytes outside every memory are dropped.
  package mutating func load(_ bytes: [UInt8], at address: UInt32) {
    var rest = bytes[...]
    var next = UInt64(address)
    while !rest.isEmpty {
      guard let region = region(at: next) else {
        rest = rest.dropFirst()
        next += 1
        continue
      }
      let part = rest.prefix(Int(region.range.upperBound - next))
      store(part, at: next)
      rest = rest.dropFirst(part.count)
      next += UInt64(part.count)
    }
  }

  /// Sets bytes within one region and marks them programmed.
  ///
  /// `clearingBits` leaves zeros that are there already.
  mutating func store(_ bytes: ArraySlice<UInt8>, at start: UInt64, clearingBits: Bool = false) {
    var rest = bytes
    var address = start
    while !rest.isEmpty {
      let offset = Int(address % Self.pageSize)
      let part = rest.prefix(Int(Self.pageSize) - offset)
      let key = UInt32(address / Self.pageSize)
      var page = pages.removeValue(forKey: key) ?? blankPage(key)
      for (place, byte) in zip(offset..., part) {
        page.bytes[place] = clearingBits ? page.bytes[place] & byte : byte
        page.used[place] = 1
      }
      pages[key] = page
      rest = rest.dropFirst(part.count)
      address += UInt64(part.count)
    }
  }

  /// Whether every byte of `range` is unprogrammed, as flash with this ECC rule sees it.
  func isBlank(_ range: Range<UInt64>, in region: MemoryRegion) -> Bool {
    var address = range.lowerBound
    while address < range.upperBound {
      let pageEnd = min(range.upperBound, (address / Self.pageSize + 1) * Self.pageSize)
      if let page = pages[UInt32(address / Self.pageSize)] {
        let offset = Int(address % Self.pageSize)
        let span = offset..<(offset + Int(pageEnd - address))
        let blank =
          rules.hasECC
          ? page.used[span].allSatisfy { $0 == 0 }
          : page.bytes[span].allSatisfy { $0 == region.erased }
        if !blank { return false }
      }
      address = pageEnd
    }
    return true
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

  private static func blanking(_ page: Page, _ span: Range<Int>, _ erased: UInt8) -> Page? {
    var page = page
    for offset in span {
      page.bytes[offset] = erased
      page.used[offset] = 0
    }
    return page
  }
}
