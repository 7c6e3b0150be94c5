import DfuseFormat

/// A DfuSe command: the bytes of a DFU_DNLOAD to block 0, but for the command list itself.
///
/// | command | bytes |
/// |---|---|
/// | set address pointer | 21, address (4 bytes, little endian) |
/// | erase sector | 41, any address in it (4 bytes, little endian) |
/// | mass erase | 41 |
/// | read unprotect | 92 |
///
/// The list of commands is asked for by DFU_UPLOAD of block 0. Commands that only some chips know,
/// such as those for the wireless processor of the STM32WB55, are not here and are never sent.
///
/// - SeeAlso: ST AN3156, the chapters on DFU_UPLOAD and DFU_DNLOAD.
public enum DfuSeCommand: Hashable, Sendable {
  /// Where the data blocks that follow are written or read.
  case setAddress(UInt32)
  /// Erases the sector that holds an address.
  case eraseSector(UInt32)
  /// Erases the whole internal flash.
  case massErase
  /// Removes the read protection, and all content with it.
  case readUnprotect

  /// The command's first byte, as the list of commands names it.
  var code: UInt8 {
    switch self {
    case .setAddress: 0x21
    case .eraseSector, .massErase: 0x41
    case .readUnprotect: 0x92
    }
  }

  /// The data stage of the command's DFU_DNLOAD.
  var bytes: [UInt8] {
    switch self {
    case .setAddress(let address), .eraseSector(let address):
      [code] + littleEndian(address)
    case .massErase, .readUnprotect:
      [code]
    }
  }

  /// Reads a command from the data stage of a DFU_DNLOAD to block 0, or returns nil.
  init?(bytes: [UInt8]) {
    let address = littleEndian(bytes.dropFirst())
    switch (bytes.first, bytes.count) {
    case (0x21, 5): self = .setAddress(address)
    case (0x41, 5): self = .eraseSector(address)
    case (0x41, 1): self = .massErase
    case (0x92, 1): self = .readUnprotect
    default: return nil
    }
  }
}
