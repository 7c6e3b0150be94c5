import DfuseDevice

extension Checkup {
  /// Each board, and what of it can be used; `rights` says what was found of the user's rights.
  func boards(rights: [CheckResult]) -> [CheckResult] {
    if let failure = bus.failure { return [CheckResult(.boards, failure: failure, machine)] }
    let running = bus.plugged.filter { device in
      RunningReport(device) != nil
        && !bus.boards.contains { $0.identity.path == device.identity.path }
    }
    let blocked = (machine?.devices ?? []).filter { device in
      (!device.isAuthorized || !device.isConfigured)
        && KnownDevice.isBootloader(device.id)
    }
    let results =
      blocked.map(kept)
      + bus.boards.filter { board in !blocked.contains { $0.path == board.identity.path } }
      .map { board($0, rights) }
      + running.map(isRunning)
    return results.isEmpty ? [none] : results
  }

  private var none: CheckResult {
    let surroundings = bus.surroundings
    let isEmpty = surroundings?.devices.isEmpty ?? false
    return CheckResult(
      .boards, .note, "none is in its bootloader",
      why: surroundings?.probeSentence
        ?? (isEmpty ? "nothing is plugged in but hubs; often the cable only charges" : nil),
      fixes: [.init("start one there (often: hold BOOT0, press reset), then", Suggestion(.list))])
  }

  private func isRunning(_ device: PluggedDevice) -> CheckResult {
    CheckResult(
      .boards, .note,
      "\(device.identity.runningName) runs its firmware, and has a way into its bootloader",
      fixes: [.init("see the way", Suggestion(.list))])
  }

  /// A device that the kernel does not use.
  private func kept(_ device: MachineFacts.Device) -> CheckResult {
    let name = "\(device.path) (\(device.id))"
    guard device.isAuthorized else {
      let file = "/sys/bus/usb/devices/\(device.path)/authorized"
      return CheckResult(
        .boards, .problem(.noPermission), "\(name) is kept away from everybody",
        why: "it has not been authorized; a program such as USBGuard decides that",
        fixes: [.init("let it in", "echo 1 | sudo tee \(file.shellWord)")])
    }
    return CheckResult(
      .boards, .problem(.inputOutput), "\(name) has no configuration",
      why: "most often its hub has too little power for it",
      fixes: [.init("plug it into the computer, or into a hub with a power supply of its own")])
  }

  private func board(_ listing: USBDeviceListing, _ rights: [CheckResult]) -> CheckResult {
    let identity = listing.identity
    let known = KnownDevice.of(identity)?.name
    let name = "\(identity.path) (\(identity.usbID)\(known.map { ", \($0)" } ?? ""))"
    let device = machine?.device(at: identity.path)
    switch listing.openError {
    case nil:
      let speed = device?.speed.map { ", \($0) Mbit/s" } ?? ""
      let place = identity.path.contains(".") ? ", behind a hub" : ""
      return CheckResult(.boards, "\(name) can be used\(speed)\(place)")
    case .accessDenied?: return closed(name, identity, device, rights)
    case .busy?: return held(name, device)
    case .noNode?, .disconnected?:
      guard let device, device.node.state != .open, let machine else { break }
      return CheckResult(
        .boards, .problem(.noPermission),
        device.node.state == .stale
          ? "\(name) cannot be opened: \(device.node.path) is that of another device"
          : "\(name) cannot be opened: \(device.node.path) is missing",
        why: machine.container.map {
          "\($0.words) has only the nodes that were passed to it when it was started"
        } ?? Self.otherDev,
        fixes: Self.passingUSB(to: machine))
    default: break
    }
    let error = listing.openError ?? .disconnected
    return CheckResult(.boards, failure: Failure(device: error, at: name))
  }

  // MARK: - No permission

