import Testing

@testable import DfuseDevice

/// Learning how long a device really takes.
@Suite struct AdaptivePollingTests {
  /// A device that reports one time and takes another, and answers dfuDNBUSY meanwhile.
  private struct Device {
    var reported: Duration
    var actual: Duration
    /// How long the first answer takes: ST's device code works before it answers.
    var firstAnswer: Duration = .zero

    /// Carries out one operation; returns the time it took, and how often it was asked too early.
    func run(
      _ polling: inout AdaptivePolling, _ kind: OperationKind = .write(bytes: 2048)
    ) -> (time: Duration, early: Int) {
      var elapsed = firstAnswer
      var attempt = 1
      while true {
        let spent = attempt == 1 ? firstAnswer : .zero
        elapsed += polling.delay(
          for: kind,
          after: BusyAnswer(
            reported: reported, spentInAnswer: spent, elapsed: elapsed, attempt: attempt))
        if elapsed >= actual {
          polling.ended(kind, busyAnswers: attempt)
          return (elapsed, attempt - 1)
        }
        attempt += 1
      }
    }
  }

  @Test func `the first operation of a kind is timed as told`() {
    var polling = AdaptivePolling()
    let device = Device(reported: .milliseconds(104), actual: .milliseconds(8))
    #expect(device.run(&polling).time == .milliseconds(104))
    #expect(device.run(&polling, .setAddress).time == .milliseconds(104))
    #expect(device.run(&polling, .erase(sectorSize: 32 << 10)).time == .milliseconds(104))
    #expect(device.run(&polling, .erase(sectorSize: 128 << 10)).time == .milliseconds(104))
  }

  @Test func `the wait shrinks to near the real time and stays there`() {
    var polling = AdaptivePolling()
    let device = Device(reported: .milliseconds(104), actual: .milliseconds(8))
    var early = 0
    for _ in 0..<16 { early += device.run(&polling).early }
    let last = (0..<50).map { _ in device.run(&polling) }
    #expect(last.allSatisfy { $0.early == 0 && $0.time <= .milliseconds(10) })
    #expect(early <= 3)
  }

  @Test func `asking too early costs no more than what was told`() {
    var polling = AdaptivePolling()
    let device = Device(reported: .milliseconds(1000), actual: .milliseconds(905))
    for _ in 0..<10 { #expect(device.run(&polling).time <= .milliseconds(1000)) }
  }

  @Test func `a device that works before it answers is not waited for again`() {
    var polling = AdaptivePolling()
    let device = Device(
      reported: .milliseconds(300), actual: .milliseconds(300), firstAnswer: .milliseconds(300))
    #expect(device.run(&polling).time == .milliseconds(300))
  }

  @Test func `a device that reports too little is asked as often as it says`() {
    var polling = AdaptivePolling()
    let device = Device(reported: .milliseconds(100), actual: .milliseconds(1630))
    #expect(device.run(&polling).time == .milliseconds(1700))
  }

  @Test func `a device that reports nothing is still waited for`() {
    var polling = AdaptivePolling()
    let device = Device(reported: .zero, actual: .milliseconds(20))
    for _ in 0..<5 { #expect(device.run(&polling).time <= .milliseconds(26)) }
  }

  @Test func `after trouble an operation is timed as told for good`() {
    var polling = AdaptivePolling()
    let device = Device(reported: .milliseconds(104), actual: .milliseconds(8))
    for _ in 0..<3 { _ = device.run(&polling) }
    polling.ended(.write(bytes: 2048), busyAnswers: nil)
    for _ in 0..<5 { #expect(device.run(&polling).time == .milliseconds(104)) }
  }

  @Test func `where a device reports too little for an erase the chip's own time is waited`() {
    var polling = SpecificationPolling(eraseTimes: [
      .kibibytes(2, 22, 30), .kibibytes(8, 40, 60),
    ])
    func delay(_ kind: OperationKind, reported: Int, attempt: Int = 1) -> Duration {
      polling.delay(
        for: kind,
        after: BusyAnswer(
          reported: .milliseconds(reported), spentInAnswer: .zero, elapsed: .zero,
          attempt: attempt))
    }
    #expect(delay(.erase(sectorSize: 2048), reported: 20) == .microseconds(24_750))
    #expect(delay(.erase(sectorSize: 4096), reported: 20) == .milliseconds(45))
    #expect(delay(.erase(sectorSize: 2048), reported: 50) == .milliseconds(50))
    #expect(delay(.erase(sectorSize: 2048), reported: 20, attempt: 2) == .milliseconds(20))
    #expect(delay(.erase(sectorSize: 1 << 20), reported: 20) == .milliseconds(20))
    #expect(delay(.write(bytes: 2048), reported: 20) == .milliseconds(20))
  }

  @Test func `a device that becomes slower is waited for longer`() {
    var polling = AdaptivePolling()
    var device = Device(reported: .milliseconds(104), actual: .milliseconds(8))
    for _ in 0..<20 { _ = device.run(&polling) }
    device.actual = .milliseconds(30)
    for _ in 0..<12 { _ = device.run(&polling) }
    #expect(device.run(&polling).early == 0)
    #expect(device.run(&polling).time <= .milliseconds(40))
  }
}
