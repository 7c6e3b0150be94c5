#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#elseif canImport(Darwin)
  private import Darwin
#endif

extension MachineFacts {
  /// What this machine shows.
  ///
  /// - Parameters:
  ///   - root: The folder that stands for `/`, or nothing for `/` itself.
  ///   - ownRules: The name of dfuse's own file of udev's rules.
  ///   - group: The group that those name.
  /// - Returns: The facts; nil on other systems than Linux.
  package static func now(root: String, ownRules: String, group: String) -> MachineFacts? {
    #if os(Linux)
      MachineReader(root: root).facts(ownRules: ownRules, group: group)
    #else
      nil
    #endif
  }
}

/// Reads the facts from the system's files.
struct MachineReader {
  /// The folder that stands for `/`, or nothing for `/` itself.
  let root: String
  /// What `access` says of a node: 0, or an error number.
  var tries: (String) -> Int32 = { path in
    unsafe access(path, R_OK | W_OK) == 0 ? 0 : errno
  }

  /// All facts; the name and the group are those of dfuse's own rules.
  func facts(ownRules: String, group: String) -> MachineFacts {
    let programs = KernelPrograms(folder: root + "/proc")
    let running = programs.all
    return MachineFacts(
      container: container, wsl: wsl, devices: devices(programs, running),
      hasNodes: !KernelDevices.names(in: root + "/dev/bus/usb").isEmpty,
      udev: udev(running), rules: rules(own: ownRules), user: user(group: group),
      programs: running,
      readsLog: !KernelLog.records(in: root + "/dev/kmsg").isEmpty, loadsUdev: loadsUdev)
  }

  // MARK: - The machine

  /// The marks that containers leave, the surest first.
  ///
  /// They stay where a container's files have become those of a machine, as in Firecracker.
  private var container: MachineFacts.Container? {
    if isInFirstNamespaces { return nil }
    let cgroups = text(in: "/proc/1/cgroup", limit: 4096)
    if exists("/run/.containerenv") {
      return .podman(isRootless: !mapsAllUsers)
    }
    if cgroups.contains("kubepods") || exists("/run/secrets/kubernetes.io") { return .kubernetes }
    if exists("/.dockerenv") || cgroups.contains("/docker") { return .docker }
    // systemd writes its container's name for everyone; that of PID 1 is for root to read.
    let name =
      KernelDevices.text(in: root + "/run/systemd/container")
      ?? text(in: "/proc/1/environ", limit: 4096).split(separator: "\0")
      .first { $0.hasPrefix("container=") }.map { String($0.dropFirst("container=".count)) }
    switch name {
    case "docker": return .docker
    case "podman": return .podman(isRootless: !mapsAllUsers)
    case "lxc", "lxc-libvirt": return .lxc
    case .some(let name) where !name.isEmpty && name != "wsl": return .other(name)
    default: return cgroups.contains("/lxc") ? .lxc : nil
    }
  }

  /// Whether this program sees the processes, the name and the memory of the whole machine.
  ///
  /// The numbers of the namespaces that the kernel makes first: `enum init_ns_ino` of Linux.
  private var isInFirstNamespaces: Bool {
    let first: KeyValuePairs = ["pid": 0xEFFF_FFFC, "uts": 0xEFFF_FFFE, "ipc": 0xEFFF_FFFF]
    return first.allSatisfy { name, number in
      KernelDevices.linkTarget("\(root)/proc/self/ns/\(name)") == "\(name):[\(number)]"
    }
  }

  /// Whether users have here the numbers that they have outside: `0 0 4294967295`.
  private var mapsAllUsers: Bool {
    let numbers = text(in: "/proc/self/uid_map", limit: 4096).split(whereSeparator: \.isWhitespace)
    return numbers.isEmpty || numbers == ["0", "0", "4294967295"]
  }

  /// The kernel of WSL 2 is called `…-microsoft-standard-WSL2`; WSL 1 says `…-Microsoft`.
  private var wsl: MachineFacts.WSL? {
    let version = text(in: "/proc/version", limit: 1024)
    if version.contains("WSL2") || version.contains("microsoft-standard") { return .two }
    return version.contains("-Microsoft") ? .one : nil
  }

