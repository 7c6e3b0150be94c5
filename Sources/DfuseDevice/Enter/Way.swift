/// A way from a running firmware into a DfuSe bootloader, as data.
///
/// What is known of a firmware stands here and in the table, ``all``; how a step is carried out,
/// and how a board is followed, is the same for all of them.
public struct Way: Hashable, Sendable {
  /// The word for it: `--via msp`.
  public var id: String
  /// What is done, and with which firmware, for people.
  public var title: String
  /// The devices it fits; one that fits one of them is enough.
  public var matches: [Match]
  /// What to ask the device first, on its serial port: all of one list has to be answered as
  /// expected.
  ///
  /// Harmless for whatever may have the ids of a match.
  var probes: [[Question]] = []
  /// What has to be answered as expected right before each try.
  var guards: [Question] = []
  /// What is done; between two stages the board leaves and comes back.
  var stages: [Stage]
  /// Sent on the serial port when the way is given up after the probe.
  var undo: [UInt8] = []
  /// How often it is tried while the board comes back as it was.
  var tries = 1
  /// What else may happen, to the board or what it drives; nil where nothing does but that the
  /// program ends.
  public var sideEffects: String?
  /// Whether firmwares that are not known may do it as well, as the specification or custom has it.
  var isCustomary = false
  /// Bootloaders without DfuSe as which it may come back instead, by their ids.
  public var otherBootloaders: [USBID: String] = [:]
  /// A program in the flash, beside the firmware, that starts the firmware: it is not to be
  /// overwritten, and the firmware begins behind it.
  var resident: ApplicationBootloader?
  /// What must not be sent to a device that it fits.
  var never: [Never] = []
  /// What is probably behind a failure.
  var causes: [Trouble: String] = [:]
  /// What the facts are taken from.
  public var source: String

  /// How a way can fail.
  public enum Trouble: Hashable, Sendable {
    /// The device does not answer what it is asked.
    case silence
    /// It stays.
    case stays
    /// It comes back as it was.
    case returns
    /// Nothing comes back.
    case lost
  }

  /// What is probably behind a failure; nil when nothing is known of that.
  public func cause(of trouble: Trouble) -> String? {
    let usual: String? =
      switch trouble {
      case .silence, .stays: nil
      // CircuitPython PR 11270, Marlin#27047, hellen-one#79.
      case .returns: "a ROM that cannot measure its crystal restarts the firmware"
      // betaflight-configurator#1004, voron_canbus#121, MCUDEV_DEVEBOX_F407VET6#2.
      case .lost:
        "what talks on a serial port of the chip, such as a receiver or a GPS on USART1 or 3, keeps "
          + "a ROM from USB: unplug it"
      }
    let known = [causes[trouble], usual].compactMap { $0 }
    return known.isEmpty ? nil : known.joined(separator: "; ")
  }

  /// A device that a way fits.
  public struct Match: Hashable, Sendable {
    /// Ids, of which one has to fit; none for all.
    public var ids: [USBIDPattern] = []
    /// What the manufacturer string begins with.
    public var manufacturer: String?
    /// What the product string begins with.
    public var product: String?
    /// The serial number, where all devices with a firmware have the same.
    public var serial: String?
    /// An interface that has to be there.
    public var interface: USBInterface.Code?
    /// Whether it has to have a serial port.
    public var needsSerialPort = false
    /// Whether this is enough to choose the way; if not, it is a "maybe" and nothing is sent unless
    /// the way is named.
    public var isCertain = true
  }

  /// Something that would lead a device elsewhere, or do harm; neither this way nor another one for
  /// the same devices sends it.
  struct Never: Hashable, Sendable {
    /// What it is, and why not, in words.
    var what: String
    /// How it is known among what is sent.
    var forms: [Form]
    /// Whether it is right as what makes the device leave, and nowhere before that.
    var isRightInTheEnd = false
    /// What the fact is taken from.
    var source: String

    /// What it looks like.
    enum Form: Hashable, Sendable {
      /// These bytes, wherever they stand in what is written at once.
      case bytes([UInt8])
      /// This byte, and silence behind it.
      case lastByte(UInt8)
      /// This byte, with nothing before it in its line.
      case firstInLine(UInt8)
      /// A line with this text alone.
      case line(String)
      /// A call of this function with an argument.
      case argument(of: String)
      /// This speed of the serial port.
      case speed(UInt32)
      /// A vendor request with this index, whatever its number.
      case vendorRequest(index: UInt16)
      /// A control transfer to an interface, but for DFU_DETACH.
      case requestToInterface
    }
  }

