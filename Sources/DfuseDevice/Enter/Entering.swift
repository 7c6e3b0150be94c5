/// Takes a running board into its bootloader, and follows it there.
///
/// One of these is for one board. The bus tells how it went: errors of the request that makes a
/// device leave mean nothing, and neither does a clean answer.
public struct Entering {
  private let bus: any USBBus
  /// All devices before any board was told to leave.
  private let before: [DeviceIdentity]
  private let onlyOnItsPort: Bool
  private let isCancelled: () -> Bool
  private let report: (EnterEvent) -> Void

  /// How often the bus is looked at while a board is away.
  private static let interval = Duration.milliseconds(100)
  /// How long a device that says that it leaves by itself may take for it, beyond its time-out,
  /// before its port is reset: some say so and wait (Black Magic Probe), some are slow.
  private static let detachTime = Duration.seconds(2)

  /// Prepares to take boards into their bootloaders.
  ///
  /// - Parameters:
  ///   - bus: Where they are.
  ///   - before: All devices that are there now, before any board is told to leave.
  ///   - onlyOnItsPort: Whether a board is not looked for elsewhere when nothing comes at its port.
  ///   - isCancelled: Whether to stop.
  ///   - report: Is told what happens.
  public init(
    on bus: any USBBus, before: [PluggedDevice], onlyOnItsPort: Bool = false,
    isCancelled: @escaping () -> Bool = { false },
    report: @escaping (EnterEvent) -> Void = { _ in }
  ) {
    self.bus = bus
    self.before = before.map(\.identity)
    self.onlyOnItsPort = onlyOnItsPort
    self.isCancelled = isCancelled
    self.report = report
  }

  /// Takes a board into its bootloader.
  ///
  /// - Parameters:
  ///   - device: The device as which it runs.
  ///   - ways: Ways that fit it. Of several, that is taken whose questions the device answers; all
  ///     of them have to have some.
  /// - Returns: The board in its bootloader, and the way that was taken.
  /// - Throws: ``EnterError``.
  public func enter(
    _ device: PluggedDevice, by ways: [Way]
  ) throws(EnterError) -> (board: Board, way: Way) {
    var device = device
    var attempt = 1
    while true {
      var way: Way?
      var verdict = Following.Verdict.waiting
      var requestError: USBError?
      for stage in 0... {
        let sent = try send(stage, to: device, ways: way.map { [$0] } ?? ways, attempt: attempt)
        way = sent.way
        requestError = sent.error
        var following = sent.following
        verdict = try follow(&following)
        guard case .onTheWay(let identity) = verdict, let next = pluggedDevice(identity.place)
        else { break }
        report(.onTheWay(identity))
        device = next
      }
      guard let way else { throw .cancelled(isAway: false) }
      switch verdict {
      case .arrived(let board): return (way.board(board), way)
      case .asItWas(let identity) where attempt < way.tries:
        guard let again = pluggedDevice(identity.place) else { continue }
        report(.sameAgain(identity, attempt: attempt))
        attempt += 1
        device = again
      case .asItWas(let identity): throw .cameBackAsItWas(identity, tries: attempt)
      case .other(let identity), .onTheWay(let identity): throw .cameBackAs(identity)
      case .closed(let identity, let error): throw .notOpenable(identity, error)
      case .stayed: throw .stayed(for: Following.leaveLimit, error: requestError)
      case .lost(let candidates):
        throw .lost(after: Following.returnLimit, candidates: candidates)
      case .waiting: throw .cancelled(isAway: true)
      }
    }
  }

  private func pluggedDevice(_ place: DeviceIdentity.Place) -> PluggedDevice? {
    (try? bus.pluggedDevices())?.first { $0.identity.place == place }
  }

  // MARK: - Sending

  /// What was sent, and who is to be followed from then on.
  private struct Sent {
    var way: Way
    var following: Following
    /// What the request gave; it proves nothing.
    var error: USBError?
  }

  private func following(_ device: PluggedDevice, _ stage: Way.Stage) -> Following {
    Following(
      device.identity, next: stage.next, before: before, onlyOnItsPort: onlyOnItsPort, at: bus.now)
  }

