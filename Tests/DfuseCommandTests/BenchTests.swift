import DfuseDevice
import Testing

@testable import dfuse

/// The table of many boards, and how it is drawn again and again.
@Suite struct BenchTests {
  private func bench(_ count: Int) -> Bench {
    var bench = Bench()
    for number in 1...count {
      bench.add(BoardName(path: "1-\(number)", chip: "STM32F405", serial: "A\(number)"))
    }
    return bench
  }

  @Test func `each board has a line with what it does`() {
    var bench = bench(3)
    bench.update(.started(.write, total: 200), at: "1-1")
    bench.update(.advanced(.write, done: 100), at: "1-1")
    bench.end(.succeeded("verified, running"), after: .seconds(2), at: "1-2", as: nil)
    #expect(
      bench.lines(width: 80, height: 24) == [
        "port  serial  chip       now",
        "1-1   A1      STM32F405  writing   [==========          ]  50%",
        "1-2   A2      STM32F405  verified, running", "1-3   A3      STM32F405  waiting",
      ])
    #expect(bench.lines(width: 30, height: 24).allSatisfy { $0.count < 30 })
  }

  @Test func `a board that was stopped is no failure of its own`() {
    var bench = bench(1)
    bench.end(.stopped("nothing on the board was changed"), after: nil, at: "1-1", as: nil)
    #expect(
      bench.report.last == "1-1   A1      STM32F405  stopped; nothing on the board was changed  -")
  }

  @Test func `an end is not taken back by what was on its way`() {
    var bench = bench(1)
    bench.end(.failed("no"), after: nil, at: "1-1", as: nil)
    bench.update(.started(.write, total: 200), at: "1-1")
    #expect(bench.rows[0].state == .failed("no"))
    bench.update(.started(.write, total: 200), at: "9-9")
    #expect(bench.rows.count == 1)
  }

  @Test func `of more boards than lines, those at work are shown, and the others counted`() {
    var bench = bench(30)
    bench.update(.started(.erase, total: 8), at: "1-29")
    for number in 1...7 {
      bench.end(.succeeded("verified"), after: .seconds(1), at: "1-\(number)", as: nil)
    }
    bench.end(.failed("no"), after: nil, at: "1-8", as: nil)
    let lines = bench.lines(width: 80, height: 12)
    #expect(lines.count == 11)
    #expect(lines[1].hasPrefix("1-29  A29     STM32F405  erasing   ["))
    #expect(lines.last == "and 21 more; of all, 7 done, 1 failed, 22 to do")
  }

  @Test func `in the end there is a line for each board, or for each port of a station`() {
    var bench = bench(2)
    bench.end(.succeeded("verified"), after: .milliseconds(1500), at: "1-1", as: nil)
    bench.end(.failed("writing failed"), after: nil, at: "1-2", as: nil)
    #expect(
      bench.report == [
        "port  serial  chip       result                  time",
        "1-1   A1      STM32F405  verified                1.5 s",
        "1-2   A2      STM32F405  FAILED: writing failed  -",
      ])
    bench.add(BoardName(path: "1-2", chip: "STM32F405", serial: "A9"))
    bench.end(.succeeded("verified"), after: .seconds(1), at: "1-2", as: nil)
    #expect(
      bench.report == [
        "port  serial  chip       flashed  failed  last result",
        "1-1   A1      STM32F405  1        0       verified",
        "1-2   A9      STM32F405  1        1       verified",
      ])
  }

  @Test func `a live table is drawn over itself, and not more often than one can read`() {
    var written = ""
    var lines = ["one", "two"]
    let table = LiveTable(write: { written += $0 }, lines: { lines })
    table.draw(at: .zero)
    #expect(written == "one\ntwo\n")
    written = ""
    table.draw(at: .milliseconds(99))
    #expect(written == "")
    lines = ["three"]
    table.draw(at: .milliseconds(100))
    #expect(written == "\u{1B}[2A\r\u{1B}[Jthree\n")
    written = ""
    table.printAbove { written += "news\n" }
    #expect(written == "\u{1B}[1A\r\u{1B}[Jnews\nthree\n")
    written = ""
    table.erase()
    table.erase()
    #expect(written == "\u{1B}[1A\r\u{1B}[J")
    table.printAbove { written = "alone\n" }
    #expect(written == "alone\n")
  }
}
