import DfuseSimulator

/// What one piece of work cost.
struct Measurement {
  /// Virtual time from the first request to the last.
  var total: Duration
  /// DFU requests.
  var requests: Int
  /// The time the chip erased and programmed.
  var busy: Duration
  /// The time the bootloader fetched what was uploaded.
  var fetch: Duration
  /// The time that waiting to the letter takes in place of `busy`.
  var told: Duration
  /// Sectors erased one by one.
  var erases: Int
  /// Whether the flash was erased as a whole.
  var massErases: Int

  init(total: Duration, before: BoardCounters, after: BoardCounters) {
    self.total = total
    requests = after.count(.any) - before.count(.any)
    busy = after.busyTime - before.busyTime
    fetch = after.fetchTime - before.fetchTime
    told = after.toldTime - before.toldTime
    erases = after.count(.erase) - before.count(.erase)
    massErases = after.massErases - before.massErases
  }
}
