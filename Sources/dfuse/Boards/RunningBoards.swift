import DfuseDevice

/// A board to work on.
enum BoardTarget: Sendable {
  /// It is in its bootloader.
  case board(Board)
  /// It runs its firmware, and goes to its bootloader by one of these ways.
  case running(PluggedDevice, [Way])

  var identity: DeviceIdentity {
    switch self {
    case .board(let board): board.identity
    case .running(let device, _): device.identity
    }
  }
}

/// What is on a bus of the boards that are meant.
struct BoardSight {
  /// In their bootloaders.
  var selection: DeviceSelection
  /// Running, and to be taken there.
  var running: [RunningBoards.Candidate] = []
  /// All devices, where running ones are asked for.
  var plugged: [PluggedDevice] = []

  /// What can be worked on.
  var targets: [BoardTarget] {
    selection.selected.map(BoardTarget.board)
      + running.map { .running($0.device, $0.ways) }
  }
}

extension BoardSource {
  /// Sorts the bus's devices, of which those with a DFU interface are `devices`; `running` says which
  /// running boards are meant, if any are.
  func sight(
    _ devices: [USBDeviceListing], _ filter: DeviceFilter, _ running: RunningBoards?
  ) throws(Failure) -> BoardSight {
    guard let running else { return BoardSight(selection: filter.selection(from: devices)) }
    let plugged = try pluggedDevices()
    return BoardSight(
      selection: running.selection(from: devices), running: running.candidates(in: plugged),
      plugged: plugged)
  }
}

/// Chooses among running devices, and a way for each.
struct RunningBoards {
  let request: EnterRequest
  let filter: DeviceFilter

  /// A device and the ways that may be taken with it.
  struct Candidate {
    var device: PluggedDevice
    var ways: [Way]
  }

  /// Those that fit, each with what may be taken without being asked again.
  func candidates(in plugged: [PluggedDevice]) -> [Candidate] {
    let devices = plugged.filter { isMeant($0.identity) && !$0.isInBootloader }
    switch request {
    case .automatic:
      return devices.compactMap { device in
        let ways = Way.fitting(device).filter { $0.fit == .certain && !$0.way.mustBeNamed }
        return ways.isEmpty ? nil : Candidate(device: device, ways: ways.map(\.way))
      }
    case .by(let way):
      return devices.filter { way.fit($0) != nil || takesAnyway($0, way) }
        .map { Candidate(device: $0, ways: [way]) }
    }
  }

  /// The boards that are in their bootloaders already: those are used as they are.
  ///
  /// Ids name the running device, so that at a port that was named as well a bootloader need not
  /// have them; a serial number may be that of the firmware.
  func selection(from devices: [USBDeviceListing]) -> DeviceSelection {
    var own = filter
    if filter.path != nil { own.usbIDs = [] }
    own.serial = nil
    var selection = own.selection(from: devices)
    guard let wanted = filter.serial else { return selection }
    let serials = DeviceIdentity.bootloaderSerials(of: wanted).union([wanted.uppercased()])
    selection.selected.removeAll { board in
      board.identity.serialNumber.map { !serials.contains($0.uppercased()) } ?? true
    }
    return selection
  }

  /// Whether a way is tried with a device that it does not fit by the table: one's own or a touch,
  /// or one that asks first; only where the device was chosen, since it may be a printer.
  private func takesAnyway(_ device: PluggedDevice, _ way: Way) -> Bool {
    let isChosen = !filter.usbIDs.isEmpty || filter.path != nil || filter.serial != nil
    return isChosen && way.canBeForced && way.canBeTried(on: device)
  }

  private func isMeant(_ identity: DeviceIdentity) -> Bool {
    guard filter.matchesExceptSerial(identity) else { return false }
    return filter.serial.map { identity.hasSerial($0) } ?? true
  }

  /// The one device that fits, with its ways.
  ///
  /// - Throws: A failure with status 69, which lists what there is.
  func one(in plugged: [PluggedDevice]) throws(Failure) -> Candidate {
    let candidates = candidates(in: plugged)
    guard let candidate = candidates.first else { throw nothing(in: plugged) }
    guard candidates.count == 1 else {
      throw Failure(
        .noBoard, "\(candidates.count) running boards fit, and one was meant", fix: "choose one:",
        choices: candidates.map { "--path \($0.device.identity.line)" })
    }
    let ways = candidate.ways
    let areAsked = ways.allSatisfy { $0.asksFirst && $0.matches == ways[0].matches }
    guard ways.count == 1 || areAsked else {
      throw Failure(
        .noBoard, "\(ways.count) ways fit \(candidate.device.identity.runningName)",
        fix: "choose one:", choices: ways.map { "--enter=\($0.id)  \($0.title)" })
    }
    return candidate
  }

