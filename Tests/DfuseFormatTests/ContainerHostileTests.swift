import DfuseTestSupport
import Testing

@testable import DfuseFormat

/// Damaged containers: every one is read or refused, and what is written can be read again.
@Suite struct ContainerHostileTests {
  private func check(_ bytes: [UInt8]) throws {
    let inspection = Firmware.inspect(bytes, as: .container)
    try #require(
      inspection.findings.allSatisfy { $0.offset.map((0...bytes.count).contains) == true })
    let offsets = inspection.findings.compactMap(\.offset)
    try #require(offsets == offsets.sorted())
    for finding in inspection.findings { try #require(!finding.description.isEmpty) }
    // Nothing appears that is not in the file.
    try #require(inspection.byteCount <= bytes.count)
  }

  @Test func `every byte set to 0, to FF and to its complement is read or refused`() throws {
    for index in ContainerSamples.workedBytes.indices {
      for value in [0, 0xFF, ~ContainerSamples.workedBytes[index]] {
        var bytes = ContainerSamples.workedBytes
        bytes[index] = value
        try check(bytes)
        try check(ContainerSamples.sealed(bytes))
      }
    }
  }

  @Test(arguments: [UInt64(1), 2, 3, 4])
  func `mutations are read or refused`(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let sample = try ContainerSamples.twoTargets.encoded()
    for _ in 0..<1000 {
      let bytes = Mutation.of(sample, using: &random)
      try check(bytes)
      if bytes.count >= 4 { try check(ContainerSamples.sealed(bytes)) }
    }
  }

  @Test(arguments: [UInt64(1), 2, 3])
  func `random containers survive being written and read`(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    for _ in 0..<100 {
      let container = Self.container(using: &random)
      let bytes = try container.encoded()
      #expect(Firmware.inspect(bytes, as: .container).findings.isEmpty)
      #expect(try Firmware(reading: bytes).isSame(as: container))
    }
  }

  private static func container(using random: inout SplitMix64) -> Firmware {
    let names: [String?] = [nil, "", "ST...", "größe", String(repeating: "x", count: 254)]
    let targets = (0..<Int.random(in: 1...4, using: &random)).map { number in
      var address = UInt32.random(in: 0..<1 << 30, using: &random)
      let elements = (0..<Int.random(in: 1...4, using: &random)).map { _ in
        let element = ImageElement(
          address: address, bytes: random.bytes(Int.random(in: 1...600, using: &random)))
        address += UInt32(element.bytes.count) + UInt32.random(in: 0..<9, using: &random)
        return element
      }
      return Firmware.Target(
        alternateSetting: UInt8(number), name: names.randomElement(using: &random) ?? nil,
        elements: elements)
    }
    return Firmware(
      suffix: DFUSuffix(
        deviceVersion: UInt16.random(in: 1...0xFFFF, using: &random),
        productID: UInt16.random(in: 1...0xFFFF, using: &random),
        vendorID: UInt16.random(in: 1...0xFFFF, using: &random)),
      targets: targets)
  }

  @Test(.enabled(if: OutsideWitness.dfuSuffix.isInstalled))
  func `dfu-suffix accepts what is written`() throws {
    let output = try OutsideWitness.dfuSuffix.run(
      ["-c", "file.dfu"], input: ["file.dfu": try ContainerSamples.twoTargets.encoded()],
      output: "file.dfu")
    // It ends with a status other than 0 when the checksum is wrong; it writes nothing.
    #expect(output == (try ContainerSamples.twoTargets.encoded()))
    var damaged = try ContainerSamples.twoTargets.encoded()
    damaged[300] ^= 1
    #expect(throws: OutsideWitness.Failure.self) {
      try OutsideWitness.dfuSuffix.run(
        ["-c", "file.dfu"], input: ["file.dfu": damaged], output: "file.dfu")
    }
  }
}
