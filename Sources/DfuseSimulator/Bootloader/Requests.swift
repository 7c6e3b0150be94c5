/// The kinds of requests that faults select and counters count; one request may be of several.
public enum RequestKind: String, CaseIterable, Hashable, Sendable {
  /// Every request, standard ones included.
  case all
  /// Every standard request.
  case standard
  /// Every DFU request.
  case any
  /// DFU_DETACH.
  case detach
  /// DFU_DNLOAD of whatever meaning.
  case dnload
  /// DFU_UPLOAD of whatever meaning.
  case upload
  /// DFU_GETSTATUS.
  case getstatus
  /// DFU_CLRSTATUS.
  case clrstatus
  /// DFU_GETSTATE.
  case getstate
  /// DFU_ABORT.
  case abort
  /// DNLOAD of the Set Address Pointer command.
  case setaddress
  /// DNLOAD of the Erase command with an address.
  case erase
  /// DNLOAD of the Erase command without an address.
  case masserase
  /// DNLOAD of the Read Unprotect command.
  case unprotect
  /// DNLOAD of data.
  case write
  /// DNLOAD of length 0.
  case leave
  /// UPLOAD of block 0: Get Commands.
  case getcommands
  /// UPLOAD of data.
  case read

  /// The kinds of a request.
  static func kinds(of packet: SetupPacket, data: [UInt8]) -> [RequestKind] {
    if packet.isStandard { return [.all, .standard] }
    guard let request = packet.dfuRequest else { return [.all] }
    let meaning: RequestKind? =
      switch (request, data.first) {
      case (.upload, _): packet.wValue == 0 ? .getcommands : .read
      case (.dnload, _) where packet.wLength == 0: .leave
      case (.dnload, _) where packet.wValue >= 2: .write
      case (.dnload, 0x21): .setaddress
      case (.dnload, 0x41): data.count == 1 ? .masserase : .erase
      case (.dnload, 0x92): .unprotect
      default: nil
      }
    return [.all, .any, request] + (meaning.map { [$0] } ?? [])
  }
}

/// The eight bytes of a SETUP packet, taken apart as a device does it.
///
/// - SeeAlso: USB 2.0 table 9-2.
struct SetupPacket: Hashable, Sendable {
  /// Direction, type and recipient.
  var bmRequestType: UInt8
  /// The request's number.
  var bRequest: UInt8
  /// First parameter.
  var wValue: UInt16
  /// Second parameter.
  var wIndex: UInt16
  /// Length of the data stage.
  var wLength: UInt16

  /// Takes a packet apart; nil unless it has exactly eight bytes.
  init?(_ bytes: [UInt8]) {
    guard bytes.count == 8 else { return nil }
    bmRequestType = bytes[0]
    bRequest = bytes[1]
    wValue = UInt16(littleEndian: bytes[2..<4])
    wIndex = UInt16(littleEndian: bytes[4..<6])
    wLength = UInt16(littleEndian: bytes[6..<8])
  }

  /// Data for the host, as much as it has asked for.
  func answer(_ bytes: [UInt8]) -> Reaction { Reaction(.data(Array(bytes.prefix(Int(wLength))))) }

  /// Whether the data stage goes from the device to the host.
  var isIn: Bool { bmRequestType & 0x80 != 0 }
  /// Whether this is a class request to an interface.
  var isClassToInterface: Bool { bmRequestType & 0x7F == 0x21 }
  /// Which DFU request this is, whatever its direction, or nil.
  var dfuRequest: RequestKind? {
    // In the order of their numbers from 0 (DFU 1.1 table 3.2).
    let requests: [RequestKind] = [
      .detach, .dnload, .upload, .getstatus, .clrstatus, .getstate, .abort,
    ]
    return isClassToInterface && bRequest < requests.count ? requests[Int(bRequest)] : nil
  }
  /// Whether this is a standard request, whatever its recipient.
  var isStandard: Bool { bmRequestType & 0x60 == 0 }
}

/// The `bStatus` values the bootloader model uses.
///
/// - SeeAlso: DFU 1.1 section 6.1.2, AN3156 for the meaning in DfuSe.
enum StatusCode {
  static let ok: UInt8 = 0x00
  static let errTARGET: UInt8 = 0x01
  static let errFILE: UInt8 = 0x02
  static let errVERIFY: UInt8 = 0x07
  static let errADDRESS: UInt8 = 0x08
  static let errNOTDONE: UInt8 = 0x09
  static let errFIRMWARE: UInt8 = 0x0A
  static let errVENDOR: UInt8 = 0x0B
  static let errUNKNOWN: UInt8 = 0x0E
  static let errSTALLEDPKT: UInt8 = 0x0F

  /// The names of the codes 0 to 15 in order, as DFU 1.1 prints them.
  static let names = [
    "OK", "errTARGET", "errFILE", "errWRITE", "errERASE", "errCHECK_ERASED", "errPROG",
    "errVERIFY", "errADDRESS", "errNOTDONE", "errFIRMWARE", "errVENDOR", "errUSBR", "errPOR",
    "errUNKNOWN", "errSTALLEDPKT",
  ]
}

/// What a device does on one control transfer.
struct Reaction: Hashable, Sendable {
  /// The end of the transfer as the host sees it.
  enum Answer: Hashable, Sendable {
    /// The data were taken, or there were none.
    case acknowledge
    /// Bytes for the host, at most `wLength`.
    case data([UInt8])
    /// The control endpoint stalls.
    case stall
    /// Nothing, ever: the host's timer has to end the transfer.
    case silence
  }

  /// What becomes of the device after the answer.
  enum Consequence: Hashable, Sendable {
    /// It stays on the bus.
    case stay
    /// It drops off the bus this long after the answer; what then runs is away for a while.
    case leaveBus(after: Duration, as: RunningProgram, absentFor: Duration = .milliseconds(300))
  }

  /// The answer.
  var answer: Answer
  /// How long the device sends NAK before it answers.
  var delay: Duration
  /// What happens afterwards.
  var then: Consequence

  init(_ answer: Answer, delay: Duration = .zero, then: Consequence = .stay) {
    self.answer = answer
    self.delay = delay
    self.then = then
  }
}
