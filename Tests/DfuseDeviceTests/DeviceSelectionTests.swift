import Testing

@testable import DfuseDevice

@Suite struct DeviceSelectionTests {
  static func listing(
    _ path: String, id: USBID = .stBootloader, serial: String? = "315A28A0B956",
    mode: DFUInterface.Mode = .dfu, version: UInt16 = 0x011A, name: String? = nil,
    openError: USBError? = nil
  ) -> USBDeviceListing {
    USBDeviceListing(
      identity: DeviceIdentity(
        vendorID: id.vendorID, productID: id.productID, bcdDevice: 0x2200, path: path,
        address: 4, serialNumber: openError == nil ? serial : nil),
      interfaces: [
        DFUInterface(
          number: 0, mode: mode, alternateSettings: [.init(number: 0, name: name)],
          functional: DFUFunctionalDescriptor(
            bmAttributes: 0x0B, wDetachTimeOut: 255, wTransferSize: 2048,
            bcdDFUVersion: version))
      ], openError: openError)
  }

  static let webcam = listing(
    "1-7", id: USBID(vendorID: 0x0C45, productID: 0x6366), mode: .runTime, version: 0x0110)
  static let soundCard = listing(
    "1-8", id: USBID(vendorID: 0x20B1, productID: 0x0008), version: 0x0110)

