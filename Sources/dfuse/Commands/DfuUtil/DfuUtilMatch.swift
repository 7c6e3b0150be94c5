import DfuseDevice
import DfuseFormat

/// Which devices and alternate settings a command line of dfu-util means.
struct DfuUtilMatch: Sendable {
  /// Half of an id pair: the ids that fit; nil for `-`, which no device has.
  typealias Half = ClosedRange<UInt16>?

  /// A vendor and a product id.
  struct Pair: Equatable, Sendable {
    var vendor: Half = 0...0xFFFF
    var product: Half = 0...0xFFFF

    func fits(_ id: USBID) -> Bool {
      vendor?.contains(id.vendorID) == true && product?.contains(id.productID) == true
    }

    /// The ids, where both are said.
    var id: USBID? {
      guard let vendor, let product, vendor.count == 1, product.count == 1 else { return nil }
      return USBID(vendorID: vendor.lowerBound, productID: product.lowerBound)
    }
  }

  /// `-a`: a number, or the whole of the setting's name.
  enum Alternate: Equatable, Sendable {
    case number(UInt64)
    case name(String)

    init(_ text: String) {
      // An empty text is 0 for `strtoul`.
      let number = text.isEmpty ? 0 : CNumber.parse(text)
      self = number.map { .number(UInt64(clamping: $0)) } ?? .name(text)
    }

    func fits(_ setting: DFUInterface.AlternateSetting) -> Bool {
      switch self {
      case .number(let number): UInt64(setting.number) == number
      case .name(let name): (setting.name ?? DfuUtilMatch.unknown) == name
      }
    }
  }

  /// What dfu-util prints for a string that a device does not have, and takes for it as well.
  static let unknown = "UNKNOWN"

  /// The ids of applications.
  private(set) var runTime = Pair()
  /// The ids of bootloaders; one of them has to fit.
  private(set) var bootloader = [Pair()]
  var path: String?
  var deviceNumber: Int?
  var configuration: Int?
  var interface: Int?
  var alternate: Alternate?
  private var runTimeSerial: String?
  private var bootloaderSerial: String?

  /// Takes the value of `-d`: `[VENDOR]:[PRODUCT][,[VENDOR]:[PRODUCT]]`.
  ///
  /// Ids without a comma are those of an application, and let any bootloader fit: the board may
  /// have been sent into it. But ids that are known to be a bootloader's mean that bootloader; for
  /// dfu-util, `-d 0483:df11` means every bootloader there is.
  ///
  /// - Throws: A failure with status 64 for what is no id; dfu-util takes it for "any".
  mutating func take(ids text: String) throws(Failure) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let nothing = Pair(vendor: nil, product: nil)
    let comesFirst = parts.count > 1 && parts[0].isEmpty
    runTime = comesFirst ? nothing : try Self.pair(parts[0], default: Pair(), in: text)
    if parts.count > 1 {
      bootloader = []
      // 0.11 reads the first two pairs; PlatformIO writes as many as a board has.
      for part in parts.dropFirst() {
        bootloader.append(
          try Self.pair(part, default: comesFirst ? Pair() : runTime, in: text))
      }
    } else {
      let isBootloader = runTime != Pair() && KnownDevice.all.contains { runTime.fits($0.id) }
      bootloader = [isBootloader ? runTime : Pair()]
    }
  }

  /// Takes the value of `-S`: `SERIAL[,SERIAL]`, for applications and bootloaders.
  mutating func take(serial text: String) {
    let parts = text.split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
    runTimeSerial = parts[0].isEmpty ? nil : String(parts[0])
    let last = parts[parts.count - 1]
    bootloaderSerial = last.isEmpty ? nil : String(last)
  }

  private static func pair(
    _ part: Substring, default: Pair, in text: String
  ) throws(Failure) -> Pair {
    let halves = part.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    return Pair(
      vendor: try half(halves.first ?? "", default: `default`.vendor, in: text),
      product: try half(halves.count > 1 ? halves[1] : "", default: `default`.product, in: text))
  }

  private static func half(
    _ part: Substring, default: Half, in text: String
  ) throws(Failure) -> Half {
    switch part {
    case "": return `default`
    case "*": return Pair().vendor
    case "-": return nil
    default:
      if case .success(let id) = NumberText.hexadecimal(String(part), as: UInt16.self) {
        return id...id
      }
      throw .dfuUtilUsage(
        "\(DfuUtilOption.device.shown) '\(text.visible)' is not a pair of USB ids",
        fix: "write vendor and product in hexadecimal: -d 0483:df11")
    }
  }

  // MARK: - Devices

  /// The interfaces of a device that fit, with the alternate settings that do.
  func interfaces(of device: USBDeviceListing) -> [DFUInterface] {
    let identity = device.identity
    if let path, path != identity.path { return [] }
    if let deviceNumber, deviceNumber != Int(identity.address) { return [] }
    return device.interfaces.compactMap { interface in
      if let configuration, configuration != Int(interface.configuration) { return nil }
      if let number = self.interface, number != Int(interface.number) { return nil }
      let isBootloader = interface.mode == .dfu
      let pairs = isBootloader ? bootloader : [runTime]
      guard pairs.contains(where: { $0.fits(identity.usbID) }) else { return nil }
      var chosen = interface
      // Nothing is known of the strings of a device that cannot be opened: it may be meant.
      guard device.openError == nil else { return chosen }
      let serial = isBootloader ? bootloaderSerial : runTimeSerial
      if let serial, serial != identity.serialNumber ?? Self.unknown { return nil }
      if isBootloader, let alternate {
        chosen.alternateSettings.removeAll { !alternate.fits($0) }
      }
      return chosen.alternateSettings.isEmpty ? nil : chosen
    }
  }

  /// The alternate setting that `-a` means on a board.
  func alternateSetting(on board: Board) -> UInt8? {
    alternate.flatMap { alternate in
      board.interface.alternateSettings.first(where: alternate.fits)?.number
    }
  }

  /// The bus with nothing on it but the devices that are meant, each with all of its memories.
  func narrowing(_ source: BoardSource) -> BoardSource {
    BoardSource(
      bus: NarrowedBus(bus: source.bus, match: self), isSimulated: source.isSimulated,
      finish: source.finish)
  }
}

/// A bus on which only some devices are seen.
private struct NarrowedBus: USBBus {
  let bus: any USBBus
  let match: DfuUtilMatch

  var now: Duration { bus.now }

  func devices() throws(USBError) -> [USBDeviceListing] {
    var found: [USBDeviceListing] = []
    for device in try bus.devices() {
      let numbers = match.interfaces(of: device).map(\.number)
      let interfaces = device.interfaces.filter { numbers.contains($0.number) }
      if interfaces.isEmpty { continue }
      found.append(
        USBDeviceListing(
          identity: device.identity, interfaces: interfaces, openError: device.openError))
    }
    return found
  }

  func open(_ board: Board) throws(USBError) -> any USBTransport { try bus.open(board) }

  func waitForChange(limit: Duration) -> Bool { bus.waitForChange(limit: limit) }

  /// What tells why no bootloader is there; where one is that is not meant, that is the reason.
  func surroundings() -> BusSurroundings? {
    (try? bus.devices())?.haveNoBootloader == true ? bus.surroundings() : nil
  }
}
