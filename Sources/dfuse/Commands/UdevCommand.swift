import ArgumentParser
import DfuseDevice

/// The udev rules that let people flash boards without being root.
///
/// `udev/60-dfuse.rules` in the repository is the same text, for packagers; a test compares them.
enum UdevRules {
  /// The file's name; its number has to stay below 73, where udev gives the seated user the devices
  /// tagged `uaccess`.
  static let fileName = "60-dfuse.rules"

  /// The group whose members the rules let in, beside whoever sits at the machine.
  static let group = "plugdev"

  /// The whole file, for bootloaders alone.
  static var text: String { text(running: []) }

  /// The whole file, with rules for running devices that somebody has asked for.
  static func text(running ids: [USBID]) -> String {
    header + KnownDevice.all.map(rule).joined() + ids.map(rules(running:)).joined()
  }

  /// The running devices for which a file of ours has rules.
  static func running(in text: String) -> [USBID] {
    text.split(separator: "\n").compactMap { line in
      guard line.hasPrefix(runningMark) else { return nil }
      let pattern = DeviceOptions.pattern(String(line.dropFirst(runningMark.count)))
      return pattern.flatMap(USBID.init)
    }
  }

  private static let header = """
    # Boards in DFU mode, for people who are not root. Part of dfuse.
    #
    # "uaccess" gives a board to whoever sits at the machine; the group plugdev gives it to logins
    # over the network, to containers and to build servers. Where there is no such group, udev says
    # so in its log and leaves that part out; the rest of the rule works.
    #
    # To install by hand, and to apply to boards already plugged in:
    #   sudo cp 60-dfuse.rules /etc/udev/rules.d/
    #   sudo udevadm control --reload
    #   sudo udevadm trigger --subsystem-match=usb
    # The number in the name has to stay below 73.

    """

  private static func rule(_ device: KnownDevice) -> String {
    """

    # \(device.name)
    SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", \(match("ATTR", device.id)), \
    MODE="0660", GROUP="\(group)", TAG+="uaccess"

    """
  }

  /// What begins the line above the rules of a running device; its ids follow.
  private static let runningMark = "# Running device "

  /// The device itself and its serial port, which ModemManager has to leave alone.
  ///
  /// The port stays its group's, dialout or uucp: a program that runs as a member has it open maybe.
  private static func rules(running id: USBID) -> String {
    """

    \(runningMark)\(id)
    SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", \(match("ATTR", id)), \
    MODE="0660", GROUP="\(group)", TAG+="uaccess", ENV{ID_MM_DEVICE_IGNORE}="1"
    SUBSYSTEM=="tty", \(match("ATTRS", id)), MODE="0660", TAG+="uaccess", \
    ENV{ID_MM_DEVICE_IGNORE}="1", ENV{ID_MM_PORT_IGNORE}="1"

    """
  }

  private static func match(_ key: String, _ id: USBID) -> String {
    let id = id.description.split(separator: ":")
    return #"\#(key){idVendor}=="\#(id[0])", \#(key){idProduct}=="\#(id[1])""#
  }
}

/// Whether the boards that are plugged in can be used, now that udev has the rules.
struct UdevAccess {
  let host: Host
  /// The ids that were added to those of bootloaders.
  let running: [USBID]

  /// Says it of each board.
  func tell() {
    let boards = ((try? host.openBus().devices()) ?? []).compactMap(\.board)
    for board in boards { tell(board.identity) }
    if boards.isEmpty {
      host.console.note(
        "no board in its bootloader is plugged in; the next one can be used at once")
    }
  }

  private func tell(_ identity: DeviceIdentity) {
    let name = "\(identity.path) (\(identity.usbID))"
    let node = Self.node(of: identity)
    guard (KnownDevice.all.map(\.id) + running).contains(identity.usbID) else {
      return host.console.warn("\(name) stays closed: the rules do not name its ids")
    }
    guard let mode = FileFacts.of(host.systemFolder + node)?.mode else {
      return host.console.warn("\(name) cannot be used: its node \(node) is missing")
    }
    // The system knows all the ways to be let in: owner, groups, and the access list of the seat.
    let user = host.invokingUser ?? ""
    let test = ["runuser", "-u", user, "--", "test", "-w", node]
    switch user.isEmpty ? .missing : host.runTool(test) {
    case .ended(0): host.console.note("\(name) can be used by \(user.visible)")
    case .ended(1):
      host.console.warn(
        "\(name) cannot be used by \(user.visible) yet: plug it in again, or join the group plugdev"
      )
    // No one to ask for: what is seen is whether udev has worked.
    case .ended, .missing:
      if mode & 0o777 == 0o660 || mode & 0o006 == 0o006 {
        host.console.note("\(name): its node has the permissions of the rules")
      } else {
        host.console.warn(
          "\(name): its node has not got the permissions of the rules; plug it in again")
      }
    }
  }

  /// The file by which a device is opened.
  static func node(of identity: DeviceIdentity) -> String {
    let bus = identity.path.prefix { $0.isNumber }
    let numbers = [String(bus), "\(identity.address)"].map {
      $0.rightAligned(to: 3, with: "0")
    }
    return "/dev/bus/usb/" + numbers.joined(separator: "/")
  }
}

