import DfuseFormat
import Testing

@testable import DfuseDevice

/// The table of ways, held against the firmwares' sources and logs of real devices.
@Suite struct WayTests {
  /// A device as lsusb shows it.
  static func device(
    _ id: String, manufacturer: String? = nil, product: String? = nil, serial: String? = nil,
    at path: String = "1-1", interfaces: [USBInterface] = WayTests.cdc
  ) -> PluggedDevice {
    let numbers = id.split(separator: ":").compactMap { UInt16($0, radix: 16) }
    return PluggedDevice(
      identity: DeviceIdentity(
        vendorID: numbers[0], productID: numbers[1], bcdDevice: 0x0200, path: path, address: 7,
        generation: 1, serialNumber: serial, manufacturer: manufacturer, product: product),
      interfaces: interfaces)
  }

  /// A serial port, as ST's template has it.
  static let cdc = [
    USBInterface(number: 0, code: .init(0x02, 0x02, 0x01), dataInterface: 1),
    USBInterface(number: 1, code: .init(0x0A, 0, 0), bulkEndpoints: [0x81, 0x01]),
  ]

  private func ids(_ device: PluggedDevice) -> [String] {
    Way.fitting(device).map { ($0.fit == .certain ? "" : "maybe ") + $0.way.id }
  }

  // MARK: - Which devices

  @Test func `a device is known by its strings where its ids are shared`() {
    let betaflight = Self.device(
      "0483:5740", manufacturer: "Betaflight", product: "Betaflight STM32F405")
    #expect(ids(betaflight) == ["msp", "msp-cli"])
    let flipper = Self.device(
      "0483:5740", manufacturer: "Flipper Devices Inc.", product: "Flipper Otter",
      serial: "flip_Otter")
    #expect(ids(flipper) == ["flipper"])
    let crazyflie = Self.device(
      "0483:5740", manufacturer: "Bitcraze AB", product: "Crazyflie 2.X",
      serial: "00000000050C",
      interfaces: [USBInterface(number: 0, code: .init(0xFF, 0, 0), bulkEndpoints: [0x81, 0x01])])
    #expect(ids(crazyflie) == ["crazyflie"])
    let espruino = Self.device("0483:5740", manufacturer: "Espruino", product: "Espruino")
    #expect(ids(espruino) == ["espruino"])
  }

  @Test func `ST's example is many things, and ChibiOS's as well: maybe`() {
    let example = Self.device(
      "0483:5740", manufacturer: "STMicroelectronics",
      product: "STM32 Virtual ComPort in FS Mode")
    #expect(ids(example) == ["maybe msp", "maybe msp-cli"])
    let shell = Self.device(
      "0483:5740", manufacturer: "STMicroelectronics", product: "ChibiOS/RT Virtual COM Port")
    #expect(ids(shell) == ["maybe chibios"])
    // Arduino_Core_STM32: no release listens for a touch (issues 706, 1782).
    let arduino = Self.device(
      "0483:5740", manufacturer: "STMicroelectronics", product: "BLUEPILL_F103C8 CDC in FS Mode")
    #expect(ids(arduino) == [])
  }

  @Test func `candleLight has a run-time DFU interface, Klipper's bridge with its ids has none`() {
    let can = USBInterface(number: 0, code: .init(0xFF, 0xFF, 0xFF))
    let runTime = USBInterface(number: 1, code: .dfuRunTime)
    let light = Self.device(
      "1d50:606f", manufacturer: "bytewerk", product: "candleLight USB to CAN adapter",
      interfaces: [can, runTime])
    #expect(ids(light) == ["dfu"])
    let bridge = Self.device(
      "1d50:606f", manufacturer: "klipper", product: "stm32f446xx", interfaces: [can])
    #expect(ids(bridge) == [])
  }

  @Test func `what is in its bootloader has no way there`() {
    let rom = Self.device(
      "0483:df11", product: "STM32  BOOTLOADER",
      interfaces: [USBInterface(number: 0, code: .init(0xFE, 0x01, 0x02))])
    #expect(ids(rom) == [])
  }

