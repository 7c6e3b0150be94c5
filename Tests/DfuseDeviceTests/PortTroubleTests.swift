import Foundation
import Testing

@testable import DfuseDevice

/// What the kernel's log tells of ports.
///
/// The lines are those that people met, made into records.
@Suite struct PortTroubleTests {
  /// Records as `/dev/kmsg` has them, made of lines as `dmesg` shows them.
  static func records(_ lines: String, priority: Int = 3) -> String {
    lines.split(separator: "\n").enumerated().compactMap { number, line in
      guard let close = line.firstIndex(of: "]"), line.hasPrefix("["),
        let seconds = Double(line[..<close].dropFirst().filter { $0 != " " })
      else { return nil }
      let message = line[line.index(close, offsetBy: 2)...]
      let time = UInt64((seconds * 1_000_000).rounded())
      return "\(priority),\(1000 + number),\(time),-;\(message)\n SUBSYSTEM=usb\n DEVICE=+usb:x"
    }.joined(separator: "\n")
  }

  private func found(_ lines: String, at seconds: Int? = nil) -> [PortTrouble] {
    let clocks = seconds.map { [Duration.seconds($0)] } ?? []
    return PortTrouble.found(in: KernelLog(records: Self.records(lines), clocks: clocks))
  }

  /// customMK/Bonsai-C#3: an STM32F303 with BOOT0 held.
  static let silentBoard = """
    [57189.443024] usb 4-4: new full-speed USB device number 109 using xhci_hcd
    [57189.443154] usb 4-4: Device not responding to setup address.
    [57189.663174] usb 4-4: Device not responding to setup address.
    [57189.882941] usb 4-4: device not accepting address 109, error -71
    [57189.882997] usb usb4-port4: unable to enumerate USB device
    """

