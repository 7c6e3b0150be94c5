/// How far a chip's option bytes may be read and written.
///
/// Some bootloaders show a window onto the flash registers that goes on behind the option bytes, into
/// the words that take the keys of a locked chip. What is read there is no key, and what is written
/// there becomes one: neither is ever done.
///
/// - SeeAlso: RM0456 and RM0503, the registers FLASH_OEM1KEYR1 to FLASH_OEM2KEYR4 (their places also
///   in ST's CMSIS headers stm32u575xx.h and stm32u083xx.h).
public enum OptionBytesExtent {
  /// By the first address of the window: how many bytes from there are option bytes.
  ///
  /// 0x4002_2040 is the window of L5, U5 and U3, with keys from 0x4002_2070 on; 0x4002_2020 that of
  /// the U0, with keys from 0x4002_2088 on. ST's own programmer reads and writes so many.
  private static let windows: [UInt64: UInt64] = [0x4002_2040: 48, 0x4002_2020: 100]

  /// The option bytes that can be read: each group by itself, in rising order.
  ///
  /// - Parameter map: The memory with the option bytes.
  /// - Returns: Addresses without any key word.
  public static func readable(map: MemoryMap) -> [Range<UInt64>] {
    map.segments.filter { $0.access.contains(.readable) }
      .map { $0.range.clamped(to: allowed(from: $0.start)) }.filter { !$0.isEmpty }
      .sorted { $0.lowerBound < $1.lowerBound }
  }

  /// The addresses that a group of option bytes may have.
  static func allowed(from start: UInt64) -> Range<UInt64> {
    start..<(windows[start].map { start + $0 } ?? 1 << 32)
  }
}

extension MemoryMap {
  /// Takes key words out of a map of option bytes.
  mutating func leaveKeyWordsOut() {
    for place in segments.indices {
      let whole = segments[place].range
      let allowed = whole.clamped(to: OptionBytesExtent.allowed(from: whole.lowerBound))
      guard allowed.count < whole.count else { continue }
      (segments[place].sectorSize, segments[place].sectorCount) = (UInt64(allowed.count), 1)
      notes.append(.keyWords(allowed.upperBound..<whole.upperBound))
    }
  }

  /// Addresses that its bootloader shows, and that are never read or written.
  public var keyWords: [Range<UInt64>] {
    notes.compactMap { if case .keyWords(let range) = $0 { range } else { nil } }
  }
}
