/// How long a session gives each operation, and what it does about known deviations.
///
/// `bwPollTimeout` is the least time to wait and says nothing about the most: an STM32F405 reports
/// 100 ms for a mass erase of 30 s. These are the limits after which the host gives up.
public struct OperationLimits: Hashable, Sendable {
  /// Setting an address or writing one block.
  public var write: Duration = .seconds(5)
  /// Erasing one sector; raised to three times the datasheet's maximum where that is known.
  public var sectorErase: Duration = .seconds(30)
  /// Erasing the whole flash.
  public var massErase: Duration = .seconds(120)
  /// Work that an earlier program started and the session found going on.
  public var entry: Duration = .seconds(35)
  /// Between the request to leave and the device's disappearance.
  public var leave: Duration = .seconds(2)
  /// Between the request to remove the read protection and the device's disappearance.
  public var unprotect: Duration = .seconds(30)
  /// Between DFU_DETACH and the return of the device in DFU mode.
  public var detach: Duration = .seconds(5)

  /// Ends a sector erase that stays in dfuDNBUSY by two DFU_CLRSTATUS, and takes it for done.
  ///
  /// For the STM32H743 rev V, where an erase in bank 2 never ends. Off by default.
  public var stuckBusyRecovery = false
  /// Leaves without the DFU_GETSTATUS after the empty DFU_DNLOAD, as the GD32VF103 does.
  public var leavesWithoutStatus = false

  /// Makes the default limits.
  public init() {}

  /// The limit for a sector whose erase takes at most `maximum` by the datasheet.
  ///
  /// - Returns: Three times `maximum`, but at least ``sectorErase``.
  public func erase(datasheetMaximum maximum: Duration?) -> Duration {
    max(sectorErase, (maximum ?? .zero) * 3)
  }
}
