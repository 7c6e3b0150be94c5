import ArgumentParser

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

  @Option(help: ArgumentHelp("Write below this folder.", valueName: "dir"), completion: .directory)
  var root: String?
  @Flag(name: [.short, .long], help: "Print nothing but errors.")
  var quiet = false

  func run(host: Host) throws(Failure) {
    let host = host.quiet(quiet)
    let place = UdevPlace(root: root)
    try place.requirePermission(host, command: "install")
    try Folder.make(place.folder)
    let isNew = try place.write(console: host.console)
    host.console.note(
      isNew
        ? "installed \(place.file.visible)" : "\(place.file.visible) was there already")
    guard root == nil else { return }
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

  @Option(help: ArgumentHelp("Below this folder.", valueName: "dir"), completion: .directory)
  var root: String?
  @Flag(name: [.short, .long], help: "Print nothing but errors.")
  var quiet = false

  func run(host: Host) throws(Failure) {
    let host = host.quiet(quiet)
    let place = UdevPlace(root: root)
    try place.requirePermission(host, command: "uninstall")
    guard try place.remove() else {
      return host.console.note("\(place.file.visible) is not there")
    }
    host.console.note("removed \(place.file.visible)")
    if root == nil { _ = place.apply(host) }
  }
}