  private func send(
    _ stage: Int, to device: PluggedDevice, ways: [Way], attempt: Int
  ) throws(EnterError) -> Sent {
    guard !isCancelled() else { throw .cancelled(isAway: false) }
    guard let first = ways.first else { throw .cancelled(isAway: false) }
    if first.usesSerialPort {
      guard let port = device.serialPorts.first else { throw .serial(.noPort(nil), .opening) }
      let link = try open(port, of: device)
      defer { link.close() }
      let talk = SerialTalk(link)
      let way = try talk.choose(ways)
      try talk.prepare(way, stage)
      report(.sent(way, attempt: attempt))
      let following = following(device, way.stages[stage])
      talk.trigger(way.stages[stage].trigger)
      return Sent(way: way, following: following)
    }
    let interface = first.detaches ? device.dfuRunTime : nil
    let link: any ControlLink
    do throws(USBError) {
      link = try bus.openControl(device, claiming: interface?.number ?? first.claimedInterface)
    } catch {
      throw .usb(error, .opening)
    }
    report(.sent(first, attempt: attempt))
    if let interface {
      let failed = detach(device, interface, link)
      return Sent(way: first, following: following(device, first.stages[stage]), error: failed)
    }
    let following = following(device, first.stages[stage])
    var failed: USBError?
    for step in first.stages[stage].trigger {
      switch step {
      case .control(let request, let data):
        do throws(USBError) {
          if request.isIn {
            _ = try link.controlIn(request, length: 0, timeout: .seconds(1))
          } else {
            try link.controlOut(request, data: data, timeout: .seconds(1))
          }
        } catch {
          failed = error
        }
      case .pause(let time): link.wait(time)
      case .detach, .speed, .lines, .write, .ask: break
      }
    }
    return Sent(way: first, following: following, error: failed)
  }

  /// Opens a serial port; one that ModemManager looks at, or somebody who is not shown, is waited
  /// for: ModemManager asks each new port for some ten seconds whether it is a modem.
  private func open(
    _ port: USBInterface, of device: PluggedDevice
  ) throws(EnterError) -> any SerialLink {
    let start = bus.now
    var isFirst = true
    while true {
      do throws(SerialError) {
        return try bus.openSerial(device, interface: port.number)
      } catch {
        guard case .inUse(let name, let holder) = error,
          holder.map({ $0.name == Self.modemManager }) ?? true,
          bus.now - start < Self.portTime, !isCancelled()
        else { throw .serial(error, .opening) }
        if isFirst { report(.waiting(port: name, holder: holder)) }
        isFirst = false
        _ = bus.waitForChange(limit: Self.interval)
      }
    }
  }

  private static let modemManager = "ModemManager"
  /// How long it is waited for.
  private static let portTime = Duration.seconds(12)

  /// DFU 1.1 section 5.1: tells the device to detach, and resets its port where it waits for that.
  ///
  /// - Returns: What the requests gave; it proves nothing.
  private func detach(
    _ device: PluggedDevice, _ interface: USBInterface, _ link: any ControlLink
  ) -> USBError? {
    let timeOut = Duration.milliseconds(Int(interface.functional?.wDetachTimeOut ?? 1000))
    let request = ControlRequest(
      bmRequestType: 0x21, bRequest: 0,
      wValue: UInt16(min(1000, timeOut / .milliseconds(1))), wIndex: UInt16(interface.number))
    var failed: USBError?
    do throws(USBError) {
      try link.controlOut(request, data: [], timeout: .seconds(1))
    } catch {
      failed = error
    }
    // bitWillDetach: table 4.2.
    let leavesByItself = (interface.functional?.bmAttributes ?? 0) & 0x08 != 0
    if leavesByItself {
      let limit = timeOut + Self.detachTime
      let start = bus.now
      while isThere(device), bus.now - start < limit, !isCancelled() {
        _ = bus.waitForChange(limit: Self.interval)
      }
    }
    if isThere(device) {
      do throws(USBError) { try link.reset() } catch { failed = failed ?? error }
    }
    return failed
  }

  private func isThere(_ device: PluggedDevice) -> Bool {
    pluggedDevice(device.identity.place) != nil
  }

  // MARK: - Following

