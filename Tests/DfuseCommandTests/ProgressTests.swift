import DfuseDevice
import Synchronization
import Testing

@testable import dfuse

/// Progress of the work on a board.
@Suite struct ProgressTests {
  /// What is written to standard error.
  private final class Screen: Sendable {
    let text = Mutex("")

    func console(isTerminal: Bool, width: Int = 80, isQuiet: Bool = false) -> Console {
      Console(
        writeOutput: { _ in }, writeError: { text in self.text.withLock { $0 += text } },
        outputIsTerminal: isTerminal, errorIsTerminal: isTerminal, width: width, isQuiet: isQuiet)
    }

    /// What was drawn, one text a drawing.
    var drawings: [String] {
      text.withLock { $0 }.split(separator: "\r\u{1B}[K").map(String.init)
    }
  }

  private func run(
    _ renderer: inout ProgressRenderer, _ phase: FlashEvent.Phase, total: UInt64,
    steps: Int, of time: Duration
  ) {
    renderer.show(.started(phase, total: total), at: .seconds(10))
    for step in 1...steps {
      renderer.show(
        .advanced(phase, done: total * UInt64(step) / UInt64(steps)),
        at: .seconds(10) + time * step)
    }
    renderer.show(.finished(phase), at: .seconds(10) + time * steps)
  }

  @Test func `a log gets one line a phase`() {
    let screen = Screen()
    var renderer = ProgressRenderer(console: screen.console(isTerminal: false), moves: true)
    run(&renderer, .erase, total: 131072, steps: 8, of: .milliseconds(250))
    run(&renderer, .write, total: 100_000, steps: 50, of: .milliseconds(2))
    #expect(
      screen.text.withLock { $0 } == """
        erased 128 KiB in 2.0 s, 64 KiB/s
        wrote 97.7 KiB in 100 ms

        """)
  }

  /// https://no-color.org: colour, and nothing else.
  @Test func `without colour a terminal still gets its bar`() {
    let screen = Screen()
    var console = screen.console(isTerminal: true)
    console.mayColour = false
    #expect(console.styled("error:", .red) == "error:")
    var renderer = ProgressRenderer(console: console, moves: true)
    run(&renderer, .erase, total: 131072, steps: 4, of: .seconds(2))
    #expect(screen.drawings.count > 2)
    #expect(screen.text.withLock { !$0.contains("\u{1B}[3") && !$0.contains("\u{1B}[1") })
  }

  @Test func `a terminal gets a bar with share, bytes, rate and time left`() {
    let screen = Screen()
    var renderer = ProgressRenderer(console: screen.console(isTerminal: true), moves: true)
    run(&renderer, .erase, total: 131072, steps: 4, of: .seconds(2))
    #expect(
      screen.drawings == [
        "erasing   [                    ]    0%  0 bytes of 128 KiB",
        "erasing   [=====               ]   25%  32 KiB of 128 KiB, 16 KiB/s  6 s left",
        "erasing   [==========          ]   50%  64 KiB of 128 KiB, 16 KiB/s  4 s left",
        "erasing   [===============     ]   75%  96 KiB of 128 KiB, 16 KiB/s  2 s left",
        "erasing   [====================]  100%  128 KiB of 128 KiB, 16 KiB/s",
        "erased 128 KiB in 8.0 s, 16 KiB/s\n",
      ])
  }

  @Test func `progress is shown at most ten times a second, all else always`() {
    var pace = ProgressPace()
    var shown = 0
    for step in 0..<1000 {
      let time = Duration.milliseconds(2) * step
      if pace.passes(.advanced(.write, done: UInt64(step)), at: time) { shown += 1 }
    }
    #expect(shown == 20)
    let end = Duration.milliseconds(2000)
    let rest: [FlashEvent] = [
      .finished(.write), .started(.verify, total: 2), .advanced(.verify, done: 1),
      .advanced(.verify, done: 2), .finished(.verify),
    ]
    let passed = rest.filter { pace.passes($0, at: end) }
    #expect(passed == [rest[0], rest[1], rest[2], rest[4]])
  }

  @Test(arguments: [10, 40, 60, 79, 200])
  func `the bar fits the terminal`(width: Int) {
    let screen = Screen()
    var renderer = ProgressRenderer(
      console: screen.console(isTerminal: true, width: width), moves: true)
    run(&renderer, .verify, total: 1 << 20, steps: 8, of: .seconds(1))
    let bars = screen.drawings.dropLast()
    #expect(bars.count == 9)
    #expect(bars.allSatisfy { $0.count < width })
  }

  @Test func `a warning takes the bar away first`() {
    let screen = Screen()
    var renderer = ProgressRenderer(console: screen.console(isTerminal: true), moves: true)
    renderer.show(.started(.write, total: 1024), at: .zero)
    renderer.warn("odd")
    let text = screen.text.withLock { $0 }
    #expect(text.hasSuffix("\r\u{1B}[K\u{1B}[33mwarning:\u{1B}[0m odd\n"))
  }

  @Test func `quiet is quiet`() {
    let screen = Screen()
    var renderer = ProgressRenderer(
      console: screen.console(isTerminal: true, isQuiet: true), moves: true)
    run(&renderer, .write, total: 1 << 20, steps: 10, of: .seconds(1))
    #expect(screen.drawings.isEmpty)
  }

  @Test(
    arguments: [
      (0, "0 bytes"), (1, "1 byte"), (1023, "1023 bytes"), (1024, "1 KiB"), (1064, "1.0 KiB"),
      (131072, "128 KiB"), (100_000, "97.7 KiB"), (1 << 20, "1 MiB"), (3 << 19, "1536 KiB"),
      ((1 << 20) + 1, "1.0 MiB"), (41 << 18, "10.3 MiB"), (1 << 32, "4096 MiB"),
    ] as [(UInt64, String)])
  func `sizes are short`(bytes: UInt64, text: String) {
    #expect(bytes.sizeText == text)
  }

  @Test(
    arguments: [
      (.zero, "0 ms"), (.milliseconds(44), "44 ms"), (.milliseconds(999), "999 ms"),
      (.milliseconds(1000), "1.0 s"), (.milliseconds(4249), "4.2 s"), (.seconds(59.94), "59.9 s"),
      (.seconds(60), "1 min"), (.seconds(65), "1 min 5 s"), (.seconds(3600), "60 min"),
    ] as [(Duration, String)])
  func `times are short`(time: Duration, text: String) {
    #expect(time.timeText == text)
  }
}