  private func udev(_ running: [SerialError.ProcessName]) -> MachineFacts.Udev {
    // The socket outlives the daemon, and may be that of another machine part; the daemon of a
    // container's host is not shown.
    let names = Set(running.map(\.name))
    if !names.isDisjoint(with: ["systemd-udevd", "udevd", "(udev-worker)"]) { return .running }
    // It may be called by its other name, or all programs but the user's own be hidden (hidepid).
    let isHidden = !running.contains { $0.id == 1 }
    if exists("/run/udev/control"), isHidden || names.contains("udevadm") { return .running }
    if exists("/run/systemd/system") {
      return .missing(starter: ["systemctl", "start", "systemd-udevd"])
    }
    return .missing(starter: exists("/etc/init.d/udev") ? ["service", "udev", "start"] : nil)
  }

  /// The folders in udev's order: of equal names, the first counts.
  private static let rulesFolders = [
    "/etc/udev/rules.d", "/run/udev/rules.d", "/usr/local/lib/udev/rules.d",
    "/usr/lib/udev/rules.d",
    "/lib/udev/rules.d",
  ]

  private func rules(own: String) -> [MachineFacts.RulesFile] {
    var seen: Set<String> = []
    var files: [MachineFacts.RulesFile] = []
    for folder in Self.rulesFolders {
      for name in KernelDevices.names(in: root + folder).sorted()
      where name.hasSuffix(".rules") && seen.insert(name).inserted {
        let path = "\(folder)/\(name)"
        let file = MachineFacts.RulesFile(path: path, text: text(in: path, limit: 1 << 18))
        if name == own || file.isForBoards {
          files.append(file)
        }
      }
    }
    return files
  }

  private var loadsUdev: Bool? {
    let files = text(in: "/proc/self/maps", limit: 1 << 20)
    if files.contains("/libudev.so") { return true }
    return files.contains("/libusb-1.0.so") ? false : nil
  }

  // MARK: - The user

  private func user(group name: String) -> MachineFacts.User {
    let status = text(in: "/proc/self/status", limit: 8192).split(separator: "\n")
    func numbers(_ key: String) -> [UInt32] {
      let line = status.first { $0.hasPrefix(key) }
      return (line?.split(whereSeparator: \.isWhitespace) ?? []).compactMap { UInt32($0) }
    }
    // Real, effective, saved and file system's.
    let ids = numbers("Uid:")
    let id = ids.count > 1 ? ids[1] : UInt32(geteuid())
    var membership = MachineFacts.User.Membership.noGroup
    if let group = KernelGroups(file: root + "/etc/group").group(name) {
      let isMember = (numbers("Groups:") + numbers("Gid:")).contains(group.number)
      let isNamed = userName(id).map(group.members.contains) ?? false
      membership = isMember ? .member : isNamed ? .joined : .stranger
    }
    return MachineFacts.User(id: id, membership: membership, isSeated: isSeated(id))
  }

  private func userName(_ id: UInt32) -> String? {
    // NAME:PASSWORD:NUMBER:…
    let lines = text(in: "/etc/passwd", limit: 1 << 20).split(separator: "\n")
    return lines.map { $0.split(separator: ":", omittingEmptySubsequences: false) }
      .first { $0.count > 2 && $0[2] == "\(id)" }.map { String($0[0]) }
  }

  /// Whether the user's session is in front at a seat: what `sd_seat_get_active` reads.
  private func isSeated(_ id: UInt32) -> Bool? {
    let folder = root + "/run/systemd/seats"
    let seats = KernelDevices.names(in: folder)
    guard !seats.isEmpty else { return nil }
    return seats.contains { seat in
      text(in: "/run/systemd/seats/\(seat)", limit: 8192).split(separator: "\n")
        .contains("ACTIVE_UID=\(id)")
    }
  }

  // MARK: - Devices

