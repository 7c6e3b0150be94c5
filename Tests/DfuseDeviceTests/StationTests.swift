import Testing

@testable import DfuseDevice

/// What a station does at its ports; time and bus are numbers in these tests.
@Suite struct StationTests {
  static func listing(
    _ generation: UInt64, at path: String = "1-1", serial: String? = "STM32FxSTM32",
    openError: USBError? = nil
  ) -> USBDeviceListing {
    USBDeviceListing(
      identity: DeviceIdentity(
        vendorID: 0x0483, productID: 0xDF11, bcdDevice: 0x2200, path: path, address: 5,
        generation: generation, serialNumber: serial),
      interfaces: [
        DFUInterface(
          number: 0, mode: .dfu, alternateSettings: [.init(number: 0, name: nil)],
          functional: DFUFunctionalDescriptor(
            bmAttributes: 0x0B, wDetachTimeOut: 255, wTransferSize: 2048, bcdDFUVersion: 0x011A))
      ], openError: openError)
  }

  /// A station, and what happened in the order in which it did.
  struct Bench {
    var station = Station()
    var started: [DeviceIdentity] = []
    var givenUp: [USBError] = []
    var leftAlone: [DeviceIdentity.Place] = []

    mutating func see(_ devices: [USBDeviceListing], at seconds: Double) {
      let now = Duration.seconds(seconds)
      for step in station.see(DeviceFilter().selection(from: devices), at: now) {
        switch step {
        case .start(let identity): started.append(identity)
        case .giveUp(_, let error): givenUp.append(error)
        case .leaveAlone(let identity): leftAlone.append(identity.place)
        }
      }
    }

    mutating func finish(
      succeeded: Bool = true, returned: DeviceIdentity.Place? = nil, at seconds: Double
    ) {
      station.finished(
        started[started.count - 1], succeeded: succeeded, returned: returned,
        at: .seconds(seconds))
    }
  }

  @Test func `a board is started once, however often it is seen`() {
    var bench = Bench()
    let board = StationTests.listing(1)
    for time in 0..<5 { bench.see([board], at: Double(time)) }
    bench.finish(at: 5)
    for time in 5..<100 { bench.see([board], at: Double(time)) }
    #expect(bench.started == [board.identity])
    #expect(bench.leftAlone.isEmpty)
  }

  @Test func `two hundred boards on one port with one serial number are all started`() {
    var bench = Bench()
    for number in 1...200 {
      let time = Double(number) * 10
      // Without strings it is the same board, as right after an enumeration.
      bench.see([StationTests.listing(UInt64(number), serial: nil)], at: time)
      bench.see([StationTests.listing(UInt64(number))], at: time + 1)
      bench.finish(at: time + 2)
      bench.see([], at: time + 3)
    }
    #expect(bench.started.count == 200)
    #expect(bench.leftAlone.isEmpty)
  }

  @Test func `a board that comes back by itself is left alone, and that is said once`() {
    var bench = Bench()
    bench.see([StationTests.listing(1)], at: 0)
    let back = StationTests.listing(2)
    bench.finish(returned: back.identity.place, at: 3)
    for time in 3..<60 { bench.see([back], at: Double(time)) }
    #expect(bench.started.count == 1)
    #expect(bench.leftAlone.isEmpty)
    // The watch was over before it came.
    bench.see([], at: 61)
    bench.see([StationTests.listing(3)], at: 62)
    bench.finish(at: 64)
    bench.see([], at: 64.5)
    bench.see([StationTests.listing(4)], at: 65)
    bench.see([StationTests.listing(4)], at: 90)
    #expect(bench.started.count == 2)
    #expect(bench.leftAlone == [.init(path: "1-1", generation: 4)])
    // And it goes on bouncing.
    bench.see([StationTests.listing(5)], at: 91)
    #expect(bench.started.count == 3)
  }

  @Test func `another serial number is another board, however soon it comes`() {
    var bench = Bench()
    bench.see([StationTests.listing(1, serial: "315A28A0B956")], at: 0)
    bench.finish(at: 1)
    bench.see([StationTests.listing(2, serial: "315A28A0B957")], at: 1.5)
    bench.finish(at: 2)
    // The same one again, and one whose serial number is not known yet.
    bench.see([StationTests.listing(3, serial: "315A28A0B957")], at: 2.5)
    bench.see([StationTests.listing(4, serial: nil)], at: 3)
    #expect(bench.started.map(\.generation) == [1, 2])
    #expect(bench.leftAlone.map(\.generation) == [3, 4])
  }

  @Test func `a board that is plugged in later is started again`() {
    var bench = Bench()
    bench.see([StationTests.listing(1)], at: 0)
    bench.finish(at: 1)
    bench.see([], at: 2)
    bench.see([StationTests.listing(2)], at: 4)
    #expect(bench.started.map(\.generation) == [1, 2])
  }

  @Test func `a failed board is tried again when it comes back, three times in a row`() {
    var bench = Bench()
    for number in 1...6 {
      bench.see([StationTests.listing(UInt64(number))], at: Double(number))
      if bench.started.count == number { bench.finish(succeeded: false, at: Double(number) + 0.5) }
    }
    #expect(bench.started.count == Station.attempts)
    #expect(!bench.leftAlone.isEmpty)
    bench.see([], at: 10)
    bench.see([StationTests.listing(9)], at: 20)
    #expect(bench.started.count == Station.attempts + 1)
  }

  @Test func `a busy interface is given time to be let go`() {
    var bench = Bench()
    let busy = StationTests.listing(1, openError: .busy)
    bench.see([busy], at: 0)
    #expect(bench.station.isWaitingToOpen)
    bench.see([busy], at: 4.9)
    #expect(bench.givenUp.isEmpty)
    bench.see([StationTests.listing(1)], at: 5)
    #expect(bench.started.count == 1)
    #expect(bench.givenUp.isEmpty)
    #expect(!bench.station.isWaitingToOpen)
  }

  @Test func `one that stays closed is given up once, and started when it opens after all`() {
    var bench = Bench()
    let closed = StationTests.listing(1, openError: .accessDenied)
    for time in 0..<60 { bench.see([closed], at: Double(time)) }
    #expect(bench.givenUp == [.accessDenied])
    bench.see([StationTests.listing(1)], at: 61)
    #expect(bench.started.count == 1)
  }

  @Test func `a board at work is not touched when it shows as in use or is not to be seen`() {
    var bench = Bench()
    bench.see([StationTests.listing(1)], at: 0)
    for time in 1..<30 {
      bench.see(
        time % 2 == 0 ? [] : [StationTests.listing(1, openError: .busy)], at: Double(time))
    }
    #expect(bench.started.count == 1)
    #expect(bench.givenUp.isEmpty)
  }

  @Test func `ports do not know of each other`() {
    var bench = Bench()
    bench.see([StationTests.listing(1), StationTests.listing(1, at: "1-2")], at: 0)
    #expect(bench.started.map(\.path) == ["1-1", "1-2"])
  }
}