  /// Why no device can be taken: what would have to be named, or what there is.
  func nothing(in plugged: [PluggedDevice]) -> Failure {
    let meant = plugged.filter { isMeant($0.identity) && !$0.isInBootloader }
    if case .by(let way) = request {
      let others = meant.filter { way.canBeTried(on: $0) }
      return Failure(
        .noBoard, "no running board fits --enter=\(way.id.visible)",
        why: way.isOwn ? nil : way.title,
        fix: others.isEmpty
          ? "plug it in, and see with 'dfuse list' what it is"
          : "if it is one of these, choose it:",
        choices: others.map { "--path \($0.identity.line)" })
    }
    let named = meant.flatMap { device in
      Way.fitting(device).map { fit in
        "--enter=\(fit.way.id) --path \(device.identity.path)  \(device.identity.runningName): "
          + fit.way.caution(fit.fit)
      }
    }
    guard named.isEmpty else {
      return Failure(
        .noBoard, "no way into a bootloader is taken here without being named",
        fix: "name it, if it is the right one:", choices: named)
    }
    return Failure(
      .noBoard, "no board is in its bootloader, and none runs that dfuse knows a way for",
      why: meant.isEmpty ? nil : "what is plugged in is not known: see 'dfuse list', 'lsusb'",
      fix: "start the bootloader by hand (often: hold BOOT0, press reset), or name a way, and the "
        + "device by --device or --path:", choices: Way.choices)
  }
}

extension Way {
  /// Why it is not taken without being named.
  func caution(_ fit: Fit) -> String {
    if let sideEffects { return "\(title); \(sideEffects)" }
    return fit == .maybe ? "maybe \(title)" : title
  }
}

extension DeviceIdentity {
  /// Whether it has a serial number, or will have it in its bootloader.
  func hasSerial(_ wanted: String) -> Bool {
    serialNumber?.lowercased() == wanted.lowercased()
      || bootloaderSerials.contains(wanted.uppercased())
  }

  /// A running device in a sentence: `1-1 (0483:5740, Betaflight STM32F405)`.
  var runningName: String {
    "\(path) (\(usbID)\(product.map { ", \($0.visible)" } ?? ""))"
  }
}

/// Takes boards from their firmware into their bootloaders, and tells what happens.
struct BoardEntry: Sendable {
  let bus: any USBBus
  /// All devices before any board was told to leave.
  var before: [PluggedDevice]
  let isCancelled: @Sendable () -> Bool
  /// Whether a board that comes at another port is left to whoever looks after that.
  var onlyOnItsPort = false

  /// A board in its bootloader, and where it came from.
  struct Entered: Sendable {
    var board: Board
    /// What it ran as, and the way that was taken; nil if it was in its bootloader before.
    var origin: Origin?
  }

  /// Where a board came from.
  struct Origin: Sendable {
    var device: DeviceIdentity
    var way: Way
    var time: Duration
  }

  /// The board that is meant, in its bootloader.
  ///
  /// - Parameters:
  ///   - target: The board as it was found.
  ///   - note: Is told what happens, a line each.
  /// - Returns: The board, and where it came from.
  /// - Throws: A failure: 69 when it does not come, 77 or 74 for its port, 130 for Ctrl-C.
  func enter(_ target: BoardTarget, note: @escaping (String) -> Void) throws(Failure) -> Entered {
    let (device, ways): (PluggedDevice, [Way])
    switch target {
    case .board(let board): return Entered(board: board)
    case .running(let running, let fitting): (device, ways) = (running, fitting)
    }
    let start = bus.now
    var taken = ways.first
    let entering = Entering(
      on: bus, before: before, onlyOnItsPort: onlyOnItsPort, isCancelled: isCancelled
    ) { event in
      switch event {
      case .sent(let way, attempt: 1):
        taken = way
        note("taking \(device.identity.runningName) into its bootloader: \(way.title)")
      case .sent: break
      case .waiting(let port, let holder):
        note("waiting for \(port), which \(holder?.name.visible ?? "another program") has open")
      case .onTheWay(let identity): note("\(identity.path) is \(identity.usbID) now, and goes on")
      case .sameAgain(let identity, let attempt):
        note("\(identity.path) came back as it was; trying again (\(attempt + 1))")
      }
    }
    do throws(EnterError) {
      let (board, way) = try entering.enter(device, by: ways)
      return Entered(
        board: board,
        origin: Origin(device: device.identity, way: way, time: bus.now - start))
    } catch {
      throw Failure(entering: error, device.identity, by: taken)
    }
  }
}
