import DfuseSimulator

/// The file that keeps a simulated board's memories between runs.
struct BoardStateFile {
  var path: String

  /// The board that the file holds, or a blank one where there is no file.
  ///
  /// - Throws: A failure with status 65 when the file is no such state, or of another chip; 66 when
  ///   it cannot be read.
  func board(
    _ chip: SimulatedChip, serial: String? = nil, faults: FaultPlan
  ) throws(Failure) -> SimulatedBoard {
    guard FileFacts.of(path) != nil else {
      return SimulatedBoard(chip, serial: serial, faults: faults)
    }
    let bytes = try InputFile(name: path).read()
    do throws(BoardStateError) {
      return try SimulatedBoard(
        chip, state: try SimulatedBoardState(decoding: bytes), faults: faults)
    } catch {
      throw Failure(
        .badData, "\(path.visible): \(error)",
        fix: "name a file that is not there yet for a blank board")
    }
  }

  /// Keeps a board.
  ///
  /// - Throws: A failure with status 73 or 74.
  func write(_ board: SimulatedBoard, console: Console) throws(Failure) {
    try OutputFile(name: path).write(board.state.encode(), console: console)
  }
}
