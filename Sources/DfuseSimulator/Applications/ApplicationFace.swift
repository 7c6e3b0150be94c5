import DfuseFormat

/// What the firmware in a simulated board's flash is, as far as its USB device shows it.
public enum ApplicationFace: String, CaseIterable, Hashable, Sendable {
  /// ST's ids and a vendor-specific interface that takes no requests.
  case vendor
  /// A serial port that echoes; a line `bootloader`, or vendor request B0, enters the bootloader.
  case cdc
  /// Arduino's mbed core: the 1200 baud touch.
  case touch
  /// MicroPython on an Arduino board: the 1200 baud touch, and a REPL.
  case micropythonArduino = "micropython-arduino"
  /// CircuitPython: the 1200 baud touch, and a REPL.
  case circuitpython
  /// Klipper: the 1200 baud touch, and its serial request.
  case klipper
  /// DFU run time that detaches by itself.
  case dfuRuntime = "dfu-runtime"
  /// DFU run time that waits for a reset of the port.
  case dfuRuntimeReset = "dfu-runtime-reset"
  /// DFU run time that says it detaches by itself, and waits for a reset of the port.
  case dfuRuntimeWrong = "dfu-runtime-wrong"
  /// A CAN adapter with candleLight: DFU run time beside the interface for CAN.
  case candlelight
  /// A flight controller with Betaflight.
  case betaflight
  /// The same, with its motors armed.
  case betaflightArmed = "betaflight-armed"
  /// A flight controller with EmuFlight.
  case emuflight
  /// A flight controller with INAV 9, whose reboot command takes a mode.
  case inav
  /// A flight controller with INAV 7, which always reboots into itself.
  case inavOld = "inav-old"
  /// MicroPython on a pyboard.
  case repl
  /// A Flipper Zero.
  case flipper
  /// A NanoVNA.
  case nanovna
  /// A tinySA.
  case tinysa
  /// Espruino's JavaScript console.
  case espruino
  /// An engine control unit with rusEFI.
  case rusefi
  /// A comma panda, which enters the ROM in two stages.
  case panda
  /// A comma panda in the first of them.
  case pandaBootstub = "panda-bootstub"
  /// A Crazyflie, which does not finish the request that it obeys.
  case crazyflie

  /// The ids of its USB device on a chip.
  package func ids(on chip: SimulatedChip) -> (vendorID: UInt16, productID: UInt16) {
    let facts = ApplicationFacts(self, on: chip)
    return (facts.vendorID, facts.productID)
  }
}

/// What a firmware's USB device is, and what it obeys, as data.
struct ApplicationFacts: Sendable {
  /// Where the serial number comes from.
  enum Serial: Hashable, Sendable {
    /// The ROM's own: twelve digits made of the chip's unique id.
    case rom
    /// The unique id, 24 digits.
    case uniqueID
    /// The same for all.
    case text(String)
  }

  /// When a serial port at 1200 baud is taken for a request to enter the bootloader.
  enum Touch: Hashable, Sendable {
    /// 200 ms after the speed was set, or as soon after that as DTR is low
    /// (arduino/ArduinoCore-mbed cores/arduino/USB/USBSerial.cpp, `waitForPortClose`).
    case mbed
    /// 250 ms after DTR fell (micropython ports/stm32/usbd_cdc_interface.c).
    case microPython
    /// When DTR falls (circuitpython supervisor/shared/usb/usb_device.c).
    case circuitPython
    /// When the speed or the lines are set, and DTR is low (klipper src/generic/usb_cdc.c,
    /// `check_reboot`).
    case klipper
  }

  /// What DFU_DETACH does.
  enum Detach: Hashable, Sendable {
    /// The device leaves once the request is answered.
    case leaves
    /// It waits for a reset, as long as the request said.
    case waits
    /// It waits for a reset, however long.
    case waitsForever
  }

  /// What is spoken on the serial port.
  enum Dialog: Sendable {
    /// Nothing.
    case silence
    /// Every byte comes back; the line `bootloader` is obeyed.
    case echo
    /// Frames that end with `~`, of which one is obeyed.
    case klipper
    /// A flight controller's frames and command line.
    case flight(FlightFirmware)
    /// Python.
    case python(PythonFirmware)
    /// Lines of text.
    case shell(LineShell)
    /// TunerStudio's packets.
    case tunerStudio
  }

  /// Which vendor requests are obeyed.
  enum Vendor: Hashable, Sendable {
    /// None.
    case none
    /// B0 enters the bootloader.
    case plain
    /// D1 with value 1 restarts as the bootstub; with value 0 only the bootstub enters the ROM, and
    /// D8 leaves it (commaai/panda board/main_comms.h and board/flasher.h).
    case panda(isBootstub: Bool)
    /// Whatever has index 2 enters the bootloader, in the middle of the request
    /// (bitcraze/crazyflie-firmware src/hal/src/usb.c, `usbd_cf_Setup`).
    case crazyflie
  }

