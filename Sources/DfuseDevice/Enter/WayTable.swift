import DfuseFormat

extension Way {
  /// Every way that is known, in the order in which they are listed.
  ///
  /// Names in sources are repositories and paths in them, as they were in August 2026.
  public static let all: [Way] = [
    dfuRunTime, touch, klipper, klipperSerial, msp, mspCLI, microPython, flipper, nanoVNA, espruino,
    rusEFI, panda, crazyflie,
  ]

  // MARK: - By the specification

  /// DFU_DETACH: what dfu-util's `-e` does.
  static let dfuRunTime = Way(
    id: "dfu", title: "DFU_DETACH to the run-time DFU interface",
    matches: [Match(interface: .dfuRunTime)],
    stages: [Stage(trigger: [.detach])],
    never: [
      Never(
        what: "a request to its other interfaces: one belongs to the kernel's driver for CAN",
        forms: [.requestToInterface], source: "candleLight src/usbd_gs_can.c")
    ],
    causes: [.stays: "in many firmwares the function behind DFU_DETACH is empty"],
    source: "DFU 1.1 sections 4.1 and 5.1; candleLight src/usbd_gs_can.c; blackmagic usb_dfu_stub.c"
  )

  // MARK: - 1200 baud

  /// DTR up, 1200 baud, DTR low, in the order that satisfies all who listen for it.
  private static let touchSteps: [Step] = [
    .lines(true), .speed(1200), .pause(.milliseconds(50)), .lines(false),
    // MicroPython takes 250 ms until it acts, Arduino's core 200 ms; whoever opens the port
    // meanwhile raises DTR and stops that.
    .pause(.milliseconds(500)),
  ]

  /// The interpreters on these boards start their programs anew by it.
  private static let softReset = Never(
    what: "Ctrl-D with nothing before it: main.py starts anew, and what it drives",
    forms: [.firstInLine(0x04)], source: "micropython shared/runtime/pyexec.c, micropython#2249")

  static let touch = Way(
    id: "touch", title: "1200 baud touch (Arduino's mbed boards, MicroPython there, CircuitPython)",
    matches: [
      // boards.txt and the variants of ArduinoCore-mbed; 04xx and 05xx are MicroPython's.
      Match(
        ids: [
          0x025B, 0x045B, 0x055B, 0x0266, 0x0466, 0x0064, 0x0164, 0x0264, 0x025F, 0x045F, 0x055F,
        ].map { USBIDPattern(vendorID: 0x2341, productID: $0) }
          + [0x0064, 0x0164, 0x0264].map { USBIDPattern(vendorID: 0x35D1, productID: $0) },
        needsSerialPort: true),
      // Other chips than STM32 have these ids as well, and go to other bootloaders.
      Match(
        ids: [USBIDPattern(vendorID: 0x239A, productID: nil)], needsSerialPort: true,
        isCertain: false),
    ],
    stages: [Stage(trigger: touchSteps)], isCustomary: true, never: [softReset],
    causes: [
      .stays: "a program that does not serve USB does not see it (press reset twice), nor does "
        + "one whose serial port is open elsewhere"
    ],
    source: "ArduinoCore-mbed cores/arduino/USB/USBSerial.cpp; micropython "
      + "ports/stm32/usbd_cdc_interface.c; circuitpython supervisor/shared/usb/usb_device.c")

  // MARK: - Klipper

  private static let klipperMatches = [
    Match(
      ids: [USBIDPattern(vendorID: 0x1D50, productID: 0x614E)], manufacturer: "Klipper",
      needsSerialPort: true),
    Match(manufacturer: "Klipper", needsSerialPort: true),
  ]

  /// Klipper's own page warns of it: docs/Bootloader_Entry.md.
  private static let heaters =
    "on some printer boards heaters, fans or motors are on while the bootloader runs, and a print "
    + "that runs is lost"

  private static let klipperCauses: [Trouble: String] = [
    .stays: "an STM32F1 without a bootloader of its own has nowhere to go"
  ]

  /// Where Klipper goes if it was built to stand behind one: src/stm32/Kconfig.
  private static let besideKlipper: [USBID: String] = [
    USBID(vendorID: 0x1D50, productID: 0x6177): "Katapult",
    USBID(vendorID: 0x1209, productID: 0xBEBA): "the HID bootloader",
    USBID(vendorID: 0x1EAF, productID: 0x0003): "the Maple bootloader",
  ]

  private static let speedOfTheTouch = Never(
    what: "1200 baud for anything but the touch: where DTR is low it goes at once",
    forms: [.speed(1200)], isRightInTheEnd: true,
    source: "klipper src/generic/usb_cdc.c, check_reboot")