  /// What is sent, and what then comes back.
  struct Stage: Hashable, Sendable {
    /// What leaves the device as it is; an error ends the way.
    var prepare: [Step] = []
    /// What makes it leave.
    ///
    /// From here on only the bus tells how it went: the device may be gone
    /// before it has answered, and a clean answer proves nothing.
    var trigger: [Step]
    /// What comes back before the next stage; none where this is the last one.
    var next: [USBIDPattern] = []
  }

  /// One thing to do.
  enum Step: Hashable, Sendable {
    /// A control transfer with data for the device; the top bit of its type makes it a read of none.
    case control(ControlRequest, [UInt8] = [])
    /// DFU_DETACH to the run-time interface, and a reset of the port where the device needs one.
    case detach
    /// Sets the serial port's speed.
    case speed(UInt32)
    /// Raises DTR and RTS, or lets them fall.
    case lines(Bool)
    /// Sends bytes on the serial port.
    case write([UInt8])
    /// Asks, and goes on when the answer is as expected.
    case ask(Question)
    /// Lets time pass.
    case pause(Duration)
  }

  /// Bytes to send on the serial port, and the answer that is expected.
  struct Question: Hashable, Sendable {
    /// What is asked for, in words.
    var about: String
    /// What to send.
    var send: [UInt8]
    /// What has to come.
    var answer: Answer
    /// How long it may take.
    var within: Duration = .seconds(1)
    /// How often it is asked while nothing fits.
    var tries = 1
    /// What another answer means, in words.
    var contrary: String?
  }

  /// An answer as it should be.
  enum Answer: Hashable, Sendable {
    /// These bytes, among whatever comes.
    case contains([UInt8])
    /// One of these texts, among whatever comes.
    case containsOne([String])
    /// The reply to an MSP command.
    case msp(command: UInt8, MSPCheck)
  }

  /// What is looked at in a reply to an MSP command.
  enum MSPCheck: Hashable, Sendable {
    /// It begins with one of these texts.
    case text([String])
    /// Its first bytes are a version of at least this.
    case versionAtLeast([UInt8])
    /// They are an earlier one.
    case versionBefore([UInt8])
    /// A bit of a byte is 0.
    case clear(bit: UInt8, at: Int)
  }

  /// A board that came by this way, with what is known of its flash by that.
  public func board(_ board: Board) -> Board {
    var board = board
    board.bootloader = board.bootloader ?? resident
    return board
  }

  /// Whether it is taken only where it is named.
  public var mustBeNamed: Bool { sideEffects != nil || isOwn }

  /// Whether it works through a serial port.
  var usesSerialPort: Bool {
    !probes.isEmpty
      || stages.flatMap { $0.prepare + $0.trigger }.contains { step in
        switch step {
        case .speed, .lines, .write, .ask: true
        case .control, .detach, .pause: false
        }
      }
  }

  /// The interface that its control transfers go to, which has to be claimed for them; nil where
  /// they go to the device, or are vendor requests, which the system lets through.
  var claimedInterface: UInt8? {
    for case .control(let request, _) in stages.flatMap(\.trigger)
    where request.bmRequestType & 0x1F == 1 && request.bmRequestType & 0x60 != 0x40 {
      return UInt8(truncatingIfNeeded: request.wIndex)
    }
    return nil
  }

  /// Whether it sends DFU_DETACH.
  var detaches: Bool { stages.contains { $0.trigger.contains(.detach) } }
}

extension Way {
  /// How well a way fits a device.
  public enum Fit: Int, Comparable, Sendable {
    /// The device may be meant by it, and may be something else.
    case maybe
    /// The device is what the way is for, as far as can be told without asking it.
    case certain

    /// Whether one is less than the other.
    public static func < (left: Fit, right: Fit) -> Bool { left.rawValue < right.rawValue }
  }

  /// How well it fits a device, by its descriptors alone; nil if it does not.
  public func fit(_ device: PluggedDevice) -> Fit? {
    matches.filter { $0.fits(device) }.map { $0.isCertain ? .certain : .maybe }.max()
  }

