/// The supply voltage that a board is known to have, which an F2, F4 or F7 ROM can be told.
///
/// These ROMs program byte by byte until they are told that the supply allows more. The range is
/// written to the first byte of the memory "Device Feature", and holds until the next reset. A range
/// that the board does not have makes programming unreliable.
///
/// - SeeAlso: ST AN2606, the Device Feature bytes of the STM32F2, F4 and F7 bootloaders.
public enum SupplyRange: String, CaseIterable, Hashable, Sendable {
  /// 1.8 to 2.1 V: bytes.
  case from1800mV = "1.8-2.1"
  /// 2.1 to 2.4 V: half words.
  case from2100mV = "2.1-2.4"
  /// 2.4 to 2.7 V: half words.
  case from2400mV = "2.4-2.7"
  /// 2.7 to 3.6 V: words, two to four times as fast.
  case from2700mV = "2.7-3.6"

  /// The byte that names the range to the ROM.
  var code: UInt8 {
    switch self {
    case .from1800mV: 0
    case .from2100mV: 1
    case .from2400mV: 2
    case .from2700mV: 3
    }
  }
}
