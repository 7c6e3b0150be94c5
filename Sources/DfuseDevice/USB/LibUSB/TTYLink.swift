#if os(Linux)
  #if canImport(Glibc)
    private import Glibc
  #elseif canImport(Musl)
    private import Musl
  #endif

  /// The kernel's tty of a device's interface.
  struct KernelPort: Hashable {
    /// Where the system shows things; tests make folders of their own.
    struct Places: Hashable {
      var sysfs = "/sys/bus/usb/devices"
      var nodes = "/dev"
      var processes = "/proc"
      var groups = "/etc/group"
    }

    /// Its node, as `/dev/ttyACM0`.
    var node: String
    /// Which tty the kernel calls that.
    var number: UInt64
    /// The number of the device's folder, another one for each plug-in.
    var plugIn: UInt64
    /// The device, and the interface.
    var device: DeviceIdentity
    var interface: UInt8
    var places: Places

    /// The tty of an interface; nil when no driver has made one.
    ///
    /// - Throws: ``SerialError/gone`` when another device is at that port than `device`, or none;
    ///   ``SerialError/noPort(_:)`` when the kernel shows no devices at all.
    static func find(
      of device: DeviceIdentity, interface: UInt8, places: Places = Places()
    ) throws(SerialError) -> KernelPort? {
      guard !device.path.contains("/"), !KernelDevices.names(in: places.sysfs).isEmpty else {
        throw .noPort(nil)
      }
      let folder = "\(places.sysfs)/\(device.path)"
      guard let plugIn = KernelDevices.fileNumber(folder),
        [0, plugIn].contains(device.generation),
        KernelDevices.text(in: folder + "/devnum") == "\(device.address)",
        let vendor = KernelDevices.text(in: folder + "/idVendor"),
        let product = KernelDevices.text(in: folder + "/idProduct"),
        "\(vendor):\(product)" == device.usbID.description
      else { throw .gone }
      let value = KernelDevices.text(in: folder + "/bConfigurationValue") ?? "1"
      let ports = "\(folder):\(value).\(interface)"
      // A CDC port is in `tty`; a USB-to-serial converter's in a folder of its own before that.
      let folders =
        ["\(ports)/tty"]
        + KernelDevices.names(in: ports).filter { $0.hasPrefix("ttyUSB") }.map {
          "\(ports)/\($0)/tty"
        }
      for folder in folders {
        for name in KernelDevices.names(in: folder).sorted() {
          guard
            let number = KernelDevices.deviceNumber(KernelDevices.text(in: "\(folder)/\(name)/dev"))
          else {
            continue
          }
          return KernelPort(
            node: "\(places.nodes)/\(name)", number: number, plugIn: plugIn, device: device,
            interface: interface, places: places)
        }
      }
      return nil
    }

    /// Whether the node is that tty: in containers it may be missing, or left over.
    var hasNode: Bool { KernelDevices.deviceNumber(of: node) == number }

    /// A program that has the tty open, as far as this user is shown what programs have open.
    func holder() -> SerialError.ProcessName? {
      KernelPrograms(folder: places.processes).holder(of: number)
    }

    /// The group whose members may use the port; nil when there is none, or it has no name.
    func group() -> String? {
      KernelDevices.group(of: node).flatMap { KernelGroups(file: places.groups).name(of: $0) }
    }
  }

  /// A serial port through the kernel's tty.
  final class TTYLink: SerialLink {
    private let port: KernelPort
    private let file: Int32
    private let start = ContinuousClock.now
    private let before: TTYSettings
    private var settings: TTYSettings
    private var isOpen = true

    /// Opens a port for this program alone.
    ///
    /// The kernel raises DTR and RTS by that, at the speed that was left there.
    init(opening port: KernelPort) throws(SerialError) {
      self.port = port
      guard port.hasNode else { throw .noPort(.noNode) }
      // Nothing of the kernel's tells of those who opened it before, and want not to be alone.
      if let holder = port.holder() { throw .inUse(port: port.node, by: holder) }
      file = try Self.open(port)
      do throws(SerialError) {
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else { throw Self.failure("flock", port) }
        // Without delay: until it is raw, the kernel echoes what the device says when DTR rises,
        // and the device takes that for input.
        before = try TTYSettings(of: file, port)
        settings = before.raw(at: 115_200)
        try settings.apply(to: file, port)
      } catch {
        closeFile(file)
        throw error
      }
      do throws(SerialError) {
        let found = try KernelPort.find(
          of: port.device, interface: port.interface, places: port.places)
        guard found == port else { throw .gone }
        guard ioctl(file, UInt(TIOCEXCL), 0) == 0 else { throw Self.failure("TIOCEXCL", port) }
      } catch {
        try? before.afterUse.apply(to: file, port)
        closeFile(file)
        throw error
      }
      // Where the speed was 0, the kernel has left them low. A tty without lines has no need of it.
      var lines = TIOCM_DTR | TIOCM_RTS
      _ = unsafe ioctl(file, UInt(TIOCMBIS), &lines)
      _ = tcflush(file, TCIOFLUSH)
    }

    deinit { close() }

    private static func open(_ port: KernelPort) throws(SerialError) -> Int32 {
      while true {
        let file = openFile(port.node)
        if file >= 0 { return file }
        switch errno {
        case EINTR: continue
        case ENOENT: throw .noPort(.noNode)
        case EACCES: throw .accessDenied(port: port.node, group: port.group())
        // A container's rules for devices; no group helps.
        case EPERM: throw .accessDenied(port: port.node, group: nil)
        default: throw failure("open", port)
        }
      }
    }

    /// The error behind `errno`, right after `call` has failed.
    fileprivate static func failure(_ call: String, _ port: KernelPort) -> SerialError {
      switch errno {
      case EIO, ENODEV, ENXIO: .gone
      case EBUSY, EWOULDBLOCK: .inUse(port: port.node, by: port.holder())
      case let number: .system(call: call, port: port.node, errno: number)
      }
    }

    func setSpeed(_ baud: UInt32) throws(SerialError) {
      guard isOpen else { throw .gone }
      // Speed 0 would mean to hang up.
      guard baud > 0 else { throw .system(call: "TCSETS2", port: port.node, errno: EINVAL) }
      settings.setSpeed(baud)
      try settings.apply(to: file, port)
    }

    func setLines(dtr: Bool, rts: Bool) throws(SerialError) {
      guard isOpen else { throw .gone }
      var lines: Int32 = 0
      if unsafe ioctl(file, UInt(TIOCMGET), &lines) != 0 { throw Self.failure("TIOCMGET", port) }
      // Both in one request.
      lines &= ~(TIOCM_DTR | TIOCM_RTS)
      lines |= (dtr ? TIOCM_DTR : 0) | (rts ? TIOCM_RTS : 0)
      if unsafe ioctl(file, UInt(TIOCMSET), &lines) != 0 { throw Self.failure("TIOCMSET", port) }
    }

    func write(_ bytes: [UInt8], timeout: Duration) throws(SerialError) {
      let end = now + timeout
      var rest = bytes[...]
      while !rest.isEmpty {
        try wait(for: POLLOUT, until: end)
        let count = unsafe rest.withUnsafeBytes { unsafe writeFile(file, $0) }
        if count > 0 {
          rest = rest.dropFirst(count)
        } else if count < 0, errno != EAGAIN, errno != EINTR {
          throw Self.failure("write", port)
        }
      }
      // The kernel takes bytes before the device does.
      while true {
        var waiting: Int32 = 0
        guard unsafe ioctl(file, UInt(TIOCOUTQ), &waiting) == 0 else {
          throw Self.failure("TIOCOUTQ", port)
        }
        guard waiting > 0 else { return }
        guard now < end else { throw .timedOut }
        sleep(.milliseconds(1))
      }
    }

    func read(limit: Duration) throws(SerialError) -> [UInt8] {
      let end = now + limit
      var buffer = [UInt8](repeating: 0, count: 4096)
      while true {
        do throws(SerialError) {
          try wait(for: POLLIN, until: end)
        } catch .timedOut {
          return []
        }
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe readFile(file, $0) }
        if count > 0 { return Array(buffer.prefix(count)) }
        // The kernel hangs up a tty whose device has left.
        if count == 0 { throw .gone }
        if errno != EAGAIN, errno != EINTR { throw Self.failure("read", port) }
      }
    }

    /// Waits until the port can be read or written, or has been hung up.
    private func wait(for event: Int32, until end: Duration) throws(SerialError) {
      while true {
        guard isOpen else { throw .gone }
        var request = pollfd(fd: file, events: Int16(event), revents: 0)
        let left = max(end - now, .zero)
        let limit = left == .zero ? 0 : Int32(clamping: left.libUSBTimeout)
        let count = unsafe poll(&request, 1, limit)
        if count > 0 {
          if Int32(request.revents) & event != 0 { return }
          throw .gone
        }
        if count < 0, errno != EINTR { throw Self.failure("poll", port) }
        if now >= end { throw .timedOut }
      }
    }

    func wait(_ duration: Duration) { sleep(duration) }

    var now: Duration { start.duration(to: .now) }

    /// Gives the port back.
    ///
    /// Settings go back before the kernel lowers DTR: at 1200 baud that would be a request to leave
    /// for the bootloader. What the device did not take is dropped, or the kernel would wait for it.
    func close() {
      guard isOpen else { return }
      isOpen = false
      _ = tcflush(file, TCIOFLUSH)
      try? before.afterUse.apply(to: file, port)
      _ = ioctl(file, UInt(TIOCNXCL), 0)
      closeFile(file)
    }
  }

  /// The settings of a tty as the kernel keeps them, its `struct termios2`: that takes any speed.
  ///
  /// The C libraries' `termios` differ from it and from each other, and most know named speeds only.
  struct TTYSettings: Hashable {
    /// Flags of input, output, control and local; 20 bytes of line discipline and characters; speeds.
    private var words = [UInt32](repeating: 0, count: 11)

    /// The numbers of asm-generic, as on x86, ARM and RISC-V; where others hold, the calls fail.
    private enum Number {
      static let get: UInt = 0x802C_542A
      static let set: UInt = 0x402C_542B
      static let speedBits: UInt32 = 0x100F_100F
      static let otherSpeed: UInt32 = 0x1000
      static let hardwareFlow: UInt32 = 0x8000_0000
      static let timeByte = 22
      static let minimumByte = 23
    }

    /// Speeds that have a code of their own, by which other programs know them.
    private static let codes: [UInt32: UInt32] = [
      50: 1, 75: 2, 110: 3, 134: 4, 150: 5, 200: 6, 300: 7, 600: 8, 1200: 9, 1800: 10, 2400: 11,
      4800: 12, 9600: 13, 19_200: 14, 38_400: 15, 57_600: 0x1001, 115_200: 0x1002,
      230_400: 0x1003, 460_800: 0x1004, 500_000: 0x1005, 576_000: 0x1006, 921_600: 0x1007,
      1_000_000: 0x1008, 1_152_000: 0x1009, 1_500_000: 0x100A, 2_000_000: 0x100B,
      2_500_000: 0x100C, 3_000_000: 0x100D, 3_500_000: 0x100E, 4_000_000: 0x100F,
    ]

    /// Asks for the settings of an open tty.
    init(of file: Int32, _ port: KernelPort) throws(SerialError) {
      let result = unsafe words.withUnsafeMutableBytes { bytes in
        unsafe bytes.baseAddress.map { unsafe ioctl(file, Number.get, $0) }
      }
      guard result == 0 else { throw TTYLink.failure("TCGETS2", port) }
    }

    /// Sets them at once, whatever has not been sent yet.
    func apply(to file: Int32, _ port: KernelPort) throws(SerialError) {
      var words = words
      let result = unsafe words.withUnsafeMutableBytes { bytes in
        unsafe bytes.baseAddress.map { unsafe ioctl(file, Number.set, $0) }
      }
      guard result == 0 else { throw TTYLink.failure("TCSETS2", port) }
    }

    /// The speed in baud, as the kernel has worked it out.
    var speed: UInt32 { words[10] }

    /// Whether bytes pass as they are, eight bits each, none of them a command to the kernel.
    var isRaw: Bool { self == raw(at: speed) }

    mutating func setSpeed(_ baud: UInt32) {
      words[2] = words[2] & ~Number.speedBits | (Self.codes[baud] ?? Number.otherSpeed)
      (words[9], words[10]) = (baud, baud)
    }

    /// As `cfmakeraw`, with DTR to be lowered at the last close, and without waiting for a carrier.
    func raw(at baud: UInt32) -> TTYSettings {
      var settings = self
      settings.words[0] &= ~UInt32(
        IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON | IXOFF)
      settings.words[1] &= ~UInt32(OPOST)
      settings.words[2] &= ~(UInt32(CSIZE | PARENB | CSTOPB) | Number.hardwareFlow)
      settings.words[2] |= UInt32(CS8 | CREAD | CLOCAL | HUPCL)
      settings.words[3] &= ~UInt32(ECHO | ECHONL | ICANON | ISIG | IEXTEN)
      unsafe settings.words.withUnsafeMutableBytes { bytes in
        unsafe bytes[Number.timeByte] = 0
        unsafe bytes[Number.minimumByte] = 1
      }
      settings.setSpeed(baud)
      return settings
    }

    /// The same, or at a usual speed where this has 1200 baud: whoever opened that without setting a
    /// speed would send the next firmware into its bootloader by closing it.
    var afterUse: TTYSettings {
      guard speed == 1200 else { return self }
      var settings = self
      settings.setSpeed(115_200)
      return settings
    }
  }

  // By these names, the methods of a link would be meant within it.
  private func openFile(_ path: String) -> Int32 {
    unsafe open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
  }

  private func closeFile(_ file: Int32) { _ = close(file) }

  private func readFile(_ file: Int32, _ bytes: UnsafeMutableRawBufferPointer) -> Int {
    unsafe read(file, bytes.baseAddress, bytes.count)
  }

  private func writeFile(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    unsafe write(file, bytes.baseAddress, bytes.count)
  }
#endif
