import DfuseFormat
import Testing

@testable import DfuseDevice

/// The words of each error of the library: what happened and where, for whoever prints it.
@Suite struct ErrorWordsTests {
  private static let device = DeviceIdentity(
    vendorID: 0x0483, productID: 0xDF11, bcdDevice: 0x2200, path: "1-1.3", address: 5)
  private static let other = DeviceIdentity(
    vendorID: 0x0483, productID: 0x5740, bcdDevice: 0x0200, path: "1-2", address: 6)
  private static let flash = MemorySegment(
    start: 0x0800_0000, sectorSize: 0x4000, sectorCount: 4,
    access: [.readable, .erasable, .writable])
  private static let map = MemoryMap(name: "Internal Flash", text: "", segments: [flash])
  private static let memory = AlternateMemory(alternateSetting: 0, map: map)
  private static let range: Range<UInt64> = 0x0801_0000..<0x0801_0100
  private static let failed = DFUError.usb(
    .timedOut, during: .writing(address: 0x0800_0800, count: 2048))

  @Test(
    arguments: [
      (.stall, "the device refused the request"),
      (.timedOut, "the device did not answer in time"),
      (.disconnected, "the device left the bus"),
      (.accessDenied, "this user may not open the device"),
      (.busy, "another program or driver holds the interface"),
      (.noDriver, "no driver that can be used is bound to the device"),
      (.overflow, "the device sent more than was asked for"),
      (.noNode, "the device has no node in /dev/bus/usb"),
      (.noBus, "there is no USB on this machine"),
      (
        .badDescriptor(reason: "cut short"),
        "the device's descriptors cannot be understood: cut short"
      ),
      (
        .other(call: "libusb_open", code: -1, name: "LIBUSB_ERROR_IO"),
        "libusb_open returned LIBUSB_ERROR_IO (-1)"
      ),
    ] as [(USBError, String)])
  func `an error of the bus says what happened`(error: USBError, words: String) {
    #expect(error.description == words)
  }

  @Test(
    arguments: [
      (.noDevice(ignored: []), "no DFU device is plugged in"),
      (
        .noDevice(ignored: [
          IgnoredDevice(identity: device, reason: .notMatching),
          IgnoredDevice(identity: other, reason: .runTime),
          IgnoredDevice(identity: other, reason: .notDfuSe),
        ]),
        "none of the DFU devices fits: 0483:df11 at 1-1.3 (another one), "
          + "0483:5740 at 1-2 (runs its application), "
          + "0483:5740 at 1-2 (speaks plain DFU, not DfuSe)"
      ),
      (
        .several([device, other]),
        "2 boards fit, and one was meant: 0483:df11 at 1-1.3, 0483:5740 at 1-2"
      ),
      (
        .notOpenable(device, .accessDenied),
        "0483:df11 at 1-1.3 cannot be opened: this user may not open the device"
      ),
    ] as [(SelectionError, String)])
  func `a selection that failed says which devices were seen`(
    error: SelectionError, words: String
  ) {
    #expect(error.description == words)
  }