  @Test func `the one board is taken, and other DFU devices are passed over`() throws {
    let board = Self.listing("1-2")
    let selected = try DeviceFilter().select(from: [Self.webcam, board, Self.soundCard])
    #expect(
      selected == Board(identity: board.identity, interface: board.interfaces[0]))
  }

  @Test func `without a board, the devices passed over are told with the reason`() {
    let other = Self.listing("1-2")
    #expect(
      throws: SelectionError.noDevice(ignored: [
        IgnoredDevice(identity: Self.webcam.identity, reason: .runTime),
        IgnoredDevice(identity: Self.soundCard.identity, reason: .notDfuSe),
      ])
    ) { try DeviceFilter().select(from: [Self.webcam, Self.soundCard]) }
    #expect(
      throws: SelectionError.noDevice(ignored: [
        IgnoredDevice(identity: other.identity, reason: .notMatching)
      ])
    ) { try DeviceFilter(path: "1-3").select(from: [other]) }
    #expect(throws: SelectionError.noDevice(ignored: [])) { try DeviceFilter().select(from: []) }
  }

  @Test func `two boards are too many, and are listed`() {
    let boards = [Self.listing("1-2"), Self.listing("1-3")]
    #expect(throws: SelectionError.several(boards.map(\.identity))) {
      try DeviceFilter().select(from: boards)
    }
  }

  @Test(
    arguments: [
      DeviceFilter(path: "1-3"), DeviceFilter(serial: "357236543131"),
      DeviceFilter(serial: "200364abcdef"), DeviceFilter(usbIDs: [USBIDPattern(.gd32Bootloader)]),
      DeviceFilter(usbIDs: [USBIDPattern(.gd32Bootloader)], serial: "200364ABCDEF", path: "1-3"),
    ])
  func `a filter picks one of two boards`(filter: DeviceFilter) throws {
    let first = Self.listing("1-2")
    let second = Self.listing(
      "1-3", id: .gd32Bootloader,
      serial: filter.serial == "357236543131" ? "357236543131" : "200364ABCDEF")
    #expect(try filter.select(from: [first, second]).identity == second.identity)
  }

  @Test func `a shared serial number does not tell two boards apart`() {
    let boards = [Self.listing("1-2"), Self.listing("1-3")]
    #expect(throws: SelectionError.several(boards.map(\.identity))) {
      try DeviceFilter(serial: "315A28A0B956").select(from: boards)
    }
  }

  @Test func `an id filter does not turn an application into a bootloader`() {
    #expect(
      throws: SelectionError.noDevice(ignored: [
        IgnoredDevice(identity: Self.webcam.identity, reason: .runTime)
      ])
    ) {
      try DeviceFilter(usbIDs: [USBIDPattern(Self.webcam.identity.usbID)]).select(from: [
        Self.webcam
      ])
    }
  }

  @Test func `a board that cannot be opened is told with the reason`() {
    let closed = Self.listing("1-2", openError: .accessDenied)
    #expect(throws: SelectionError.notOpenable(closed.identity, .accessDenied)) {
      try DeviceFilter().select(from: [closed, Self.webcam])
    }
    #expect(throws: SelectionError.notOpenable(closed.identity, .accessDenied)) {
      try DeviceFilter(serial: "315A28A0B956").select(from: [closed])
    }
  }

  @Test func `a board that cannot be opened is not the other one`() throws {
    let open = Self.listing("1-2")
    let closed = Self.listing("1-3", openError: .accessDenied)
    #expect(throws: SelectionError.several([open.identity, closed.identity])) {
      try DeviceFilter().select(from: [open, closed])
    }
    #expect(
      try DeviceFilter(serial: "315A28A0B956").select(from: [open, closed]).identity
        == open.identity)
    #expect(
      try DeviceFilter(path: "1-2").select(from: [open, closed]).identity == open.identity)
  }

  @Test func `a plain DFU version with a memory map qualifies only when it is assumed to`() throws {
    let id = USBID(vendorID: 0x1234, productID: 1)
    let board = Self.listing(
      "1-2", id: id, version: 0x0110, name: "@Internal Flash/0x08000000/64*1Kg")
    let ignored = SelectionError.noDevice(ignored: [
      IgnoredDevice(identity: board.identity, reason: .notDfuSe)
    ])
    #expect(throws: ignored) { try DeviceFilter().select(from: [board]) }
    #expect(throws: ignored) { try DeviceFilter(usbIDs: [USBIDPattern(id)]).select(from: [board]) }
    #expect(throws: ignored) { try DeviceFilter(assumesDfuSe: true).select(from: [board]) }
    #expect(
      try DeviceFilter(usbIDs: [USBIDPattern(id)], assumesDfuSe: true).select(from: [
        board, Self.listing("1-3"),
      ])
      .identity == board.identity)
  }

  @Test func `a closed clone may be the board that is meant`() {
    let at32 = Self.listing(
      "1-2", id: USBID(vendorID: 0x2E3C, productID: 0xDF11), version: 0x0110,
      openError: .accessDenied)
    #expect(throws: SelectionError.notOpenable(at32.identity, .accessDenied)) {
      try DeviceFilter().select(from: [at32])
    }
    let gadget = Self.listing(
      "1-3", id: USBID(vendorID: 0x1234, productID: 1), version: 0x0100, openError: .accessDenied)
    #expect(
      throws: SelectionError.noDevice(ignored: [
        IgnoredDevice(identity: gadget.identity, reason: .notDfuSe)
      ])
    ) { try DeviceFilter().select(from: [gadget]) }
  }

  @Test func `a selection for many boards keeps every one that fits`() {
    let boards = [Self.listing("1-2"), Self.listing("1-3")]
    let closed = Self.listing("1-4", openError: .busy)
    let selection = DeviceFilter().selection(from: boards + [closed, Self.webcam])
    #expect(selection.selected.map(\.identity.path) == ["1-2", "1-3"])
    #expect(selection.notOpenable == [closed])
    #expect(selection.ignored.map(\.identity.path) == ["1-7"])
  }

  @Test func `known bootloaders are listed once each, ST's first`() {
    #expect(KnownDevice.all.first?.id == .stBootloader)
    let all = KnownDevice.all + KnownDevice.plain
    #expect(Set(all.map(\.id)).count == all.count)
    #expect(USBID.stBootloader.description == "0483:df11")
    #expect(USBID(vendorID: 0x0001, productID: 0xABCD).description == "0001:abcd")
  }

  @Test func `port paths sort by number`() {
    let paths = ["2-1", "1-10", "1-2.10", "1-2", "1-2.9"]
    #expect(
      paths.sorted { PortPath($0) < PortPath($1) } == ["1-2", "1-2.9", "1-2.10", "1-10", "2-1"])
  }

  @Test func `a path is written as the kernel writes it`() {
    #expect(portPath(bus: 3, ports: [1, 4, 2]) == "3-1.4.2")
    #expect(portPath(bus: 1, ports: [7]) == "1-7")
    #expect(portPath(bus: 2, ports: []) == "usb2")
  }
}
