import DfuseSimulator
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The file that keeps a simulated board's memories between runs.
///
/// As a board, it is one process's at a time: it is locked from when it is read until this object
/// goes. Commands that only read share it, and leave it as it is.
final class BoardStateFile {
  private let path: String
  /// Whether the command may change the board.
  private let changes: Bool
  /// The file that is locked.
  private var file: FileDescriptor?
  /// What the file holds, as the board has it; nil for a board that is new.
  private var kept: SimulatedBoardState?

  init(path: String, changes: Bool = true) {
    self.path = path
    self.changes = changes
  }

  deinit { try? file?.close() }

  /// What stands behind the colon of `CHIP:STATE-FILE`.
  static func path(in choice: String) -> String? {
    choice.firstIndex(of: ":").map { String(choice[choice.index(after: $0)...]) }
  }

  /// The board that the file holds, or a blank one where there is no file or an empty one.
  ///
  /// - Throws: A failure with status 65 when the file is no such state, or of another chip; 66 when
  ///   it cannot be read, 73 when it cannot be written, 74 when another process has it.
  func board(
    _ chip: SimulatedChip, serial: String? = nil, faults: FaultPlan
  ) throws(Failure) -> SimulatedBoard {
    let bytes = try open()
    guard !bytes.isEmpty else { return SimulatedBoard(chip, serial: serial, faults: faults) }
    do throws(BoardStateError) {
      let board = try SimulatedBoard(
        chip, state: try SimulatedBoardState(decoding: bytes), faults: faults)
      kept = board.state
      return board
    } catch {
      throw Failure(
        .badData, "\(path.visible): \(error)",
        fix: "name a file that is not there yet for a blank board")
    }
  }

  /// Keeps a board, if the command may have changed it and has, or if it is new.
  ///
  /// - Throws: A failure with status 73 or 74.
  func write(_ board: SimulatedBoard, console: Console) throws(Failure) {
    let state = board.state
    guard changes, state != kept else { return }
    try OutputFile(name: path).write(state.encode(), console: console)
    kept = state
    // The file that was locked has given its place to this one.
    if let new = try? FileDescriptor.open(path.systemPath, .readWrite), lock(new) == nil {
      try? file?.close()
      file = new
    }
  }

  // MARK: - The lock

  /// Opens the file and locks it; makes it, where the board is to be kept.
  ///
  /// - Returns: What it holds; nothing where there is no file.
  private func open() throws(Failure) -> [UInt8] {
    if let facts = FileFacts.of(path), facts.kind == .other {
      throw Failure(
        .badData, "\(path.visible) is no file, and cannot keep a simulated board",
        fix: "name a file that is not there yet for a blank board")
    }
    do {
      while true {
        let file = try FileDescriptor.open(
          path.systemPath, changes ? .readWrite : .readOnly, options: changes ? [.create] : [],
          permissions: changes ? FilePermissions(rawValue: 0o666) : nil)
        let owner = lock(file)
        // Whoever had the lock may have put another file in the place of this one.
        if owner == nil, let there = FileFacts.of(path), there.isSameFile(as: try .of(file)) {
          self.file = file
          return try InputFile(name: path).read(file)
        }
        try file.close()
        if let owner { throw inUse(by: owner) }
      }
    } catch let failure as Failure {
      throw failure
    } catch Errno.noSuchFileOrDirectory where !changes {
      return []
    } catch {
      let problem = error as? Errno
      throw changes
        ? Failure(
          .cannotCreate, "cannot write \(path.visible): \(error)", fix: problem?.fixWriting(path))
        : Failure(
          .noInput, "cannot read \(path.visible): \(error)", fix: problem?.fixReading(path))
    }
  }

  /// Locks an open file.
  ///
  /// - Returns: The process that has it; nil when it is locked, or when the place knows no locks.
  private func lock(_ file: FileDescriptor) -> pid_t? {
    if case .taken(let owner) = FileLock.take(file, alone: changes) { owner } else { nil }
  }

  private func inUse(by owner: pid_t) -> Failure {
    Failure(
      .inputOutput, "\(path.visible) is in use by process \(owner)",
      why: "another command works on this simulated board",
      fix: "wait until it has ended, or name another state file")
  }
}
