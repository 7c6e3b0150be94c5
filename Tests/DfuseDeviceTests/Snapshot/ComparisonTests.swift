import DfuseFormat
import Testing

@testable import DfuseDevice

/// In what two contents differ.
@Suite struct ComparisonTests {
  private func contents(_ elements: [(UInt32, [UInt8])]) throws -> ComparedContents {
    ComparedContents(
      try MemoryImage(merging: elements.map { ImageElement(address: $0.0, bytes: $0.1) }))
  }

  /// What a board holds in two sectors of 4 bytes and an option word.
  private func board(_ bytes: [UInt8], options: [UInt8] = [1, 2, 3, 4]) throws -> ComparedContents {
    var contents = try contents([(0x0800_0000, bytes), (0x1FFF_C000, options)])
    contents.isWhole = true
    contents.maps = [
      try #require(MemoryMap.parse("@Internal Flash /0x08000000/02*004 g")),
      try #require(MemoryMap.parse("@Option Bytes /0x1FFFC000/01*004 e")),
    ]
    return contents
  }

  @Test func `differences that are close are one, and are counted`() throws {
    var other = [UInt8](repeating: 0, count: 100)
    for index in [10, 12, 28, 60] { other[index] = 1 }
    let comparison = Comparison(
      try contents([(0x100, .init(repeating: 0, count: 100))]), try contents([(0x100, other)]))
    #expect(comparison.differences.map(\.range) == [0x10A..<0x11D, 0x13C..<0x13D])
    #expect(comparison.differences.map(\.count) == [3, 1])
    #expect(comparison.differences[0].left == .init(repeating: 0, count: 8))
    #expect(comparison.differences[0].right == [1, 0, 1, 0, 0, 0, 0, 0])
    #expect(comparison.differences[1].right == [1])
    #expect(comparison.differingCount == 4)
    #expect(comparison.byteCount == 100)
  }

  @Test func `a difference goes on over the end of a block`() throws {
    let zeros = [UInt8](repeating: 0, count: 9000)
    var other = zeros
    for index in 4090..<4100 { other[index] = 7 }
    let comparison = Comparison(try contents([(0, zeros)]), try contents([(0, other)]))
    #expect(comparison.differences.map(\.range) == [4090..<4100])
  }

  @Test func `of two pieces of firmware, what is missing is blank`() throws {
    let comparison = Comparison(
      try contents([(0, [1, 2])]), try contents([(0, [1, 2, 0xFF]), (8, [3])]))
    #expect(comparison.differences.map(\.range) == [8..<9])
    #expect(comparison.differences[0].left == [0xFF])
    #expect(comparison.compared == [0..<3, 8..<9])
  }

  @Test func `firmware and a board are compared where the firmware has bytes`() throws {
    let firmware = try contents([(0x0800_0002, [3, 9]), (0x2000_0000, [1])])
    let comparison = Comparison(firmware, try board([1, 2, 3, 4, 5, 6, 7, 8]))
    #expect(comparison.compared == [0x0800_0002..<0x0800_0004])
    #expect(comparison.onlyLeft == [0x2000_0000..<0x2000_0001])
    #expect(comparison.onlyRight == [])
    #expect(comparison.sectors == [0x0800_0000..<0x0800_0004])
    #expect(comparison.differences.map(\.range) == [0x0800_0003..<0x0800_0004])
  }

  @Test func `words of option bytes and vectors are told by themselves`() throws {
    let comparison = Comparison(
      try board([1, 0, 0, 0x20, 5, 0, 0, 8]),
      try board([1, 0, 0, 0x20, 7, 0, 0, 8], options: [1, 2, 3, 5]))
    #expect(
      comparison.optionWords
        == [.init(address: 0x1FFF_C000, left: 0x0403_0201, right: 0x0503_0201)])
    #expect(
      comparison.vectors == [
        .init(
          address: 0x0800_0000, left: .init(stack: 0x2000_0001, reset: 0x0800_0005),
          right: .init(stack: 0x2000_0001, reset: 0x0800_0007))
      ])
    #expect(comparison.differences.map(\.range) == [0x0800_0004..<0x0800_0005])
    #expect(!comparison.isSame)
  }

  @Test func `ranges are cut and joined`() {
    let ranges: [Range<UInt64>] = [0..<10, 20..<30]
    #expect(ranges.intersection([5..<25, 28..<40]) == [5..<10, 20..<25, 28..<30])
    #expect(ranges.subtracting([0..<2, 4..<5, 9..<21]) == [2..<4, 5..<9, 21..<30])
    #expect([20..<30, 5..<8, 0..<6, 9..<9].union == [0..<8, 20..<30] as [Range<UInt64>])
  }
}
