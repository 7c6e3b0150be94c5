import Foundation
import Testing

@testable import DfuseDevice

#if os(Linux)
  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #endif

  /// A pseudo terminal that stands for the tty of a device, with the files that the kernel would have
  /// of the device; nobody but the test's own links has it open.
  final class PortStage {
    let root: URL
    /// The device's end.
    private(set) var device: Int32
    /// The kernel's name for the tty.
    let tty: String

    init() throws {
      root = FileManager.default.temporaryDirectory
        .appendingPathComponent("dfuse-port-\(UUID().uuidString)")
      device = unsafe Glibc.open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
      // As `unlockpt` and `ptsname`, which Swift is not shown.
      var (lock, number): (Int32, Int32) = (0, 0)
      try #require(unsafe ioctl(device, 0x4004_5431, &lock) == 0)
      try #require(unsafe ioctl(device, 0x8004_5430, &number) == 0)
      tty = "/dev/pts/\(number)"
      var facts = stat()
      try #require(unsafe stat(tty, &facts) == 0)
      try write("1-1/idVendor", "0483\n")
      try write("1-1/idProduct", "5740\n")
      try write("1-1/devnum", "7\n")
      try write("1-1/bConfigurationValue", "1\n")
      try write("1-1:1.0/tty/ttyACM0/dev", "\(facts.st_rdev >> 8 & 0xFFF):\(number)\n")
      try write("group", "other:x:\(facts.st_gid + 1):\ntty:x:\(facts.st_gid):\n")
      try FileManager.default.createDirectory(
        at: root.appendingPathComponent("dev"), withIntermediateDirectories: true)
      try link("dev/ttyACM0", to: tty)
    }

    deinit {
      unplug()
      try? FileManager.default.removeItem(at: root)
    }

    func write(_ name: String, _ text: String) throws {
      let file = root.appendingPathComponent(name)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }

    func link(_ name: String, to target: String) throws {
      try FileManager.default.createDirectory(
        at: root.appendingPathComponent(name).deletingLastPathComponent(),
        withIntermediateDirectories: true)
      try FileManager.default.createSymbolicLink(
        atPath: root.appendingPathComponent(name).path, withDestinationPath: target)
    }

    func remove(_ name: String) throws {
      try FileManager.default.removeItem(at: root.appendingPathComponent(name))
    }

    /// Ends the device's end, as the kernel does when a device leaves.
    func unplug() {
      if device >= 0 { close(device) }
      device = -1
    }

    var places: KernelPort.Places {
      .init(
        sysfs: root.path, nodes: root.path + "/dev", processes: "/proc",
        groups: root.path + "/group")
    }

    var identity = DeviceIdentity(
      vendorID: 0x0483, productID: 0x5740, bcdDevice: 0x0200, path: "1-1", address: 7)

    func port(_ interface: UInt8 = 0, processes: String = "/proc") throws -> KernelPort {
      var places = places
      places.processes = processes
      return try #require(
        try KernelPort.find(of: identity, interface: interface, places: places))
    }

    func open(processes: String = "/proc") throws -> TTYLink {
      try TTYLink(opening: port(processes: processes))
    }

    /// The settings of the tty, seen from the device's end.
    var settings: TTYSettings {
      get throws { try TTYSettings(of: device, port()) }
    }

    func set(_ settings: TTYSettings) throws { try settings.apply(to: device, port()) }

    func send(_ bytes: [UInt8]) {
      #expect(unsafe Glibc.write(device, bytes, bytes.count) == bytes.count)
    }

    /// What has come to the device within a second, as soon as it is `count` bytes.
    func received(_ count: Int) -> [UInt8] {
      var bytes: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 4096)
      while bytes.count < count {
        var request = pollfd(fd: device, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&request, 1, 1000) == 1 else { break }
        let got = unsafe Glibc.read(device, &buffer, buffer.count)
        guard got > 0 else { break }
        bytes += buffer.prefix(got)
      }
      return bytes
    }
  }

  /// Which tty belongs to an interface of a device.
  @Suite struct KernelPortTests {
    let stage: PortStage

    init() throws { stage = try PortStage() }

    private func find(_ identity: DeviceIdentity, _ interface: UInt8 = 0) throws -> KernelPort? {
      try KernelPort.find(of: identity, interface: interface, places: stage.places)
    }

    @Test func `a port is found by the device's path, its configuration and the interface`() throws
    {
      let port = try stage.port()
      #expect(port.node == stage.root.path + "/dev/ttyACM0")
      #expect(port.hasNode)
      try stage.write("1-1:1.2/tty/ttyACM9/dev", "166:9\n")
      #expect(try stage.port(2).node == stage.root.path + "/dev/ttyACM9")
      #expect(try stage.port(2).number == 0xA609)
      try stage.write("1-1/bConfigurationValue", "2\n")
      #expect(try find(stage.identity) == nil)
      try stage.write("1-1:2.0/tty/ttyACM4/dev", "166:4\n")
      #expect(try stage.port().node == stage.root.path + "/dev/ttyACM4")
    }

    @Test func `a converter's port lies a folder deeper`() throws {
      try stage.write("1-1:1.3/ttyUSB5/tty/ttyUSB5/dev", "188:5\n")
      #expect(try stage.port(3).node == stage.root.path + "/dev/ttyUSB5")
      #expect(try stage.port(3).number == 0xBC05)
    }

    @Test func `an interface without a driver has none`() throws {
      #expect(try find(stage.identity, 1) == nil)
      try stage.remove("1-1:1.0/tty")
      #expect(try find(stage.identity) == nil)
    }

    @Test(
      arguments: [
        ("166:0", 0xA600), ("136:300", 0x10882C), ("4096:1", 0x1000_0000_0001), ("166", nil),
        ("", nil), ("a:b", nil), ("1:2:3", nil), ("-1:2", nil), ("1:4294967296", nil),
      ] as [(String, UInt64?)])
    func `a device number is put together as stat has it`(text: String, number: UInt64?) {
      #expect(KernelDevices.deviceNumber(text) == number)
    }

    @Test func `another device at the port, or another plug-in, is not the one`() throws {
      for (file, text) in [("devnum", "8"), ("idVendor", "0484"), ("idProduct", "df11")] {
        let before = try String(
          contentsOf: stage.root.appendingPathComponent("1-1/" + file), encoding: .utf8)
        try stage.write("1-1/" + file, text)
        #expect(throws: SerialError.gone) { try find(stage.identity) }
        try stage.write("1-1/" + file, before)
      }
      var identity = stage.identity
      identity.generation = try stage.port().plugIn
      #expect(try find(identity) != nil)
      identity.generation += 1
      #expect(throws: SerialError.gone) { try find(identity) }
      identity = stage.identity
      identity.path = "1-2"
      #expect(throws: SerialError.gone) { try find(identity) }
    }

    @Test func `where the kernel shows no devices, nothing is guessed`() throws {
      var places = stage.places
      places.sysfs += "/missing"
      #expect(throws: SerialError.noPort(nil)) {
        try KernelPort.find(of: stage.identity, interface: 0, places: places)
      }
      var identity = stage.identity
      identity.path = "../1-1"
      #expect(throws: SerialError.noPort(nil)) { try find(identity) }
    }

    @Test(arguments: ["missing", "file", "another"])
    func `a port whose node is missing or another's is not opened`(kind: String) throws {
      try stage.remove("dev/ttyACM0")
      if kind == "file" { try stage.write("dev/ttyACM0", "") }
      if kind == "another" { try stage.link("dev/ttyACM0", to: "/dev/null") }
      #expect(throws: SerialError.noPort(.noNode)) { try stage.open() }
    }

    @Test func `the holder of a port is named`() throws {
      let processes = stage.root.path + "/proc"
      try stage.link("proc/12/fd/3", to: "/dev/null")
      try stage.write("proc/12/comm", "other\n")
      try stage.write("proc/version", "Linux\n")
      #expect(try stage.port(processes: processes).holder() == nil)
      try stage.link("proc/345/fd/9", to: stage.tty)
      try stage.write("proc/345/comm", "klippy\n")
      #expect(
        throws: SerialError.inUse(
          port: stage.root.path + "/dev/ttyACM0", by: .init(id: 345, name: "klippy"))
      ) { try stage.open(processes: processes) }
    }

    @Test func `a program that has the port open is found among those of the system`() throws {
      let terminal = Process()
      terminal.executableURL = URL(fileURLWithPath: "/bin/sleep")
      terminal.arguments = ["60"]
      terminal.standardInput = try FileHandle(
        forReadingFrom: URL(fileURLWithPath: stage.tty))
      try terminal.run()
      try (terminal.standardInput as? FileHandle)?.close()
      // Not SIGTERM, which a test's threads may have blocked, and their children then as well.
      defer { kill(terminal.processIdentifier, SIGKILL) }
      let holder = try #require(try stage.port().holder())
      #expect(holder == .init(id: terminal.processIdentifier, name: "sleep"))
      kill(terminal.processIdentifier, SIGKILL)
      terminal.waitUntilExit()
      #expect(try stage.port().holder() == nil)
    }

    @Test func `the group is named whose members may open the port`() throws {
      #expect(unsafe chmod(stage.tty, 0o660) == 0)
      #expect(try stage.port().group() == "tty")
      #expect(unsafe chmod(stage.tty, 0o620) == 0)
      #expect(try stage.port().group() == nil)
      #expect(unsafe chmod(stage.tty, 0o660) == 0)
      try stage.write("group", "nobody::1\nx\n")
      #expect(try stage.port().group() == nil)
      try stage.remove("group")
      #expect(try stage.port().group() == nil)
    }

    // Root may open everything.
    @Test(.enabled(if: geteuid() != 0))
    func `a port that one may not open is said to be the group's`() throws {
      #expect(unsafe chmod(stage.tty, 0o060) == 0)
      #expect(
        throws: SerialError.accessDenied(port: stage.root.path + "/dev/ttyACM0", group: "tty")
      ) { try stage.open() }
    }
  }

  /// A serial port through a tty: a pseudo terminal, which has no lines.
  @Suite struct TTYLinkTests {
    let stage: PortStage

    init() throws { stage = try PortStage() }

    @Test func `a port is raw at 115200 baud while it is open, and as it was afterwards`() throws {
      let before = try stage.settings
      #expect(!before.isRaw)
      let link = try stage.open()
      #expect(try stage.settings.isRaw)
      #expect(try stage.settings.speed == 115_200)
      link.close()
      #expect(try stage.settings == before)
      link.close()
    }

    @Test func `letting go of a link closes it`() throws {
      let before = try stage.settings
      var link: TTYLink? = try stage.open()
      try #require(link != nil)
      #expect(try stage.settings != before)
      link = nil
      #expect(try stage.settings == before)
      #expect(try stage.port().holder() == nil)
    }

    @Test(arguments: [50, 1200, 9600, 115_200, 250_000, 921_600, 4_000_000, 4_321_000] as [UInt32])
    func `any speed can be set`(baud: UInt32) throws {
      let link = try stage.open()
      try link.setSpeed(baud)
      #expect(try stage.settings.speed == baud)
      #expect(try stage.settings.isRaw)
    }

    @Test func `a speed with a name is set by it, for programs that know names only`() throws {
      let link = try stage.open()
      var settings = termios()
      for (baud, name) in [(1200, B1200), (57_600, B57600), (921_600, B921600)] {
        try link.setSpeed(UInt32(baud))
        #expect(unsafe tcgetattr(stage.device, &settings) == 0)
        #expect(unsafe cfgetospeed(&settings) == speed_t(name))
      }
    }

    @Test func `speed 0 would hang up, and is refused`() throws {
      let link = try stage.open()
      #expect(
        throws: SerialError.system(
          call: "TCSETS2", port: stage.root.path + "/dev/ttyACM0", errno: EINVAL)
      ) { try link.setSpeed(0) }
    }

    @Test func `1200 baud is not left behind`() throws {
      var found = try stage.settings
      found.setSpeed(9600)
      try stage.set(found)
      var link = try stage.open()
      try link.setSpeed(1200)
      link.close()
      #expect(try stage.settings == found)
      // Nor what someone else has left.
      var touched = found
      touched.setSpeed(1200)
      try stage.set(touched)
      link = try stage.open()
      #expect(try stage.settings.speed == 115_200)
      link.close()
      found.setSpeed(115_200)
      #expect(try stage.settings == found)
    }

    @Test func `every byte passes as it is, both ways, and none comes back`() throws {
      let link = try stage.open()
      let bytes = (0...255).map { UInt8($0) }
      try link.write(bytes, timeout: .seconds(5))
      #expect(stage.received(256) == bytes)
      stage.send(bytes)
      var got: [UInt8] = []
      while got.count < 256 {
        let more = try link.read(limit: .seconds(5))
        if more.isEmpty { break }
        got += more
      }
      #expect(got == bytes)
      // An echo would have come before this.
      try link.write([0x55], timeout: .seconds(5))
      #expect(stage.received(1) == [0x55])
    }

    @Test func `what came before the port was opened is dropped`() throws {
      // Until the line has arrived, there is nothing to drop.
      let early = unsafe open(stage.tty, O_RDWR | O_NOCTTY)
      stage.send(Array("AT\r".utf8))
      var request = pollfd(fd: early, events: Int16(POLLIN), revents: 0)
      #expect(unsafe poll(&request, 1, 5000) == 1)
      close(early)
      let link = try stage.open()
      #expect(try link.read(limit: .zero) == [])
    }

    @Test func `a device that says nothing is waited for as long as allowed`() throws {
      let link = try stage.open()
      let start = link.now
      #expect(try link.read(limit: .milliseconds(50)) == [])
      #expect(link.now - start >= .milliseconds(50))
    }

    @Test func `a device that takes nothing is not waited for`() throws {
      let link = try stage.open()
      #expect(throws: SerialError.timedOut) {
        // More than a pseudo terminal holds.
        try link.write(Array(repeating: 0x55, count: 1 << 20), timeout: .milliseconds(50))
      }
      link.close()
    }

    @Test func `a device that has left is gone for every call, and can be closed`() throws {
      let link = try stage.open()
      stage.unplug()
      #expect(throws: SerialError.gone) { try link.read(limit: .seconds(5)) }
      #expect(throws: SerialError.gone) { try link.write([1], timeout: .seconds(5)) }
      #expect(throws: SerialError.gone) { try link.setSpeed(1200) }
      #expect(throws: SerialError.gone) { try link.setLines(dtr: false, rts: false) }
      link.close()
      link.close()
    }

    @Test func `what a device sent before it left can be read`() throws {
      let link = try stage.open()
      stage.send([1, 2, 3])
      #expect(try link.read(limit: .seconds(5)) == [1, 2, 3])
      stage.unplug()
      #expect(throws: SerialError.gone) { try link.read(limit: .seconds(5)) }
    }

    @Test func `a closed port is of no use`() throws {
      let link = try stage.open()
      link.close()
      #expect(throws: SerialError.gone) { try link.read(limit: .zero) }
      #expect(throws: SerialError.gone) { try link.write([1], timeout: .zero) }
      #expect(throws: SerialError.gone) { try link.setSpeed(9600) }
      #expect(throws: SerialError.gone) { try link.setLines(dtr: true, rts: true) }
    }

    @Test func `a tty without lines says so`() throws {
      let link = try stage.open()
      #expect(
        throws: SerialError.system(
          call: "TIOCMGET", port: stage.root.path + "/dev/ttyACM0", errno: ENOTTY)
      ) { try link.setLines(dtr: true, rts: true) }
    }

    @Test func `a port is for one link at a time`() throws {
      let first = try stage.open()
      let node = stage.root.path + "/dev/ttyACM0"
      var error = try #require(throws: SerialError.self) { try stage.open() }
      guard case .inUse(node, .some(let holder)) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(holder.id == getpid())
      // Where nobody sees what others have open, the lock tells.
      error = try #require(throws: SerialError.self) {
        try stage.open(processes: "/var/empty/none")
      }
      #expect(error == .inUse(port: node, by: nil))
      // The first one's settings have not suffered.
      #expect(try stage.settings.isRaw)
      first.close()
      try stage.open().close()
    }

    @Test func `a lock of another program keeps the port`() throws {
      let other = unsafe open(stage.tty, O_RDWR | O_NOCTTY)
      #expect(flock(other, LOCK_EX) == 0)
      #expect(
        throws: SerialError.inUse(port: stage.root.path + "/dev/ttyACM0", by: nil)
      ) { try stage.open(processes: "/var/empty/none") }
      close(other)
      try stage.open(processes: "/var/empty/none").close()
    }

    @Test func `a device replaced while its port is opened is gone`() throws {
      let port = try stage.port()
      try stage.write("1-1/devnum", "8")
      #expect(throws: SerialError.gone) { try TTYLink(opening: port) }
      try stage.write("1-1/devnum", "7")
      #expect(try stage.settings.isRaw == false)
    }
  }
