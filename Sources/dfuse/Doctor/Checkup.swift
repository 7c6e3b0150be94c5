import DfuseDevice

/// Judges what a machine shows: what of it is in the way of boards, and what to do.
///
/// Pure: the facts are gathered before.
struct Checkup {
  /// What a bus shows, as far as it could be asked.
  struct Bus {
    /// Why it could not.
    var failure: Failure?
    /// Devices with a DFU interface.
    var devices: [USBDeviceListing] = []
    /// All devices but hubs.
    var plugged: [PluggedDevice] = []
    /// All devices, and the ports with trouble.
    var surroundings: BusSurroundings?
    /// Whether it tells of devices that come; nil where that is not known.
    var tellsOfChanges: Bool?

    /// Those in their bootloader.
    var boards: [USBDeviceListing] { devices.filter { $0.board != nil } }
  }

  /// What the machine shows; nil on other systems than Linux.
  var machine: MachineFacts?
  var bus: Bus
  /// The version of libusb.
  var version: String

  /// An answer to each question, in their order; questions that make no sense here are left out.
  var results: [CheckResult] {
    guard let machine else { return boards(rights: []) + [library] }
    let usb = usb(machine)
    guard usb.status == nil else { return [usb, library] }
    let nodes = nodes(machine)
    guard nodes.status == nil else { return [usb, nodes, library] }
    let rights = rights(machine)
    return [usb, nodes] + rights + programs(machine) + log + boards(rights: rights) + [library]
  }

  // MARK: - USB

  private func usb(_ machine: MachineFacts) -> CheckResult {
    if let devices = machine.devices {
      let buses = devices.count { $0.path.hasPrefix("usb") }
      let others = devices.count { !$0.isHub }
      return CheckResult(
        .usb, "\(buses == 1 ? "1 bus" : "\(buses) buses"), \(others.counted("device")) besides hubs"
      )
    }
    if machine.hasNodes {
      return CheckResult(
        .usb, .note, "/sys/bus/usb/devices is not there; the nodes in /dev/bus/usb are",
        why: "what drives a device, and who may use it, does not show without the former")
    }
    func problem(_ what: String, why: String, fixes: [CheckResult.Fix]) -> CheckResult {
      CheckResult(.usb, .problem(.noBoard), what, why: why, fixes: fixes)
    }
    switch (machine.wsl, machine.container) {
    case (.one, _):
      return problem(
        "no USB: this is WSL 1", why: "only WSL 2 has a kernel to which devices can be attached",
        fixes: [.init("in Windows", "wsl --set-version DISTRIBUTION 2")])
    case (.two, _):
      return problem(
        "no USB in WSL: no device is attached", why: "Windows keeps its devices until it is told",
        fixes: Self.attachToWSL)
    case (nil, let container?):
      return problem(
        "no USB: the kernel shows no bus",
        why: "\(container.words) has those of its host, which has none, or hides /sys/bus/usb",
        fixes: [
          .init("see on its host whether there is any", "ls /sys/bus/usb/devices"), Self.simulate,
        ])
    case (nil, nil):
      return problem(
        "no USB: the kernel shows no bus",
        why: "no USB controller is there, or the driver of none is loaded",
        fixes: [
          .init("load the usual one", "sudo modprobe xhci_pci"),
          .init("in a virtual machine, add a USB controller in its settings"),
          .init("in a container that does not show that it is one, pass /dev/bus/usb through"),
          Self.simulate,
        ])
    }
  }

  private static let simulate = CheckResult.Fix("without a board, say --simulate stm32f405")

  // Syntax of usbipd-win 4 and later; Microsoft, "Connect USB devices" to WSL.
  private static let attachToWSL: [CheckResult.Fix] = [
    .init("in Windows, install what attaches devices", "winget install usbipd"),
    .init("in Windows, find the board's BUSID", "usbipd list"),
    .init("in Windows, as administrator, once for each board", "usbipd bind --busid BUSID"),
    .init(
      "in Windows, for as long as it is used", "usbipd attach --wsl --auto-attach --busid BUSID"),
  ]

  // MARK: - Nodes

