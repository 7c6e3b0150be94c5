import DfuseFormat

/// One control transfer as a bus analyser would show it.
public struct TransferRecord: Hashable, Sendable {
  /// How a transfer ended.
  public enum Outcome: Hashable, Sendable {
    /// The device took the data, or there were none.
    case acknowledged
    /// This many bytes came, of which the first are kept in ``TransferRecord/data``.
    case received(Int)
    /// The device stalled.
    case stalled
    /// The device never answered.
    case silent
  }

  /// When the SETUP packet arrived.
  public var at: Duration
  /// How long the device took to answer.
  public var delay: Duration
  /// Direction, type and recipient.
  public var bmRequestType: UInt8
  /// The request's number.
  public var bRequest: UInt8
  /// First parameter.
  public var wValue: UInt16
  /// Length asked for or sent.
  public var wLength: UInt16
  /// The first bytes of the data stage, at most 16.
  public var data: [UInt8]
  /// How it ended.
  public var outcome: Outcome

  init(_ packet: SetupPacket, data: [UInt8], reaction: Reaction, at: Duration) {
    self.at = at
    delay = reaction.delay
    bmRequestType = packet.bmRequestType
    bRequest = packet.bRequest
    wValue = packet.wValue
    wLength = packet.wLength
    self.data = Array(data.prefix(16))
    switch reaction.answer {
    case .acknowledge: outcome = .acknowledged
    case .stall: outcome = .stalled
    case .silence: outcome = .silent
    case .data(let bytes):
      outcome = .received(bytes.count)
      self.data = Array(bytes.prefix(16))
    }
  }
}

extension TransferRecord: CustomStringConvertible {
  /// A line such as `GETSTATUS -> 00 05 00 00 04 00` or `DNLOAD 2, 2048 bytes: 00 50 00 20 …`.
  public var description: String {
    var line = name
    switch outcome {
    case .received(let count):
      line += " -> " + hex(of: count)
    case .acknowledged, .stalled, .silent:
      if bmRequestType & 0x80 == 0, wLength > 0 {
        line += data.count < Int(wLength) ? ", \(wLength) bytes: " : ": "
        line += hex(of: Int(wLength))
      }
      switch outcome {
      case .stalled: line += " -> stall"
      case .silent: line += " -> no answer"
      case .acknowledged, .received: break
      }
    }
    return line
  }

  private var name: String {
    switch (bmRequestType, bRequest) {
    case (0x21, 0): "DETACH"
    case (0x21, 1): "DNLOAD \(wValue)" + (wLength == 0 ? ", no data" : "")
    case (0xA1, 2): "UPLOAD \(wValue), \(wLength) asked"
    case (0xA1, 3): "GETSTATUS"
    case (0x21, 4): "CLRSTATUS"
    case (0xA1, 5): "GETSTATE"
    case (0x21, 6): "ABORT"
    case (0x80, 0x06): "GET_DESCRIPTOR \(wValue.hexDigits())"
    case (0x00, 0x09): "SET_CONFIGURATION \(wValue)"
    case (0x01, 0x0B): "SET_INTERFACE \(wValue)"
    default:
      "request \(bmRequestType.hexDigits()) \(bRequest.hexDigits()) \(wValue.hexDigits())"
    }
  }

  private func hex(of count: Int) -> String {
    data.hexBytes()
      + (data.count < count ? " … (\(count) bytes)" : "")
  }
}

/// What happened on a board since it was made.
public struct BoardCounters: Hashable, Sendable {
  /// A DFU_GETSTATUS that came before the reported `bwPollTimeout` had passed.
  public struct EarlyPoll: Hashable, Sendable {
    /// The time the device asked for.
    public var reported: Duration
    /// The time the host waited.
    public var waited: Duration
  }

  /// Requests by kind; the kinds overlap.
  public internal(set) var transfers: [RequestKind: Int] = [:]
  /// Erases by the first address of the sector; a mass erase is not counted here.
  public internal(set) var erases: [UInt32: Int] = [:]
  /// Mass erases that were carried out.
  public internal(set) var massErases = 0
  /// Bytes programmed, whatever the memory.
  public internal(set) var bytesProgrammed = 0
  /// Bytes uploaded.
  public internal(set) var bytesRead = 0
  /// Time the chip worked.
  public internal(set) var busyTime = Duration.zero
  /// Time the bootloader took to fetch what was uploaded.
  public internal(set) var fetchTime = Duration.zero
  /// Time the work takes a host that waits each `bwPollTimeout` to the letter.
  ///
  /// For each piece of work the longer of the reported and the real time; both, one after the
  /// other, where the device answers only when it is done.
  public internal(set) var requestedTime = Duration.zero
  /// Every poll that came too early.
  public internal(set) var earlyPolls: [EarlyPoll] = []
  /// Addresses at which flash refused to be programmed: not blank, or not on a unit's boundary.
  public internal(set) var refusedPrograms: [UInt32] = []
  /// Sectors that were left alone because they are write protected, by the address of the request.
  public internal(set) var protectedAccesses: [UInt32] = []

  /// Nothing has happened.
  public init() {}

  /// How often a kind of request was made.
  public func count(_ kind: RequestKind) -> Int { transfers[kind] ?? 0 }
}