  @Test
  func `a board that does not answer is told by its port, in the kernel's most telling words`() {
    #expect(
      found(Self.silentBoard) == [
        PortTrouble(
          path: "4-4", kind: .noAnswer, message: "device not accepting address 109, error -71")
      ])
  }

  @Test func `a port behind hubs has the path that a device would have there`() {
    // raspberrypi/linux#2692
    #expect(
      found(
        """
        [   76.691573] usb 1-1.1.3.1: device descriptor read/64, error -71
        [   77.611690] usb 1-1.1.3-port1: attempt power cycle
        [   79.291602] usb 1-1.1.3.1: device not accepting address 24, error -71
        [   79.291819] usb 1-1.1.3-port1: unable to enumerate USB device
        """
      ).map(\.path) == ["1-1.1.3.1"])
    #expect(found("[1.0] usb 1-1-port2: unable to enumerate USB device").map(\.path) == ["1-1.2"])
  }

  @Test func `a cable that the kernel takes for bad`() {
    // dreemurrs-embedded/Jumpdrive#38
    #expect(
      found(
        """
        [120908.316913] usb usb1-port4: Cannot enable. Maybe the USB cable is bad?
        [120908.316949] usb usb1-port4: unable to enumerate USB device
        """) == [
          PortTrouble(
            path: "1-4", kind: .cannotEnable,
            message: "Cannot enable. Maybe the USB cable is bad?")
        ])
  }

  @Test func `over-current is told of each port, in the order of the ports`() {
    // ddvk/remarkable2-recovery#15
    let troubles = found(
      """
      [  865.255349] usb usb3-port10: over-current condition
      [  865.471266] usb usb3-port2: over-current condition
      """)
    #expect(troubles.map(\.path) == ["3-2", "3-10"])
    #expect(troubles.allSatisfy { $0.kind == .overCurrent })
    // Re4son/re4son-kernel-builder#6: nothing is plugged in there.
    #expect(found("[ 2210.071687] usb 1-1-port2: over-current change").isEmpty)
  }

  @Test func `the worst is told, whatever came later`() {
    let troubles = found(
      """
      [1.0] usb usb1-port4: over-current condition
      [2.0] usb usb1-port4: Cannot enable. Maybe the USB cable is bad?
      [3.0] usb 1-4: device descriptor read/64, error -110
      """)
    #expect(troubles.map(\.kind) == [.overCurrent])
  }

  @Test func `a device that came up in the end had no trouble`() {
    // stecman/hw-boot-selection#10, the clone
    #expect(
      found(
        """
        [39.54] usb 1-4: device descriptor read/64, error -71
        [39.55] usb 1-4: New USB device found, idVendor=26ba, idProduct=8003, bcdDevice= 2.00
        """
      ).isEmpty)
  }

  @Test func `with a hub that is unplugged, its ports are gone`() {
    let lines = """
      [1.0] usb 1-1.2: device descriptor read/64, error -71
      [1.1] usb 1-10.2: device descriptor read/64, error -71
      [1.2] usb 1-1-port3: Cannot enable. Maybe the USB cable is bad?
      [2.0] usb 1-1: USB disconnect, device number 5
      """
    #expect(found(lines).map(\.path) == ["1-10.2"])
  }

  @Test func `trouble after the device was lost is news`() {
    #expect(
      found(
        """
        [1.0] usb 1-1.3: USB disconnect, device number 18
        [1.5] usb 1-1.3: device not accepting address 19, error -71
        """
      ).map(\.path) == ["1-1.3"])
  }

  // MARK: - Time

  @Test(arguments: [(57189, 1), (57249, 1), (57250, 0), (60000, 0)])
  func `a minute later it is no news`(now: Int, count: Int) {
    #expect(found(Self.silentBoard, at: now).count == count)
  }

  @Test func `the clock that the records have is taken`() {
    let log = KernelLog(
      records: Self.records("[5000.0] usb 1-1: device descriptor read/64, error -71"),
      clocks: [.seconds(1000), .seconds(5010)])
    // The first clock is behind a record: it stood still while the machine slept.
    #expect(PortTrouble.found(in: log).count == 1)
    var later = log
    later.clocks = [.seconds(1000), .seconds(5100)]
    #expect(PortTrouble.found(in: later).isEmpty)
    // A clock that is ahead of all others, for it runs a little faster.
    later.clocks = [.seconds(1000), .seconds(4900)]
    #expect(PortTrouble.found(in: later).count == 1)
  }

  // MARK: - What is no such record

  @Test func `what a program wrote into the log is not the kernel's word`() {
    let text = "[1.0] usb 1-1: device descriptor read/64, error -71"
    #expect(PortTrouble.found(in: KernelLog(records: Self.records(text, priority: 11))).isEmpty)
  }

  @Test(
    arguments: [
      "", "x", ";", "3,1;usb 1-1: device descriptor read/64", "3,1,x,-;usb 1-1: over-current",
      "3,1,1,-;usb : device descriptor read/64, error -71",
      "3,1,1,-;usb 1-1.: device descriptor read/64, error -71",
      "3,1,1,-;usb 1-1/../x: device descriptor read/64, error -71",
      "3,1,1,-;usb 1: device descriptor read/64, error -71",
      "3,1,1,-;usb usb-port1: unable to enumerate USB device",
      "3,1,1,-;usb 1-999: device descriptor read/64, error -71",
      "3,1,1,-;usb 1-1-2: device descriptor read/64, error -71",
      "3,1,1,-;hub 1-0:1.0: over-current condition",
      "3,1,1,-;sd 0:0:0:0: usb 1-1: device descriptor read/64, error -71",
      " 3,1,1,-;usb 1-1: device descriptor read/64, error -71",
      "99999999999999999999,1,1,-;usb 1-1: over-current condition",
    ])
  func `a line that is no record of a port is left out`(line: String) {
    #expect(PortTrouble.found(in: KernelLog(records: line)).isEmpty)
    let good = "3,1,1,-;usb 1-7: over-current condition"
    #expect(
      PortTrouble.found(in: KernelLog(records: line + "\n" + good)).map(\.path) == ["1-7"])
  }

  @Test func `the greatest time is a time`() {
    let log = KernelLog(records: "3,1,18446744073709551615,-;usb 1-1: over-current condition")
    #expect(PortTrouble.found(in: log).count == 1)
  }

  @Test func `a record with fields of the future is read`() {
    let log = KernelLog(records: "3,1,1,-,caller=T99,x=y;usb 1-1: over-current condition")
    #expect(PortTrouble.found(in: log).count == 1)
  }

  // MARK: - Surroundings

  @Test func `of a port at which there is a device now, nothing is told`() {
    func device(_ path: String) -> DeviceIdentity {
      DeviceIdentity(vendorID: 1, productID: 2, bcdDevice: 3, path: path, address: 4)
    }
    let log = KernelLog(
      records: Self.records(
        """
        [1.0] usb 1-1: device descriptor read/64, error -71
        [1.0] usb 1-2: device descriptor read/64, error -71
        [1.0] usb 1-3: device descriptor read/64, error -71
        """))
    let around = BusSurroundings(
      devices: [device("1-10"), device("1-1")], hubs: [device("1-2")], log: log)
    #expect(around.troubles.map(\.path) == ["1-3"])
    #expect(around.devices.map(\.path) == ["1-1", "1-10"])
    #expect(around.places.count == 3)
  }

  @Test func `every ST-LINK is known once, with its source`() {
    #expect(Set(DebugProbe.all.map(\.id)).count == DebugProbe.all.count)
    #expect(DebugProbe.all.allSatisfy { $0.id.vendorID == 0x0483 && !$0.source.isEmpty })
    #expect(DebugProbe.of(USBID(vendorID: 0x0483, productID: 0x374B))?.name == "ST-LINK/V2-1")
    #expect(DebugProbe.of(.stBootloader) == nil)
  }

  // MARK: - Reading

  @Test func `a log is read to its end, and one that is not there is empty`() throws {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("dfuse-kmsg-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    #expect(KernelLog.records(in: file.path).isEmpty)
    let text = String(repeating: "6,1,1,-;NET: Registered protocol family 10\n", count: 1000)
    try Data(text.utf8).write(to: file)
    #expect(KernelLog.records(in: file.path) == text)
  }

  @Test func `a pipe without a writer is not waited for`() throws {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("dfuse-fifo-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    try #require(unsafe mkfifo(file.path, 0o600) == 0)
    #expect(KernelLog.records(in: file.path).isEmpty)
  }
}
