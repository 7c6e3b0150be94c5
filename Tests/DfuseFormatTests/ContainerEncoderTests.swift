import DfuseFormat
import Testing

/// A container made from data that come piece by piece.
@Suite struct ContainerEncoderTests {
  private func encoded(_ container: DfuseContainer, pieceSize: Int) throws -> [UInt8] {
    var encoder = try ContainerEncoder(container.outline)
    var bytes: [UInt8] = []
    for element in container.targets.flatMap(\.elements) {
      for start in stride(from: 0, to: element.bytes.count, by: pieceSize) {
        let end = min(start + pieceSize, element.bytes.count)
        try encoder.append(Array(element.bytes[start..<end])) { bytes += $0 }
      }
    }
    let checksum = try encoder.finish { bytes += $0 }
    #expect(bytes.suffix(4) == checksum.bytes[...])
    return bytes
  }

  @Test(arguments: [1, 2, 3, 100])
  func `pieces of any size make the same file`(pieceSize: Int) throws {
    #expect(
      try encoded(ContainerSamples.worked, pieceSize: pieceSize) == ContainerSamples.workedBytes)
    #expect(
      try encoded(ContainerSamples.twoTargets, pieceSize: pieceSize)
        == ContainerSamples.twoTargets.encoded())
  }

  @Test func `an empty piece changes nothing`() throws {
    var encoder = try ContainerEncoder(ContainerSamples.unnamed.outline)
    var bytes: [UInt8] = []
    try encoder.append([]) { bytes += $0 }
    #expect(bytes.isEmpty)
    try encoder.append(ContainerSamples.unnamed.targets[0].elements[0].bytes) { bytes += $0 }
    try encoder.append([]) { bytes += $0 }
    _ = try encoder.finish { bytes += $0 }
    #expect(bytes == (try ContainerSamples.unnamed.encoded()))
  }

  private static let outline = ContainerOutline(targets: [
    .init(alternateSetting: 0, elements: [.init(address: 0, size: 4), .init(address: 8, size: 2)])
  ])

  @Test func `an element cannot get more than its header announces`() throws {
    var encoder = try ContainerEncoder(Self.outline)
    try encoder.append([1, 2, 3]) { _ in }
    #expect(
      throws: FormatError.notPackable(.dataSize(target: 0, element: 0, announced: 4, given: 5))
    ) {
      try encoder.append([4, 5]) { _ in }
    }
  }

  @Test func `a file without all its data has no end`() throws {
    var encoder = try ContainerEncoder(Self.outline)
    try encoder.append([1, 2, 3, 4]) { _ in }
    try encoder.append([1]) { _ in }
    #expect(
      throws: FormatError.notPackable(.dataSize(target: 0, element: 1, announced: 2, given: 1))
    ) {
      try encoder.finish { _ in }
    }
  }

  @Test func `data behind the last element are refused`() throws {
    var encoder = try ContainerEncoder(Self.outline)
    try encoder.append([1, 2, 3, 4]) { _ in }
    try encoder.append([1, 2]) { _ in }
    #expect(throws: FormatError.notPackable(.dataAfterLastElement(bytes: 3))) {
      try encoder.append([1, 2, 3]) { _ in }
    }
  }

  struct Refused: CustomTestStringConvertible {
    var testDescription: String
    var targets: [ContainerOutline.Target]
    var error: FormatError
  }

  private static func target(
    _ elements: [ContainerOutline.Element], alternateSetting: UInt8 = 0
  ) -> ContainerOutline.Target {
    .init(alternateSetting: alternateSetting, elements: elements)
  }

  @Test(arguments: [
    Refused(testDescription: "no target", targets: [], error: .notPackable(.targetCount(0))),
    Refused(
      testDescription: "no element", targets: [target([])],
      error: .notPackable(.noElements(target: 0))),
    Refused(
      testDescription: "no bytes", targets: [target([.init(address: 0, size: 0)])],
      error: .notPackable(.emptyElement(target: 0, element: 0))),
    Refused(
      testDescription: "less than no bytes", targets: [target([.init(address: 0, size: -1)])],
      error: .notPackable(.emptyElement(target: 0, element: 0))),
    Refused(
      testDescription: "past the last address",
      targets: [target([.init(address: 0xFFFF_FFFD, size: 4)])],
      error: .outsideAddressSpace(address: 0xFFFF_FFFD, size: 4)),
    Refused(
      testDescription: "more than 32 bits can count",
      targets: [target([.init(address: 0, size: 0xFFFF_FFFF)])],
      error: .notPackable(.tooLarge(0xFFFF_FFFF + 309))),
    Refused(
      testDescription: "a later element at an earlier one's addresses",
      targets: [target([.init(address: 16, size: 16), .init(address: 31, size: 1)])],
      error: .repeatedData(new: 31..<32, existing: 16..<32)),
    Refused(
      testDescription: "a later element around an earlier one",
      targets: [target([.init(address: 16, size: 1), .init(address: 0, size: 32)])],
      error: .repeatedData(new: 0..<32, existing: 16..<17)),
    Refused(
      testDescription: "two targets for one memory",
      targets: [
        target([.init(address: 0, size: 4)]), target([.init(address: 0, size: 4)]),
      ],
      error: .repeatedData(new: 0..<4, existing: 0..<4)),
  ])
  func `what cannot be packed is refused at once`(refused: Refused) {
    #expect(throws: refused.error) {
      try ContainerEncoder(ContainerOutline(targets: refused.targets))
    }
  }

  @Test func `the same addresses in different memories are no overlap`() throws {
    let outline = ContainerOutline(targets: [
      Self.target([.init(address: 0, size: 4)]),
      Self.target([.init(address: 0, size: 4)], alternateSetting: 1),
    ])
    #expect(throws: Never.self) { try ContainerEncoder(outline) }
  }
}
