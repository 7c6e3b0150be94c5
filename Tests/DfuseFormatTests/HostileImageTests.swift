import DfuseFormat
import DfuseTestSupport
import Testing

/// Damaged files: every one is read or refused, and what is read is sound.
@Suite struct HostileImageTests {
  /// Reads a file and checks what must hold of any firmware.
  private func read(_ bytes: [UInt8], kind: Firmware.Format) throws {
    do {
      let firmware = try Firmware(reading: bytes, as: kind, at: 0xFFFF_FFF0)
      try #require(firmware.format == kind)
      try #require(!firmware.image.isEmpty)
      var end: UInt64?
      for run in try firmware.image.runs {
        try #require(!run.bytes.isEmpty)
        if let end { try #require(end < run.range.lowerBound) }
        end = run.range.upperBound
      }
      try #require(end.map { $0 <= 0x1_0000_0000 } == true)
    } catch let error as FormatError {
      if case .badRecord(let named, let line, let column, _) = error {
        try #require(named == kind)
        // CR LF counts once and CR alone too, so that no file has more lines than line ends + 1.
        try #require((1...bytes.count { $0 == 10 || $0 == 13 } + 1).contains(line))
        try #require((1...bytes.count + 1).contains(column))
      }
    }
  }

  @Test(arguments: ImageSamples.formats)
  func `the samples are sound`(kind: Firmware.Format) throws {
    let firmware = try Firmware(reading: ImageSamples.bytes(kind), as: kind, at: 0x0800_0000)
    #expect(try firmware.image.contains(0x0800_0000) || firmware.image.contains(0x0800_0100))
  }

  @Test(arguments: ImageSamples.formats)
  func `every beginning of a file is read or refused`(kind: Firmware.Format) throws {
    let sample = ImageSamples.bytes(kind)
    for length in 0...sample.count {
      try read(Array(sample.prefix(length)), kind: kind)
    }
  }

  @Test func `every beginning of an Intel HEX file without its end record is refused`() {
    let sample = ImageSamples.hex
    for length in 0..<(sample.count - 1) {
      #expect(throws: FormatError.self) {
        try Firmware(reading: Array(sample.prefix(length)), as: .hex)
      }
    }
  }

  @Test func `every beginning of an ELF file is refused`() {
    for length in 0..<ImageSamples.elf.count {
      #expect(throws: FormatError.self) {
        try Firmware(reading: Array(ImageSamples.elf.prefix(length)), as: .elf)
      }
    }
  }

  @Test(arguments: ImageSamples.formats)
  func `every byte set to 0, to FF and to its complement is read or refused`(
    kind: Firmware.Format
  ) throws {
    let sample = ImageSamples.bytes(kind)
    for index in sample.indices {
      for value in [0, 0xFF, ~sample[index]] {
        var bytes = sample
        bytes[index] = value
        try read(bytes, kind: kind)
      }
    }
  }

  @Test(arguments: ImageSamples.formats, [UInt64(1), 2, 3, 4])
  func `mutations are read or refused`(kind: Firmware.Format, seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let sample = ImageSamples.bytes(kind)
    for _ in 0..<1000 {
      try read(Mutation.of(sample, using: &random), kind: kind)
    }
  }

  @Test(arguments: [UInt64(1), 2])
  func `records with sound checksums and random fields are read or refused`(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    for _ in 0..<1000 {
      var hex: [String] = []
      var srec: [String] = []
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let address = UInt32(truncatingIfNeeded: random.next()) | 0xFFFF_0000
        let data = random.bytes(Int.random(in: 0...6, using: &random))
        let type = UInt8.random(in: 0...6, using: &random)
        hex.append(RecordLines.hex(type, UInt16(truncatingIfNeeded: address), data))
        srec.append(RecordLines.srec(Int.random(in: 0...9, using: &random), address, data))
      }
      try read((hex + [RecordLines.hex(1, 0, [])]).file, kind: .hex)
      try read(srec.file, kind: .srec)
    }
  }
}