  @Test(arguments: [
    // boards.txt of ArduinoCore-mbed, and the variants' pins_arduino.h.
    "2341:025b", "2341:0266", "2341:0064", "2341:025f", "35d1:0064",
    // micropython ports/stm32/boards/ARDUINO_*.
    "2341:045b", "2341:0466", "2341:045f", "2341:055b",
  ])
  func `Arduino's mbed boards get a touch`(id: String) {
    #expect(ids(Self.device(id, manufacturer: "Arduino")) == ["touch"])
  }

  @Test func `boards of Adafruit's may be a SAMD or an nRF52, and are not touched unnamed`() {
    #expect(ids(Self.device("239a:8056", manufacturer: "Adafruit")) == ["maybe touch"])
  }

  @Test func `a printer board and an engine are never taken unless they are named`() {
    let klipper = Self.device(
      "1d50:614e", manufacturer: "Klipper", product: "stm32f446xx",
      serial: "2A0041000F51383233353631")
    #expect(ids(klipper) == ["klipper", "klipper-serial"])
    for id in ["klipper", "klipper-serial", "rusefi", "panda", "crazyflie"] {
      #expect(Way.named(id)?.mustBeNamed == true, "\(id)")
    }
  }

  @Test func `nothing is sent by itself to what the table does not know`() {
    for way in Way.all {
      for match in way.matches where match.isCertain {
        let isSpecific =
          match.manufacturer != nil || match.product != nil
          || !match.ids.isEmpty && match.ids.allSatisfy { $0.productID != nil }
          || match.interface == .dfuRunTime
        #expect(isSpecific, "\(way.id)")
      }
      // What may be something else is asked, or has to be named.
      let mayBe = way.matches.contains { !$0.isCertain }
      #expect(!mayBe || way.asksFirst || way.isCustomary, "\(way.id)")
    }
  }

  @Test func `each way has a name of its own, a title and a source with a path`() {
    #expect(Set(Way.all.map(\.id)).count == Way.all.count)
    for way in Way.all {
      #expect(!way.title.isEmpty && !way.stages.isEmpty && !way.matches.isEmpty)
      #expect(way.source.contains("/") || way.source.contains("DFU 1.1"), "\(way.id)")
    }
  }

  // MARK: - What is sent

  @Test func `MSP frames are those of MultiWii's protocol`() {
    #expect(Way.mspRequest(2) == [0x24, 0x4D, 0x3C, 0x00, 0x02, 0x02])
    #expect(Way.mspRequest(101) == [0x24, 0x4D, 0x3C, 0x00, 0x65, 0x65])
    #expect(Way.mspRequest(68, [1]) == [0x24, 0x4D, 0x3C, 0x01, 0x44, 0x01, 0x44])
  }

  @Test func `Klipper's request is its 32 bytes, alone in their block`() throws {
    let way = try #require(Way.named("klipper-serial"))
    let request: [UInt8] =
      [0x20, 0x1C, 0x20] + Array("Request Serial Bootloader!!".utf8) + [0x20, 0x7E]
    #expect(request.count == 32)
    #expect(way.stages[0].trigger.contains(.write(request)))
  }

  /// zlib's crc32("Ereboot_dfu") is 0xFD68C0DF: `python3 -c 'import zlib; …'`.
  @Test func `TunerStudio's frame has its length and its CRC-32 with the highest byte first`() {
    let frame = Way.tunerStudioFrame("Ereboot_dfu")
    #expect(frame.prefix(2) == [0, 11])
    #expect(frame.dropFirst(2).prefix(11).elementsEqual("Ereboot_dfu".utf8))
    #expect(Array(frame.suffix(4)) == [0xFD, 0x68, 0xC0, 0xDF])
  }

  @Test func `a touch raises DTR before it sets 1200 baud, and lets it fall after`() throws {
    let way = try #require(Way.named("touch"))
    let steps = way.stages[0].trigger
    let up = try #require(steps.firstIndex(of: .lines(true)))
    let speed = try #require(steps.firstIndex(of: .speed(1200)))
    let down = try #require(steps.firstIndex(of: .lines(false)))
    #expect(up < speed && speed < down)
  }

