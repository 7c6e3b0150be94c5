/// Which devices a person means.
///
/// Every part that is given has to fit.
public struct DeviceFilter: Hashable, Sendable {
  /// Vendor and product ids, of which one has to fit; none for all.
  public var usbIDs: [USBIDPattern]
  /// Serial number; case does not matter.
  public var serial: String?
  /// Port path, `BUS-PORT[.PORT]…`; `*` in it stands for anything, `?` for one character.
  public var path: String?
  /// Takes devices in DFU mode for DfuSe, whatever they say, if ``usbIDs`` has both of their ids.
  public var assumesDfuSe: Bool

  /// Makes a filter; without arguments, one that fits every device.
  public init(
    usbIDs: [USBIDPattern] = [], serial: String? = nil, path: String? = nil,
    assumesDfuSe: Bool = false
  ) {
    self.usbIDs = usbIDs
    self.serial = serial
    self.path = path
    self.assumesDfuSe = assumesDfuSe
  }

  /// Whether a board speaks DfuSe, or may when its names could not be read, or is taken for it.
  public func speaksDfuSe(_ board: Board) -> Bool {
    board.dfuProtocol != .plain
      || assumesDfuSe && usbIDs.contains(USBIDPattern(board.identity.usbID))
  }

  /// Whether `identity` fits.
  public func matches(_ identity: DeviceIdentity) -> Bool {
    matchesExceptSerial(identity)
      && (serial == nil || identity.serialNumber?.lowercased() == serial?.lowercased())
  }

  /// Whether `identity` fits as far as can be seen without opening the device.
  package func matchesExceptSerial(_ identity: DeviceIdentity) -> Bool {
    (usbIDs.isEmpty || usbIDs.contains { $0.fits(identity.usbID) })
      && (path.map { identity.path.fits(pattern: $0) } ?? true)
  }
}

extension String {
  /// Whether it is what a pattern says, in which `*` stands for anything and `?` for one character.
  fileprivate func fits(pattern: String) -> Bool {
    let (text, pattern) = (Array(utf8), Array(pattern.utf8))
    var (place, next) = (0, 0)
    // The last star, and how much of the text it stands for so far.
    var star: (next: Int, place: Int)?
    while place < text.count {
      if next < pattern.count, pattern[next] == UInt8(ascii: "*") {
        star = (next, place)
        next += 1
      } else if next < pattern.count,
        pattern[next] == UInt8(ascii: "?") || pattern[next] == text[place]
      {
        (place, next) = (place + 1, next + 1)
      } else if let last = star {
        star = (last.next, last.place + 1)
        (place, next) = (last.place + 1, last.next + 1)
      } else {
        return false
      }
    }
    return pattern[next...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}

/// A DFU device that was seen and not selected.
public struct IgnoredDevice: Hashable, Sendable {
  /// Why it was not selected.
  public enum Reason: Hashable, Sendable {
    /// The filter does not fit.
    case notMatching
    /// It runs its application; DFU mode has to be entered first.
    case runTime
    /// It is in DFU mode but does not speak DfuSe.
    case notDfuSe
  }

  /// The device.
  public var identity: DeviceIdentity
  /// Why it was not selected.
  public var reason: Reason
}

/// Why there is no one device to work with.
public enum SelectionError: Error, Hashable, Sendable {
  /// No device fits; `ignored` are the DFU devices that were seen.
  case noDevice(ignored: [IgnoredDevice])
  /// More than one device fits; some of them may not be openable.
  case several([DeviceIdentity])
  /// The only device that fits cannot be opened.
  case notOpenable(DeviceIdentity, USBError)
}

extension SelectionError: CustomStringConvertible {
  /// Why there is none, and which devices were seen, in one sentence without a full stop.
  public var description: String {
    switch self {
    case .noDevice(let ignored) where ignored.isEmpty: "no DFU device is plugged in"
    case .noDevice(let ignored):
      "none of the DFU devices fits: "
        + ignored.map { "\($0.identity.idAndPath) (\($0.reason))" }.joined(separator: ", ")
    case .several(let devices):
      "\(devices.count) boards fit, and one was meant: "
        + devices.map(\.idAndPath).joined(separator: ", ")
    case .notOpenable(let identity, let error):
      "\(identity.idAndPath) cannot be opened: \(error)"
    }
  }
}

extension IgnoredDevice.Reason: CustomStringConvertible {
  /// The reason in a few words.
  public var description: String {
    switch self {
    case .notMatching: "another one"
    case .runTime: "runs its application"
    case .notDfuSe: "speaks plain DFU, not DfuSe"
    }
  }
}

/// What a filter makes of the devices of a bus.
public struct DeviceSelection: Hashable, Sendable {
  /// Devices that fit and can be worked with.
  public var selected: [Board]
  /// Devices that fit as far as can be seen, and cannot be opened.
  public var notOpenable: [USBDeviceListing]
  /// All others.
  public var ignored: [IgnoredDevice]
}

extension DeviceFilter {
  /// Sorts the devices of a bus into those to work with and the rest.
  ///
  /// Any DfuSe interface in DFU mode qualifies, whatever the device's ids: a bus has other DFU
  /// devices as well, such as webcams, sound cards and Bluetooth adapters. What speaks plain DFU is
  /// never selected, unless this filter takes it for DfuSe.
  public func selection(from devices: [USBDeviceListing]) -> DeviceSelection {
    var result = DeviceSelection(selected: [], notOpenable: [], ignored: [])
    for device in devices {
      let identity = device.identity
      // A closed device shows neither its serial number nor its maps; it may be meant.
      let fits = device.openError == nil ? matches(identity) : matchesExceptSerial(identity)
      if !fits {
        result.ignored.append(IgnoredDevice(identity: identity, reason: .notMatching))
      } else if let board = device.board {
        switch (speaksDfuSe(board), device.openError) {
        case (false, _): result.ignored.append(IgnoredDevice(identity: identity, reason: .notDfuSe))
        case (true, nil): result.selected.append(board)
        case (true, _?): result.notOpenable.append(device)
        }
      } else {
        result.ignored.append(IgnoredDevice(identity: identity, reason: .runTime))
      }
    }
    return result
  }

  /// Picks the one device that fits.
  ///
  /// A device that fits but cannot be opened counts, so that the other of two boards is not taken
  /// by accident; unless a serial number was asked for and found.
  ///
  /// - Parameter devices: All DFU devices of the bus.
  /// - Returns: The device.
  /// - Throws: ``SelectionError``, when none or more than one fits or it cannot be opened.
  public func select(from devices: [USBDeviceListing]) throws(SelectionError) -> Board {
    let found = selection(from: devices)
    let closed = serial == nil || found.selected.isEmpty ? found.notOpenable : []
    let candidates = found.selected.map(\.identity) + closed.map(\.identity)
    guard candidates.count <= 1 else { throw .several(candidates) }
    if let device = found.selected.first { return device }
    if let device = closed.first, let error = device.openError {
      throw .notOpenable(device.identity, error)
    }
    throw .noDevice(ignored: found.ignored)
  }
}