  private func nodes(_ machine: MachineFacts) -> CheckResult {
    guard machine.hasNodes else {
      return CheckResult(
        .nodes, .problem(.noBoard), "/dev/bus/usb is missing or empty: no device can be opened",
        why: machine.container.map { "it was not passed to \($0.words)" } ?? Self.otherDev,
        fixes: Self.passingUSB(to: machine))
    }
    let isThere = CheckResult(.nodes, "/dev/bus/usb is there")
    guard let devices = machine.devices else { return isThere }
    let all = devices.filter { !$0.isHub && [.missing, .stale].contains($0.node.state) }
    guard !all.isEmpty else {
      return CheckResult(.nodes, "each device has its node in /dev/bus/usb")
    }
    // Boards have answers of their own.
    let told = Set(bus.boards.map(\.identity.path))
    let without = all.filter { !told.contains($0.path) }
    guard !without.isEmpty else { return isThere }
    let names = without.map { "\($0.path) (\($0.id))" }.joined(separator: ", ")
    let hasBoard = without.contains { KnownDevice.isBootloader($0.id) }
    return CheckResult(
      .nodes, hasBoard ? .problem(.noPermission) : .note, "no node for \(names)",
      why: machine.container.map {
        "\($0.words) has nodes that were there when it was started; a board that comes gets none"
      } ?? Self.otherDev,
      fixes: Self.passingUSB(to: machine))
  }

  /// Why nodes are missing outside of containers.
  static let otherDev = "/dev is not the system's own here, as in a chroot"

  /// How nodes come to where they are missing.
  static func passingUSB(to machine: MachineFacts) -> [CheckResult.Fix] {
    machine.container?.passingUSB
      ?? [.init("from outside of the chroot", "sudo mount --rbind /dev CHROOT/dev")]
  }

  // MARK: - Who may

  /// What stands between this user and a node.
  private func rights(_ machine: MachineFacts) -> [CheckResult] {
    let udev = udev(machine)
    // Without udev there is nobody to go by rules; once it runs, they are the next step.
    if machine.container == nil, machine.udev == .missing(starter: nil), machine.wsl == nil {
      return [udev]
    }
    let others = [rules(machine), user(machine)].compactMap { $0 }
    guard udev.status != nil else { return [udev] + others }
    return [udev]
      + others.map { result in
        var result = result
        if result.status != nil { result.verdict = .note }
        return result
      }
  }

  /// Whether a right that is missing would be in the way: not of root, nor where each board is open.
  private func needsRights(_ machine: MachineFacts) -> Bool {
    let boards = bus.boards
    guard !machine.user.isRoot else { return false }
    return boards.isEmpty || boards.contains { $0.openError == .accessDenied }
  }