  // MARK: - What is never sent

  @Test(arguments: Way.all)
  func `what must not be sent to a device is sent by none of the ways that it may have`(
    way: Way
  ) {
    for never in way.never {
      #expect(!never.what.isEmpty && !never.forms.isEmpty && never.source.contains("/"))
      for other in Way.all where other.id == way.id || other.shares(devicesOf: way) {
        for sent in other.sent where !(sent.isTrigger && never.isRightInTheEnd) {
          for form in never.forms {
            #expect(!form.isSeen(in: sent.step), "\(other.id) sends \(form) to \(way.id)")
          }
        }
      }
    }
  }

  @Test func `ways for the same ids, and for the same strings, share devices`() {
    func share(_ left: String, _ right: String) -> Bool? {
      guard let left = Way.named(left), let right = Way.named(right) else { return nil }
      return left.shares(devicesOf: right) && right.shares(devicesOf: left)
    }
    for (left, right) in [
      ("msp", "msp-cli"), ("msp", "flipper"), ("msp", "espruino"), ("chibios", "crazyflie"),
      ("klipper", "klipper-serial"), ("touch", "micropython"),
    ] {
      #expect(share(left, right) == true, "\(left), \(right)")
    }
    for (left, right) in [("dfu", "panda"), ("touch", "flipper"), ("panda", "crazyflie")] {
      #expect(share(left, right) == false, "\(left), \(right)")
    }
  }

  /// Whether a form would be found, were it sent.
  @Test(
    arguments: [
      (.bytes([1, 2]), .write([0, 1, 2, 3]), .write([2, 1])),
      (.lastByte(0x52), .write([0x24, 0x52]), .write([0x52, 0x0D])),
      (.firstInLine(4), .write([4]), .write([0x61, 4])),
      (.firstInLine(4), .write([0x61, 0x0D, 4]), .write([0x0D, 0x61, 4])),
      (.firstInLine(4), .write([1, 4]), .write([3])),
      (.line("reset"), .write(Array("x\rreset\r".utf8)), .write(Array("reset dfu\r".utf8))),
      (
        .argument(of: "bootloader"), .write(Array("machine.bootloader(b'x')".utf8)),
        .write(Array("machine.bootloader()".utf8))
      ),
      (.speed(1200), .speed(1200), .speed(115_200)),
      (
        .vendorRequest(index: 2),
        .control(ControlRequest(bmRequestType: 0xC0, bRequest: 9, wValue: 0, wIndex: 2)),
        .control(ControlRequest(bmRequestType: 0x40, bRequest: 1, wValue: 2, wIndex: 0))
      ),
      (
        .requestToInterface,
        .control(ControlRequest(bmRequestType: 0x21, bRequest: 1, wValue: 0, wIndex: 0)), .detach
      ),
    ] as [(Way.Never.Form, Way.Step, Way.Step)])
  func `what must not be sent is known when it is sent`(
    form: Way.Never.Form, sent: Way.Step, other: Way.Step
  ) {
    #expect(form.isSeen(in: sent))
    #expect(!form.isSeen(in: other))
    guard case .write(let bytes) = sent else { return }
    let question = Way.Question(about: "it", send: bytes, answer: .contains([]))
    #expect(form.isSeen(in: .ask(question)))
  }

  @Test func `a flight controller is asked whether it is armed before it may be rebooted`() {
    for id in ["msp", "msp-cli"] {
      let way = Way.named(id)
      #expect(way?.guards.contains { $0.about == "whether it is armed" } == true)
      #expect(way?.never.contains { $0.forms.contains(.bytes(Way.mspRequest(68, [1]))) } == true)
      #expect(way?.never.contains { $0.forms.contains(.lastByte(UInt8(ascii: "R"))) } == true)
    }
    for id in ["touch", "micropython"] {
      #expect(Way.named(id)?.never.contains { $0.forms == [.firstInLine(0x04)] } == true)
    }
  }