/// `dfuse udev`.
struct UdevCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "udev",
    abstract: "Let people flash boards without being root (Linux).",
    discussion: """
      The rules give boards in their bootloader to whoever sits at the machine, and to the group \
      plugdev.
      """,
    subcommands: [UdevInstallCommand.self, UdevUninstallCommand.self, UdevPrintCommand.self]
  )
}

/// What the commands take that change the rules.
struct UdevOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Work below this folder instead of /.", valueName: "dir"),
    completion: .directory)
  var root: String?
  @Flag(name: [.short, .long], help: "Print nothing but errors.")
  var quiet = false

  /// The host and the place of the rules.
  ///
  /// - Throws: A failure with status 64 for a folder without a name, 73 for rules that are switched
  ///   off or would lie elsewhere, 77 for what only root may do, with the line that does it.
  func begin(
    _ host: Host, _ command: Suggestion.Kind
  ) throws(Failure) -> (Host, UdevPlace) {
    guard root != "" else {
      throw Failure(
        .usage, "--root is empty: that would be the system itself",
        why: "a variable such as $DESTDIR is not set",
        fix: "name a folder, or leave --root out")
    }
    let place = UdevPlace(root: root ?? host.systemFolder, isPackage: root != nil)
    guard root != nil || host.isRoot else {
      throw Failure(
        .noPermission, "\(place.folder) can be changed by root only",
        fix: "\(Suggestion(command))")
    }
    try place.requireOwnFolder()
    try place.requireUnmasked()
    return (host.quiet(quiet), place)
  }
}

/// `dfuse udev print`.
struct UdevPrintCommand: DfuseCommand {
  static let configuration = CommandConfiguration(
    commandName: "print", abstract: "Print the rules.")

  func run(console: Console) throws(Failure) {
    try console.writeOutput(Array(UdevRules.text.utf8))
  }
}

/// `dfuse udev install`.
struct UdevInstallCommand: HostCommand {
  static let configuration = CommandConfiguration(
    commandName: "install",
    abstract: "Put the rules in place and apply them.",
    discussion: """
      Writes /etc/udev/rules.d/60-dfuse.rules and applies it to what is plugged in. With --root, \
      for packagers, only the file is written, below that folder.

      A board that runs its firmware has other ids, which --running adds, for the board and its \
      serial port. They stay when the rules are installed again; --running none takes them out.

      A link in the place of the file is not followed: it stays if it leads to these rules, and \
      gives way to a file if it leads to another file, which is left as it is. What is no file, \
      and a link to that or to nothing, is refused, as is a folder that a link takes out of --root.
      """
  )

  @Option(
    help: ArgumentHelp(
      "Also for a running device with these USB ids; repeatable; 'none' for no such device more.",
      valueName: "vid:pid"))
  var running: [String] = []
  @OptionGroup var options: UdevOptions

  /// The ids that are to be added; nil when all are to be taken out.
  private var added: [USBID]? {
    get throws(Failure) {
      if running == ["none"] { return nil }
      return try running.map { text throws(Failure) in
        if let id = DeviceOptions.pattern(text).flatMap(USBID.init) { return id }
        throw Failure(
          .usage, "--running '\(text.visible)' is not a pair of USB ids",
          why: text == "none" ? "'none' stands alone" : nil,
          fix: "write vendor and product in hexadecimal, as 'dfuse list' shows them: "
            + "--running 1d50:614e")
      }
    }
  }

  func run(host: Host) throws(Failure) {
    let added = try added
    let (host, place) = try options.begin(host, .installRules)
    try place.requireFile()
    try Folder.make(place.folder)
    let before = place.running
    let ids = added.map { Set($0 + before).sorted { $0.description < $1.description } } ?? []
    let isNew = try place.write(UdevRules.text(running: ids), console: host.console)
    try host.console.verdict(
      isNew
        ? "installed \(place.file.visible)" : "\(place.file.visible) was there already")
    if !ids.isEmpty {
      host.console.note(
        "with rules for running devices: " + ids.map(\.description).joined(separator: ", ")
          + (before.isEmpty ? "" : "; 'dfuse udev install --running none' takes them out"))
    }
    guard options.root == nil else { return }
    if !place.apply(host, ports: !ids.isEmpty || !before.isEmpty) {
      host.console.warn(
        "udev was not told (is udevadm there, and udev running?): plug boards in again, or restart")
    }
    UdevAccess(host: host, running: ids).tell()
    let user = host.invokingUser ?? "USER"
    host.console.note(
      "for logins over the network, and where no one sits: sudo usermod -aG plugdev "
        + "\(user.shellWord), then log in again")
  }
}

/// `dfuse udev uninstall`.
struct UdevUninstallCommand: HostCommand {
  static let configuration = CommandConfiguration(
    commandName: "uninstall", abstract: "Take the rules away.")

  @OptionGroup var options: UdevOptions

  func run(host: Host) throws(Failure) {
    let (host, place) = try options.begin(host, .uninstallRules)
    let before = place.running
    guard try place.remove() else {
      return try host.console.verdict("\(place.file.visible) is not there")
    }
    try host.console.verdict("removed \(place.file.visible)")
    if options.root == nil { _ = place.apply(host, ports: !before.isEmpty) }
  }
}

extension USBID {
  /// The one id pair that a pattern fits; nil when it fits more.
  fileprivate init?(_ pattern: USBIDPattern) {
    guard let productID = pattern.productID else { return nil }
    self.init(vendorID: pattern.vendorID, productID: productID)
  }
}