  @Test(
    arguments: [
      (.noMemoryMap, "the device shows no memory map"),
      (
        .blocksTooShort(transferSize: 4),
        "the device takes only 4 bytes at a time (wTransferSize), too few for flash"
      ),
      (
        .noSuchAlternateSetting(3, available: [0, 1]),
        "the firmware is for alternate setting 3, and the device has 0, 1"
      ),
      (
        .otherDevice(
          wanted: USBID(vendorID: 0x28E9, productID: 0xFFFF), found: .stBootloader),
        "the firmware is for devices 28e9:any, and the device is 0483:df11"
      ),
      (.nothingToFlash, "the firmware has no bytes"),
      (
        .conflict(.repeatedData(new: range, existing: 0x0801_0000..<0x0801_0004)),
        "0x0801_0000-0x0801_00ff overlaps 0x0801_0000-0x0801_0003"
      ),
      (
        .nothingThere(
          AlternateMemory(
            alternateSetting: 2, map: MemoryMap(name: "Nor \u{1B}[2J", text: "", segments: []))),
        "alternate setting 2 (Nor \\x1B[2J) has no sectors"
      ),
      (
        .outsideMemory(range, alternateSetting: 0, memory: map, found: 2),
        "0x0801_0000-0x0801_00ff is not in Internal Flash (alternate setting 0, "
          + "0x0800_0000-0x0800_ffff); alternate setting 2 has it"
      ),
      (
        .outsideMemory(range, alternateSetting: nil, memory: nil, found: nil),
        "0x0801_0000-0x0801_00ff is not in any memory"
      ),
      (
        .notWritable(
          range,
          segment: MemorySegment(
            start: 0x0801_0000, sectorSize: 0x1_0000, sectorCount: 1, access: .readable),
          writable: flash),
        "0x0801_0000-0x0801_00ff cannot be written: 0x0801_0000-0x0801_ffff is read only; the next "
          + "address that can be written is 0x0800_0000"
      ),
      (
        .needsConsent(.optionBytes, name: "Option Bytes", range: 0x1FFF_C000..<0x1FFF_C010),
        "Option Bytes (0x1fff_c000-0x1fff_c00f) is written only with consent"
      ),
      (
        .bootloaderSectors(
          range, ApplicationBootloader(name: "mboot", ownRanges: [range], programStart: nil)),
        "0x0801_0000-0x0801_00ff is mboot's own"
      ),
      (
        .permanentLock(
          level: 0xCC, address: 0x1FFF_C001, name: "Option Bytes", serial: "315A28A0B956"),
        "protection level 0xCC at 0x1fff_c001 (Option Bytes) would lock the chip for ever; its "
          + "serial number is 315A28A0B956"
      ),
      (
        .nothingForFlash,
        "the firmware has nothing for the flash that the mass erase would erase"
      ),
      (
        .alreadyProgrammed(address: 0x1FFF_7800, found: 0x00, wanted: 0x12),
        "0x1fff_7800 is programmed already: 0x00, not 0x12"
      ),
      (.cannotPreserve(range), "0x0801_0000-0x0801_00ff cannot be read, and so not be preserved"),
      (.noSupplySetting, "the device cannot be told its supply voltage"),
      (.notErasable(range), "0x0801_0000-0x0801_00ff cannot be erased"),
      (
        .fellSilent(
          reading: 0x1FFF_76FE, .usb(.timedOut, during: .reading(address: 0x1FFF_76FE, count: 2))),
        "the device does not answer any more since 0x1fff_76fe was read: reading 2 bytes at "
          + "0x1fff_76fe failed: the device did not answer in time"
      ),
      (.readProtected, "the chip is read protected"),
      (
        .notReadable(name: "Internal Flash", .untouched),
        "Internal Flash does not let itself be read; nothing on the board was changed"
      ),
      (
        .different(
          .init(
            address: 0x0800_4004, expected: 1, found: 2, count: 8, looksProtected: true,
            progress: .incomplete)),
        "0x0800_4004 holds 0x02 instead of 0x01; 8 bytes differ; its sector was as if never "
          + "erased; the firmware on the board is incomplete, and does not start"
      ),
      (
        .notTaken(
          .init(
            name: "Option Bytes", range: 0x1FFF_C000..<0x1FFF_C010, reason: .unchanged,
            firmware: .complete)),
        "the device did not take Option Bytes (0x1fff_c000-0x1fff_c00f): it reads as before; the "
          + "firmware is written and verified"
      ),
      (
        .notTaken(
          .init(
            name: "Option Bytes", range: 0x1FFF_C000..<0x1FFF_C010,
            reason: .different(.init(address: 0x1FFF_C001, expected: 1, found: 2, count: 1)),
            firmware: .untouched)),
        "the device did not take Option Bytes (0x1fff_c000-0x1fff_c00f): 0x1fff_c001 holds 0x02 "
          + "instead of 0x01"
      ),
      (
        .notTaken(
          .init(
            name: "Option Bytes", range: 0x1FFF_C000..<0x1FFF_C010, reason: .failed(failed),
            firmware: .untouched)),
        "the device did not take Option Bytes (0x1fff_c000-0x1fff_c00f): writing 2048 bytes at "
          + "0x0800_0800 failed: the device did not answer in time"
      ),
      (
        .cancelled(.erased),
        "stopped on request; the old program may be erased, in part or wholly"
      ),
      (
        .device(failed, .mixed),
        "writing 2048 bytes at 0x0800_0800 failed: the device did not answer in time; the board "
          + "holds a part of the old firmware, and of the new what was written: do not start it"
      ),
      (
        .refused(
          .device(
            .errVENDOR, state: .dfuERROR, text: nil,
            during: .erasing(address: 0x0800_4000, size: 0x4000)), .unverified),
        "erasing 0x0800_4000 (16 KiB) failed: the device reports errVENDOR in dfuERROR, and the "
          + "chip is not read protected; the firmware is written, but not all of it was read back"
      ),
    ] as [(FlashError, String)])
  func `a flash that failed says where, and what is on the chip`(
    error: FlashError, words: String
  ) {
    #expect(error.description == words)
  }