  // MARK: - Answers

  private let status = Way.Answer.msp(command: 101, .clear(bit: 0, at: 6))

  /// A reply as Betaflight frames it.
  private func reply(_ command: UInt8, _ payload: [UInt8]) -> [UInt8] {
    let body = [UInt8(payload.count), command] + payload
    return Array("$M>".utf8) + body + [body.reduce(0, ^)]
  }

  @Test func `the ARM flag is the first bit of the flags, behind six bytes`() {
    // cycle time, I2C errors, sensors, flags: u16 u16 u16 u32.
    let safe: [UInt8] = [0xFA, 0, 0, 0, 0x21, 0, 0x02, 0, 0, 0, 0]
    var armed = safe
    armed[6] |= 1
    #expect(status.judge(reply(101, safe)) == .fits)
    #expect(status.judge(reply(101, armed)) == .other(armed))
    // Too short to say, or damaged: no answer that lets a flight controller be restarted.
    #expect(status.judge(reply(101, [0, 0, 0])) == .other([0, 0, 0]))
    var damaged = reply(101, safe)
    damaged[8] ^= 0xFF
    #expect(status.judge(damaged) == .nothing)
    #expect(status.judge(Array(reply(101, safe).dropLast())) == .nothing)
    #expect(status.judge(Array("$M!".utf8) + [0, 101, 101]) == .other([]))
  }

  @Test func `a reply is found among what others have sent`() {
    let noise = Array("AT\r\r\n$M>".utf8) + reply(1, [0, 1, 46])
    #expect(status.judge(noise + reply(101, [UInt8](repeating: 0, count: 11))) == .fits)
  }

  @Test func `INAV takes the reboot to the ROM from 9.1 on`() {
    let new = Way.Answer.msp(command: 3, .versionAtLeast([9, 1]))
    let old = Way.Answer.msp(command: 3, .versionBefore([9, 1]))
    for (version, isNew) in [
      ([7, 1, 2], false), ([8, 0, 1], false), ([9, 0, 0], false), ([9, 1, 0], true),
      ([10, 0, 0], true),
    ] as [([UInt8], Bool)] {
      #expect((new.judge(reply(3, version)) == .fits) == isNew)
      #expect((old.judge(reply(3, version)) == .fits) == !isNew)
    }
    #expect(new.judge(reply(3, [9])) == .other([9]))
  }

  // MARK: - One's own

  @Test func `a text is sent as it is written`() throws {
    #expect(
      try Way.own("serial:dfu\\r")?.stages[0].trigger.first == .write(Array("dfu\r".utf8)))
    #expect(
      try Way.own("serial:9600:\\x03a:b\\\\\\n")?.stages[0].trigger.prefix(2)
        == [.speed(9600), .write([3] + Array("a:b\\\n".utf8))])
    #expect(try Way.own("serial:1234")?.stages[0].trigger.first == .write(Array("1234".utf8)))
    #expect(throws: OwnWayError.nothingToSend) { try Way.own("serial:") }
    #expect(throws: OwnWayError.nothingToSend) { try Way.own("serial:9600:") }
    #expect(throws: OwnWayError.unknownEscape("\\q")) { try Way.own("serial:\\q") }
    #expect(throws: OwnWayError.unknownEscape("\\")) { try Way.own("serial:a\\") }
    #expect(throws: OwnWayError.unknownEscape("\\x4")) { try Way.own("serial:\\x4") }
    #expect(try Way.own("msp") == nil)
    #expect(try Way.own("serial") == nil)
  }

  @Test func `a control transfer is written in hexadecimal`() throws {
    func request(_ type: UInt8, _ number: UInt8, _ value: UInt16, _ index: UInt16) -> ControlRequest
    {
      ControlRequest(bmRequestType: type, bRequest: number, wValue: value, wIndex: index)
    }
    #expect(
      try Way.own("control:40:d1:0001:0000")?.stages[0].trigger
        == [.control(request(0x40, 0xD1, 1, 0))])
    #expect(
      try Way.own("control:0x21:0x22:3:0:0aFF")?.stages[0].trigger
        == [.control(request(0x21, 0x22, 3, 0), [0x0A, 0xFF])])
    #expect(try Way.own("control:21:22:3:2")?.claimedInterface == 2)
    #expect(try Way.own("control:41:22:3:2")?.claimedInterface == nil)
    #expect(throws: OwnWayError.wrongCount(3)) { try Way.own("control:40:d1:1") }
    #expect(throws: OwnWayError.notHexadecimal("140")) { try Way.own("control:140:d1:1:0") }
    #expect(throws: OwnWayError.notHexadecimal("-1")) { try Way.own("control:40:d1:-1:0") }
    #expect(throws: OwnWayError.notHexadecimal("abc")) { try Way.own("control:40:d1:1:0:abc") }
    // There is no data to send with a read.
    #expect(throws: OwnWayError.notHexadecimal("00")) { try Way.own("control:c0:d1:1:0:00") }
  }
}

