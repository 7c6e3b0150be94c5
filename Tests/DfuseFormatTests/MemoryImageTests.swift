import DfuseFormat
import DfuseTestSupport
import Testing

@Suite struct MemoryImageTests {
  private static let flash: UInt32 = 0x0800_0000

  @Test func `an empty image has nothing anywhere`() {
    let image = MemoryImage()
    #expect(image.isEmpty)
    #expect(image.byteCount == 0)
    #expect(image.ranges == [])
    #expect(!image.contains(0))
    #expect(image[0..<1] == nil)
  }

  @Test func `bytes that touch become one run`() throws {
    let image = try MemoryImage(merging: [
      ImageElement(address: 0x0800_0000, bytes: [1, 2]),
      ImageElement(address: 0x0800_0004, bytes: [5, 6]),
      ImageElement(address: 0x0800_0002, bytes: [3, 4]),
    ])
    #expect(image.runs == [ImageElement(address: 0x0800_0000, bytes: [1, 2, 3, 4, 5, 6])])
  }

  @Test func `bytes apart stay apart, in order of address`() throws {
    let image = try MemoryImage(merging: [
      ImageElement(address: 0x2000, bytes: [9]), ImageElement(address: 0, bytes: [1]),
      ImageElement(address: 0x1000, bytes: [5]),
    ])
    #expect(
      image.runs == [
        ImageElement(address: 0, bytes: [1]), ImageElement(address: 0x1000, bytes: [5]),
        ImageElement(address: 0x2000, bytes: [9]),
      ])
    #expect(image.ranges == [0..<1, 0x1000..<0x1001, 0x2000..<0x2001])
    #expect(image.byteCount == 3)
  }

  @Test func `no bytes change nothing`() throws {
    #expect(try MemoryImage(merging: [ImageElement(address: 0xFFFF_FFFF, bytes: [])]).isEmpty)
  }

  @Test(arguments: [
    // Address and bytes put into 4 5 6 7 at 4 and 12 13 at 12; how many of them were there.
    (UInt32(4), [UInt8](4...7), 4), (5, [5, 6], 2), (2, [2, 3, 4], 1), (7, [7, 8], 1),
    (0, Array(0...15), 6), (6, Array(6...12), 3), (8, Array(8...11), 0), (13, [13, 14], 1),
  ])
  func `equal bytes again are accepted`(
    address: UInt32, bytes: [UInt8], duplicates: Int
  ) throws {
    let image = try MemoryImage(merging: [
      ImageElement(address: 4, bytes: [4, 5, 6, 7]), ImageElement(address: 12, bytes: [12, 13]),
      ImageElement(address: address, bytes: bytes),
    ])
    #expect(image.byteCount == 6 + bytes.count - duplicates)
    for run in image.runs {
      #expect(run.bytes == Array(UInt8(run.address)..<UInt8(run.range.upperBound)))
    }
  }

  @Test(arguments: [
    (UInt32(0x104), [UInt8(9)], UInt64(0x100)..<UInt64(0x108), UInt64(0x104)),
    (0x0FE, [0xFE, 0xFF, 0, 1, 9], 0x100..<0x108, 0x102),
    (0x107, [9, 9], 0x100..<0x108, 0x107),
    (0x1FF, [9, 9], 0x200..<0x202, 0x200),
    (0x105, [5, 6, 7] + [UInt8](repeating: 9, count: 0x100), 0x200..<0x202, 0x200),
  ])
  func `other bytes are refused, naming both ranges and the first difference`(
    address: UInt32, bytes: [UInt8], existing: Range<UInt64>, difference: UInt64
  ) {
    let new = ImageElement(address: address, bytes: bytes)
    #expect(
      throws: FormatError.overlap(
        new: new.range, existing: existing, firstDifference: difference)
    ) {
      try MemoryImage(merging: [
        ImageElement(address: 0x100, bytes: [0, 1, 2, 3, 4, 5, 6, 7]),
        ImageElement(address: 0x200, bytes: [1, 2]), new,
      ])
    }
  }

  @Test func `the last byte of the address space can be used`() throws {
    let image = try MemoryImage(merging: [ImageElement(address: 0xFFFF_FFFF, bytes: [7])])
    #expect(image.ranges == [0xFFFF_FFFF..<0x1_0000_0000])
    #expect(image.contains(0xFFFF_FFFF))
    #expect(!image.contains(0x1_0000_0000))
    #expect(!image.contains(.max))
  }

  @Test func `a range is read if it is wholly there`() throws {
    let image = try MemoryImage(merging: [
      ImageElement(address: 0x100, bytes: [1, 2, 3, 4]), ImageElement(address: 0x200, bytes: [5]),
    ])
    #expect(image[0x100..<0x104] == [1, 2, 3, 4])
    #expect(image[0x101..<0x103] == [2, 3])
    #expect(image[0x101..<0x101] == [])
    #expect(image[0x200..<0x201] == [5])
    #expect(image[0x0FF..<0x101] == nil)
    #expect(image[0x103..<0x105] == nil)
    #expect(image[0x103..<0x201] == nil)
    #expect(image[0x201..<0x202] == nil)
  }

  @Test func `equal bytes make equal images, however they came`() throws {
    let once = try MemoryImage(merging: [ImageElement(address: 8, bytes: [1, 2, 3])])
    let pieces = [
      ImageElement(address: 10, bytes: [3]), ImageElement(address: 8, bytes: [1, 2]),
      ImageElement(address: 9, bytes: [2, 3]),
    ]
    let twice = try MemoryImage(merging: pieces)
    #expect(once == twice)
    #expect(once.hashValue == twice.hashValue)
    #expect(try once != MemoryImage(merging: pieces + [ImageElement(address: 11, bytes: [4])]))
  }

  @Test func `elements are merged in any order`() throws {
    let image = try MemoryImage(merging: [
      ImageElement(address: 0x14, bytes: [4, 5]), ImageElement(address: 0x10, bytes: [0, 1]),
      ImageElement(address: 0x20, bytes: []), ImageElement(address: 0x12, bytes: [2, 3, 4]),
    ])
    #expect(image.runs == [ImageElement(address: 0x10, bytes: [0, 1, 2, 3, 4, 5])])
  }

  @Test func `elements that differ are named as they came`() {
    // 0x18 comes later, though its address is lower; the run it meets begins at 0x1C.
    let elements = [
      ImageElement(address: 0x20, bytes: [1, 1, 1, 1]),
      ImageElement(address: 0x1C, bytes: [2, 2, 2, 2]),
      ImageElement(address: 0x18, bytes: [3, 3, 3, 3, 2, 2, 2, 2, 1, 7]),
    ]
    #expect(
      throws: FormatError.overlap(new: 0x18..<0x22, existing: 0x20..<0x24, firstDifference: 0x21)
    ) {
      try MemoryImage(merging: elements)
    }
  }

  @Test func `an element that ends too high is refused`() {
    #expect(throws: FormatError.outsideAddressSpace(address: 0xFFFF_FFFE, size: 3)) {
      try MemoryImage(merging: [ImageElement(address: 0xFFFF_FFFE, bytes: [1, 2, 3])])
    }
  }

  @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6, 7, 8])
  func `pieces in any order agree with a table of bytes`(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let truth = random.bytes(400)
    var known = [Bool](repeating: false, count: truth.count)
    var pieces: [ImageElement] = []
    for _ in 0..<60 {
      let start = Int.random(in: 0..<truth.count, using: &random)
      let end = min(truth.count, start + Int.random(in: 1...12, using: &random))
      known.replaceSubrange(start..<end, with: repeatElement(true, count: end - start))
      pieces.append(
        ImageElement(address: Self.flash + UInt32(start), bytes: Array(truth[start..<end])))
    }
    let image = try MemoryImage(merging: pieces)
    #expect(image.byteCount == known.count { $0 })
    for index in truth.indices {
      let address = UInt64(Self.flash) + UInt64(index)
      #expect(image[address..<(address + 1)] == (known[index] ? [truth[index]] : nil))
    }
    for (left, right) in zip(image.runs, image.runs.dropFirst()) {
      #expect(left.range.upperBound < right.range.lowerBound)
    }
  }
}

extension MemoryImage {
  /// The bytes of a range, or nil if it is not wholly there.
  subscript(range: Range<UInt64>) -> [UInt8]? {
    if range.isEmpty { return [] }
    guard let run = runs.first(where: { $0.range.clamped(to: range) == range }) else { return nil }
    let offset = Int(range.lowerBound - UInt64(run.address))
    return Array(run.bytes[offset..<(offset + range.count)])
  }
}