  /// The kernel's devices; nil where it shows no bus.
  private func devices(
    _ programs: KernelPrograms, _ running: [SerialError.ProcessName]
  ) -> [MachineFacts.Device]? {
    let folder = root + "/sys/bus/usb/devices"
    let names = KernelDevices.names(in: folder)
    let devices = names.filter { !$0.contains(":") }
      .sorted { PortPath($0) < PortPath($1) }
      .compactMap { device($0, in: folder, names: names, programs, running) }
    return devices.contains { $0.path.hasPrefix("usb") } ? devices : nil
  }

  private func device(
    _ path: String, in folder: String, names: [String], _ programs: KernelPrograms,
    _ running: [SerialError.ProcessName]
  ) -> MachineFacts.Device? {
    func value(_ name: String) -> String? { KernelDevices.text(in: "\(folder)/\(path)/\(name)") }
    func number(_ name: String) -> UInt16? { value(name).flatMap { UInt16($0, radix: 16) } }
    guard let bus = value("busnum").flatMap(UInt8.init),
      let address = value("devnum").flatMap(UInt8.init),
      let vendorID = number("idVendor"), let productID = number("idProduct")
    else { return nil }
    let file = KernelDevices.deviceNumber(value("dev"))
    let node = node(KernelDevices.node(bus: bus, address: address), number: file)
    var device = MachineFacts.Device(
      path: path, id: USBID(vendorID: vendorID, productID: productID), node: node)
    device.isHub = number("bDeviceClass") == 9
    device.speed = value("speed")
    device.isAuthorized = value("authorized") != "0"
    // An empty file, where none is set.
    device.isConfigured =
      value("bConfigurationValue") != nil
      || KernelDevices.fileNumber("\(folder)/\(path)/bConfigurationValue") == nil
    device.interfaces = names.filter { $0.hasPrefix(path + ":") }.sorted().compactMap { name in
      interface(name, in: folder)
    }
    // A look at what every program has open takes its time.
    let mayBeBoard =
      KnownDevice.isBootloader(device.id) || device.interfaces.contains(where: \.isDFU)
    if let file, mayBeBoard {
      device.holders = running.filter { programs.has($0.id, open: file) }
    }
    // udev's database: G: for a tag, E: for a property.
    let record = value("dev").map { text(in: "/run/udev/data/c\($0)", limit: 1 << 16) } ?? ""
    let lines = record.split(separator: "\n")
    device.tags = Set(lines.filter { $0.hasPrefix("G:") }.map { String($0.dropFirst(2)) })
    device.isIgnoredByModemManager = lines.contains("E:ID_MM_DEVICE_IGNORE=1")
    return device
  }

  private func interface(_ name: String, in folder: String) -> MachineFacts.Interface? {
    let codes = ["bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol"].compactMap { key in
      KernelDevices.text(in: "\(folder)/\(name)/\(key)").flatMap { UInt8($0, radix: 16) }
    }
    guard codes.count == 3 else { return nil }
    let driver = KernelDevices.linkTarget("\(folder)/\(name)/driver")
    return MachineFacts.Interface(
      name: name, code: .init(codes[0], codes[1], codes[2]),
      driver: driver?.split(separator: "/").last.map(String.init))
  }

  private func node(_ path: String, number: UInt64?) -> MachineFacts.Node {
    let file = root + path
    var node = MachineFacts.Node(path: path, state: .missing)
    guard exists(path) else { return node }
    node.group = KernelDevices.group(of: file)
    if let number, KernelDevices.deviceNumber(of: file) != number {
      node.state = .stale
      return node
    }
    switch tries(file) {
    case 0: node.state = .open
    case EPERM: node.state = .forbidden
    default: node.state = .closed
    }
    return node
  }

  // MARK: - Files

  private func exists(_ path: String) -> Bool { KernelDevices.fileNumber(root + path) != nil }

  private func text(in path: String, limit: Int) -> String {
    String(decoding: KernelDevices.bytes(of: root + path, limit: limit) ?? [], as: UTF8.self)
  }
}
