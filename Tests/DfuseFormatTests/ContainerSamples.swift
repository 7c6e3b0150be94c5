@testable import DfuseFormat

/// Containers and their bytes, laid out by hand as the tables of UM0391 have them.
enum ContainerSamples {
  /// One named target with two elements: 329 bytes.
  static let worked = Firmware(targets: [
    .init(
      alternateSetting: 0, name: "ST...",
      elements: [
        ImageElement(
          address: 0x0800_0000, bytes: [0x00, 0x50, 0x00, 0x20, 0x09, 0x00, 0x00, 0x08]),
        ImageElement(address: 0x0800_4000, bytes: Array("DATA".utf8)),
      ])
  ])

  /// The bytes of ``worked``.
  static let workedBytes: [UInt8] =
    Array("DfuSe".utf8)  // szSignature
    + [0x01]  // bVersion
    + [0x39, 0x01, 0x00, 0x00]  // DFUImageSize: 313
    + [0x01]  // bTargets
    + Array("Target".utf8)  // szSignature
    + [0x00]  // bAlternateSetting
    + [0x01, 0x00, 0x00, 0x00]  // bTargetNamed
    + Array("ST...".utf8) + [UInt8](repeating: 0, count: 250)  // szTargetName
    + [0x1C, 0x00, 0x00, 0x00]  // dwTargetSize: 28
    + [0x02, 0x00, 0x00, 0x00]  // dwNbElements
    + [0x00, 0x00, 0x00, 0x08]  // dwElementAddress
    + [0x08, 0x00, 0x00, 0x00]  // dwElementSize
    + [0x00, 0x50, 0x00, 0x20, 0x09, 0x00, 0x00, 0x08]
    + [0x00, 0x40, 0x00, 0x08]  // dwElementAddress
    + [0x04, 0x00, 0x00, 0x00]  // dwElementSize
    + Array("DATA".utf8)
    + [0xFF, 0xFF]  // bcdDevice
    + [0x11, 0xDF]  // idProduct
    + [0x83, 0x04]  // idVendor
    + [0x1A, 0x01]  // bcdDFU
    + Array("UFD".utf8)  // ucDfuSignature
    + [0x10]  // bLength
    + [0xCA, 0xD4, 0x51, 0x45]  // dwCRC: 0x4551D4CA

  /// Offsets of fields in ``workedBytes``.
  enum Offset {
    static let imageSize = 6
    static let targets = 10
    static let target = 11
    static let named = 18
    static let name = 22
    static let targetSize = 277
    static let elementCount = 281
    static let element0 = 285
    static let element1 = 301
    static let suffix = 313
    static let checksum = 325
  }

  /// One unnamed target with one element at 0.
  static let unnamed = Firmware(targets: [
    .init(
      alternateSetting: 0,
      elements: [ImageElement(address: 0, bytes: Array("DATA".utf8))])
  ])

  /// Two targets, the second unnamed.
  static let twoTargets = Firmware(targets: [
    .init(
      alternateSetting: 0, name: "ST...",
      elements: [
        ImageElement(address: 0x0800_0000, bytes: [UInt8](repeating: 0xAA, count: 8)),
        ImageElement(address: 0x0800_4000, bytes: [UInt8](repeating: 0xBB, count: 8)),
      ]),
    .init(
      alternateSetting: 2,
      elements: [ImageElement(address: 0x1FFF_7800, bytes: [0xCC, 0xCC, 0xCC, 0xCC])]),
  ])

  /// A plain DFU 1.1 file: the bytes 00 to 0F and a suffix.
  static let plainBytes: [UInt8] =
    Array(0x00...0x0F) + [
      0xFF, 0xFF, 0x11, 0xDF, 0x83, 0x04, 0x00, 0x01, 0x55, 0x46, 0x44, 0x10, 0xCC, 0x41, 0xC6,
      0xB1,
    ]

  /// `bytes` with a change, and the checksum put right again.
  static func worked(_ change: (inout [UInt8]) -> Void) -> [UInt8] {
    var bytes = workedBytes
    change(&bytes)
    return sealed(bytes)
  }

  /// `bytes` with the checksum in their last four bytes put right.
  static func sealed(_ bytes: [UInt8]) -> [UInt8] {
    let body = Array(bytes.dropLast(4))
    return body + CRC32.checksum(of: body).bytes
  }
}

extension FixedWidthInteger {
  /// Lowest byte first.
  var bytes: [UInt8] {
    (0..<(Self.bitWidth / 8)).map { UInt8(truncatingIfNeeded: self >> (8 * $0)) }
  }
}

extension [UInt8] {
  /// Puts a 32-bit number, lowest byte first, at an offset.
  mutating func put(_ value: UInt32, at offset: Int) {
    replaceSubrange(offset..<(offset + 4), with: value.bytes)
  }
}
