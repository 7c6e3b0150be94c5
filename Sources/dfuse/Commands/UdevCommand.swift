import ArgumentParser
import DfuseDevice
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The udev rules that let people flash boards without being root.
///
/// `udev/60-dfuse.rules` in the repository is the same text, for packagers; a test compares them.
enum UdevRules {
  /// The file's name; its number has to stay below 73, where udev gives the seated user the devices
  /// tagged `uaccess`.
  static let fileName = "60-dfuse.rules"

  /// The whole file.
  static var text: String { header + KnownDevice.all.map(rule).joined() }

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
    let id = device.id.description.split(separator: ":")
    let match = #"ATTR{idVendor}=="\#(id[0])", ATTR{idProduct}=="\#(id[1])""#
    return """

      # \(device.name)
      SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", \(match), \
      MODE="0660", GROUP="plugdev", TAG+="uaccess"

      """
  }
}

/// Where the rules are kept, in the system or below a packager's folder.
struct UdevPlace {
  /// A folder that stands for `/`, or nil for the system itself.
  var root: String?

  /// The folder of the rules.
  var folder: String {
    let root = root.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 } ?? ""
    return root + "/etc/udev/rules.d"
  }

  /// The file.
  var file: String { folder + "/" + UdevRules.fileName }

  /// Writes the rules, unless they are there.
  ///
  /// - Returns: Whether they were not.
  /// - Throws: A failure with status 73 or 74.
  func write(console: Console) throws(Failure) -> Bool {
    let text = Array(UdevRules.text.utf8)
    if FileFacts.of(file) != nil, (try? InputFile(name: file).read()) == text { return false }
    try OutputFile(name: file).write(text, console: console)
    return true
  }

  /// Takes the rules away.
  ///
  /// - Returns: Whether they were there.
  /// - Throws: A failure with status 74.
  func remove() throws(Failure) -> Bool {
    guard unsafe unlink(file) != 0 else { return true }
    let error = Errno(rawValue: errno)
    if error == .noSuchFileOrDirectory { return false }
    throw Failure(.inputOutput, "cannot remove \(file.visible): \(error)")
  }

  /// Lets udev read its rules again, and apply them to what is plugged in.
  ///
  /// - Returns: Whether udev did both.
  func apply(_ host: Host) -> Bool {
    let reload = host.runTool(["udevadm", "control", "--reload"])
    let trigger = host.runTool([
      "udevadm", "trigger", "--action=add", "--subsystem-match=usb",
    ])
    // The permissions are there when the events have been worked off.
    _ = host.runTool(["udevadm", "settle", "--timeout=5"])
    return reload == .ended(0) && trigger == .ended(0)
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
  /// - Throws: A failure with status 77 for what only root may do, with the line that does it.
  func begin(
    _ host: Host, _ command: Suggestion.Kind
  ) throws(Failure) -> (Host, UdevPlace) {
    let place = UdevPlace(root: root)
    guard root != nil || host.isRoot else {
      throw Failure(
        .noPermission, "\(place.folder) can be changed by root only",
        fix: "\(Suggestion(command))")
    }
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
      """
  )

  @OptionGroup var options: UdevOptions

  func run(host: Host) throws(Failure) {
    let (host, place) = try options.begin(host, .installRules)
    try Folder.make(place.folder)
    let isNew = try place.write(console: host.console)
    host.console.note(
      isNew
        ? "installed \(place.file.visible)" : "\(place.file.visible) was there already")
    guard place.root == nil else { return }
    if place.apply(host) {
      host.console.note("boards that are plugged in can be used now; if one cannot, re-plug it")
    } else {
      host.console.warn(
        "udev was not told (is udevadm there, and udev running?): plug boards in again, or restart")
    }
    host.console.note(
      "for logins over the network, and where no one sits: sudo usermod -aG plugdev USER, then "
        + "log in again")
  }
}

/// `dfuse udev uninstall`.
struct UdevUninstallCommand: HostCommand {
  static let configuration = CommandConfiguration(
    commandName: "uninstall", abstract: "Take the rules away.")

  @OptionGroup var options: UdevOptions

  func run(host: Host) throws(Failure) {
    let (host, place) = try options.begin(host, .uninstallRules)
    guard try place.remove() else {
      return host.console.note("\(place.file.visible) is not there")
    }
    host.console.note("removed \(place.file.visible)")
    if place.root == nil { _ = place.apply(host) }
  }
}
