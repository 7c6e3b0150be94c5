import DfuseFormat

extension FlashPlanner {
  /// The time that the chip's data and the wire give a plan.
  func expectedTime(of plan: FlashPlan) -> Duration {
    let erases = plan.memories.flatMap(\.sectors).filter { $0.action == .eraseAndWrite }
      .reduce(Duration.zero) {
        $0 + profile.eraseTime(forSectorOf: UInt64($1.range.count)).typical
      }
    let units = plan.bytesToWrite / UInt64(max(profile.programmingUnit, 1))
    let programming = profile.programTimePerUnit.typical * Int(clamping: units)
    let blocks = (plan.bytesToWrite + UInt64(transferSize) - 1) / UInt64(transferSize)
    let readBlocks = (plan.bytesToVerify + UInt64(transferSize) - 1) / UInt64(transferSize)
    let transfers = blocks * 3 + readBlocks + 3 * UInt64(plan.count(of: .eraseAndWrite))
    return (usesMassErase ? profile.massEraseTime.typical : erases) + programming
      + WireModel.fullSpeed.time(
        transfers: transfers, bytes: plan.bytesToWrite + plan.bytesToVerify)
  }
}

/// How long transfers take on the wire, without the device's own work.
///
/// Full speed carries at most 13 control data packets of 64 bytes in a frame of 1 ms (USB 2.0
/// table 5-3, rounded down); SETUP and status stages together cost another quarter of a frame.
public struct WireModel: Hashable, Sendable {
  /// Bytes of data stages in a millisecond.
  public var bytesPerMillisecond: UInt64
  /// The fixed part of each transfer.
  public var perTransfer: Duration

  /// USB full speed, which all ST ROMs but a few use.
  public static let fullSpeed = WireModel(
    bytesPerMillisecond: 832, perTransfer: .microseconds(250))

  /// The time for a number of transfers that carry a number of bytes in all.
  public func time(transfers: UInt64, bytes: UInt64) -> Duration {
    perTransfer * Int(clamping: transfers)
      + .microseconds(Int64(clamping: bytes * 1000 / max(bytesPerMillisecond, 1)))
  }
}
