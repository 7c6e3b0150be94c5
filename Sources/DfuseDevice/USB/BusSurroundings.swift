/// What is on a bus, boards or not, as far as it tells why no board is in its bootloader.
public struct BusSurroundings: Hashable, Sendable {
  /// Every device but the hubs, in the order of their paths.
  public var devices: [DeviceIdentity]
  /// The hubs, root hubs among them.
  public var hubs: [DeviceIdentity]
  /// Ports at which something was plugged in lately that did not become a device.
  public var troubles: [PortTrouble]

  /// Puts together what is on a bus.
  ///
  /// - Parameters:
  ///   - devices: Every device but the hubs.
  ///   - hubs: The hubs, root hubs among them.
  ///   - log: The kernel's log. Of ports at which there is a device now, nothing is taken from it.
  package init(devices: [DeviceIdentity], hubs: [DeviceIdentity] = [], log: KernelLog) {
    self.devices = devices.sorted { PortPath($0.path) < PortPath($1.path) }
    self.hubs = hubs
    let occupied = Set((devices + hubs).map(\.path))
    troubles = PortTrouble.found(in: log).filter { !occupied.contains($0.path) }
  }

  /// The plug-ins of all devices, hubs as well.
  public var places: Set<DeviceIdentity.Place> { Set((devices + hubs).map(\.place)) }

  /// The devices that are debug probes, which have a connector of their own on many boards.
  public var probes: [DeviceIdentity] {
    devices.filter { DebugProbe.of($0.usbID) != nil }
  }
}

/// A debug probe of ST's: on a board, it is behind another USB connector than the bootloader.
public struct DebugProbe: Hashable, Sendable {
  /// Its USB id.
  public var id: USBID
  /// What it is.
  public var name: String
  /// Where that is known from.
  public var source: String

  private init(_ productID: UInt16, _ name: String, source: String = Self.stlink) {
    id = USBID(vendorID: 0x0483, productID: productID)
    self.name = name
    self.source = source
  }

  /// The probe with these ids, or nil.
  public static func of(_ id: USBID) -> DebugProbe? { all.first { $0.id == id } }

  private static let stlink =
    "stlink-org/stlink: config/udev/rules.d, src/stlink-lib/stlink_hw.c, after ST's TN1235"

  /// Every ST-LINK; one product has other ids with and without mass storage and bridge.
  public static let all: [DebugProbe] = [
    DebugProbe(0x3744, "ST-LINK/V1"),
    DebugProbe(0x3748, "ST-LINK/V2"),
    DebugProbe(0x374A, "ST-LINK/V2-1, audio"),
    DebugProbe(0x374B, "ST-LINK/V2-1"),
    DebugProbe(0x3752, "ST-LINK/V2-1 without mass storage"),
    DebugProbe(0x374D, "STLINK-V3, to be updated"),
    DebugProbe(0x374E, "STLINK-V3"),
    DebugProbe(0x3754, "STLINK-V3 without mass storage"),
    DebugProbe(0x374F, "STLINK-V3 with bridge"),
    DebugProbe(0x3753, "STLINK-V3 with bridge and two serial ports"),
    DebugProbe(0x3755, "STLINK-V3PWR, to be updated", source: "OpenOCD, contrib/60-openocd.rules"),
    DebugProbe(0x3757, "STLINK-V3PWR"),
  ]
}