  /// How udev's daemon is brought to run.
  func startingUdev(_ machine: MachineFacts) -> [CheckResult.Fix] {
    guard case .missing(let starter) = machine.udev else { return [] }
    if let starter { return [.init("start it", (["sudo"] + starter).shellLine)] }
    guard machine.wsl != nil else { return [.init("run dfuse as root, or install udev")] }
    return [
      .init(
        "let systemd run in WSL, which starts it",
        #"printf '[boot]\nsystemd=true\n' | sudo tee -a /etc/wsl.conf"#),
      .init("then, in Windows", "wsl --shutdown"),
    ]
  }

  private func udev(_ machine: MachineFacts) -> CheckResult {
    guard machine.udev != .running else { return CheckResult(.udev, "its daemon runs") }
    if machine.container != nil {
      return CheckResult(
        .udev,
        "not here, as in most containers: the host's permissions hold, and waits do not need it")
    }
    let isOpen = (machine.devices ?? []).contains { $0.node.state == .open }
    let fixes = startingUdev(machine)
    guard needsRights(machine), !isOpen else {
      return CheckResult(
        .udev, .note, "its daemon does not run; waits do not need it",
        why: "what is plugged in keeps the kernel's permissions: root's, mostly",
        fixes: machine.user.isRoot ? [] : fixes)
    }
    return CheckResult(
      .udev, .problem(.noPermission), "its daemon does not run, so every device is root's alone",
      why: "no rule is applied to what is plugged in", fixes: fixes)
  }

  private func rules(_ machine: MachineFacts) -> CheckResult? {
    guard machine.container == nil else { return nil }
    let install = CheckResult.Fix(nil, Suggestion(.installRules))
    let verdict: CheckResult.Verdict = needsRights(machine) ? .problem(.noPermission) : .note
    guard let own = machine.ownRules else {
      let others = machine.rules.filter { !$0.rules(for: .stBootloader).isEmpty }
      if let other = others.first(where: { $0.letsIn(machine.user) }) ?? others.first {
        let letsIn = other.letsIn(machine.user)
        return CheckResult(
          .rules, letsIn ? .note : verdict,
          "\(other.path.visible) is for STM32 boards\(letsIn ? "" : ", but does not let this user in")"
            + "; dfuse's own are not installed",
          why: "dfuse's are for \(KnownDevice.all.count) kinds of bootloaders", fixes: [install])
      }
      return CheckResult(
        .rules, verdict, "none for boards is installed, so only root can use a board",
        fixes: [install])
    }
    if own.text.isEmpty {
      return CheckResult(
        .rules, verdict, "\(own.path.visible) is empty, or a link to /dev/null: switched off",
        fixes: [
          .init("if they are wanted", ["sudo", "rm", own.path].shellLine), install,
        ])
    }
    let running = UdevRules.running(in: own.text)
    guard own.text == UdevRules.text(running: running) else {
      return CheckResult(
        .rules, .note, "\(own.path.visible) is not of this version of dfuse", fixes: [install])
    }
    let added = running.map(\.description).joined(separator: ", ")
    return CheckResult(
      .rules,
      "\(own.path.visible) is in place" + (added.isEmpty ? "" : ", with running boards: \(added)"))
  }

  private func user(_ machine: MachineFacts) -> CheckResult? {
    let group = UdevRules.group
    guard machine.container == nil else { return nil }
    if machine.user.isRoot { return CheckResult(.user, "root, who needs no rules") }
    if machine.user.membership == .member {
      return CheckResult(.user, "a member of \(group), whom the rules let in")
    }
    if machine.user.isSeated == true {
      return CheckResult(.user, "sits at this machine, and so is let in by the rules")
    }
    if machine.rules.contains(where: { $0.letsIn(machine.user) }) {
      return CheckResult(.user, "let in by rules that are for everyone")
    }
    return CheckResult(
      .user, needsRights(machine) ? .problem(.noPermission) : .note,
      machine.user.membership == .joined
        ? "a member of \(group), but not yet in this login"
        : "neither sits at this machine nor is a member of \(group)",
      why: "those two are whom the rules let in", fixes: machine.user.membership.fixes)
  }
}

extension MachineFacts {
  /// dfuse's own file of rules.
  var ownRules: RulesFile? {
    rules.first { $0.path.hasSuffix("/\(UdevRules.fileName)") }
  }
}

extension MachineFacts.RulesFile {
  /// Whether a rule, of another program's as well, lets a user use ST's bootloader, as far as it is plain.
  fileprivate func letsIn(_ user: MachineFacts.User) -> Bool {
    user.isRoot
      || rules(for: .stBootloader).contains { rule in
        rule.contains("\"0666\"") || user.isSeated == true && rule.contains("uaccess")
          || user.membership == .member && rule.contains("\"\(UdevRules.group)\"")
      }
  }
}

extension MachineFacts.User.Membership {
  /// How to become a member.
  fileprivate var fixes: [CheckResult.Fix] {
    let join = CheckResult.Fix(nil, "sudo usermod -aG \(UdevRules.group) \"$USER\"")
    let enter = CheckResult.Fix("then log in again, or in this shell", "newgrp \(UdevRules.group)")
    return switch self {
    case .member: []
    case .joined: [.init("log in again, or in this shell", "newgrp \(UdevRules.group)")]
    case .stranger: [join, enter]
    case .noGroup:
      [
        .init("make the group", "sudo groupadd --system \(UdevRules.group)"), join,
        .init("let udev learn of it", Suggestion(.installRules)), enter,
      ]
    }
  }
}

extension MachineFacts.Container {
  /// What it is, in a sentence.
  var words: String {
    switch self {
    case .docker: "this Docker container"
    case .podman: "this Podman container"
    case .lxc: "this LXC container"
    case .kubernetes: "this pod"
    case .other(let name): "this container (\(name.visible))"
    }
  }

  /// How USB is passed to it: the whole folder, since a board gets another node each time it comes,
  /// and the right to use what has USB's major number.
  var passingUSB: [CheckResult.Fix] {
    let start = "start it again with USB, on its host"
    let folder = "-v /dev/bus/usb:/dev/bus/usb"
    let rule = "--device-cgroup-rule='c 189:* rmw'"
    return switch self {
    case .docker: [.init(start, "docker run \(folder) \(rule) IMAGE")]
    case .podman(isRootless: false): [.init(start, "podman run \(folder) \(rule) IMAGE")]
    // It has no such rules to set (podman#18698), and the groups of whoever starts it.
    case .podman(isRootless: true):
      [.init(start, "podman run \(folder) --group-add keep-groups IMAGE")]
    case .lxc:
      [
        .init("add to its configuration on its host: lxc.cgroup2.devices.allow = c 189:* rwm"),
        .init(
          "and: lxc.mount.entry = /dev/bus/usb dev/bus/usb none bind,optional,create=dir"),
      ]
    case .kubernetes:
      [.init("run it privileged, with /dev/bus/usb of its node as a hostPath volume")]
    case .other("systemd-nspawn"):
      [
        .init(
          start,
          "sudo systemd-nspawn --bind=/dev/bus/usb --property='DeviceAllow=char-usb_device rwm' "
            + "-D FOLDER")
      ]
    case .other:
      [
        .init(
          "pass all of /dev/bus/usb to it, and let it use character devices of major number 189")
      ]
    }
  }
}
