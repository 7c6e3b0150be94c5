import Testing

@testable import DfuseDevice

/// A board is followed from its firmware to its bootloader; time and bus are numbers here.
@Suite struct FollowingTests {
  static func identity(
    _ generation: UInt64, at path: String = "1-1",
    id: USBID = USBID(vendorID: 0x0483, productID: 0x5740),
    serial: String? = nil, product: String? = nil
  ) -> DeviceIdentity {
    DeviceIdentity(
      vendorID: id.vendorID, productID: id.productID, bcdDevice: 0x0200, path: path, address: 5,
      generation: generation, serialNumber: serial, product: product)
  }

  static func rom(
    _ generation: UInt64, at path: String = "1-1", serial: String? = "315A28A0B956",
    version: UInt16 = 0x011A, openError: USBError? = nil
  ) -> USBDeviceListing {
    USBDeviceListing(
      identity: identity(generation, at: path, id: .stBootloader, serial: serial),
      interfaces: [
        DFUInterface(
          number: 0, mode: .dfu, alternateSettings: [.init(number: 0, name: nil)],
          functional: DFUFunctionalDescriptor(
            bmAttributes: 0x0B, wDetachTimeOut: 255, wTransferSize: 2048, bcdDFUVersion: version))
      ], openError: openError)
  }

  /// Follows a device through what is seen at each second.
  private func verdict(
    of device: DeviceIdentity, before: [DeviceIdentity] = [], onlyOnItsPort: Bool = false,
    _ sights: [(Double, [USBDeviceListing], [DeviceIdentity])]
  ) -> Following.Verdict {
    var following = Following(
      device, before: [device] + before, onlyOnItsPort: onlyOnItsPort, at: .zero)
    for (time, boards, plugged) in sights {
      let verdict = following.see(
        boards: boards, plugged: boards.map(\.identity) + plugged, at: .seconds(time))
      guard verdict == .waiting else { return verdict }
    }
    return .waiting
  }

  @Test func `what comes back at the port is the board, whatever its ids and serial number`() {
    let device = Self.identity(1, serial: "flip_Otter")
    let back = Self.rom(2, serial: nil)
    let found = verdict(
      of: device, [(0.1, [], [device]), (0.5, [], []), (1.5, [back], [])])
    #expect(found == .arrived(back.board!))
  }

  @Test func `another board that comes elsewhere meanwhile is not taken for it`() {
    let device = Self.identity(1, serial: "315A28A0B956")
    let other = Self.rom(9, at: "1-2", serial: "3155299CB956")
    var sights: [(Double, [USBDeviceListing], [DeviceIdentity])] = []
    for time in 1...12 { sights.append((Double(time), [other], [])) }
    #expect(verdict(of: device, sights) == .lost(candidates: [other.identity]))
  }

