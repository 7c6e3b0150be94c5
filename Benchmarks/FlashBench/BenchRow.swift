import DfuseDevice
import DfuseSimulator

/// One chip and one case, measured.
struct BenchRow {
  /// Most that a flash may take, in terms of what cannot be saved.
  static let limit = 1.15

  var chip: String
  var isAdaptive: Bool
  var flashCase: FlashCase
  var bytes: Int
  var measured: Measurement
  var floor: WireFloor
  /// How long dfu-util's requests take to erase and write the image, without verifying it.
  var dfuUtil: Duration

  /// What cannot be saved: the chip's own time, or what it demands, and the wire.
  var least: Duration {
    (isAdaptive ? measured.busy : measured.told) + measured.fetch + floor.time
  }

  /// The time in terms of what cannot be saved.
  var ratio: Double { measured.total / least }

  var isFastEnough: Bool { ratio <= Self.limit }

  /// All cases of one chip.
  static func measure(_ chip: SimulatedChip) throws(BenchError) -> [BenchRow] {
    let other = try BenchBoard(chip)
    let dfuUtil = try other.flashLikeDfuUtil().total
    let used = try BenchBoard(chip)
    let blank = try BenchBoard(chip, isBlank: true)
    let isAdaptive: Bool =
      switch try used.hostProfile().safePolling {
      case .adaptive: true
      case .spec: false
      }
    var rows: [BenchRow] = []
    for flashCase in FlashCase.allCases {
      let board = flashCase == .blank ? blank : used
      if flashCase == .oneSector { board.changeOneByte() }
      let measured = try board.flash(flashCase.options)
      rows.append(
        BenchRow(
          chip: chip.name, isAdaptive: isAdaptive, flashCase: flashCase,
          bytes: board.image.count, measured: measured,
          floor: WireFloor(flashCase, board, usesMassErase: measured.massErases > 0),
          dfuUtil: dfuUtil))
    }
    return rows
  }
}