  @Test(
    arguments: [
      (.gone, "the device left the bus"),
      (.timedOut, "the device takes nothing on its serial port"),
      (
        .inUse(port: "/dev/ttyACM0", by: .init(id: 612, name: "ModemManager")),
        "/dev/ttyACM0 is in use: ModemManager (process 612) has it open"
      ),
      (
        .inUse(port: "/dev/ttyACM0", by: nil),
        "/dev/ttyACM0 is in use: another program has it open"
      ),
      (
        .accessDenied(port: "/dev/ttyACM0", group: "dialout"),
        "/dev/ttyACM0 cannot be opened: only members of the group dialout may"
      ),
      (
        .accessDenied(port: "/dev/ttyACM0", group: nil),
        "/dev/ttyACM0 cannot be opened: this user may not"
      ),
      (
        .noPort(nil),
        "there is no serial port that can be used: no driver has made one of the interface"
      ),
      (
        .noPort(.busy),
        "there is no serial port that can be used: another program or driver holds the interface"
      ),
      (
        .system(call: "tcsetattr", port: "/dev/ttyACM0", errno: 5),
        "tcsetattr on /dev/ttyACM0 failed with errno 5"
      ),
      (.usb(.stall), "the device refused the request"),
    ] as [(SerialError, String)])
  func `an error of a serial port names the port`(error: SerialError, words: String) {
    #expect(error.description == words)
  }

  @Test(
    arguments: [
      (
        .doesNotFit(about: "for its version", answer: Array("CLI\u{7}".utf8)),
        "asked for its version, the device said 43 4c 49 07"
      ),
      (
        .doesNotFit(about: "for its version", answer: Array("INAV".utf8)),
        "asked for its version, the device said 'INAV'"
      ),
      (
        .doesNotFit(about: "for its version", answer: []),
        "asked for its version, the device said that it does not know the question"
      ),
      (.noAnswer(about: "for its version"), "asked for its version, the device gave no answer"),
      (
        .refused(about: "whether it is armed", because: "its motors are armed"),
        "the device must not be restarted now: its motors are armed"
      ),
      (
        .refused(about: "whether it is armed", because: nil),
        "the device must not be restarted now: asked whether it is armed, it did not say"
      ),
      (
        .serial(.timedOut, .asking(about: "for its version")),
        "the device takes nothing on its serial port, while it was asked for its version"
      ),
      (.usb(.busy, .opening), "another program or driver holds the interface, while it was opened"),
      (
        .usb(.stall, .preparing),
        "the device refused the request, while it was prepared"
      ),
      (
        .stayed(for: .seconds(5), error: .stall),
        "the device has not left the bus within 5 s; the request gave: the device refused the "
          + "request"
      ),
      (
        .cameBackAsItWas(other, tries: 2),
        "the device came back as it was, 0483:5740 at 1-2, 2 times"
      ),
      (
        .cameBackAs(other), "the device came back as 0483:5740 at 1-2, which is no DfuSe bootloader"
      ),
      (
        .lost(after: .milliseconds(7500), candidates: [device]),
        "the device left the bus, and nothing came back at its port in 7.5 s; elsewhere came "
          + "0483:df11 at 1-1.3"
      ),
      (
        .notOpenable(device, .accessDenied),
        "the bootloader 0483:df11 at 1-1.3 cannot be opened: this user may not open the device"
      ),
      (.cancelled(isAway: false), "stopped on request, before the device was told to leave"),
      (.cancelled(isAway: true), "stopped on request, while the device was on its way"),
    ] as [(EnterError, String)])
  func `a board that did not come to its bootloader has a reason`(
    error: EnterError, words: String
  ) {
    #expect(error.description == words)
  }