  private func follow(_ following: inout Following) throws(EnterError) -> Following.Verdict {
    while true {
      // A bus that cannot be listed for a moment shows nothing. Boards are opened to be listed, and
      // so only where one of them may be the one that is awaited.
      let plugged = (try? bus.pluggedDevices()) ?? []
      let boards = following.awaits(anyOf: plugged) ? (try? bus.devices()) ?? [] : []
      let verdict = following.see(
        boards: boards, plugged: plugged.map(\.identity), at: bus.now)
      guard verdict == .waiting else { return verdict }
      guard !isCancelled() else { throw .cancelled(isAway: true) }
      _ = bus.waitForChange(limit: Self.interval)
    }
  }
}

/// A talk with a firmware over its serial port.
private struct SerialTalk {
  private let link: any SerialLink

  init(_ link: any SerialLink) { self.link = link }

  /// Of several ways, the one whose questions are answered as expected.
  func choose(_ ways: [Way]) throws(EnterError) -> Way {
    var first: EnterError?
    for way in ways {
      if way.probes.isEmpty { return way }
      for questions in way.probes {
        do throws(EnterError) {
          for question in questions { try ask(question) }
          return way
        } catch {
          guard error.isAnAnswer else { throw error }
          // An answer tells more than none.
          if case .doesNotFit = error { first = error } else { first = first ?? error }
        }
      }
    }
    throw first ?? .cancelled(isAway: false)
  }

  /// Does what comes before a stage's trigger.
  ///
  /// The questions that may forbid it come first: at a command line they are not understood, and a
  /// flight controller at its command line cannot be armed.
  func prepare(_ way: Way, _ stage: Int) throws(EnterError) {
    for question in way.guards {
      do throws(EnterError) {
        try ask(question)
      } catch {
        switch error {
        case .doesNotFit(let about, _): throw .refused(about: about, because: question.contrary)
        case .noAnswer(let about): throw .refused(about: about, because: nil)
        default: throw error
        }
      }
    }
    do throws(EnterError) {
      for step in way.stages[stage].prepare {
        if case .ask(let question) = step {
          try ask(question)
          continue
        }
        do throws(SerialError) {
          try run(step)
        } catch {
          throw .serial(error, .preparing)
        }
      }
    } catch {
      if !way.undo.isEmpty { try? link.write(way.undo, timeout: .seconds(1)) }
      throw error
    }
  }

  /// Makes the device leave; it may go at any moment.
  func trigger(_ steps: [Way.Step]) {
    for step in steps {
      do throws(SerialError) {
        try run(step)
      } catch {
        if error == .gone { return }
      }
    }
  }

  private func run(_ step: Way.Step) throws(SerialError) {
    switch step {
    case .speed(let baud): try link.setSpeed(baud)
    case .lines(let areUp): try link.setLines(dtr: areUp, rts: areUp)
    case .write(let bytes): try link.write(bytes, timeout: .seconds(2))
    case .pause(let time): link.wait(time)
    case .ask, .control, .detach: break
    }
  }

  private func ask(_ question: Way.Question) throws(EnterError) {
    for _ in 0..<max(question.tries, 1) {
      let judgement: Way.Answer.Judgement
      do throws(SerialError) {
        judgement = try answer(to: question)
      } catch {
        throw .serial(error, .asking(about: question.about))
      }
      switch judgement {
      case .fits: return
      case .other(let answer): throw .doesNotFit(about: question.about, answer: answer)
      case .nothing: continue
      }
    }
    throw .noAnswer(about: question.about)
  }

  private func answer(
    to question: Way.Question
  ) throws(SerialError) -> Way.Answer.Judgement {
    // What is under way was not meant for this question; a port that never stops is no reason to
    // wait for ever.
    for _ in 0..<64 {
      if try link.read(limit: .zero).isEmpty { break }
    }
    try link.write(question.send, timeout: .seconds(1))
    var heard: [UInt8] = []
    let end = link.now + question.within
    while link.now < end, heard.count < 1 << 16 {
      heard += try link.read(limit: end - link.now)
      let judgement = question.answer.judge(heard)
      guard judgement == .nothing else { return judgement }
    }
    return .nothing
  }
}

extension EnterError {
  /// Whether the device was asked, and nothing went wrong with its port.
  fileprivate var isAnAnswer: Bool {
    switch self {
    case .doesNotFit, .noAnswer: true
    default: false
    }
  }
}
