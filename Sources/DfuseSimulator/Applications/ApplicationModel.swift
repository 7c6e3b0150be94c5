/// A firmware that runs, as a machine: requests, bytes and moments in, answers and bytes out.
///
/// It performs no I/O and knows no clock. What becomes of the board is told as with a bootloader.
struct ApplicationModel: Sendable {
  /// What happens by itself at a moment.
  enum Alarm: Hashable, Sendable {
    /// The speed was set to 1200 baud 200 ms ago.
    case touchIsDue
    /// The firmware has done what it had to do before it enters the bootloader.
    case enters
    /// Nothing has come for 100 ms.
    case quiet
    /// The host has not reset the port in time.
    case detachIsOver
  }

  /// How long a board is away between its firmware and its bootloader.
  static let absence = Duration.milliseconds(500)
  /// How long a firmware takes to answer on its serial port.
  static let latency = Duration.milliseconds(1)

  /// What it is.
  let facts: ApplicationFacts
  /// What it answers to standard requests.
  var standard: StandardRequests
  /// What has happened on the board so far.
  var counters: ApplicationCounters
  /// As what the firmware comes back, if not as what was flashed.
  private(set) var nextStage: ApplicationFace?

  /// `dwDTERate` and what follows: 9600 baud, 8N1.
  private var lineCoding: [UInt8] = [0x80, 0x25, 0, 0, 0, 0, 8]
  /// DTR is bit 0, RTS bit 1.
  private var lines: UInt16 = 0
  /// The touch's time is over, and DTR was high.
  private var waitsForClose = false
  /// DFU_DETACH came, and the port has not been reset.
  private var waitsForReset = false
  private var alarms: [(at: Duration, what: Alarm)] = []
  private var output: [(at: Duration, byte: UInt8)] = []

  /// The state of what is spoken on the serial port.
  var dialog = DialogState()

  init(_ facts: ApplicationFacts, romSerial: String, counters: ApplicationCounters) {
    self.facts = facts
    self.counters = counters
    standard = StandardRequests(facts.descriptors(romSerial: romSerial))
  }

  /// Whether a host has the serial port open.
  var isConnected: Bool { lines & 1 != 0 }
  private var isAt1200: Bool { lineCoding.starts(with: [0xB0, 0x04, 0, 0]) }

  // MARK: - Time

  /// When something happens by itself.
  var deadline: Duration? { alarms.map(\.at).min() }

  /// Lets what is due at `now` happen, up to the first thing that takes the board off the bus.
  mutating func advance(to now: Duration) -> Reaction.Consequence {
    while let next = alarms.indices.min(by: { alarms[$0].at < alarms[$1].at }),
      alarms[next].at <= now
    {
      let alarm = alarms.remove(at: next)
      let then: Reaction.Consequence =
        switch alarm.what {
        case .touchIsDue: touchIsDue()
        case .enters: enter()
        case .quiet: hearSilence(at: alarm.at)
        case .detachIsOver: detachIsOver()
        }
      if then != .stay { return then }
    }
    return .stay
  }

  /// Sets an alarm; there is one of a kind.
  mutating func set(_ what: Alarm, at moment: Duration) {
    cancel(what)
    alarms.append((moment, what))
  }

  mutating func cancel(_ what: Alarm) { alarms.removeAll { $0.what == what } }

  private mutating func touchIsDue() -> Reaction.Consequence {
    guard isConnected else { return enter() }
    waitsForClose = true
    return .stay
  }

  private mutating func detachIsOver() -> Reaction.Consequence {
    waitsForReset = false
    return .stay
  }

  /// It leaves the bus, and the bootloader comes.
  func enter(after delay: Duration = .zero) -> Reaction.Consequence {
    .leaveBus(after: delay, as: .bootloader, absentFor: Self.absence)
  }

  /// It leaves the bus, and the firmware starts anew, or another stage of it.
  mutating func restart(
    as stage: ApplicationFace? = nil, after delay: Duration = .zero
  ) -> Reaction.Consequence {
    counters.restarts += 1
    nextStage = stage
    return .leaveBus(after: delay, as: .application, absentFor: Self.absence)
  }

  // MARK: - Endpoints

  /// Bytes from the host, as one packet.
  mutating func receive(
    _ bytes: [UInt8], endpoint: UInt8, at now: Duration
  ) -> Reaction.Consequence {
    endpoint == 0x01 && !bytes.isEmpty ? hear(bytes, at: now) : .stay
  }

  /// Takes at most `count` bytes for the host; none when there are none yet.
  mutating func take(_ count: Int, endpoint: UInt8, at now: Duration) -> [UInt8] {
    guard endpoint == 0x81 else { return [] }
    let bytes = output.prefix { $0.at <= now }.prefix(count).map(\.byte)
    output.removeFirst(bytes.count)
    return bytes
  }

  /// When there are bytes for the host.
  func outputIsDue(endpoint: UInt8) -> Duration? { endpoint == 0x81 ? output.first?.at : nil }

  /// Sends bytes; where nobody has the port open, they are lost.
  mutating func send(_ bytes: some Sequence<UInt8>, at now: Duration) {
    guard isConnected else { return }
    let moment = max(now + Self.latency, output.last?.at ?? .zero)
    output += bytes.map { (moment, $0) }
  }

  mutating func send(_ text: String, at now: Duration) { send(text.utf8, at: now) }

  // MARK: - Requests

