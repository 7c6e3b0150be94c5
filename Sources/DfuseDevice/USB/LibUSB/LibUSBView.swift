import Synchronization

/// libusb's view of the machine, renewed where it has become stale.
///
/// A libusb context is kept as long as its list has the devices that the kernel has. Where it has
/// others, and the kernel has changed since the context was made, a fresh one is made, which looks
/// anew. Devices that are open keep the context they were opened in.
final class LibUSBView: Sendable {
  private struct State {
    var context: LibUSBContext
    /// What the kernel had when the context was made.
    var kernel: KernelDevices?
    /// The plug-ins seen so far where the kernel does not number them.
    var plugIns: [String: DeviceIdentity] = [:]
    var generation: UInt64 = 0
  }

  /// What there is at one moment.
  struct Sight {
    /// The context that the devices belong to.
    var context: LibUSBContext
    /// All devices of the machine, whatever they are.
    var devices: [LibUSBDevice]
    /// What the kernel has, where it shows that.
    var kernel: KernelDevices?
  }

  private let state: Mutex<State>
  private let kernel: @Sendable () -> KernelDevices?

  /// Starts libusb.
  ///
  /// `kernel` tells what the kernel has; tests hand in their own.
  init(
    kernel: @escaping @Sendable () -> KernelDevices? = { KernelDevices.now() }
  ) throws(USBError) {
    self.kernel = kernel
    let before = kernel()
    state = Mutex(State(context: try LibUSBContext(), kernel: before))
  }

  /// The context in use.
  var context: LibUSBContext { state.withLock { $0.context } }

  /// The devices of the machine now.
  func look() throws(USBError) -> Sight {
    // Before the list is asked for, so that a device that comes in between makes them differ.
    let kernel = kernel()
    let (context, made) = state.withLock { ($0.context, $0.kernel) }
    let devices = try context.devices()
    guard let kernel, kernel != made, !Self.agree(devices, kernel, since: made) else {
      return sight(of: devices, in: context, kernel)
    }
    let fresh = try LibUSBContext()
    state.withLock { state in
      state.context = fresh
      state.kernel = kernel
    }
    return sight(of: try fresh.devices(), in: fresh, kernel)
  }

  /// The device that is plugged in where `identity` says, since the plug-in that it says.
  ///
  /// - Throws: ``USBError/disconnected`` when another one is, or none.
  func device(_ identity: DeviceIdentity) throws(USBError) -> LibUSBDevice {
    let there = try look().devices.first { device in
      device.identity.place == identity.place && device.identity.usbID == identity.usbID
    }
    guard let there else { throw .disconnected }
    return there
  }

  /// Numbers the plug-ins of the devices: by the kernel's files, else by their addresses.
  private func sight(
    of devices: [LibUSBDevice], in context: LibUSBContext, _ kernel: KernelDevices?
  ) -> Sight {
    if let kernel {
      let numbers = kernel.plugIns(
        of: devices.map { ($0.bus, $0.identity.address) }, orNewer: self.kernel)
      let there = zip(devices, numbers).compactMap { device, number in
        // What the kernel has not, has left; libusb has only not heard of it.
        guard let number else { return nil as LibUSBDevice? }
        device.identity.generation = number
        return device
      }
      // The older view, so that whoever waits for a change hears of what came since.
      return Sight(context: context, devices: there, kernel: kernel)
    }
    state.withLock { state in
      let before = state.plugIns
      state.plugIns = [:]
      for device in devices {
        let path = device.identity.path
        if let known = before[path], known.address == device.identity.address,
          known.usbID == device.identity.usbID
        {
          device.identity.generation = known.generation
        } else {
          state.generation += 1
          device.identity.generation = state.generation
        }
        state.plugIns[path] = device.identity
      }
    }
    return Sight(context: context, devices: devices, kernel: nil)
  }

  /// Whether libusb lists what the kernel has; `made` is what it had when libusb looked first.
  private static func agree(
    _ devices: [LibUSBDevice], _ kernel: KernelDevices, since made: KernelDevices?
  ) -> Bool {
    let listed = Set(devices.map { [$0.bus, $0.identity.address] })
    guard listed == Set(kernel.devices.map { [$0.bus, $0.address] }) else {
      return false
    }
    // The same address may be that of another plug-in, of which libusb has heard nothing.
    return kernel.devices.allSatisfy { device in
      made?.device(bus: device.bus, address: device.address).map { $0 == device } ?? true
    }
  }

  /// Whether the kernel has other devices than `before`; nil where it does not show them.
  func hasChanged(since before: KernelDevices?) -> Bool? {
    guard let before, let now = kernel() else { return nil }
    return now != before
  }
}

extension LibUSBDevice {
  /// The identity with the strings that the kernel knows, without asking the device.
  var identityWithKnownStrings: DeviceIdentity {
    var identity = identity
    (identity.manufacturer, identity.product, identity.serialNumber) = KernelDevices.strings(
      at: identity.path)
    return identity
  }

  /// The DFU interfaces of the active configuration, or of the first when none is active.
  ///
  /// Known without opening the device. A device with unsound descriptors has none.
  func dfuInterfaces() -> [DFUInterfaceDescriptor] {
    (try? ConfigurationDescriptor.dfuInterfaces(in: configurationBytes())) ?? []
  }

  /// All interfaces of that configuration.
  func interfaces() -> [USBInterface] {
    (try? ConfigurationDescriptor.interfaces(in: configurationBytes())) ?? []
  }
}
