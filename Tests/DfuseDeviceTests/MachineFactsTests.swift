#if os(Linux)
  import DfuseTestSupport
  import Testing

  @testable import DfuseDevice

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #endif

  /// What a machine shows, in a folder made like it.
  @Suite final class MachineFactsTests {
    let tree = MachineTree()

    init() throws { try tree.makeUsual() }

    deinit { tree.remove() }

    private func facts(tries: ((String) -> Int32)? = nil) -> MachineFacts {
      var reader = MachineReader(root: tree.root)
      if let tries { reader.tries = tries }
      return reader.facts(ownRules: "60-dfuse.rules", group: "plugdev")
    }

    // MARK: - Devices

    @Test func `a device is shown with its ids, speed, interfaces and node`() throws {
      try tree.device("1-1.10", address: 12, vendor: "046d", product: "c077")
      try tree.device("1-1.2", address: 5, vendor: "0483", product: "df11")
      try tree.interface("1-1.2:1.0", ["fe", "01", "02"], driver: "usbfs")
      try tree.interface("1-1.2:1.1", ["02", "02", "01"])
      let devices = try #require(facts().devices)
      #expect(devices.map(\.path) == ["usb1", "1-1.2", "1-1.10"])
      #expect(devices.map(\.isHub) == [true, false, false])
      var expected = MachineFacts.Device(
        path: "1-1.2", id: .stBootloader, node: .init(path: "/dev/bus/usb/001/005", state: .open))
      // /dev/null is everybody's.
      expected.node.group = 0
      expected.speed = "12"
      expected.interfaces = [
        .init(name: "1-1.2:1.0", code: .init(0xFE, 1, 2), driver: "usbfs"),
        .init(name: "1-1.2:1.1", code: .init(2, 2, 1)),
      ]
      #expect(devices[1] == expected)
      #expect(facts().device(at: "1-1.2") == expected)
      #expect(facts().hasNodes)
    }

    @Test func `a node that is missing, left over or closed is told apart`() throws {
      try tree.device("1-1", address: 5, vendor: "0483", product: "df11", node: false)
      func state(_ tries: ((String) -> Int32)? = nil) -> MachineFacts.Node.State? {
        facts(tries: tries).device(at: "1-1")?.node.state
      }
      #expect(state() == .missing)
      try tree.write("/dev/bus/usb/001/005", "no device")
      #expect(state() == .stale)
      try tree.remove("/dev/bus/usb/001/005")
      try tree.link("/dev/bus/usb/001/005", to: "/dev/null")
      #expect(state() == .open)
      #expect(state { _ in EACCES } == .closed)
      #expect(state { _ in EPERM } == .forbidden)
      try tree.write("/sys/bus/usb/devices/1-1/dev", "189:4\n")
      #expect(state() == .stale)
    }

    @Test func `a device that is not authorized, or has no configuration`() throws {
      try tree.device("1-1", address: 5, vendor: "0483", product: "df11")
      #expect(facts().device(at: "1-1")?.isAuthorized == true)
      #expect(facts().device(at: "1-1")?.isConfigured == true)
      try tree.write("/sys/bus/usb/devices/1-1/authorized", "0\n")
      try tree.write("/sys/bus/usb/devices/1-1/bConfigurationValue", "\n")
      #expect(facts().device(at: "1-1")?.isAuthorized == false)
      #expect(facts().device(at: "1-1")?.isConfigured == false)
    }

    @Test func `programs that have a device open are its holders`() throws {
      try tree.device("1-1", address: 5, vendor: "0483", product: "df11")
      try tree.program(1200, "qemu-system-x86", open: ["/dev/zero", "/dev/null"])
      try tree.program(77, "cat", open: ["/dev/null"])
      try tree.program(78, "dog", open: ["/dev/zero"])
      #expect(
        facts().device(at: "1-1")?.holders == [
          .init(id: 77, name: "cat"), .init(id: 1200, name: "qemu-system-x86"),
        ])
      #expect(facts().programs.map(\.id) == [1, 77, 78, 300, 1200])
    }

    @Test func `of what is no board, nobody looks who has it open`() throws {
      try tree.device("1-1", address: 5, vendor: "046d", product: "c077")
      try tree.program(77, "cat", open: ["/dev/null"])
      #expect(facts().device(at: "1-1")?.holders == [])
      try tree.interface("1-1:1.0", ["fe", "01", "02"])
      #expect(facts().device(at: "1-1")?.holders == [.init(id: 77, name: "cat")])
    }

    @Test func `what udev's rules gave a device stands in udev's database`() throws {
      try tree.device("1-1", address: 5, vendor: "0483", product: "5740")
      #expect(facts().device(at: "1-1")?.tags == [])
      try tree.write(
        "/run/udev/data/c1:3", "I:1\nE:ID_MM_DEVICE_IGNORE=1\nG:uaccess\nG:seat\nQ:uaccess\nV:1\n")
      #expect(facts().device(at: "1-1")?.tags == ["uaccess", "seat"])
      #expect(facts().device(at: "1-1")?.isIgnoredByModemManager == true)
    }

    @Test(arguments: ["/sys/bus/usb/devices", "/sys/bus/usb/devices/usb1", "/sys"])
    func `without a root hub there is no USB`(path: String) throws {
      try tree.remove(path)
      #expect(facts().devices == nil)
      #expect(facts().hasNodes)
    }

    @Test func `without nodes there is none to open`() throws {
      try tree.remove("/dev/bus/usb")
      #expect(!facts().hasNodes)
      #expect(facts().devices?.count == 1)
      #expect(facts().readsLog)
      try tree.remove("/dev")
      #expect(!facts().readsLog)
    }

    @Test(arguments: ["", "\n", "zz\n", "99999\n", "-1\n", "\u{0}\u{0}\n"])
    func `a device with nonsense for its numbers is left out`(text: String) throws {
      for name in ["busnum", "devnum", "idVendor", "idProduct"] {
        try tree.device("1-1", address: 5, vendor: "0483", product: "df11", node: false)
        try tree.write("/sys/bus/usb/devices/1-1/\(name)", text)
        #expect(facts().devices?.map(\.path) == ["usb1"])
      }
    }

    @Test func `an empty folder is a machine without anything`() throws {
      let empty = MachineReader(root: tree.root + "/nowhere").facts(
        ownRules: "60-dfuse.rules", group: "plugdev")
      #expect(empty.devices == nil)
      #expect(!empty.hasNodes)
      #expect(empty.udev == .missing(starter: nil))
      #expect(empty.user.membership == .noGroup)
      #expect(empty.user.isSeated == nil)
      #expect(empty.programs.isEmpty && empty.rules.isEmpty && !empty.readsLog)
      #expect(empty.container == nil && empty.wsl == nil && empty.loadsUdev == nil)
    }

    // MARK: - The machine

    @Test(
      arguments: [
        ("/.dockerenv", "", .docker), ("/run/.containerenv", "", .podman(isRootless: false)),
        ("/proc/1/cgroup", "0::/kubepods.slice/kubepods-pod1.slice\n", .kubernetes),
        ("/proc/1/cgroup", "12:devices:/docker/0123456789abcdef\n", .docker),
        ("/proc/1/cgroup", "0::/lxc.payload.web\n", .lxc),
        ("/proc/1/environ", "TERM=linux\0container=lxc\0", .lxc),
        ("/run/systemd/container", "systemd-nspawn\n", .other("systemd-nspawn")),
        ("/run/systemd/container", "wsl\n", nil), ("/proc/1/cgroup", "0::/init.scope\n", nil),
      ] as [(String, String, MachineFacts.Container?)])
    func `a container is known by the marks that it leaves`(
      path: String, text: String, container: MachineFacts.Container?
    ) throws {
      #expect(facts().container == nil)
      try tree.write(path, text)
      #expect(facts().container == container)
    }

    @Test func `marks of a container on a machine of its own are left over`() throws {
      try tree.write("/.dockerenv")
      for (name, number) in [("pid", "4026531836"), ("uts", "4026531838"), ("ipc", "4026531839")] {
        #expect(facts().container == .docker)
        try tree.link("/proc/self/ns/\(name)", to: "\(name):[\(number)]")
      }
      #expect(facts().container == nil)
      try tree.remove("/proc/self/ns/pid")
      try tree.link("/proc/self/ns/pid", to: "pid:[4026532201]")
      #expect(facts().container == .docker)
    }

    @Test func `a container of a plain user does not map all users`() throws {
      try tree.write("/run/.containerenv")
      try tree.write("/proc/self/uid_map", "         0          0 4294967295\n")
      #expect(facts().container == .podman(isRootless: false))
      try tree.write("/proc/self/uid_map", "         0       1000          1\n")
      #expect(facts().container == .podman(isRootless: true))
    }

    @Test(
      arguments: [
        ("Linux version 5.15.153.1-microsoft-standard-WSL2 (root@941d701f84f1)", .two),
        ("Linux version 6.6.0-custom-WSL2+ (me@here)", .two),
        ("Linux version 4.4.0-19041-Microsoft (Microsoft@Microsoft.com)", .one),
        ("Linux version 5.15.0-1041-azure (buildd@lcy02-amd64-033)", nil),
      ] as [(String, MachineFacts.WSL?)])
    func `Linux in Windows is known by its kernel's name`(version: String, wsl: MachineFacts.WSL?)
      throws
    {
      try tree.write("/proc/version", version + "\n")
      #expect(facts().wsl == wsl)
    }

    @Test func `udev runs if its daemon does, whatever its socket`() throws {
      #expect(facts().udev == .running)
      try tree.write("/proc/300/comm", "bash\n")
      #expect(facts().udev == .missing(starter: ["systemctl", "start", "systemd-udevd"]))
      try tree.remove("/run/systemd/system")
      #expect(facts().udev == .missing(starter: nil))
      try tree.write("/etc/init.d/udev", "#!/bin/sh\n")
      #expect(facts().udev == .missing(starter: ["service", "udev", "start"]))
      try tree.write("/proc/301/comm", "udevd\n")
      #expect(facts().udev == .running)
      // Where other people's programs are hidden, the socket is all that tells.
      try tree.remove("/proc/301")
      try tree.remove("/proc/1")
      #expect(facts().udev == .running)
      try tree.remove("/run/udev/control")
      #expect(facts().udev == .missing(starter: ["service", "udev", "start"]))
    }

    @Test func `whether libusb was built with udev shows in what is loaded`() throws {
      try tree.write("/proc/self/maps", "7f r-xp 00000000 /usr/lib/libusb-1.0.so.0.3.0\n")
      #expect(facts().loadsUdev == false)
      try tree.write(
        "/proc/self/maps", "7f /usr/lib/libusb-1.0.so.0.3.0\n7f /usr/lib/libudev.so.1.7.5\n")
      #expect(facts().loadsUdev == true)
    }

    // MARK: - Rules

    private let rule = #"ATTRS{idVendor}=="0483", ATTRS{idProduct}=="DF11", TAG+="uaccess""#

    @Test func `rules for boards are found in udev's folders, those of others as well`() throws {
      try tree.write("/usr/lib/udev/rules.d/60-dfu-util.rules", rule + "\n")
      try tree.write("/usr/lib/udev/rules.d/50-other.rules", "# \(rule)\nSUBSYSTEM==\"net\"\n")
      try tree.write("/usr/lib/udev/rules.d/60-readme.txt", rule)
      try tree.write("/etc/udev/rules.d/60-dfuse.rules", "own")
      #expect(
        facts().rules == [
          .init(path: "/etc/udev/rules.d/60-dfuse.rules", text: "own"),
          .init(path: "/usr/lib/udev/rules.d/60-dfu-util.rules", text: rule + "\n"),
        ])
      #expect(facts().rules[1].rules(for: .stBootloader) == [rule])
      #expect(facts().rules[1].rules(for: .gd32Bootloader) == [])
    }

    @Test func `of equal names, udev takes the first`() throws {
      try tree.write("/lib/udev/rules.d/60-dfuse.rules", "old")
      try tree.write("/usr/lib/udev/rules.d/60-dfuse.rules", "package")
      #expect(facts().rules.map(\.text) == ["package"])
      try tree.link("/etc/udev/rules.d/60-dfuse.rules", to: "/dev/null")
      #expect(facts().rules == [.init(path: "/etc/udev/rules.d/60-dfuse.rules", text: "")])
    }

    // MARK: - The user

    @Test func `the user is a member, has become one, is none, or there is no group`() throws {
      #expect(facts().user == .init(id: 1000, membership: .stranger))
      try tree.makeUser(groups: [4, 46])
      #expect(facts().user.membership == .member)
      try tree.makeUser(groups: [4])
      try tree.write("/etc/group", "plugdev:x:46:anna,carl\n")
      #expect(facts().user.membership == .joined)
      try tree.write("/etc/group", "plugdev:x:46\nother\n:::\n")
      #expect(facts().user.membership == .noGroup)
      try tree.makeUser(0, groups: [])
      #expect(facts().user.isRoot)
    }

    @Test func `who sits at the machine is in its seat's file`() throws {
      #expect(facts().user.isSeated == nil)
      try tree.write("/run/systemd/seats/seat0", "IS_SEAT0=1\nACTIVE=2\nACTIVE_UID=1001\n")
      #expect(facts().user.isSeated == false)
      try tree.write("/run/systemd/seats/seat1", "ACTIVE=c1\nACTIVE_UID=1000\n")
      #expect(facts().user.isSeated == true)
    }
  }

  extension MachineTree {
    fileprivate func makeUser(_ id: Int = 1000, groups: [Int]) throws {
      try write(
        "/proc/self/status",
        "Uid:\t1\t\(id)\t1\t1\nGid:\t\(id)\t\(id)\nGroups:\t"
          + groups.map(String.init).joined(separator: " ") + "\n")
    }
  }
#endif
