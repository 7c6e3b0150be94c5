/// Something odd in a memory map, or a correction of it.
public enum MemoryMapNote: Hashable, Sendable {
  /// Characters that are not printable ASCII were left out.
  case charactersDropped(count: Int)
  /// A group of sectors without a sound address, or without sectors; it is left out.
  case malformedGroup(String)
  /// A run of sectors that cannot be read; it and the rest of its group are left out.
  case malformedRun(String)
  /// A run of no sectors, or of sectors of no bytes; it is left out.
  case emptyRun(String)
  /// A letter in the multiplier's place that means nothing; sizes are taken as bytes.
  case unknownMultiplier(String)
  /// A run without a type letter; it is taken as readable only.
  case typeMissing(String)
  /// More characters than a multiplier and a type; the rest is ignored.
  case junkAfterRun(String)
  /// A run goes on beyond 0xFFFF_FFFF; only its whole sectors below are kept.
  case beyondAddressSpace(String)
  /// A run covers addresses of an earlier one; it is left out.
  case overlap(String)
  /// More runs than any string descriptor can hold; the rest is left out.
  case tooManyRuns(limit: Int)
  /// Corrected: Device Feature can be read and written, never erased.
  case deviceFeatureAccess
  /// Corrected: option bytes and OTP are never erased by the erase command.
  case notErasable
  /// Corrected: pages of 1 KiB, as many as the GD32's serial number says.
  case gd32Pages(count: UInt64)
  /// Corrected: the H7A3's sectors are 8 KiB; its first bootloader says 2 KiB.
  case h7a3Sectors
}

extension MemoryMapNote: CustomStringConvertible {
  /// What is odd, in one sentence.
  public var description: String {
    switch self {
    case .charactersDropped(let count):
      "\(count) character\(count == 1 ? "" : "s") of the memory map cannot be printed"
    case .malformedGroup(let text): "the group '\(text)' has no sound address or no sectors"
    case .malformedRun(let text): "the sectors '\(text)' cannot be understood"
    case .emptyRun(let text): "the sectors '\(text)' are none"
    case .unknownMultiplier(let text): "the sectors '\(text)' have an unknown unit, taken as bytes"
    case .typeMissing(let text): "the sectors '\(text)' have no type, taken as read-only"
    case .junkAfterRun(let text): "the sectors '\(text)' are followed by something else"
    case .beyondAddressSpace(let text): "the sectors '\(text)' go beyond 0xFFFF_FFFF"
    case .overlap(let text): "the sectors '\(text)' lie upon earlier ones"
    case .tooManyRuns(let limit): "the memory map has more than \(limit) runs of sectors"
    case .deviceFeatureAccess: "Device Feature is taken as readable and writable"
    case .notErasable: "this memory cannot be erased, whatever its map says"
    case .gd32Pages(let count):
      "this GD32 has \(count) pages of 1 KiB, whatever its memory map says"
    case .h7a3Sectors: "this STM32H7A3 has sectors of 8 KiB, whatever its memory map says"
    }
  }
}
