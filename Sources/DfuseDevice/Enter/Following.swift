import DfuseFormat

/// Follows one board from its running firmware to its bootloader: no clock, no bus.
///
/// The port counts: a board is what comes back where it left, whatever its ids. Only where nothing
/// comes back there, and one new board has the serial number that this chip's bootloader has, at a
/// port at which nothing was before, it is that one: a virtual machine may attach a device
/// elsewhere. Sixteen boards with one serial number so never get mixed up.
struct Following {
  /// What became of the board.
  enum Verdict: Equatable {
    /// Nothing that is final.
    case waiting
    /// It is in its bootloader.
    case arrived(Board)
    /// It is there, and cannot be opened.
    case closed(DeviceIdentity, USBError)
    /// It came back as what stands between two stages.
    case onTheWay(DeviceIdentity)
    /// It comes back as the firmware that it was.
    case asItWas(DeviceIdentity)
    /// Something else came up at its port.
    case other(DeviceIdentity)
    /// It has not left its port.
    case stayed
    /// It left, and nothing came; `candidates` are boards that came elsewhere.
    case lost(candidates: [DeviceIdentity])
  }

  /// How long a device may take to leave: mbed's touch takes 200 ms, an interpreter has to end
  /// what it does first.
  static let leaveLimit = Duration.seconds(3)
  /// How long it may then be away.
  static let returnLimit = Duration.seconds(10)
  /// How long what came has to stay to be the last word, where it is not a bootloader.
  private static let settleTime = Duration.seconds(1)
  /// How long a board may take to become openable.
  private static let openTime = Duration.seconds(5)

  /// The device as it was.
  let device: DeviceIdentity
  /// The ids as which it comes back before it goes on; none where this is the last stage.
  private let next: [USBIDPattern]
  /// The ports that something was at before any board was told to leave.
  private let pathsBefore: Set<String>
  private let serials: Set<String>
  private let start: Duration
  /// Since when the port has been empty, if it is.
  private var emptySince: Duration?
  /// What is at the port now, and since when.
  private var there: (place: DeviceIdentity.Place, since: Duration)?
  /// A board elsewhere, and since when.
  private var elsewhere: (place: DeviceIdentity.Place, since: Duration)?

  /// Begins to follow a device that has just been told to leave.
  ///
  /// - Parameters:
  ///   - device: The device as it was.
  ///   - next: The ids as which it comes back before it goes on; none where it goes no further.
  ///   - before: All devices before any board was told to leave.
  ///   - onlyOnItsPort: Whether it is not looked for elsewhere.
  ///   - now: The bus's time.
  init(
    _ device: DeviceIdentity, next: [USBIDPattern] = [], before: [DeviceIdentity],
    onlyOnItsPort: Bool = false, at now: Duration
  ) {
    self.device = device
    self.next = next
    start = now
    pathsBefore = Set(before.map(\.path) + [device.path])
    let own = device.bootloaderSerials
    // Who shares it cannot be told apart by it.
    let isShared = before.contains {
      $0.path != device.path && !own.isDisjoint(with: $0.bootloaderSerials)
    }
    serials = isShared || onlyOnItsPort ? [] : own
  }

  /// Whether one of these devices may be the board in its bootloader.
  func awaits(anyOf plugged: [PluggedDevice]) -> Bool {
    plugged.contains { other in
      other.isInBootloader
        && (other.identity.path == device.path || !pathsBefore.contains(other.identity.path))
    }
  }

  /// Takes in what is on the bus.
  ///
  /// - Parameters:
  ///   - boards: All devices with a DFU interface.
  ///   - plugged: All devices.
  ///   - now: The bus's time.
  /// - Returns: What became of the board, as far as that is final.
  mutating func see(
    boards: [USBDeviceListing], plugged: [DeviceIdentity], at now: Duration
  ) -> Verdict {
    let here = boards.first { $0.identity.path == device.path }
    guard let identity = here?.identity ?? plugged.first(where: { $0.path == device.path }) else {
      there = nil
      return seeEmpty(boards, at: now)
    }
    emptySince = nil
    if identity.place == device.place {
      return now - start >= Self.leaveLimit ? .stayed : .waiting
    }
    if there?.place != identity.place { there = (identity.place, now) }
    let age = now - (there?.since ?? now)
    if let here, here.board != nil { return judge(here, age: age) }
    if next.contains(where: { $0.fits(identity.usbID) }) { return .onTheWay(identity) }
    if identity.usbID == device.usbID {
      // The same ids and another firmware: a bootloader that has no DFU.
      let isSame = identity.product == nil || identity.product == device.product
      return isSame ? .asItWas(identity) : .other(identity)
    }
    return age >= Self.settleTime ? .other(identity) : .waiting
  }