  @Test func `where the port changes, the serial number tells, if no other device has it`() {
    // 24 digits: the unique id of the board whose ROM shows 315A28A0B956, by ST's formula.
    let device = Self.identity(1, serial: "315A28A0B956")
    let there = Self.rom(9, at: "2-1")
    let sights = [0.5, 1, 1.5, 2, 2.5].map { ($0, [there], [DeviceIdentity]()) }
    #expect(verdict(of: device, sights) == .arrived(there.board!))
    // A board that was at that port before, and came back, is that one.
    let neighbour = Self.identity(3, at: "2-1", serial: "315A28A0B956")
    let long = (1...12).map { (Double($0), [there], [DeviceIdentity]()) }
    #expect(verdict(of: device, before: [neighbour], long) == .lost(candidates: []))
    // Nor is anything taken by a serial number that two have.
    let twin = Self.identity(3, at: "1-7", serial: "315A28A0B956")
    #expect(
      verdict(of: device, before: [twin], long) == .lost(candidates: [there.identity]))
    #expect(
      verdict(of: device, onlyOnItsPort: true, long) == .lost(candidates: [there.identity]))
  }

  @Test func `a serial number that all boards have tells nothing`() {
    for serial in ["STM32", "FFFFFFFEFFFF", "00000000050C", "00000000001A", "12345"] {
      #expect(Self.identity(1, serial: serial).bootloaderSerials.isEmpty, "\(serial)")
    }
  }

  @Test func `a device that stays has not obeyed`() {
    let device = Self.identity(1)
    #expect(
      verdict(of: device, [(0, [], [device]), (2.9, [], [device])]) == .waiting)
    #expect(verdict(of: device, [(0, [], [device]), (3, [], [device])]) == .stayed)
  }

  @Test func `a device that comes back with its ids came back as it was`() {
    let device = Self.identity(1, product: "Betaflight STM32F405")
    let again = Self.identity(2, product: "Betaflight STM32F405")
    #expect(
      verdict(of: device, [(0.5, [], []), (1, [], [again])]) == .asItWas(again))
    // Its strings may not be there yet.
    let bare = Self.identity(2)
    #expect(verdict(of: device, [(0.5, [], []), (1, [], [bare])]) == .asItWas(bare))
  }

  @Test func `what stays a second and is no bootloader is another one`() {
    let device = Self.identity(1, id: USBID(vendorID: 0x1D50, productID: 0x614E))
    let katapult = Self.identity(2, id: USBID(vendorID: 0x1D50, productID: 0x6177))
    #expect(verdict(of: device, [(1, [], [katapult])]) == .waiting)
    #expect(
      verdict(of: device, [(1, [], [katapult]), (2, [], [katapult])]) == .other(katapult))
    // What goes on to a bootloader within that second is on its way.
    let rom = Self.rom(3)
    #expect(
      verdict(of: device, [(1, [], [katapult]), (1.4, [], []), (2, [rom], [])])
        == .arrived(rom.board!))
  }

  @Test func `a bootloader with plain DFU is none to flash by DfuSe`() {
    let zephyr = Self.rom(2, version: 0x0110)
    #expect(
      verdict(of: Self.identity(1), [(1, [zephyr], [])]) == .other(zephyr.identity))
  }

  @Test func `a bootloader without permissions is waited for, and then told of`() {
    let closed = Self.rom(2, openError: .accessDenied)
    let open = Self.rom(2)
    #expect(
      verdict(of: Self.identity(1), [(1, [closed], []), (2, [open], [])])
        == .arrived(open.board!))
    #expect(
      verdict(of: Self.identity(1), [(1, [closed], []), (6, [closed], [])])
        == .closed(closed.identity, .accessDenied))
  }

  @Test func `what never comes is lost after ten seconds`() {
    let device = Self.identity(1)
    #expect(verdict(of: device, [(1, [], []), (10.9, [], [])]) == .waiting)
    #expect(verdict(of: device, [(1, [], []), (11, [], [])]) == .lost(candidates: []))
  }

  /// The unique id of a Nucleo in ST's reference manual's order of words, and what follows from it
  /// by the three published formulas; each worked out by hand from the bytes.
  @Test func `the serial number of the ROM follows from the 24 digits of the unique id`() {
    // Bytes 38 00 2B 00 0F 51 36 33 34 38 31 30: words 002B0038, 3336510F, 30313834.
    let serials = Self.identity(1, serial: "38002B000F51363334383130").bootloaderSerials
    // 002B0038 + 30313834 = 305C386C, and the upper half of the second word.
    #expect(serials.contains("305C386C3336"))
    // The same, printed as three numbers.
    let words = Self.identity(1, serial: "002B00383336510F30313834").bootloaderSerials
    #expect(words.contains("305C386C3336"))
    // Sums that carry differ: words FFFF0001 and 0001FFFF, their halves, their bytes.
    let carries = Self.identity(1, serial: "0100FFFF00000000FFFF0100").bootloaderSerials
    #expect(carries.isSuperset(of: ["000100000000", "000000000000", "FF00FF000000"]))
  }
}
