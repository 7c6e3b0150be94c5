import DfuseDevice

/// `dfuse flash --watch`: flashes each time that the files have been written anew.
struct FlashWatch {
  let command: FlashCommand
  let host: Host

  /// How often the files are looked at.
  private static let interval = Duration.milliseconds(100)

  /// Flashes until Ctrl-C, and goes on after a flash that failed.
  ///
  /// - Throws: A failure of the last flash, or for files that cannot be watched.
  func run() throws(Failure) {
    let files = command.firmware.files
    guard !files.contains("-") else {
      throw Failure(
        .usage, "--watch and standard input do not go together",
        fix: "name the file that the build writes")
    }
    host.listenForInterrupt(host.console)
    var watch = WatchedFiles(count: files.count)
    var now = Duration.zero
    var last: Failure?
    var count = 0
    tell("flashing \(files.map(\.visible).joined(separator: ", ")) each time it is written anew")
    while !host.isInterrupted() {
      if watch.see(files.map(FileFacts.of), at: now) {
        do throws(Failure) {
          // Half a build is no firmware, and is not told of: the other half comes.
          let job = try command.job(console: host.console, clock: host.clock)
          watch.take()
          last = nil
          do throws(Failure) {
            try command.flash(host: host, job: job)
            count += 1
          } catch {
            guard error.status != .interrupted else { throw error }
            last = error
            if !error.what.isEmpty { host.console.report(error) }
          }
          tell("waiting for the next build (Ctrl-C ends it)")
        } catch {
          guard error.status != .interrupted else { throw error }
          if error.status == .usage { throw error }
          if let problem = watch.refuse(at: now) { tell("\(problem): \(error.what)") }
        }
      }
      host.pause(Self.interval)
      now += Self.interval
    }
    if let last { throw last }
    guard !command.work.output.json else { return }
    try host.console.verdict("flashed \(count == 1 ? "once" : "\(count) times")")
  }

  private func tell(_ line: String) {
    guard command.work.output.json else { return host.console.note(line) }
    try? host.console.output(JSONText.line(JSONLine(event: .note, message: line)))
  }
}

/// When files that a build writes are whole: no clock, no files.
struct WatchedFiles {
  /// How long nothing may have changed: an editor or a linker writes in pieces.
  static let quietTime = Duration.milliseconds(300)
  /// After how long it is said that what is there is no firmware.
  static let patience = Duration.seconds(2)

  /// What was there at the last look, and since when.
  private var last: [FileFacts?]
  private var since = Duration.zero
  /// What was flashed last.
  private var taken: [FileFacts?]?
  /// What was found not to be firmware, and whether that was said.
  private var refused: (facts: [FileFacts?], said: Bool)?

  init(count: Int) { last = Array(repeating: nil, count: count) }

  /// Takes in what is there.
  ///
  /// - Returns: Whether it is new and has been quiet for long enough.
  mutating func see(_ facts: [FileFacts?], at now: Duration) -> Bool {
    if facts != last { (last, since) = (facts, now) }
    return facts != taken && facts.allSatisfy { $0?.kind == .regular }
      && now - since >= Self.quietTime
  }

  /// What is there is flashed now.
  mutating func take() { (taken, refused) = (last, nil) }

  /// What is there is no firmware.
  ///
  /// - Returns: What to say of it, once, when it has been so for a while.
  mutating func refuse(at now: Duration) -> String? {
    if refused?.facts != last { refused = (last, false) }
    guard now - since >= Self.patience, refused?.said == false else { return nil }
    refused?.said = true
    return "not flashed"
  }
}