  /// Whether a device has what the way needs to be tried, whatever its ids.
  public func canBeTried(on device: PluggedDevice) -> Bool {
    if detaches { return device.dfuRunTime != nil }
    return !usesSerialPort || !device.serialPorts.isEmpty
  }

  /// Whether a device that it does not fit can be asked whether it is one all the same.
  public var asksFirst: Bool {
    !probes.isEmpty
      || stages.first?.prepare.contains { if case .ask = $0 { true } else { false } } == true
  }

  /// Whether it can be tried with a device that it does not fit, where somebody names both.
  public var canBeForced: Bool { isOwn || asksFirst || isCustomary }

  /// The ways of the table that fit a device, those that are certain first.
  public static func fitting(_ device: PluggedDevice) -> [(way: Way, fit: Fit)] {
    // In its bootloader already.
    guard !device.isInBootloader else { return [] }
    return all.compactMap { way in way.fit(device).map { (way, $0) } }
      .sorted { $0.fit > $1.fit }
  }

  /// The way of the table with this id.
  public static func named(_ id: String) -> Way? { all.first { $0.id == id } }
}

extension Way.Match {
  /// Whether a device is meant.
  func fits(_ device: PluggedDevice) -> Bool {
    let identity = device.identity
    func begins(_ text: String?, with start: String?) -> Bool {
      guard let start else { return true }
      return text?.hasPrefix(start) == true
    }
    return (ids.isEmpty || ids.contains { $0.fits(identity.usbID) })
      && begins(identity.manufacturer, with: manufacturer)
      && begins(identity.product, with: product)
      && (serial == nil || identity.serialNumber == serial)
      && (interface == nil || device.interfaces.contains { $0.code == interface })
      && (!needsSerialPort || !device.serialPorts.isEmpty)
  }
}

extension Way.Answer {
  /// What bytes that came mean.
  enum Judgement: Equatable {
    /// They are the answer that was expected.
    case fits
    /// They are another answer.
    case other([UInt8])
    /// Nothing yet.
    case nothing
  }

  /// Judges all that came since the question.
  func judge(_ bytes: [UInt8]) -> Judgement {
    switch self {
    case .contains(let text):
      return bytes.firstRange(of: text) != nil ? .fits : .nothing
    case .containsOne(let texts):
      return texts.contains { bytes.firstRange(of: Array($0.utf8)) != nil } ? .fits : .nothing
    case .msp(let command, let check):
      switch Self.reply(to: command, in: bytes) {
      case nil: return .nothing
      case .some(nil): return .other([])
      case .some(let payload?): return check.fits(payload) ? .fits : .other(payload)
      }
    }
  }

  /// The payload of the reply to an MSP command; an empty optional where it was refused.
  ///
  /// Other bytes may stand around it, as what another program has sent.
  private static func reply(to command: UInt8, in bytes: [UInt8]) -> [UInt8]?? {
    for start in bytes.indices {
      let rest = bytes[start...]
      guard rest.count >= 6, rest.starts(with: "$M".utf8), rest[start + 4] == command else {
        continue
      }
      if rest[start + 2] == UInt8(ascii: "!") { return .some(nil) }
      let size = Int(rest[start + 3])
      guard rest[start + 2] == UInt8(ascii: ">"), rest.count >= 6 + size else { continue }
      let body = rest[(start + 3)..<(start + 5 + size)]
      guard body.reduce(0, ^) == rest[start + 5 + size] else { continue }
      return .some(Array(body.dropFirst(2)))
    }
    return nil
  }
}

extension Way.MSPCheck {
  /// Whether a reply is as it should be; one that is too short is not.
  func fits(_ payload: [UInt8]) -> Bool {
    switch self {
    case .text(let names): names.contains { payload.starts(with: $0.utf8) }
    case .versionAtLeast(let version):
      payload.count >= version.count
        && !payload.prefix(version.count).lexicographicallyPrecedes(version)
    case .versionBefore(let version):
      payload.count >= version.count
        && payload.prefix(version.count).lexicographicallyPrecedes(version)
    case .clear(let bit, let place): payload.count > place && payload[place] >> bit & 1 == 0
    }
  }
}