  var vendorID: UInt16 = 0x0483
  var productID: UInt16 = 0x5740
  var manufacturer = "STMicroelectronics"
  var product = "STM32 Virtual ComPort"
  var serial = Serial.uniqueID
  var interfaces = Self.serialPort()
  var touch: Touch?
  var detach = Detach.leaves
  var dialog = Dialog.silence
  var vendor = Vendor.none

  /// The descriptors, with the serial number of the board's bootloader, or one that goes with it.
  func descriptors(romSerial: String) -> Descriptors {
    let serialText =
      switch serial {
      case .rom: romSerial
      case .uniqueID: Self.uniqueID(romSerial: romSerial)
      case .text(let text): text
      }
    return Descriptors(
      vendorID: vendorID, productID: productID, bcdDevice: 0x0200,
      deviceClass: interfaces.first?.code[0] == 0x02 ? 0x02 : 0, interfaces: interfaces,
      strings: [
        1: Descriptors.string(manufacturer), 2: Descriptors.string(product),
        3: Descriptors.string(serialText),
      ])
  }

  /// The unique id, as 24 digits, that a ROM shows as these twelve.
  ///
  /// The ROM shows the sum of the id's first and third word, and the upper half of the second. The
  /// coordinates in the first word are small on real chips; here no sum has a carry, so that all
  /// published forms of the rule agree.
  static func uniqueID(romSerial: String) -> String {
    guard romSerial.utf8.count == 12, let value = UInt64(romSerial, radix: 16) else {
      return "1F0036000D51363034383335"
    }
    let sum = UInt32(value >> 16)
    let first = sum & 0x003F_003F
    let second = UInt32(value & 0xFFFF) << 16 | 0x510D
    return [first, second, sum ^ first].flatMap(\.littleEndianBytes)
      .map { $0.hexDigits(uppercase: true) }.joined()
  }

  // MARK: - Interfaces

  /// The two interfaces of a serial port, from interface 0 on.
  static func serialPort(protocolCode: UInt8 = 1) -> [Descriptors.Interface] {
    Descriptors.Interface.serialPort(
      protocolCode: protocolCode, notification: 0x82, interval: 0xFF, data: 0x01)
  }

  /// A vendor-specific interface without endpoints, so that a host needs no driver for it.
  static func vendorInterface(_ number: UInt8 = 0) -> Descriptors.Interface {
    Descriptors.Interface(alternates: [[9, 0x04, number, 0, 0, 0xFF, 0, 0, 0]])
  }

  /// A DFU interface: protocol 1 of a running firmware, 2 of a bootloader.
  static func dfu(
    _ number: UInt8 = 0, attributes: UInt8, timeOut: UInt16, protocolCode: UInt8 = 1
  ) -> Descriptors.Interface {
    Descriptors.Interface(
      alternates: [[9, 0x04, number, 0, 0, 0xFE, 0x01, protocolCode, 0]],
      details: [9, 0x21, attributes] + timeOut.littleEndianBytes + [0, 4, 0x10, 0x01])
  }
}

// MARK: - The firmwares

