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
    guard packet.isClassToInterface else { return [.all] }
    let kinds: [RequestKind]
    switch packet.bRequest {
    case 0: kinds = [.detach]
    case 1: kinds = [.dnload] + download(packet, data)
    case 2: kinds = [.upload, packet.wValue == 0 ? .getcommands : .read]
    case 3: kinds = [.getstatus]
    case 4: kinds = [.clrstatus]
    case 5: kinds = [.getstate]
    case 6: kinds = [.abort]
    default: kinds = []
    }
    return [.all, .any] + kinds
  }

  private static func download(_ packet: SetupPacket, _ data: [UInt8]) -> [RequestKind] {
    if packet.wLength == 0 { return [.leave] }
    if packet.wValue >= 2 { return [.write] }
    switch data.first {
    case 0x21: return [.setaddress]
    case 0x41: return [data.count == 1 ? .masserase : .erase]
    case 0x92: return [.unprotect]
    default: return []
    }
  }
}
