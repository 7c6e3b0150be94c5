/// The families of chips whose bootloaders are told apart.
public enum ChipFamily: Hashable, Sendable, CaseIterable {
  /// STM32F0, with the F3 parts that look the same.
  case f0
  /// STM32F105 and F107.
  case f1
  /// STM32F3.
  case f3
  /// STM32F4, with the F2 parts that look the same.
  case f4
  /// STM32F7.
  case f7
  /// STM32C0.
  case c0
  /// STM32C5.
  case c5
  /// STM32G0.
  case g0
  /// STM32G4.
  case g4
  /// STM32H5.
  case h5
  /// STM32H7.
  case h7
  /// STM32L0.
  case l0
  /// STM32L1.
  case l1
  /// STM32L4 and L4+.
  case l4
  /// STM32L5.
  case l5
  /// STM32U0.
  case u0
  /// STM32U5.
  case u5
  /// STM32WB.
  case wb
  /// GigaDevice GD32.
  case gd32
  /// Artery AT32.
  case at32
  /// Geehy APM32.
  case apm32
  /// X32.
  case x32
  /// None of these, or not to be told.
  case unknown
}
