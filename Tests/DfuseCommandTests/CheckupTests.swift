import DfuseDevice
import DfuseSimulator
import Testing

@testable import dfuse

/// What is said of a machine, for made-up facts: what is in the way, why, and what to do.
@Suite struct CheckupTests {
  typealias Device = MachineFacts.Device
  typealias User = MachineFacts.User

  /// A machine on which nothing is in the way: udev, the rules, a member of the group.
  private let usual = MachineFacts(
    devices: [Self.rootHub],
    rules: [.init(path: "/etc/udev/rules.d/60-dfuse.rules", text: UdevRules.text)],
    user: User(id: 1000, membership: .member))

  private static let rootHub: Device = {
    var hub = Device(
      path: "usb1", id: USBID(vendorID: 0x1D6B, productID: 2),
      node: .init(path: "/dev/bus/usb/001/001", state: .closed))
    hub.isHub = true
    return hub
  }()

  private static func device(
    _ state: MachineFacts.Node.State = .open, id: USBID = .stBootloader, path: String = "1-1"
  ) -> Device {
    var device = Device(
      path: path, id: id, node: .init(path: "/dev/bus/usb/001/005", state: state))
    device.speed = "12"
    return device
  }

  private static let mouse = Self.device(
    id: USBID(vendorID: 0x046D, productID: 0xC077), path: "1-9")

  /// What is said, a line each; of what is fine nothing.
  private func said(
    _ machine: MachineFacts?, _ bus: Checkup.Bus = Checkup.Bus(), all: Bool = false
  ) -> String {
    results(machine, bus).filter { all || $0.verdict != .fine }
      .flatMap { $0.lines(on: .silent) }.joined(separator: "\n")
  }

  private func results(_ machine: MachineFacts?, _ bus: Checkup.Bus) -> [CheckResult] {
    Checkup(machine: machine, bus: bus, version: "1.0.26").results
  }

  /// A machine with a board in its bootloader.
  private func with(
    _ device: Device, error: USBError?, _ change: (inout MachineFacts) -> Void = { _ in }
  ) -> (MachineFacts, Checkup.Bus) {
    var machine = usual
    machine.devices?.append(device)
    change(&machine)
    let listing = USBDeviceListing.board(
      path: device.path, vendorID: device.id.vendorID, productID: device.id.productID,
      openError: error)
    return (machine, Checkup.Bus(devices: [listing]))
  }

  /// What is said of the board of such a machine.
  private func said(
    of device: Device, error: USBError?, _ change: (inout MachineFacts) -> Void = { _ in }
  ) -> String {
    let (machine, bus) = with(device, error: error, change)
    return said(machine, bus)
  }

  private let noBoard = """
    note     boards    none is in its bootloader
      fix: start one there (often: hold BOOT0, press reset), then: dfuse list
    """

  // MARK: - Nothing in the way