  @Test(
    arguments: [
      (.nothingToSend, "the way has no text to send"),
      (.wrongCount(1), "the way has 1 field behind 'control', which takes four or five"),
      (
        .notHexadecimal("4g"),
        "the way has '4g' where a hexadecimal number belongs that fits there"
      ),
      (.unknownEscape("\\q"), "the way has '\\\\q', and there is no such escape"),
    ] as [(OwnWayError, String)])
  func `a way that cannot be understood is told where`(error: OwnWayError, words: String) {
    #expect(error.description == words)
  }

  private static let level = OptionField(
    name: "RDP", manualName: nil, address: 0x1FFF_7800, low: 0, width: 8, hasNamedBits: false,
    legal: nil, units: [], condition: nil, factory: 0xAA)
  private static let reset = OptionField(
    name: "nRST_STOP", manualName: nil, address: 0x1FFF_7800, low: 12, width: 1,
    hasNamedBits: false, legal: nil, units: [], condition: nil, factory: 1)

  @Test(
    arguments: [
      (.notDecoded, "the option bytes of this chip are not decoded"),
      (.shownOnly(chip: "STM32H5"), "the option bytes of STM32H5 are shown, and not written"),
      (.noSuchField("BOR\n"), "there is no option 'BOR\\n'"),
      (
        .severalFields("WRP", ["nWRP0", "nWRP1"]),
        "'WRP' is the manual's name of several fields: nWRP0, nWRP1"
      ),
      (.twoValues("RDP"), "RDP is given two values"),
      (.illegal(level, 0x1BB), "RDP cannot be 0x1BB"),
      (
        .outsideMap(level),
        "RDP at 0x1fff_7800 is outside what the bootloader's memory map has"
      ),
      (.notThere(level, needs: "TZEN=1"), "RDP is there only with TZEN=1"),
      (.neverWritten(level), "RDP is shown, and never written over USB"),
      (
        .permanent(level, 0xCC, serial: "315A28A0B956"),
        "RDP=0xCC would lock the chip for ever; its serial number is 315A28A0B956"
      ),
      (.erasesEverything(level), "RDP at its open level erases everything on the chip"),
      (
        .closesBootloader([level, reset]),
        "RDP, nRST_STOP would close the way into the bootloader"
      ),
      (
        .startsNothing([reset]),
        "nRST_STOP would leave the chip without a way to start firmware"
      ),
      (.oneWay(reset), "nRST_STOP cannot be set back"),
      (.cannotBeUndone(reset), "nRST_STOP was set, and cannot be set back"),
      (.trustZone(reset, on: true), "nRST_STOP=1 closes the flash to the bootloader"),
      (.trustZone(reset, on: false), "nRST_STOP cannot be switched off over USB"),
      (.separately(level, reset), "RDP and nRST_STOP cannot change at once"),
      (
        .factoryUnknown(chip: "STM32L1"),
        "the factory's option bytes of STM32L1 are not known, or sources differ"
      ),
    ] as [(OptionError, String)])
  func `option bytes that are not changed have a reason`(error: OptionError, words: String) {
    #expect(error.description == words)
  }
}