  static let klipper = Way(
    id: "klipper", title: "Klipper's 1200 baud touch", matches: klipperMatches,
    stages: [Stage(trigger: touchSteps)], tries: 3, sideEffects: heaters,
    otherBootloaders: besideKlipper, never: [speedOfTheTouch], causes: klipperCauses,
    source: "klipper src/generic/usb_cdc.c, src/stm32/dfu_reboot.c, docs/Bootloader_Entry.md")

  static let klipperSerial = Way(
    id: "klipper-serial", title: "Klipper's serial request", matches: klipperMatches,
    stages: [
      Stage(
        trigger: [
          // Ends a frame that is half received; the request has to be a block of its own.
          .write([0x7E]), .pause(.milliseconds(20)),
          .write([0x20, 0x1C, 0x20] + Array("Request Serial Bootloader!!".utf8) + [0x20, 0x7E]),
          .pause(.milliseconds(100)),
        ])
    ], tries: 3, sideEffects: heaters, otherBootloaders: besideKlipper,
    never: [speedOfTheTouch], causes: klipperCauses,
    source: "klipper src/generic/serial_irq.c, docs/Bootloader_Entry.md")

  // MARK: - Flight controllers

  private static let flightControllers = [
    Match(manufacturer: "Betaflight", needsSerialPort: true),
    Match(manufacturer: "EmuFlight", needsSerialPort: true),
    Match(manufacturer: "INAV", needsSerialPort: true),
    Match(product: "Betaflight", needsSerialPort: true),
    // ST's example has these strings, and with it many firmwares.
    Match(
      ids: [
        USBIDPattern(vendorID: 0x0483, productID: 0x5740),
        USBIDPattern(vendorID: 0x0483, productID: 0x3256),
        USBIDPattern(vendorID: 0x2E3C, productID: 0x5740),
        USBIDPattern(vendorID: 0x314B, productID: 0x5740),
        USBIDPattern(vendorID: 0x28E9, productID: 0x018A),
        USBIDPattern(vendorID: 0x3997, productID: 0x5740),
      ], product: "STM32 Virtual ComPort", needsSerialPort: true, isCertain: false),
  ]

  /// A request of MultiWii's serial protocol: `$M<`, length, command, payload, checksum.
  static func mspRequest(_ command: UInt8, _ payload: [UInt8] = []) -> [UInt8] {
    let body = [UInt8(payload.count), command] + payload
    return Array("$M<".utf8) + body + [body.reduce(0, ^)]
  }

  /// MSP_FC_VARIANT.
  private static func variant(_ names: [String]) -> Question {
    Question(
      about: "which flight controller it is", send: mspRequest(2),
      answer: .msp(command: 2, .text(names)), tries: 2)
  }

  /// MSP_FC_VERSION.
  private static func version(_ check: MSPCheck) -> Question {
    Question(
      about: "the version of its firmware", send: mspRequest(3), answer: .msp(command: 3, check))
  }

  /// MSP_STATUS: the flags of the boxes stand from byte 6 on, and ARM is the first of them.
  private static let isDisarmed = Question(
    about: "whether it is armed", send: mspRequest(101),
    answer: .msp(command: 101, .clear(bit: 0, at: 6)), contrary: "it is armed")

  private static let flightNever = [
    Never(
      what:
        "R or F with silence behind it: the ROM or another bootloader, before anything was asked",
      forms: [.lastByte(UInt8(ascii: "R")), .lastByte(UInt8(ascii: "F"))],
      source: "betaflight src/main/io/serial.c, betaflight#13572"),
    Never(
      what: "MSP_REBOOT into mass storage or a bootloader in flash",
      forms: [2, 3, 4].map { .bytes(mspRequest(68, [$0])) }, source: "betaflight src/main/msp/msp.c"
    ),
    Never(
      what: "MSP_REBOOT before it has said that it is not armed: it stops the motors",
      forms: [.bytes(mspRequest(68)), .bytes(mspRequest(68, [0])), .bytes(mspRequest(68, [1]))],
      isRightInTheEnd: true,
      source: "betaflight src/main/msp/msp.c; EmuFlight src/main/interface/msp.c"),
    Never(
      what: "1EAF, which an Arduino core with the same ids obeys",
      forms: [.bytes(Array("1EAF".utf8))],
      source: "Arduino_Core_STM32 libraries/SrcWrapper/src/stm32/bootloader.c"),
  ]