#endif

/// What is said to a serial port that no driver has.
@Suite struct LineCodingTests {
  @Test func `a speed is four bytes, little endian, then 8 N 1`() {
    #expect(LineCoding(1200).bytes == [0xB0, 0x04, 0, 0, 0, 0, 8])
    #expect(LineCoding(4_000_000).baud == 4_000_000)
    #expect(LineCoding([0, 0xC2, 1, 0, 2, 1, 7])?.baud == 115_200)
    #expect(LineCoding([0, 0xC2, 1, 0, 0, 0]) == nil)
  }

  @Test func `1200 baud and none are not given back`() {
    #expect(LineCoding(1200).afterUse == LineCoding(115_200))
    #expect(LineCoding(0).afterUse == LineCoding(115_200))
    let odd = LineCoding([0x80, 0x25, 0, 0, 2, 1, 7])
    #expect(odd?.afterUse == odd)
  }

  @Test(
    arguments: [
      (.disconnected, .gone), (.timedOut, .timedOut), (.stall, .usb(.stall)),
      (.busy, .inUse(port: "1-1", by: nil)), (.accessDenied, .accessDenied(port: "n", group: nil)),
      (.noNode, .noPort(.noNode)), (.noDriver, .noPort(.noDriver)),
    ] as [(USBError, SerialError)])
  func `a failure to open says what it means for a port`(error: USBError, expected: SerialError) {
    #expect(SerialError(opening: error, name: "1-1", node: "n") == expected)
  }

  @Test func `a device's node has three digits for each number`() {
    #expect(KernelDevices.node(bus: 1, address: 5) == "/dev/bus/usb/001/005")
    #expect(KernelDevices.node(bus: 12, address: 127) == "/dev/bus/usb/012/127")
  }
}