extension ApplicationFacts {
  /// The facts of a firmware on a chip.
  ///
  /// Ids and strings are those of the projects' sources.
  init(_ face: ApplicationFace, on chip: SimulatedChip) {
    switch face {
    case .vendor:
      self.init(serial: .rom, interfaces: [Self.vendorInterface()])
    case .cdc:
      self.init(product: "Simulated application", dialog: .echo, vendor: .plain)
    case .touch, .micropythonArduino:
      self.init(arduino: chip, runsPython: face == .micropythonArduino)
    case .circuitpython:
      self.init(
        vendorID: 0x239A, productID: 0x805A, manufacturer: "Adafruit Industries LLC",
        product: "Feather STM32F405 Express", interfaces: Self.serialPort(protocolCode: 0),
        touch: .circuitPython, dialog: .python(.circuitPython))
    case .klipper:
      self.init(
        vendorID: 0x1D50, productID: 0x614E, manufacturer: "Klipper", product: chip.klipperName,
        touch: .klipper, dialog: .klipper)
    case .dfuRuntime, .dfuRuntimeReset, .dfuRuntimeWrong:
      // The test ids of pid.codes. 0D and 1000 ms are those of TinyUSB's example; bit 3 says that
      // the device detaches by itself.
      let attributes: UInt8 = face == .dfuRuntimeReset ? 0x05 : 0x0D
      self.init(
        vendorID: 0x1209, productID: 0x0001, manufacturer: "pid.codes", product: "DFU run time",
        interfaces: [Self.dfu(attributes: attributes, timeOut: 1000)],
        detach: face == .dfuRuntime ? .leaves : face == .dfuRuntimeReset ? .waits : .waitsForever)
    case .candlelight:
      // candle-usb/candleLight_fw src/usbd_gs_can.c.
      self.init(
        vendorID: 0x1D50, productID: 0x606F, manufacturer: "bytewerk",
        product: "candleLight USB to CAN adapter",
        interfaces: [Self.vendorInterface(), Self.dfu(1, attributes: 0x0B, timeOut: 255)])
    case .betaflight, .betaflightArmed, .emuflight, .inav, .inavOld:
      let firmware = FlightFirmware.of(face)
      self.init(
        manufacturer: firmware.name, product: firmware.product, serial: .rom,
        dialog: .flight(firmware))
    case .repl:
      self.init(
        vendorID: 0xF055, productID: 0x9800, manufacturer: "MicroPython",
        product: "Pyboard Virtual Comm Port in FS Mode", serial: .rom,
        dialog: .python(.microPython))
    case .flipper:
      self.init(
        manufacturer: "Flipper Devices Inc.", product: "Flipper Simulated",
        serial: .text("flip_Simulated"), interfaces: Self.serialPort(protocolCode: 0),
        dialog: .shell(.flipper))
    case .nanovna:
      // Every one has the version of ChibiOS for a serial number.
      self.init(
        product: "ChibiOS/RT Virtual COM Port", serial: .text("400"), dialog: .shell(.nanoVNA))
    case .tinysa:
      self.init(
        manufacturer: "tinysa.org", product: "tinySA", serial: .text("400"),
        dialog: .shell(.tinySA))
    case .espruino:
      self.init(
        product: "STM32 Virtual COM Port", serial: .text("00000000001A"), dialog: .shell(.espruino))
    case .rusefi:
      self.init(
        manufacturer: "rusEFI LLC", product: "rusEFI Engine Management ECU", dialog: .tunerStudio)
    case .panda, .pandaBootstub:
      self.init(
        vendorID: 0xBBAA, productID: face == .panda ? 0xDDCC : 0xDDEE, manufacturer: "comma.ai",
        product: "panda", interfaces: [Self.vendorInterface()],
        vendor: .panda(isBootstub: face == .pandaBootstub))
    case .crazyflie:
      self.init(
        manufacturer: "Bitcraze AB", product: "Crazyflie 2.1", serial: .text("00000000050C"),
        interfaces: [Self.vendorInterface()], vendor: .crazyflie)
    }
  }

  /// The firmware of an Arduino board: its own ids on the board itself (ArduinoCore-mbed boards.txt,
  /// micropython ports/stm32/boards/ARDUINO_*).
  private init(arduino chip: SimulatedChip, runsPython: Bool) {
    let usb = chip.profile.usb
    let ids: [UInt16: (sketch: UInt16, python: UInt16)] = [
      0x035B: (0x025B, 0x045B), 0x0366: (0x0266, 0x0466), 0x0364: (0x0064, 0x0164),
      0x035F: (0x025F, 0x045F),
    ]
    let known = [0x2341, 0x35D1].contains(usb.vendorID) ? ids[usb.productID] : nil
    self.init(manufacturer: "Arduino", product: known == nil ? "touch" : chip.part)
    if let known {
      (vendorID, productID) = (usb.vendorID, runsPython ? known.python : known.sketch)
    } else if runsPython {
      (vendorID, productID) = (0x2341, 0x045B)
    }
    touch = runsPython ? .microPython : .mbed
    if runsPython { dialog = .python(.microPython) }
  }

  /// The bootloader that comes instead of one that speaks DfuSe: Katapult for Klipper, plain DFU else.
  init(insteadOfDfuSeFor face: ApplicationFace?, on chip: SimulatedChip) {
    if face == .klipper {
      self.init(
        vendorID: 0x1D50, productID: 0x6177, manufacturer: "katapult", product: chip.klipperName)
    } else {
      self.init(
        vendorID: 0x1209, productID: 0x0002, manufacturer: "pid.codes", product: "Plain DFU",
        interfaces: [Self.dfu(attributes: 0x07, timeOut: 1000, protocolCode: 2)])
    }
  }
}

extension SimulatedChip {
  /// The chip as Klipper's build names it.
  fileprivate var klipperName: String {
    (name.hasPrefix("stm32") ? String(name.prefix(9)) : "stm32f405") + "xx"
  }
}