  static let msp = Way(
    id: "msp", title: "MSP reboot (Betaflight, EmuFlight, INAV from 9.1 on)",
    matches: flightControllers,
    probes: [
      [variant(["BTFL", "EMUF"])], [variant(["INAV"]), version(.versionAtLeast([9, 1]))],
    ],
    guards: [isDisarmed],
    stages: [Stage(trigger: [.write(mspRequest(68, [1])), .pause(.milliseconds(100))])],
    tries: 3, never: flightNever,
    source: "betaflight src/main/msp/msp.c, msp_serial.c; EmuFlight src/main/interface/msp.c; "
      + "inav#11238")

  static let mspCLI = Way(
    id: "msp-cli", title: "the command line of older INAV", matches: flightControllers,
    probes: [[variant(["INAV"]), version(.versionBefore([9, 1]))]], guards: [isDisarmed],
    stages: [
      Stage(
        prepare: [
          .ask(
            Question(
              about: "for its command line", send: Array("####\r\n".utf8),
              answer: .contains(Array("CLI".utf8)), within: .seconds(2)))
        ], trigger: [.write(Array("dfu\r\n".utf8)), .pause(.milliseconds(100))])
    ], tries: 3, never: flightNever,
    source: "inav-configurator js/protocols/stm32.js; inav src/main/fc/cli.c")

  // MARK: - Interpreters

  static let microPython = Way(
    id: "micropython", title: "MicroPython's raw REPL",
    matches: [
      Match(
        ids: (0x9800...0x980A).map { USBIDPattern(vendorID: 0xF055, productID: $0) },
        needsSerialPort: true),
      Match(manufacturer: "MicroPython", needsSerialPort: true),
    ],
    stages: [
      Stage(
        prepare: [
          // Twice: one may come while the interpreter does not listen.
          .write([0x0D, 0x03]), .pause(.milliseconds(200)), .write([0x03]),
          .pause(.milliseconds(100)),
          .ask(
            Question(
              about: "for its raw REPL", send: [0x0D, 0x01],
              answer: .contains(Array("raw REPL; CTRL-B to exit\r\n>".utf8)), within: .seconds(2),
              tries: 3)),
        ],
        trigger: [
          // It answers before it goes.
          .write(
            Array("import machine, time; time.sleep_ms(100); machine.bootloader()".utf8) + [0x04]),
          .pause(.milliseconds(300)),
        ])
    ], undo: [0x0D, 0x02], tries: 3,
    never: [
      softReset,
      Never(
        what: "machine.bootloader() with an argument, which is for the bootloader to load",
        forms: [.argument(of: "bootloader")], source: "micropython ports/stm32/boardctrl.c"),
    ],
    causes: [.silence: "a program that does not let Ctrl-C through keeps it from answering"],
    source: "micropython ports/stm32/modmachine.c, tools/mpremote/mpremote/transport_serial.py")

  static let espruino = Way(
    id: "espruino", title: "Espruino's E.rebootToDFU()",
    matches: [
      Match(manufacturer: "Espruino", needsSerialPort: true),
      Match(product: "Espruino", needsSerialPort: true),
      // Its boards have ST's strings and one serial number, as others with ST's old example.
      Match(
        ids: [USBIDPattern(vendorID: 0x0483, productID: 0x5740)], serial: "00000000001A",
        needsSerialPort: true, isCertain: false),
    ],
    stages: [
      Stage(
        prepare: [
          .ask(
            Question(
              about: "for its name", send: [0x03, 0x10] + Array("print('Espru'+'ino')\n".utf8),
              answer: .contains(Array("Espruino".utf8)), tries: 2))
        ],
        trigger: [.write([0x10] + Array("E.rebootToDFU()\n".utf8)), .pause(.milliseconds(100))])
    ], causes: [.stays: "only the builds for STM32F4 have this function"],
    source: "Espruino src/jswrap_espruino.c, targets/stm32/jshardware.c")

  // MARK: - Shells

  private static func line(_ text: String) -> [UInt8] { Array("\(text)\r".utf8) }

  static let flipper = Way(
    id: "flipper", title: "Flipper Zero's command line",
    matches: [
      Match(
        ids: [USBIDPattern(vendorID: 0x0483, productID: 0x5740)], manufacturer: "Flipper",
        needsSerialPort: true)
    ],
    stages: [
      Stage(
        prepare: [
          .ask(
            Question(
              about: "for its prompt", send: line(""), answer: .contains(Array(">: ".utf8)),
              within: .seconds(2), tries: 2))
        ], trigger: [.write(line("power reboot2dfu")), .pause(.milliseconds(100))])
    ],
    never: [
      Never(
        what: "start_rpc_session, after which no text is understood",
        forms: [.line("start_rpc_session")],
        source: "flipperzero-firmware applications/services/rpc/rpc_cli.c")
    ],
    causes: [
      .silence: "while an app runs, or another program talks to it, its command line is closed"
    ],
    source: "flipperzero-firmware applications/services/power/power_cli.c")