  /// What a bootloader at the port means.
  private func judge(_ listing: USBDeviceListing, age: Duration) -> Verdict {
    guard let board = listing.board else { return .waiting }
    switch (board.dfuProtocol, listing.openError) {
    case (.plain, nil): return .other(listing.identity)
    case (_, nil): return .arrived(board)
    case (_, let error?):
      // udev may not have set its permissions yet, or somebody looks at it.
      return age >= Self.openTime ? .closed(listing.identity, error) : .waiting
    }
  }

  private mutating func seeEmpty(_ boards: [USBDeviceListing], at now: Duration) -> Verdict {
    let since = emptySince ?? now
    emptySince = since
    let arrivals = boards.filter { listing in
      listing.board != nil && !pathsBefore.contains(listing.identity.path)
    }
    let fitting = arrivals.filter { listing in
      listing.identity.serialNumber.map { serials.contains($0.uppercased()) } == true
    }
    if fitting.count == 1, let listing = fitting.first {
      if elsewhere?.place != listing.identity.place { elsewhere = (listing.identity.place, now) }
      let seen = elsewhere?.since ?? now
      // Time for the port to show something after all.
      if now - max(seen, since) >= Self.settleTime {
        return judge(listing, age: now - seen)
      }
    } else {
      elsewhere = nil
    }
    guard now - since >= Self.returnLimit else { return .waiting }
    return .lost(candidates: arrivals.map(\.identity))
  }
}

extension DeviceIdentity {
  /// Serial numbers that all devices with a firmware have: Crazyflie, Espruino, Klipper without an
  /// id of the chip.
  private static let constantSerials: Set<String> = ["00000000050C", "00000000001A", "12345"]

  /// The serial numbers, in capitals, that the ROM bootloader of this device's chip may have.
  ///
  /// A ROM shows 12 hexadecimal digits made of the chip's unique id. Firmwares show the same, or
  /// all 24 digits of the id; then it can be worked out, in the three forms that are published: sums
  /// of words (ST's USB template), of half words (panda's dfu.py), of bytes (MicroPython). A number
  /// that many devices have tells nothing.
  public var bootloaderSerials: Set<String> {
    serialNumber.map(Self.bootloaderSerials(of:)) ?? []
  }

  /// The same, for a device with this serial number.
  public static func bootloaderSerials(of serialNumber: String) -> Set<String> {
    let serial = serialNumber.uppercased()
    guard !isShared(serialNumber), !constantSerials.contains(serial),
      serial.allSatisfy({ $0.isASCII && $0.isHexDigit })
    else { return [] }
    switch serial.utf8.count {
    case 12: return [serial]
    case 24:
      let digits = serial.compactMap { $0.hexDigitValue.map { UInt8($0) } }
      let bytes = (0..<12).map { digits[2 * $0] << 4 | digits[2 * $0 + 1] }
      // As the bytes stand in memory, and as words that are printed as numbers.
      let swapped = stride(from: 0, to: 12, by: 4).flatMap { bytes[$0..<$0 + 4].reversed() }
      return romForms(bytes).union(romForms(swapped))
    default: return []
    }
  }

  /// The published forms of a unique id, given as its 12 bytes in memory.
  private static func romForms(_ id: [UInt8]) -> Set<String> {
    func word(_ at: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(id[at + $1]) << (8 * UInt32($1)) }
    }
    let sum = word(0) &+ word(8)
    let half = UInt16(truncatingIfNeeded: word(4) >> 16)
    let high =
      UInt16(truncatingIfNeeded: word(0) >> 16) &+ UInt16(truncatingIfNeeded: word(8) >> 16)
    let low = UInt16(truncatingIfNeeded: word(0)) &+ UInt16(truncatingIfNeeded: word(8))
    let words = sum.hexDigits(uppercase: true) + half.hexDigits(uppercase: true)
    let halves =
      high.hexDigits(uppercase: true) + low.hexDigits(uppercase: true)
      + half.hexDigits(uppercase: true)
    let bytes = [
      id[3] &+ id[11], id[2] &+ id[10], id[1] &+ id[9], id[0] &+ id[8], id[7], id[6],
    ].map { $0.hexDigits(uppercase: true) }.joined()
    return [words, halves, bytes]
  }
}
