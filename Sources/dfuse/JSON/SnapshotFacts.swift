import DfuseDevice
import DfuseFormat

/// What is known of a snapshot beside its bytes: which board it is of.
///
/// Kept beside the container, which has no room for it; documented in `docs/json.md`.
struct SnapshotFacts: Codable, Equatable, Sendable {
  struct Memory: Codable, Equatable, Sendable {
    var alternateSetting: UInt8
    var name: String
    /// Bytes that were read.
    var size: UInt64
    /// Bytes of them in the container; the others are blank.
    var stored: UInt64
  }

  /// Version of this schema.
  var schema = 1
  var vendorID: UInt16
  var productID: UInt16
  var serial: String?
  /// The chip, the lines of parts that it may be, and its bootloader's release if that was read.
  var chip: String?
  var parts: [String]
  var bootloader: String?
  /// Bytes of flash.
  var flashSize: UInt64?
  /// Twelve bytes in hexadecimal, as they stand in memory.
  var uniqueID: String?
  var memories: [Memory]
  /// Of the container that this belongs to.
  var fileSize: Int
  var checksum: UInt32

  init(_ board: Board, _ identity: IdentityReport?, _ firmware: Firmware, file: [UInt8]) {
    let usb = board.identity.usbID
    (vendorID, productID) = (usb.vendorID, usb.productID)
    serial = board.identity.serialNumber
    chip = identity?.chip?.value ?? (board.chip.isKnown ? board.chip.name : nil)
    parts = identity?.parts ?? board.chip.roms.map(\.parts)
    bootloader = identity?.bootloader?.version
    flashSize = identity?.flashSize?.value
    uniqueID = identity?.uniqueID?.bytes
    memories = (Snapshot(firmware)?.memories ?? []).map {
      Memory(
        alternateSetting: $0.alternateSetting, name: $0.map.name,
        size: $0.ranges.reduce(0) { $0 + UInt64($1.count) }, stored: UInt64($0.image.byteCount))
    }
    fileSize = file.count
    checksum = Self.checksum(of: file)
  }

  /// Whether this was kept beside a container with these bytes.
  func isAbout(_ file: [UInt8]) -> Bool {
    fileSize == file.count && checksum == Self.checksum(of: file)
  }

  /// The container's own, at its end.
  private static func checksum(of file: [UInt8]) -> UInt32 {
    littleEndian(file.suffix(4))
  }

  /// For people, a line each.
  var lines: [String] {
    var line = "snapshot of \(chip?.visible ?? "a board")"
    if let bootloader { line += ", bootloader \(bootloader.visible)" }
    if let flashSize { line += ", \(flashSize.sizeText) of flash" }
    var lines = [line]
    if let serial { lines.append("serial number \(serial.visible)") }
    if let uniqueID { lines.append("unique id \(uniqueID.visible)") }
    for memory in memories {
      let blank = memory.size > memory.stored ? memory.size - memory.stored : 0
      lines.append(
        "\(memory.name.visible) (alternate setting \(memory.alternateSetting)): "
          + "\(memory.size.sizeText), \(blank == 0 ? "all of it stored" : "\(blank.sizeText) blank")"
      )
    }
    return lines
  }
}

/// What was read of a snapshot that was cut: in the file, a line of JSON, then the bytes.
struct SnapshotPart: Codable, Equatable {
  var schema = 1
  var vendorID: UInt16
  var productID: UInt16
  var serial: String?
  var uniqueID: String?
  /// The memory maps of what is read.
  var memories: [String]
  /// Bytes that follow, and their CRC-32.
  var done = 0
  var checksum: UInt32 = 0

  init(_ board: Board, _ identity: IdentityReport?, _ layout: SnapshotLayout) {
    let usb = board.identity.usbID
    (vendorID, productID) = (usb.vendorID, usb.productID)
    serial = board.identity.serialNumber
    uniqueID = identity?.uniqueID?.bytes
    memories = layout.parts.map(\.memory.map.text)
  }

  /// The file with what was read.
  func encoded(_ bytes: [UInt8]) throws(Failure) -> [UInt8] {
    var part = self
    (part.done, part.checksum) = (bytes.count, CRC32.checksum(of: bytes))
    return Array((try JSONText.line(part) + "\n").utf8) + bytes
  }

  /// What was read, if the file is of the same board and whole.
  func bytes(in file: [UInt8]) -> [UInt8]? {
    let line = file.prefix { $0 != 0x0A }
    guard var part = JSONText.value(SnapshotPart.self, in: Array(line)) else { return nil }
    let bytes = Array(file.dropFirst(line.count + 1))
    guard part.done == bytes.count, part.checksum == CRC32.checksum(of: bytes) else { return nil }
    (part.done, part.checksum) = (done, checksum)
    // Whether it was identified may differ.
    if part.uniqueID == nil || uniqueID == nil { part.uniqueID = uniqueID }
    return part == self ? bytes : nil
  }
}
