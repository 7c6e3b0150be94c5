import DfuseDevice

/// How far a phase has come, as it is drawn.
struct ProgressBar {
  /// Of 1; nothing of nothing is 0.
  let share: Double
  private let phase: FlashEvent.Phase

  init(_ phase: FlashEvent.Phase, done: UInt64, of total: UInt64) {
    self.phase = phase
    share = total > 0 ? Double(min(done, total)) / Double(total) : 0
  }

  /// `writing   `, as wide as the longest.
  var name: String { phase.words.present.padded(to: 10) }

  /// ` 45%`.
  var percent: String { "\(Int(share * 100))%".rightAligned(to: 4) }

  /// `[====      ]`, with so many places between.
  func bar(_ width: Int) -> String {
    "[" + String(repeating: "=", count: Int(share * Double(width))).padded(to: width) + "]"
  }
}