extension Way {
  /// All that it may send, and whether that is what makes the device leave.
  fileprivate var sent: [(step: Step, isTrigger: Bool)] {
    let before = (probes.flatMap { $0 } + guards).map(Step.ask) + stages.flatMap(\.prepare)
    return (before + [.write(undo)]).map { ($0, false) }
      + stages.flatMap(\.trigger).map { ($0, true) }
  }

  /// Whether there may be a device that both fit.
  fileprivate func shares(devicesOf other: Way) -> Bool {
    matches.contains { mine in other.matches.contains { mine.mayFitDevice(of: $0) } }
  }
}

extension Way.Match {
  /// Whether a device that it fits may be one that the other fits, strings left aside where both
  /// name the same ids.
  fileprivate func mayFitDevice(of other: Self) -> Bool {
    if !ids.isEmpty, !other.ids.isEmpty {
      return ids.contains { mine in
        other.ids.contains {
          mine.vendorID == $0.vendorID
            && (mine.productID == nil || $0.productID == nil || mine.productID == $0.productID)
        }
      }
    }
    func agree(_ left: String?, _ right: String?) -> Bool {
      guard let left, let right else { return true }
      return left.hasPrefix(right) || right.hasPrefix(left)
    }
    let isByInterface = interface != nil || other.interface != nil
    return isByInterface
      ? interface == other.interface
      : agree(manufacturer, other.manufacturer) && agree(product, other.product)
  }
}

extension Way.Never.Form {
  /// Whether a step sends it.
  fileprivate func isSeen(in step: Way.Step) -> Bool {
    switch step {
    case .write(let bytes): isSeen(in: bytes)
    case .ask(let question): isSeen(in: question.send)
    case .speed(let baud): self == .speed(baud)
    case .control(let request, _):
      switch self {
      case .vendorRequest(let index):
        request.bmRequestType & 0x60 == 0x40 && request.wIndex == index
      case .requestToInterface: request.bmRequestType & 0x1F == 1
      default: false
      }
    case .detach, .lines, .pause: false
    }
  }

  private func isSeen(in bytes: [UInt8]) -> Bool {
    switch self {
    case .bytes(let wanted): bytes.firstRange(of: wanted) != nil
    case .lastByte(let byte): bytes.last == byte
    // Lines end with these; Ctrl-A to Ctrl-C begin one anew.
    case .firstInLine(let byte):
      bytes.indices.contains {
        bytes[$0] == byte && ($0 == 0 || [0x0D, 0x0A, 1, 2, 3].contains(bytes[$0 - 1]))
      }
    case .line(let text): bytes.split { $0 == 0x0D || $0 == 0x0A }.contains(Array(text.utf8)[...])
    case .argument(let function):
      bytes.ranges(of: Array("\(function)(".utf8)).contains {
        $0.upperBound < bytes.count && bytes[$0.upperBound] != UInt8(ascii: ")")
      }
    case .speed, .vendorRequest, .requestToInterface: false
    }
  }
}