  private func closed(
    _ name: String, _ identity: DeviceIdentity, _ device: MachineFacts.Device?,
    _ rights: [CheckResult]
  ) -> CheckResult {
    let what = "\(name) cannot be opened: no permission"
    func problem(_ why: String?, _ fixes: [CheckResult.Fix]) -> CheckResult {
      CheckResult(.boards, .problem(.noPermission), what, why: why, fixes: fixes)
    }
    if device?.node.state == .forbidden {
      return problem(
        "the control group of \(machine?.container?.words ?? "this service") may not use it (EPERM)",
        machine?.container?.passingUSB
          ?? [.init("add to the service's unit: DeviceAllow=char-usb_device rw")])
    }
    if let device, let container = machine?.container {
      return problem(
        "\(device.node.path) is not this user's", container.lettingIn(to: device.node))
    }
    if let cause = rights.first(where: { $0.status != nil }) {
      return CheckResult(
        .boards, .note, what, why: "for what is said of \(cause.check.rawValue) above")
    }
    guard let machine, let device else {
      return CheckResult(.boards, failure: Failure(device: .accessDenied, at: name))
    }
    if machine.udev != .running {
      return problem(
        "udev's daemon does not run, and so no rule was applied",
        startingUdev(machine) + [
          .init("or until it is plugged in again", "sudo chown \"$USER\" \(device.node.path)")
        ])
    }
    let covered = KnownDevice.all.map(\.id) + UdevRules.running(in: machine.ownRules?.text ?? "")
    guard covered.contains(identity.usbID) else {
      return problem(
        "no rule names its ids",
        [.init(nil, Suggestion(.installRules, ["--running", "\(identity.usbID)"]))])
    }
    return problem(
      device.tags.contains("uaccess")
        ? "\(device.node.path) has not got the permissions of the rules"
        : "the rules were not applied when it was plugged in",
      [.init("apply them", Suggestion(.installRules))])
  }

  // MARK: - In use

  private func held(_ name: String, _ device: MachineFacts.Device?) -> CheckResult {
    func problem(_ what: String, why: String? = nil, _ fix: CheckResult.Fix) -> CheckResult {
      CheckResult(.boards, .problem(.inputOutput), what, why: why, fixes: [fix])
    }
    let isRoot = machine?.user.isRoot ?? false
    if let interface = device?.interfaces.first(where: { $0.isDFU && $0.hasKernelDriver }),
      let driver = interface.driver
    {
      let file = "/sys/bus/usb/drivers/\(driver)/unbind"
      return problem(
        "\(name) is held by the kernel's driver \(driver.visible)",
        .init(
          "take it from there",
          "echo \(interface.name.shellWord) | sudo tee \(file.shellWord)"))
    }
    guard let holder = device?.holders.first else {
      return problem(
        "\(name) is in use", why: "which program has it does not show",
        machine == nil || isRoot
          ? .init("end the program that uses it, or plug the board in again")
          : .init("see as root which program has it", "\(Suggestion(.doctor).asRoot)"))
    }
    let what = "\(name) is in use by \(holder.name.visible) (process \(holder.id))"
    switch BoardTaker(holder) {
    case .virtualMachine:
      return problem(what, .init("take it from the virtual machine, in its window or settings"))
    case .fwupd: return problem(what, .init("stop that", "sudo systemctl stop fwupd"))
    case .modemManager:
      return problem(what, .init("stop that", "sudo systemctl stop ModemManager"))
    case nil:
      return problem(what, .init("end that program", (isRoot ? "sudo " : "") + "kill \(holder.id)"))
    }
  }
}

extension CheckResult {
  /// A bus that cannot be asked, on a machine that has USB, or where that is not known.
  fileprivate init(_ check: Check, failure: Failure, _ machine: MachineFacts?) {
    guard machine != nil else {
      self.init(check, failure: failure)
      return
    }
    self.init(
      check, .problem(failure.status),
      "libusb lists no device, though the kernel has some",
      fixes: [Fix("see what libusb says of it", "LIBUSB_DEBUG=4 \(Suggestion(.list))")])
  }

  /// A failure as a problem.
  fileprivate init(_ check: Check, failure: Failure) {
    self.init(
      check, .problem(failure.status), failure.what, why: failure.why,
      fixes: failure.fix.map { [Fix($0.replacing(Failure.seeDoctor, with: ""))] } ?? [])
  }
}

extension MachineFacts.Interface {
  /// Whether a driver has it; `usbfs` stands for a program.
  fileprivate var hasKernelDriver: Bool { driver.map { $0 != "usbfs" } ?? false }
}

extension MachineFacts.Container {
  /// How its user gets a node that belongs to somebody else.
  fileprivate func lettingIn(to node: MachineFacts.Node) -> [CheckResult.Fix] {
    let start = "start it again, on its host"
    let volume = "-v /dev/bus/usb:/dev/bus/usb"
    let group = node.group.flatMap { $0 == 0 ? nil : $0 }
    switch (self, group) {
    case (.podman(isRootless: true), _):
      return [
        .init("install the rules, on its host", Suggestion(.installRules).elsewhere),
        .init(
          "then start it again, on its host", "podman run \(volume) --group-add keep-groups IMAGE"),
      ]
    case (.docker, let group?), (.podman, let group?):
      let program = self == .docker ? "docker" : "podman"
      return [
        .init(
          start,
          "\(program) run \(volume) --device-cgroup-rule='c 189:* rmw' --group-add \(group) IMAGE")
      ]
    default: return [.init("run dfuse as root in it")]
    }
  }
}
