import DfuseDevice
import DfuseFormat
import DfuseSimulator

/// Files of records know no targets: what of them belongs into another memory than the flash.
struct OptionBytePieces {
  /// What stays where the command line puts it.
  var own: [PackPiece] = []
  /// What goes to other alternate settings.
  var others: [UInt8: [PackPiece]] = [:]

  /// Takes pieces apart by the chip's memories.
  init(_ pieces: [PackPiece], alternateSetting: UInt8, memories: [AlternateMemory]) {
    let named = memories.first { $0.alternateSetting == alternateSetting }
    for piece in pieces {
      let address = UInt64(piece.address)
      if let named, let memory = memories.home(of: address, named: named),
        memory.map.text != named.map.text
      {
        others[memory.alternateSetting, default: []].append(piece)
      } else {
        own.append(piece)
      }
    }
  }

  /// Whether some chip has option bytes at an address that no chip has for its program.
  static func mayBeOptionBytes(_ address: UInt32) -> Bool {
    let maps = SimulatedChip.all.flatMap(\.memories).map(\.map)
      .filter { $0.segment(at: UInt64(address)) != nil }
    return maps.contains { $0.kind == .optionBytes } && !maps.contains { $0.kind == .internalFlash }
  }
}

extension SimulatedChip {
  /// The memories that the chip's bootloader shows.
  var memories: [AlternateMemory] {
    profile.usb.maps.enumerated().compactMap { number, text in
      MemoryMap.parse(text).map {
        AlternateMemory(alternateSetting: UInt8(truncatingIfNeeded: number), map: $0)
      }
    }
  }
}