  @Test func `a machine on which nothing is in the way`() {
    let bus = Checkup.Bus(surroundings: BusSurroundings(devices: [], log: KernelLog()))
    #expect(
      said(usual, bus, all: true) == """
        ok       usb       1 bus, 0 devices besides hubs
        ok       nodes     each device has its node in /dev/bus/usb
        ok       udev      its daemon runs
        ok       rules     /etc/udev/rules.d/60-dfuse.rules is in place
        ok       user      a member of plugdev, whom the rules let in
        ok       programs  none is seen that takes boards (ModemManager, fwupd, virtual machines)
        ok       log       the kernel tells of no trouble at a port in the last minute
        note     boards    none is in its bootloader
          why: nothing is plugged in but hubs; often the cable only charges
          fix: start one there (often: hold BOOT0, press reset), then: dfuse list
        ok       libusb    version 1.0.26
        """)
    #expect(results(usual, bus).allSatisfy { $0.status == nil })
  }

  @Test func `a board that can be used is said to be, with its speed and place`() {
    let (machine, bus) = with(Self.device(path: "1-1.3"), error: nil)
    #expect(
      said(machine, bus, all: true).contains(
        "ok       boards    1-1.3 (0483:df11, STM32 bootloader) can be used, 12 Mbit/s, behind a hub\n"
      ))
    #expect(said(machine, bus).isEmpty)
  }

  @Test func `on other systems, libusb and the boards are what can be told`() {
    #expect(
      said(nil, Checkup.Bus(devices: [.board(path: "1-1")], tellsOfChanges: true), all: true) == """
        ok       boards    1-1 (0483:df11, STM32 bootloader) can be used
        ok       libusb    version 1.0.26
        """)
    #expect(
      said(nil, Checkup.Bus(failure: Failure(device: .noBus))) == """
        problem  boards    there is no USB on this machine
          why: the system has no USB bus, as in a container or on a build server
          fix: in a container, pass /dev/bus/usb through; without a board, try --simulate stm32f405
        """)
  }

  @Test func `how libusb was built, and whether it tells of boards that come`() {
    var machine = usual
    machine.loadsUdev = false
    #expect(
      said(machine, Checkup.Bus(tellsOfChanges: false), all: true).hasSuffix(
        "libusb    version 1.0.26, built without udev; it does not tell of boards that come, so dfuse "
          + "looks"))
    machine.loadsUdev = true
    #expect(said(machine, all: true).hasSuffix("version 1.0.26, built with udev"))
  }

  // MARK: - No USB

  @Test func `WSL 2 is told how Windows attaches a board`() {
    let machine = MachineFacts(
      wsl: .two, devices: nil, hasNodes: false, user: User(id: 1000, membership: .stranger))
    #expect(
      said(machine) == """
        problem  usb       no USB in WSL: no device is attached
          why: Windows keeps its devices until it is told
          fix: in Windows, install what attaches devices: winget install usbipd
          fix: in Windows, find the board's BUSID: usbipd list
          fix: in Windows, as administrator, once for each board: usbipd bind --busid BUSID
          fix: in Windows, for as long as it is used: usbipd attach --wsl --auto-attach --busid BUSID
        """)
    #expect(results(machine, Checkup.Bus()).first?.status == .noBoard)
  }

  @Test func `WSL 1, a container and a machine without USB have their own words`() {
    var machine = MachineFacts(
      wsl: .one, devices: nil, hasNodes: false, user: User(id: 0, membership: .stranger))
    #expect(said(machine).contains("fix: in Windows: wsl --set-version DISTRIBUTION 2"))
    machine.wsl = nil
    #expect(
      said(machine) == """
        problem  usb       no USB: the kernel shows no bus
          why: no USB controller is there, or the driver of none is loaded
          fix: load the usual one: sudo modprobe xhci_pci
          fix: in a virtual machine, add a USB controller in its settings
          fix: in a container that does not show that it is one, pass /dev/bus/usb through
          fix: without a board, say --simulate stm32f405
        """)
    machine.container = .docker
    #expect(
      said(machine) == """
        problem  usb       no USB: the kernel shows no bus
          why: this Docker container has those of its host, which has none, or hides /sys/bus/usb
          fix: see on its host whether there is any: ls /sys/bus/usb/devices
          fix: without a board, say --simulate stm32f405
        """)
    // What comes after would only be noise.
    #expect(results(machine, Checkup.Bus()).map(\.check) == [.usb, .libusb])
  }

  @Test func `nodes without the kernel's list are used, with what that costs`() {
    var machine = usual
    machine.devices = nil
    #expect(said(machine).hasPrefix("note     usb       /sys/bus/usb/devices is not there"))
    #expect(said(machine, all: true).contains("\nok       nodes     /dev/bus/usb is there\n"))
  }

  // MARK: - Nodes

  static let containers: [(MachineFacts.Container, String)] = [
    (
      .docker,
      "docker run -v /dev/bus/usb:/dev/bus/usb --device-cgroup-rule='c 189:* rmw' IMAGE"
    ),
    (
      .podman(isRootless: false),
      "podman run -v /dev/bus/usb:/dev/bus/usb --device-cgroup-rule='c 189:* rmw' IMAGE"
    ),
    (
      .podman(isRootless: true),
      "podman run -v /dev/bus/usb:/dev/bus/usb --group-add keep-groups IMAGE"
    ),
    (.lxc, "lxc.mount.entry = /dev/bus/usb dev/bus/usb none bind,optional,create=dir"),
    (.kubernetes, "as a hostPath volume"),
    (
      .other("systemd-nspawn"),
      "sudo systemd-nspawn --bind=/dev/bus/usb --property='DeviceAllow=char-usb_device rwm' -D FOLDER"
    ),
    (.other("x\u{1B}[2J"), "character devices of major number 189"),
  ]

  @Test(arguments: containers)
  func `a container without nodes is told how they are passed to it`(
    container: MachineFacts.Container, fix: String
  ) {
    var machine = usual
    (machine.container, machine.hasNodes) = (container, false)
    let text = said(machine)
    #expect(text.hasPrefix("problem  nodes     /dev/bus/usb is missing or empty: no device can be"))
    #expect(text.contains("\n  why: it was not passed to this "))
    #expect(text.hasSuffix(fix), "\(text)")
    #expect(!text.contains("\u{1B}"))
    #expect(results(machine, Checkup.Bus()).compactMap(\.status) == [.noBoard])
  }

  @Test func `outside of containers, a missing folder of nodes is a chroot's`() {
    var machine = usual
    machine.hasNodes = false
    #expect(said(machine).hasSuffix("chroot: sudo mount --rbind /dev CHROOT/dev"))
  }

  @Test func `a device without its node is a note, since it is no board`() {
    var machine = usual
    machine.container = .docker
    var mouse = Self.mouse
    mouse.node.state = .missing
    machine.devices?.append(mouse)
    let text = said(machine)
    #expect(
      text.hasPrefix(
        """
        note     nodes     no node for 1-9 (046d:c077)
          why: this Docker container has nodes that were there when it was started; a board that \
        comes gets none
          fix: start it again with USB, on its host: docker run -v /dev/bus/usb:/dev/bus/usb \
        --device-cgroup-rule='c 189:* rmw' IMAGE

        """))
    #expect(text.hasSuffix(noBoard))
  }

  @Test func `it is not said that each device has a node while a board has none`() {
    let (machine, bus) = with(Self.device(.missing), error: .noNode)
    let lines = said(machine, bus, all: true)
    #expect(lines.contains("\nok       nodes     /dev/bus/usb is there\n"))
    #expect(
      lines.contains(
        """
          why: /dev is not the system's own here, as in a chroot
          fix: from outside of the chroot: sudo mount --rbind /dev CHROOT/dev

        """))
  }

  @Test func `a board without its node that libusb does not list is in the way`() {
    var machine = usual
    machine.devices?.append(Self.device(.missing))
    let result = results(machine, Checkup.Bus(failure: Failure(device: .noBus)))[1]
    #expect(result.what == "no node for 1-1 (0483:df11)")
    #expect(result.status == .noPermission)
  }

  @Test(
    arguments: [
      (.missing, "/dev/bus/usb/001/005 is missing"),
      (.stale, "/dev/bus/usb/001/005 is that of another device"),
    ] as [(MachineFacts.Node.State, String)])
  func `a board without its node is in the way, and told once`(
    state: MachineFacts.Node.State, words: String
  ) {
    for error in [USBError.noNode, .disconnected] {
      let text = said(of: Self.device(state), error: error) { $0.container = .docker }
      #expect(
        text == """
          problem  boards    1-1 (0483:df11, STM32 bootloader) cannot be opened: \(words)
            why: this Docker container has only the nodes that were passed to it when it was started
            fix: start it again with USB, on its host: docker run -v /dev/bus/usb:/dev/bus/usb \
          --device-cgroup-rule='c 189:* rmw' IMAGE
          """)
    }
  }

  // MARK: - udev and its rules

  @Test func `without udev's daemon a plain user's boards stay root's`() {
    var machine = usual
    machine.udev = .missing(starter: ["systemctl", "start", "systemd-udevd"])
    #expect(
      said(machine) == """
        problem  udev      its daemon does not run, so every device is root's alone
          why: no rule is applied to what is plugged in
          fix: start it: sudo systemctl start systemd-udevd
        \(noBoard)
        """)
    // Where devices can be opened all the same, and for root, it is not in the way.
    machine.devices?.append(Self.mouse)
    #expect(
      said(machine).hasPrefix("note     udev      its daemon does not run; waits do not need it"))
    machine.devices?.removeLast()
    machine.user.id = 0
    #expect(
      said(machine) == """
        note     udev      its daemon does not run; waits do not need it
          why: what is plugged in keeps the kernel's permissions: root's, mostly
        \(noBoard)
        """)
  }

  @Test func `without udev's daemon, rules and groups are the next step at most`() {
    var machine = usual
    machine.rules = []
    machine.user.membership = .stranger
    func problems() -> [CheckResult.Check] {
      results(machine, Checkup.Bus()).filter { $0.status != nil }.map(\.check)
    }
    #expect(problems() == [.rules, .user])
    machine.udev = .missing(starter: ["systemctl", "start", "systemd-udevd"])
    #expect(problems() == [.udev])
    #expect(said(machine).contains("\nnote     rules     none for boards is installed"))
    machine.udev = .missing(starter: nil)
    #expect(
      said(machine) == """
        problem  udev      its daemon does not run, so every device is root's alone
          why: no rule is applied to what is plugged in
          fix: run dfuse as root, or install udev
        \(noBoard)
        """)
  }

  @Test func `in WSL udev comes with systemd, and elsewhere it may not be there at all`() {
    var machine = usual
    machine.udev = .missing(starter: nil)
    #expect(said(machine).contains("\n  fix: run dfuse as root, or install udev\n"))
    machine.wsl = .two
    #expect(
      said(machine).contains(
        """

          fix: let systemd run in WSL, which starts it: printf '[boot]\\nsystemd=true\\n' | sudo tee \
        -a /etc/wsl.conf
          fix: then, in Windows: wsl --shutdown

        """))
  }

  @Test func `in a container neither udev nor rules nor groups are missed`() {
    var machine = usual
    machine.container = .docker
    machine.udev = .missing(starter: nil)
    machine.rules = []
    machine.user.membership = .noGroup
    #expect(said(machine) == noBoard)
  }

  @Test func `rules that are not installed are in the way of all but root`() {
    var machine = usual
    machine.rules = []
    #expect(
      said(machine) == """
        problem  rules     none for boards is installed, so only root can use a board
          fix: sudo dfuse udev install
        \(noBoard)
        """)
    machine.user.id = 0
    #expect(said(machine).hasPrefix("note     rules     none for boards"))
    // A board that can be used shows that something else gives it.
    let (other, bus) = with(Self.device(), error: nil) { $0.rules = [] }
    #expect(said(other, bus).hasPrefix("note     rules     none for boards"))
  }

  @Test func `rules of another version, switched off, or of another program`() {
    var machine = usual
    machine.rules[0].text = "# old\n"
    #expect(
      said(machine).hasPrefix(
        """
        note     rules     /etc/udev/rules.d/60-dfuse.rules is not of this version of dfuse
          fix: sudo dfuse udev install

        """))
    machine.rules[0].text = ""
    #expect(
      said(machine).hasPrefix(
        """
        problem  rules     /etc/udev/rules.d/60-dfuse.rules is empty, or a link to /dev/null: \
        switched off
          fix: if they are wanted: sudo rm /etc/udev/rules.d/60-dfuse.rules
          fix: sudo dfuse udev install

        """))
    machine.rules = [
      .init(
        path: "/lib/udev/rules.d/60-dfu-util.rules",
        text: #"ATTRS{idVendor}=="0483", ATTRS{idProduct}=="df11", TAG+="uaccess""#)
    ]
    #expect(
      said(machine).hasPrefix(
        """
        problem  rules     /lib/udev/rules.d/60-dfu-util.rules is for STM32 boards, but does not let \
        this user in; dfuse's own are not installed
          why: dfuse's are for \(KnownDevice.all.count) kinds of bootloaders
          fix: sudo dfuse udev install

        """))
    let letsIn =
      "note     rules     /lib/udev/rules.d/60-dfu-util.rules is for STM32 boards; dfuse's own are"
    machine.user.isSeated = true
    #expect(said(machine).hasPrefix(letsIn))
    machine.user.isSeated = false
    machine.rules[0].text += #", GROUP="plugdev""#
    #expect(said(machine).hasPrefix(letsIn))
    machine.user.membership = .stranger
    #expect(!said(machine).hasPrefix(letsIn))
    machine.rules[0].text += #", MODE="0666""#
    #expect(said(machine).hasPrefix(letsIn))
    #expect(results(machine, Checkup.Bus()).allSatisfy { $0.status == nil })
    #expect(
      said(machine, all: true).contains(
        "\nok       user      let in by rules that are for everyone\n"))
  }

  @Test func `rules with running boards are of this version, and name them`() {
    var machine = usual
    machine.rules[0].text = UdevRules.text(
      running: [USBID(vendorID: 0x1D50, productID: 0x614E)])
    #expect(
      said(machine, all: true).contains(
        "ok       rules     /etc/udev/rules.d/60-dfuse.rules is in place, with running boards: 1d50:614e\n"
      ))
  }

  // MARK: - The user

  @Test func `who neither sits there nor is a member is told how to become one`() {
    var machine = usual
    machine.user.membership = .stranger
    #expect(
      said(machine) == """
        problem  user      neither sits at this machine nor is a member of plugdev
          why: those two are whom the rules let in
          fix: sudo usermod -aG plugdev "$USER"
          fix: then log in again, or in this shell: newgrp plugdev
        \(noBoard)
        """)
    machine.user.membership = .joined
    #expect(
      said(machine).hasPrefix(
        """
        problem  user      a member of plugdev, but not yet in this login
          why: those two are whom the rules let in
          fix: log in again, or in this shell: newgrp plugdev

        """))
    machine.user.membership = .noGroup
    #expect(said(machine).contains("\n  fix: make the group: sudo groupadd --system plugdev\n"))
    machine.user.isSeated = true
    #expect(said(machine) == noBoard)
    machine.user = User(id: 0, membership: .noGroup)
    #expect(said(machine) == noBoard)
  }

  // MARK: - A board that is closed

  @Test func `a board that is closed for a reason above is not a second problem`() {
    let text = said(of: Self.device(.closed), error: .accessDenied) { $0.rules = [] }
    #expect(
      text == """
        problem  rules     none for boards is installed, so only root can use a board
          fix: sudo dfuse udev install
        note     boards    1-1 (0483:df11, STM32 bootloader) cannot be opened: no permission
          why: for what is said of rules above
        """)
  }

  @Test func `a board to which the rules were not applied, or which they do not name`() {
    #expect(
      said(of: Self.device(.closed), error: .accessDenied) == """
        problem  boards    1-1 (0483:df11, STM32 bootloader) cannot be opened: no permission
          why: the rules were not applied when it was plugged in
          fix: apply them: sudo dfuse udev install
        """)
    var tagged = Self.device(.closed)
    tagged.tags = ["uaccess"]
    #expect(
      said(of: tagged, error: .accessDenied).contains(
        "\n  why: /dev/bus/usb/001/005 has not got the permissions of the rules\n"))
    let other = Self.device(.closed, id: USBID(vendorID: 0x1234, productID: 0x5678))
    #expect(
      said(of: other, error: .accessDenied) == """
        problem  boards    1-1 (1234:5678) cannot be opened: no permission
          why: no rule names its ids
          fix: sudo dfuse udev install --running 1234:5678
        """)
  }

  @Test func `without udev's daemon a closed board can be lent`() {
    let text = said(of: Self.device(.closed), error: .accessDenied) { machine in
      machine.udev = .missing(starter: ["service", "udev", "start"])
      machine.devices?.append(Self.mouse)
    }
    #expect(
      text.hasSuffix(
        """
        problem  boards    1-1 (0483:df11, STM32 bootloader) cannot be opened: no permission
          why: udev's daemon does not run, and so no rule was applied
          fix: start it: sudo service udev start
          fix: or until it is plugged in again: sudo chown "$USER" /dev/bus/usb/001/005
        """))
  }

  @Test func `what a control group forbids is told from permissions`() {
    #expect(
      said(of: Self.device(.forbidden), error: .accessDenied) { $0.container = .docker } == """
        problem  boards    1-1 (0483:df11, STM32 bootloader) cannot be opened: no permission
          why: the control group of this Docker container may not use it (EPERM)
          fix: start it again with USB, on its host: docker run -v /dev/bus/usb:/dev/bus/usb \
        --device-cgroup-rule='c 189:* rmw' IMAGE
        """)
    #expect(
      said(of: Self.device(.forbidden), error: .accessDenied).hasSuffix(
        """
          why: the control group of this service may not use it (EPERM)
          fix: add to the service's unit: DeviceAllow=char-usb_device rw
        """))
  }

  @Test func `in a container, a closed node is given by its group, or to root`() {
    var device = Self.device(.closed)
    #expect(
      said(of: device, error: .accessDenied) { $0.container = .docker }.hasSuffix(
        """
          why: /dev/bus/usb/001/005 is not this user's
          fix: run dfuse as root in it
        """))
    device.node.group = 46
    #expect(
      said(of: device, error: .accessDenied) { $0.container = .docker }.hasSuffix(
        "docker run -v /dev/bus/usb:/dev/bus/usb --device-cgroup-rule='c 189:* rmw' --group-add 46 "
          + "IMAGE"))
    #expect(
      said(of: device, error: .accessDenied) { $0.container = .podman(isRootless: true) }.contains(
        "\n  fix: install the rules, on its host: sudo dfuse udev install\n"))
  }

  // MARK: - A board that is not used, or in use

  @Test func `a board that the kernel keeps away, or has no power for`() {
    var device = Self.device()
    device.isAuthorized = false
    #expect(
      said(of: device, error: .disconnected) == """
        problem  boards    1-1 (0483:df11) is kept away from everybody
          why: it has not been authorized; a program such as USBGuard decides that
          fix: let it in: echo 1 | sudo tee /sys/bus/usb/devices/1-1/authorized
        """)
    device = Self.device()
    device.isConfigured = false
    #expect(
      said(of: device, error: .disconnected) == """
        problem  boards    1-1 (0483:df11) has no configuration
          why: most often its hub has too little power for it
          fix: plug it into the computer, or into a hub with a power supply of its own
        """)
    let status = results(with(device, error: nil).0, Checkup.Bus()).compactMap(\.status)
    #expect(status == [.inputOutput])
  }

  @Test(arguments: [
    ("qemu-system-x86", "take it from the virtual machine, in its window or settings"),
    ("VirtualBoxVM", "take it from the virtual machine, in its window or settings"),
    ("fwupd", "stop that: sudo systemctl stop fwupd"),
    ("ModemManager", "stop that: sudo systemctl stop ModemManager"),
    ("dfu-util", "end that program: kill 123"),
  ])
  func `a board in use names the program, and how to end that`(name: String, fix: String) {
    var device = Self.device()
    device.holders = [.init(id: 123, name: name)]
    #expect(
      said(of: device, error: .busy) == """
        problem  boards    1-1 (0483:df11, STM32 bootloader) is in use by \(name) (process 123)
          fix: \(fix)
        """)
    #expect(
      results(with(device, error: .busy).0, with(device, error: .busy).1).compactMap(\.status)
        == [.inputOutput])
  }

  @Test func `a board in use by a program that does not show, or by a driver`() {
    #expect(
      said(of: Self.device(), error: .busy) == """
        problem  boards    1-1 (0483:df11, STM32 bootloader) is in use
          why: which program has it does not show
          fix: see as root which program has it: sudo dfuse doctor
        """)
    #expect(
      said(of: Self.device(), error: .busy) { $0.user.id = 0 }.hasSuffix(
        "\n  fix: end the program that uses it, or plug the board in again"))
    var device = Self.device()
    device.interfaces = [.init(name: "1-1:1.0", code: .init(0xFE, 1, 2), driver: "usbfs")]
    #expect(said(of: device, error: .busy).contains("(0483:df11, STM32 bootloader) is in use\n"))
    device.interfaces[0].driver = "dfu_driver"
    #expect(
      said(of: device, error: .busy) == """
        problem  boards    1-1 (0483:df11, STM32 bootloader) is held by the kernel's driver dfu_driver
          fix: take it from there: echo 1-1:1.0 | sudo tee /sys/bus/usb/drivers/dfu_driver/unbind
        """)
  }

  @Test func `other errors of a board have the words that commands have`() {
    #expect(
      said(of: Self.device(), error: .timedOut) == """
        problem  boards    1-1 (0483:df11, STM32 bootloader) does not answer
          why: it did not answer in time
          fix: plug it in again, in its bootloader; try another cable or port if that does not help
        """)
  }

  // MARK: - Programs and the log

  private func running(_ names: String...) -> MachineFacts {
    var machine = usual
    machine.programs = names.enumerated().map { .init(id: Int32($0.offset), name: $0.element) }
    return machine
  }

  /// A flight controller that runs its firmware.
  private func betaflight() throws -> PluggedDevice {
    let source = try BoardSource.simulated(
      ["stm32f405"], faults: [], application: .betaflight, changes: false)
    return try #require(try source.pluggedDevices().first)
  }

  @Test func `ModemManager is a matter of running boards with serial ports alone`() throws {
    #expect(
      said(running("ModemManager"), all: true).contains(
        "ok       programs  ModemManager runs, and has no board's serial port to ask\n"))
    let bus = Checkup.Bus(plugged: [try betaflight()])
    let text = said(running("ModemManager"), bus)
    #expect(
      text.hasPrefix(
        """
        note     programs  ModemManager asks serial ports that come whether they are modems: 0483:5740
          why: until it is done, the way into a bootloader may be in use
          fix: have it leave them alone: sudo dfuse udev install --running 0483:5740

        """))
    #expect(text.contains("note     boards    1-1 (0483:5740, "))
    #expect(
      text.hasSuffix(
        """
        ) runs its firmware, and has a way into its bootloader
          fix: see the way: dfuse list
        """))
    var machine = running("ModemManager")
    var device = Self.device(id: USBID(vendorID: 0x0483, productID: 0x5740))
    device.isIgnoredByModemManager = true
    machine.devices?.append(device)
    #expect(!said(machine, bus).contains("ModemManager asks"))
  }

  @Test func `fwupd and virtual machines are worth a note`() {
    let text = said(running("bash", "fwupd", "qemu-system-aar"))
    #expect(
      text == """
        note     programs  fwupd runs, and opens boards for a moment when they come
          fix: if a board is in use just then: sudo systemctl stop fwupd
        note     programs  a virtual machine runs (qemu-system-aar): a board that is given to it is \
        not here
        \(noBoard)
        """)
  }

  @Test func `trouble at ports is in the way, with what to try`() {
    let log = KernelLog(
      records: "3,7,1000000,-;usb 1-1.2: device descriptor read/64, error -71\n")
    let bus = Checkup.Bus(surroundings: BusSurroundings(devices: [], log: log))
    #expect(
      said(usual, bus).hasPrefix(
        """
        problem  log       what was plugged in at 1-1.2 gave no proper answer (kernel: device \
        descriptor read/64, error -71)
          fix: try another cable, another port, no hub between

        """))
  }

  @Test func `a log that is closed is said to be`() {
    let bus = Checkup.Bus(surroundings: BusSurroundings(devices: [], log: KernelLog()))
    var machine = usual
    machine.readsLog = false
    #expect(
      said(machine, bus).hasPrefix(
        """
        note     log       the kernel's log is closed to this user: trouble at ports does not show
          fix: look as root: sudo dfuse doctor

        """))
    machine.user.id = 0
    #expect(said(machine, bus).contains("another way leads to it: dmesg | grep usb\n"))
    machine.container = .docker
    #expect(said(machine, bus).contains("see it on the container's host: sudo dmesg | grep usb\n"))
  }

  @Test func `an ST-LINK without a board is on another connector`() {
    let probe = DeviceIdentity(
      vendorID: 0x0483, productID: 0x374B, bcdDevice: 0x0100, path: "1-2", address: 9)
    let bus = Checkup.Bus(surroundings: BusSurroundings(devices: [probe], log: KernelLog()))
    #expect(
      said(usual, bus).contains(
        "\n  why: 1-2 is an ST-LINK; the bootloader is on the board's other USB connector\n"))
  }
}

extension Console {
  /// One that prints nothing, and is no terminal.
  fileprivate static var silent: Console {
    Console(
      writeOutput: { _ in }, writeError: { _ in }, outputIsTerminal: false, errorIsTerminal: false,
      width: 80)
  }
}