  static let nanoVNA = Way(
    id: "chibios", title: "the shell of NanoVNA and tinySA",
    matches: [
      // ChibiOS's example has these strings: it is asked for its banner and its prompt.
      Match(
        ids: [USBIDPattern(vendorID: 0x0483, productID: 0x5740)],
        product: "ChibiOS/RT Virtual COM Port", needsSerialPort: true, isCertain: false),
      Match(product: "NanoVNA", needsSerialPort: true),
      Match(product: "tinySA", needsSerialPort: true),
    ],
    probes: [
      [
        Question(
          about: "for its name", send: line("") + line("info"),
          answer: .containsOne(["NanoVNA", "tinySA"]), tries: 2)
      ]
    ],
    stages: [Stage(trigger: [.write(line("reset dfu")), .pause(.milliseconds(100))])],
    never: [
      Never(
        what: "reset alone, which restarts the firmware", forms: [.line("reset")],
        source: "ttrftech/NanoVNA main.c, cmd_reset")
    ],
    causes: [.returns: "firmware from before September 2019 restarts instead"],
    source: "ttrftech/NanoVNA and DiSlord/NanoVNA-D main.c, cmd_reset; erikkaashoek/tinySA main.c")

  // MARK: - Requests of their own

  static let rusEFI = Way(
    id: "rusefi", title: "rusEFI's command reboot_dfu",
    matches: [
      Match(manufacturer: "rusEFI", needsSerialPort: true),
      Match(product: "rusEFI", needsSerialPort: true),
    ],
    stages: [
      Stage(
        trigger: [.write(tunerStudioFrame("Ereboot_dfu")), .pause(.milliseconds(100))])
    ], tries: 3, sideEffects: "an engine that runs stops",
    never: [
      Never(
        what: "reboot_openblt, which is for another bootloader",
        forms: [.bytes(Array("reboot_openblt".utf8))],
        source: "rusefi java_console/autoupdate")
    ],
    causes: [.returns: "some boards need several tries (hellen-one#79)"],
    source: "rusefi java_console, DfuHelper.java and BinaryProtocol.java; java_console/autoupdate")

  /// A frame of TunerStudio's protocol: length, payload, CRC-32, both with the highest byte first.
  static func tunerStudioFrame(_ text: String) -> [UInt8] {
    let payload = Array(text.utf8)
    func big(_ value: UInt32, _ count: Int) -> [UInt8] {
      (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
    }
    return big(UInt32(payload.count), 2) + payload + big(~CRC32.checksum(of: payload), 4)
  }

  static let panda = Way(
    id: "panda", title: "comma's panda, through its bootstub",
    matches: [
      Match(
        ids: [0xBBAA, 0x3801].flatMap { vendor in
          [0xDDCC, 0xDDCF].map { USBIDPattern(vendorID: vendor, productID: $0) }
        })
    ],
    stages: [
      // The application takes only this one, which restarts it in its bootstub.
      Stage(
        trigger: [.control(Self.vendor(0xD1, value: 1))],
        next: [0xBBAA, 0x3801].flatMap { vendor in
          [0xDDEE, 0xDDEF].map { USBIDPattern(vendorID: vendor, productID: $0) }
        }),
      Stage(trigger: [.control(Self.vendor(0xD1, value: 0))]),
    ], sideEffects: "a car that it drives loses it",
    source: "panda board/main_comms.h, board/flasher.h, python/__init__.py")

  private static func vendor(_ request: UInt8, value: UInt16, index: UInt16 = 0) -> ControlRequest {
    ControlRequest(bmRequestType: 0x40, bRequest: request, wValue: value, wIndex: index)
  }

  static let crazyflie = Way(
    id: "crazyflie", title: "Crazyflie's vendor request",
    matches: [
      Match(
        ids: [USBIDPattern(vendorID: 0x0483, productID: 0x5740)], manufacturer: "Bitcraze AB",
        product: "Crazyflie")
    ],
    // It goes without having answered.
    stages: [Stage(trigger: [.control(vendor(0x01, value: 1, index: 2))])],
    sideEffects: "motors that run stop",
    resident: ApplicationBootloader(
      name: "the Crazyflie bootloader", ownRanges: [0x0800_0000..<0x0800_4000],
      programStart: 0x0800_4000),
    never: [
      Never(
        what: "another vendor request with index 2: it looks at nothing else",
        forms: [.vendorRequest(index: 2)], isRightInTheEnd: true,
        source: "crazyflie-firmware src/hal/src/usb.c, usbd_cf_Setup")
    ],
    source: "crazyflie-firmware src/hal/src/usb.c, tools/make/usb-bootloader.py")
}