  /// Answers a control transfer.
  mutating func answer(_ packet: SetupPacket, data: [UInt8], at now: Duration) -> Reaction {
    if packet.isStandard {
      // Over USB/IP a reset of the port is seen only by what the host sends behind it.
      if waitsForReset, packet.bmRequestType == 0, packet.bRequest == 0x09 {
        return Reaction(.silence, then: busReset())
      }
      return standard.answer(packet)
    }
    if packet.bmRequestType & 0x60 == 0x40 { return answerVendor(packet) }
    guard packet.isClassToInterface,
      let interface = standard.descriptors.interface(packet.wIndex)
    else { return Reaction(.stall) }
    return switch interface.code {
    case [0x02, 0x02, interface.code[2]]: answerSerial(packet, data: data, at: now)
    case [0xFE, 0x01, 0x01]: answerRunTime(packet, interface.functional, at: now)
    // A bootloader with plain DFU, in which nothing goes on.
    case [0xFE, 0x01, 0x02] where packet.bmRequestType == 0xA1 && packet.bRequest == 3:
      packet.answer([0, 0, 0, 0, 2, 0])
    case [0xFE, 0x01, 0x02] where packet.bmRequestType == 0xA1 && packet.bRequest == 5:
      packet.answer([2])
    case [0xFE, 0x01, 0x02] where packet.bmRequestType == 0x21 && [4, 6].contains(packet.bRequest):
      Reaction(.acknowledge)
    default: Reaction(.stall)
    }
  }

  /// The port is reset by the host.
  mutating func busReset() -> Reaction.Consequence {
    guard waitsForReset else {
      (lines, output) = (0, [])
      return .stay
    }
    waitsForReset = false
    return enter()
  }

  /// SET_LINE_CODING, GET_LINE_CODING, SET_CONTROL_LINE_STATE: PSTN 1.2 section 6.3.
  private mutating func answerSerial(
    _ packet: SetupPacket, data: [UInt8], at now: Duration
  ) -> Reaction {
    switch (packet.bmRequestType, packet.bRequest) {
    case (0x21, 0x20) where packet.wLength == 7 && data.count == 7:
      lineCoding = data
      var then = Reaction.Consequence.stay
      if isAt1200 {
        switch facts.touch {
        case .mbed: set(.touchIsDue, at: now + .milliseconds(200))
        case .klipper where !isConnected: then = enter(after: .milliseconds(1))
        default: break
        }
      }
      return Reaction(.acknowledge, then: then)
    case (0xA1, 0x21): return packet.answer(lineCoding)
    case (0x21, 0x22): return Reaction(.acknowledge, then: setLines(packet.wValue, at: now))
    default: return Reaction(.stall)
    }
  }

  private mutating func setLines(_ wValue: UInt16, at now: Duration) -> Reaction.Consequence {
    let wasConnected = isConnected
    lines = wValue
    guard !isConnected else {
      if !wasConnected { greet(at: now) }
      return .stay
    }
    // What nobody has fetched is lost when the port is closed.
    output = []
    if waitsForClose { return enter(after: .milliseconds(1)) }
    guard isAt1200 else { return .stay }
    switch facts.touch {
    case .klipper, .circuitPython: return enter(after: .milliseconds(1))
    case .microPython: set(.enters, at: now + .milliseconds(250))
    case .mbed, nil: break
    }
    return .stay
  }

  /// DFU_DETACH, DFU_GETSTATUS, DFU_GETSTATE in run time: DFU 1.1 sections 5.1 and 6.1.
  private mutating func answerRunTime(
    _ packet: SetupPacket, _ functional: [UInt8], at now: Duration
  ) -> Reaction {
    let state: UInt8 = waitsForReset ? 1 : 0
    switch (packet.bmRequestType, packet.bRequest) {
    case (0x21, 0x00):
      if facts.detach == .leaves {
        return Reaction(.acknowledge, then: enter(after: .milliseconds(10)))
      }
      waitsForReset = true
      if facts.detach == .waits {
        set(.detachIsOver, at: now + .milliseconds(Int(packet.wValue)))
      }
      return Reaction(.acknowledge)
    case (0xA1, 0x03): return packet.answer([0, 0, 0, 0, state, 0])
    case (0xA1, 0x05): return packet.answer([state])
    default: return Reaction(.stall)
    }
  }

  private mutating func answerVendor(_ packet: SetupPacket) -> Reaction {
    switch (facts.vendor, packet.bRequest, packet.wValue) {
    case (.plain, 0xB0, 0) where packet.bmRequestType == 0x40:
      return Reaction(.acknowledge, then: enter(after: .milliseconds(1)))
    // The reset comes in the middle of the request.
    case (.panda, 0xD1, 1):
      return Reaction(.silence, then: restart(as: .pandaBootstub))
    case (.panda(isBootstub: true), 0xD1, 0): return Reaction(.silence, then: enter())
    case (.panda, 0xD8, _): return Reaction(.silence, then: restart(as: .panda))
    case (.panda, 0xD1, _): return Reaction(packet.isIn ? .data([]) : .acknowledge)
    case (.crazyflie, _, _):
      guard packet.wIndex == 2 else { return Reaction(.acknowledge) }
      return Reaction(.silence, then: enter(after: .milliseconds(5)))
    default: return Reaction(.stall)
    }
  }
}

/// What a simulated board's firmware was told to do since the board was made.
package struct ApplicationCounters: Hashable, Sendable {
  /// How often it was told to enter the bootloader.
  package internal(set) var entries = 0
  /// How often it was restarted, soft resets not counted.
  package internal(set) var restarts = 0
  /// How often a REPL was told to run its programs anew.
  package internal(set) var softResets = 0
  /// How often a flight controller rebooted with its motors armed.
  package internal(set) var rebootsWhileArmed = 0

  /// Nothing has happened.
  package init() {}
}
