public import DfuseFormat

/// Firmware to be flashed, and what it says about where it belongs.
public enum FlashInput: Hashable, Sendable {
  /// A container: its targets name alternate settings, its suffix the device it is for.
  case container(DfuseContainer)
  /// Firmware by address alone, as from Intel HEX, S-record, ELF or raw bytes.
  ///
  /// The memory maps tell which alternate setting holds each address, unless one is named.
  case image(MemoryImage, alternateSetting: UInt8?)
}
