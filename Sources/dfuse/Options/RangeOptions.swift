import ArgumentParser
import DfuseFormat

/// `--address` and `--length`: a part of a board's memory.
struct RangeOptions: ParsableArguments {
  @Option(help: "First address, hexadecimal with or without 0x.")
  var address: String?
  @Option(help: "Number of bytes: 16384, 0x4000, 16K or 1M.")
  var length: String?

  /// Whether anything was said.
  var isEmpty: Bool { address == nil && length == nil }

  /// The first address; nil when none was given.
  var start: UInt64? {
    get throws(Failure) {
      guard let address else { return nil }
      return UInt64(try NumberText.address(address, option: "--address"))
    }
  }

  /// The number of bytes; nil when none was given.
  var count: UInt64? {
    get throws(Failure) {
      guard let length else { return nil }
      return try NumberText.length(length, option: "--length")
    }
  }

  /// A range inside the 32 bits of the address space.
  ///
  /// - Throws: A failure with status 64 when it goes beyond.
  static func range(from start: UInt64, count: UInt64) throws(Failure) -> Range<UInt64> {
    guard start + count <= 1 << 32 else {
      throw Failure(
        .usage,
        "\(count.sizeText) from \(start.addressText) go beyond the last address, 0xffff_ffff"
      )
    }
    return start..<(start + count)
  }
}
