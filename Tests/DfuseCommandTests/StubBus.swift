import Synchronization

@testable import DfuseDevice

/// A bus that shows what a test says, one view after the other, and opens nothing.
final class StubBus: USBBus {
  private let views: Mutex<[[USBDeviceListing]]>
  /// How long the waits were in all.
  private let waited = Mutex(Duration.zero)
  private let openError: USBError

  /// Makes a bus that shows the last view for ever.
  init(_ views: [USBDeviceListing]..., openError: USBError = .disconnected) {
    self.views = Mutex(views)
    self.openError = openError
  }

  var waitedTime: Duration { waited.withLock { $0 } }

  func devices() throws(USBError) -> [USBDeviceListing] {
    views.withLock { views in
      views.count > 1 ? views.removeFirst() : views.first ?? []
    }
  }

  func open(_ board: Board) throws(USBError) -> any USBTransport {
    throw openError
  }

  var now: Duration { waitedTime }

  func waitForChange(limit: Duration) -> Bool {
    let moreToCome = views.withLock { $0.count > 1 }
    if !moreToCome { waited.withLock { $0 += limit } }
    return moreToCome
  }
}

extension USBDeviceListing {
  /// A board in its bootloader; the real descriptors of an STM32F405.
  static func board(
    path: String, serial: String? = "315A28A0B956", vendorID: UInt16 = 0x0483,
    productID: UInt16 = 0xDF11, openError: USBError? = nil
  ) -> USBDeviceListing {
    let isOpen = openError == nil
    let maps = ["@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg"]
    return USBDeviceListing(
      identity: DeviceIdentity(
        vendorID: vendorID, productID: productID, bcdDevice: 0x2200, path: path, address: 5,
        serialNumber: isOpen ? serial : nil, manufacturer: isOpen ? "STMicroelectronics" : nil,
        product: isOpen ? "STM32  BOOTLOADER" : nil),
      interfaces: [
        DFUInterface(
          number: 0, mode: .dfu,
          alternateSettings: maps.enumerated().map {
            .init(number: UInt8($0.offset), name: isOpen ? $0.element : nil)
          },
          functional: .init(
            bmAttributes: 0x0B, wDetachTimeOut: 255, wTransferSize: 2048, bcdDFUVersion: 0x011A))
      ],
      openError: openError)
  }

  /// An application with a DFU interface, such as the Bluetooth adapter of libDaisy#195.
  static let application = USBDeviceListing(
    identity: DeviceIdentity(
      vendorID: 0x05AC, productID: 0x821A, bcdDevice: 0x0100, path: "1-4", address: 3,
      product: "Bluetooth Host Controller"),
    interfaces: [
      DFUInterface(
        number: 3, mode: .runTime, alternateSettings: [.init(number: 0, name: nil)],
        functional: nil)
    ])
}
