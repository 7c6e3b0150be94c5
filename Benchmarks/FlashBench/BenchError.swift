/// Why there is no measurement.
enum BenchError: Error {
  case noSuchChip(String)
  case noFlash(String)
  /// The host's code failed on a board that has no faults.
  case failed(chip: String, String)
  /// The board does not hold what was flashed.
  case wrongContent(chip: String)
  case tooSlow(rows: Int)
}
