import DfuseTestSupport

@testable import DfuseFormat

/// One small sound file of each form, with as many kinds of records and tables as fit.
enum ImageSamples {
  /// The forms of firmware that is no container.
  static let formats: [Firmware.Format] = [.raw, .hex, .srec, .elf]

  static let hex = Array(
    """
    :020000040800F2
    :10000000000102030405060708090A0B0C0D0E0F78
    :0800100010111213141516174C
    :020000021000EC
    :0100050055A5
    :0400000300003800C1
    :0400000508000009E6
    :00000001FF

    """.utf8)

  static let srec = Array(
    """
    S00600004844521B
    S10B10000001020304050607C8
    S20808000001020304E5
    S31508000000000102030405060708090A0B0C0D0E0F6A
    S5030003F9
    S70508000009E9

    """.utf8)

  static let elf = ELFBuilder(
    segments: [
      .init(
        offset: 0, virtualAddress: 0x0800_0000, physicalAddress: 0x0800_0000, fileSize: 0x108),
      .init(
        offset: 0x108, virtualAddress: 0x2000_0000, physicalAddress: 0x0800_0108, fileSize: 4,
        memorySize: 0x40),
    ],
    sections: [
      .init(address: 0x0800_0100, offset: 0x100, size: 7),
      .init(address: 0x2000_0000, offset: 0x108, size: 4),
      .init(type: 8, flags: 3, address: 0x2000_0004, offset: 0x10C, size: 0x3C),
    ],
    content: [UInt8](1...12)
  ).bytes

  /// The sample of a form; raw bytes are those of the ELF file.
  static func bytes(_ kind: Firmware.Format) -> [UInt8] {
    switch kind {
    case .container, .plainDFU, .raw, .elf: elf
    case .hex: hex
    case .srec: srec
    }
  }

  /// An image of a few runs, some of which touch the edges of 64 KiB.
  static func randomImage(using random: inout SplitMix64) throws -> MemoryImage {
    var pieces: [ImageElement] = []
    var address = UInt32.random(in: 0..<0x1000_0000, using: &random)
    for _ in 0..<Int.random(in: 1...6, using: &random) {
      let count = Int.random(in: 1...700, using: &random)
      pieces.append(ImageElement(address: address, bytes: random.bytes(count)))
      address += UInt32(count)
      switch Int.random(in: 0..<3, using: &random) {
      case 0: address += UInt32.random(in: 1...40, using: &random)
      case 1: address += UInt32.random(in: 1...0x1000_0000, using: &random)
      default: address = (address | 0xFFFF) &- UInt32.random(in: 0...20, using: &random) + 0x1_0000
      }
    }
    return try MemoryImage(merging: pieces)
  }
}

extension Firmware {
  /// What is odd about it, but no error.
  var warnings: [Warning] {
    findings.compactMap { if case .warning(let warning) = $0.detail { warning } else { nil } }
  }

  /// Whether both have the same targets, for the same device.
  func isSame(as other: Firmware) -> Bool {
    targets == other.targets && suffix?.deviceVersion == other.suffix?.deviceVersion
      && suffix?.productID == other.suffix?.productID
      && suffix?.vendorID == other.suffix?.vendorID
  }

  /// What a file is expected to be read as.
  init(
    _ format: Format, _ image: MemoryImage, entryPoint: UInt32? = nil, header: String? = nil
  ) {
    self.init(format, image, [])
    self.entryPoint = entryPoint
    self.header = header
  }
}
