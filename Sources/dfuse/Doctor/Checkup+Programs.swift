import DfuseDevice

/// A program that is known to take boards, by the name that the kernel shows of it.
enum BoardTaker: Equatable {
  /// Asks new serial ports whether they are modems.
  case modemManager
  /// Opens new devices with a DFU interface, to see whether it has firmware for them.
  case fwupd
  /// Takes devices that were given to it.
  case virtualMachine

  /// Nil for any other program.
  ///
  /// The kernel cuts names to 15 characters.
  init?(_ program: SerialError.ProcessName) {
    switch program.name {
    case "ModemManager": self = .modemManager
    case "fwupd": self = .fwupd
    case "VBoxHeadless", "VirtualBoxVM", "vmware-vmx", "qemu-kvm": self = .virtualMachine
    case let name where name.hasPrefix("qemu-system"): self = .virtualMachine
    default: return nil
    }
  }
}

extension Checkup {
  /// The programs that take boards, as far as they are seen to run.
  func programs(_ machine: MachineFacts) -> [CheckResult] {
    var results: [CheckResult] = []
    let takers = machine.programs.map { (program: $0, kind: BoardTaker($0)) }
    if takers.contains(where: { $0.kind == .modemManager }) {
      results.append(modemManager(machine))
    }
    if takers.contains(where: { $0.kind == .fwupd }) {
      results.append(
        CheckResult(
          .programs, .note, "fwupd runs, and opens boards for a moment when they come",
          fixes: [.init("if a board is in use just then", "sudo systemctl stop fwupd")]))
    }
    if let (program, _) = takers.first(where: { $0.kind == .virtualMachine }) {
      results.append(
        CheckResult(
          .programs, .note,
          "a virtual machine runs (\(program.name.visible)): a board that is given to it is not here"
        ))
    }
    guard results.isEmpty else { return results }
    return [
      CheckResult(
        .programs, "none is seen that takes boards (ModemManager, fwupd, virtual machines)")
    ]
  }

  /// It leaves bootloaders alone, which have no serial port.
  private func modemManager(_ machine: MachineFacts) -> CheckResult {
    let ids = bus.plugged.filter { device in
      RunningReport(device) != nil && !device.serialPorts.isEmpty
        && machine.device(at: device.identity.path)?.isIgnoredByModemManager != true
    }.map { "\($0.identity.usbID)" }
    guard !ids.isEmpty else {
      return CheckResult(.programs, "ModemManager runs, and has no board's serial port to ask")
    }
    let names = Set(ids).sorted()
    return CheckResult(
      .programs, .note,
      "ModemManager asks serial ports that come whether they are modems: \(names.joined(separator: ", "))",
      why: "until it is done, the way into a bootloader may be in use",
      fixes: [
        .init(
          "have it leave them alone",
          Suggestion(.installRules, names.flatMap { ["--running", $0] }))
      ])
  }

  /// What the kernel's log says of ports.
  var log: [CheckResult] {
    guard let surroundings = bus.surroundings else { return [] }
    if !surroundings.troubles.isEmpty {
      return [
        CheckResult(
          .log, .problem(.noBoard), surroundings.troubleSentences.joined(separator: "; "),
          fixes: [.init(surroundings.remedy)])
      ]
    }
    guard let machine else { return [] }
    guard !machine.readsLog else {
      return [CheckResult(.log, "the kernel tells of no trouble at a port in the last minute")]
    }
    return [
      CheckResult(
        .log, .note, "the kernel's log is closed to this user: trouble at ports does not show",
        fixes: [
          machine.container != nil
            ? .init("see it on the container's host", "sudo dmesg | grep usb")
            : machine.user.isRoot
              ? .init("see whether another way leads to it", "dmesg | grep usb")
              : .init("look as root", Suggestion(.doctor).asRoot)
        ])
    ]
  }

  /// The library below.
  var library: CheckResult {
    var text = "version \(version)"
    if let machine, let loadsUdev = machine.loadsUdev {
      text += loadsUdev ? ", built with udev" : ", built without udev"
    }
    if bus.tellsOfChanges == false {
      text += "; it does not tell of boards that come, so dfuse looks"
    }
    return CheckResult(.libusb, text)
  }
}
