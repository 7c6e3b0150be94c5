/// The devices of a server, and which of them a client has.
package final class USBIPExports {
  /// What happened to a device.
  package enum Event: Hashable, Sendable {
    /// A client has imported it.
    case attached(busID: String)
    /// The client has gone, or the device has left the bus.
    case detached(busID: String)
  }

  private let devices: [any USBIPDevice]
  private var taken: Set<String> = []
  /// What happened since this was last emptied.
  private var events: [Event] = []

  /// Shows devices to clients; their bus ids must differ.
  package init(_ devices: [any USBIPDevice]) { self.devices = devices }

  /// The devices nobody has.
  var available: [any USBIPDevice] { devices.filter { !taken.contains($0.record.busID) } }

  /// Gives a device to a client.
  func take(
    busID: String, at now: Duration
  ) -> (status: USBIPWire.Status, device: (any USBIPDevice)?) {
    guard let device = devices.first(where: { $0.record.busID == busID }) else {
      return (.noSuchDevice, nil)
    }
    guard taken.insert(busID).inserted else { return (.deviceBusy, nil) }
    device.attach(at: now)
    events.append(.attached(busID: busID))
    return (.ok, device)
  }

  /// Takes a device back.
  func release(_ device: any USBIPDevice, at now: Duration) {
    guard taken.remove(device.record.busID) != nil else { return }
    device.detach(at: now)
    events.append(.detached(busID: device.record.busID))
  }

  /// The events since the last call, oldest first.
  package func takeEvents() -> [Event] {
    defer { events = [] }
    return events
  }
}
