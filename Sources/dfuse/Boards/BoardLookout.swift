import DfuseDevice

/// Looks around on the bus where no board was found, for what tells why.
///
/// Nothing of this is done before a board was looked for and not found.
struct BoardLookout {
  private let bus: any USBBus
  /// The plug-ins of all devices seen so far; nil before the first look, and where a bus does not
  /// show them.
  private var seen: Set<DeviceIdentity.Place>?
  /// Those of the last look.
  private var last: Set<DeviceIdentity.Place> = []
  private var somethingCame = false
  private var told: Set<String> = []
  private var next = Duration.zero

  /// How often the kernel's log is read while nothing comes or goes: what does not become a device
  /// is no change on the bus.
  private static let interval = Duration.seconds(3)

  init(_ bus: any USBBus) { self.bus = bus }

  /// Looks, if something has changed or it is time to, and returns what has not been told yet.
  mutating func news(at now: Duration, changed: Bool) -> [String] {
    guard changed || now >= next else { return [] }
    next = now + Self.interval
    guard let surroundings = bus.surroundings() else { return [] }
    let places = surroundings.places
    // A change after which all is as before was something that came and went.
    if let seen, !places.isSubset(of: seen) || changed && places == last { somethingCame = true }
    seen = places.union(seen ?? [])
    last = places
    return surroundings.findings.filter { told.insert($0).inserted }
  }

  /// A failure for want of a board, with what is known of the reason.
  ///
  /// To be called only where nothing on the bus is in DFU mode.
  func explaining(_ failure: Failure) -> Failure {
    guard let surroundings = bus.surroundings() else { return failure }
    var reasons = surroundings.findings
    let came = somethingCame || seen.map { !surroundings.places.isSubset(of: $0) } ?? true
    if !came, surroundings.troubles.isEmpty {
      reasons.append(
        "nothing new came on the bus while it waited; often the cable only charges, or BOOT0 and "
          + "reset were not pressed")
    } else if surroundings.devices.isEmpty, reasons.isEmpty {
      reasons = ["no USB device is plugged in but hubs; often the cable only charges"]
    }
    var failure = failure
    // Comes last, since nothing shows it.
    let more = failure.status == .noBoard && failure.choices.isEmpty ? surroundings.withoutUSB : nil
    guard !reasons.isEmpty else {
      if let more { failure.reasons.append(more) }
      return failure
    }
    if let more { reasons.append(more) }
    // Devices that were seen and are no boards stand below the failure.
    failure.reasons = failure.choices.isEmpty ? reasons : failure.reasons + reasons
    // With a list to choose from, the way out is there.
    if let fix = failure.fix, !fix.hasSuffix(":") {
      failure.fix = "\(surroundings.remedy), then \(fix)"
    }
    return failure
  }
}

extension BusSurroundings {
  /// What is known of why no board is in its bootloader, a sentence each.
  fileprivate var findings: [String] { troubleSentences + (probeSentence.map { [$0] } ?? []) }

  /// What the kernel's log tells of ports, a sentence each.
  var troubleSentences: [String] {
    var sentences = troubles.prefix(Self.mostTroubles).map(\.sentence)
    if troubles.count > Self.mostTroubles {
      let rest = (troubles.count - Self.mostTroubles).counted("other port")
      sentences.append("the kernel's log has more of that, of \(rest)")
    }
    return sentences
  }

  /// What debug probes tell of where a board has to be plugged in; nil where there are none.
  var probeSentence: String? {
    let paths = probes.map(\.path.visible)
    guard let last = paths.last else { return nil }
    let first = paths.dropLast().joined(separator: ", ")
    return first.isEmpty
      ? "\(last) is an ST-LINK; the bootloader is on the board's other USB connector"
      : "\(first) and \(last) are ST-LINKs; a bootloader is on a board's other USB connector"
  }

  /// That some parts never come as a bootloader; nil where a port's trouble is another.
  fileprivate var withoutUSB: String? {
    guard troubles.allSatisfy({ $0.kind == .noAnswer }) else { return nil }
    return probes.isEmpty
      ? "perhaps it is an \(PartsWithoutUSB.best): the ROM of such parts has no USB, and takes firmware "
        + "over a UART or from an ST-LINK"
      : "parts whose ROM has no USB, such as \(PartsWithoutUSB.best), take firmware from the ST-LINK "
        + "itself (st-flash)"
  }

  /// Over-current is often told of every port of a hub.
  private static var mostTroubles: Int { 3 }

  /// What to try first.
  var remedy: String {
    switch troubles.map(\.kind).max(by: { $0.rawValue < $1.rawValue }) {
    case .overCurrent: "unplug what is at that port, try it at another one"
    case .cannotEnable, .noAnswer: "try another cable, another port, no hub between"
    case nil: probes.isEmpty ? "try another cable" : "plug that one in as well"
    }
  }
}

extension PortTrouble {
  /// What the kernel said, in plain words and in its own.
  fileprivate var sentence: String {
    let quote = "(kernel: \(message.visible))"
    return switch kind {
    case .noAnswer: "what was plugged in at \(path) gave no proper answer \(quote)"
    case .cannotEnable: "the port \(path) could not be enabled for what was plugged in \(quote)"
    case .overCurrent: "too much current was drawn at \(path), and it was switched off \(quote)"
    }
  }
}

extension [USBDeviceListing] {
  /// Whether none of them is in DFU mode, so that it is worth asking what else is on the bus.
  var haveNoBootloader: Bool { allSatisfy { $0.board == nil } }
}
