import DfuseFormat

/// One control transfer as a bus analyser would show it.
public struct TransferRecord: Hashable, Sendable {
  /// When the SETUP packet arrived.
  public let at: Duration
  /// The SETUP packet.
  let packet: SetupPacket
  /// The first bytes of the data sent to the device, at most 16.
  let data: [UInt8]
  /// How it ended; of data for the host, the first bytes, at most 16.
  let answer: Reaction.Answer
  /// How many bytes came.
  let received: Int

  init(_ packet: SetupPacket, data: [UInt8], reaction: Reaction, at: Duration) {
    self.at = at
    self.packet = packet
    self.data = Array(data.prefix(16))
    if case .data(let bytes) = reaction.answer {
      (answer, received) = (.data(Array(bytes.prefix(16))), bytes.count)
    } else {
      (answer, received) = (reaction.answer, 0)
    }
  }
}

extension TransferRecord: CustomStringConvertible {
  /// A line such as `GETSTATUS -> 00 05 00 00 04 00` or `DNLOAD 2, 2048 bytes: 00 50 00 20 …`.
  public var description: String {
    switch answer {
    case .data(let bytes): name + " -> " + Self.hex(bytes, of: received)
    case .acknowledge: name + sent
    case .stall: name + sent + " -> stall"
    case .silence: name + sent + " -> no answer"
    }
  }

  private var sent: String {
    guard !packet.isIn, packet.wLength > 0 else { return "" }
    let length = data.count < packet.wLength ? ", \(packet.wLength) bytes: " : ": "
    return length + Self.hex(data, of: Int(packet.wLength))
  }

  private var name: String {
    let (wValue, wLength) = (packet.wValue, packet.wLength)
    return switch (packet.bmRequestType, packet.bRequest) {
    case (0x21, 1): "DNLOAD \(wValue)" + (wLength == 0 ? ", no data" : "")
    case (0xA1, 2): "UPLOAD \(wValue), \(wLength) asked"
    case (0x21, 0), (0xA1, 3), (0x21, 4), (0xA1, 5), (0x21, 6):
      packet.dfuRequest?.rawValue.uppercased() ?? ""
    case (0x80, 0x06): "GET_DESCRIPTOR \(wValue.hexDigits())"
    case (0x00, 0x09): "SET_CONFIGURATION \(wValue)"
    case (0x01, 0x0B): "SET_INTERFACE \(wValue)"
    default:
      "request \(packet.bmRequestType.hexDigits()) \(packet.bRequest.hexDigits()) "
        + wValue.hexDigits()
    }
  }

  private static func hex(_ bytes: [UInt8], of count: Int) -> String {
    bytes.hexBytes() + (bytes.count < count ? " … (\(count) bytes)" : "")
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
