/// What a Linux machine shows of its USB, and of who may use it: found, not judged.
///
/// Nothing is opened for it, and nothing is asked of a device.
package struct MachineFacts: Hashable, Sendable {
  /// What keeps this program apart from the rest of the machine.
  package enum Container: Hashable, Sendable {
    /// Docker, and what is made of it.
    case docker
    /// Podman; `isRootless` where it was started by a plain user.
    case podman(isRootless: Bool)
    /// LXC, as Proxmox and Incus have it.
    case lxc
    /// A pod of Kubernetes.
    case kubernetes
    /// Another one, as it calls itself.
    case other(String)
  }

  /// Linux in Windows.
  package enum WSL: Hashable, Sendable {
    /// No kernel of its own, and no USB.
    case one
    /// A virtual machine, to which USB devices can be attached.
    case two
  }

  /// What becomes of the nodes of devices.
  package enum Udev: Hashable, Sendable {
    /// Its daemon runs.
    case running
    /// No daemon; `starter` is what would start one.
    case missing(starter: [String]?)
  }

  /// A USB device, as the kernel shows it.
  package struct Device: Hashable, Sendable {
    /// Its port: `1-1.3`, or `usb1` for a root hub.
    package var path: String
    /// Its ids.
    package var id: USBID
    /// Whether it is a hub, root hubs among them.
    package var isHub = false
    /// Megabits a second, as the kernel writes them: 1.5, 12, 480.
    package var speed: String?
    /// Whether the kernel may use it; not where a program such as USBGuard has said no.
    package var isAuthorized = true
    /// Whether the kernel has set its configuration; not where the hub has too little power for it.
    package var isConfigured = true
    /// Its interfaces, in the order of their names.
    package var interfaces: [Interface] = []
    /// The file by which it is opened.
    package var node: Node
    /// Programs that have that open, as far as this user is shown.
    package var holders: [SerialError.ProcessName] = []
    /// The tags that udev's rules gave it.
    package var tags: Set<String> = []
    /// Whether rules tell ModemManager to leave it alone.
    package var isIgnoredByModemManager = false

    /// Puts a device together from its facts.
    package init(path: String, id: USBID, node: Node) {
      (self.path, self.id, self.node) = (path, id, node)
    }
  }

  /// An interface of a device, and what drives it.
  package struct Interface: Hashable, Sendable {
    /// The kernel's name for it: `1-1.3:1.0`.
    package var name: String
    /// What it is for.
    package var code: USBInterface.Code
    /// The driver that has it; `usbfs` where a program has.
    package var driver: String?

    /// Puts an interface together from its facts.
    package init(name: String, code: USBInterface.Code, driver: String? = nil) {
      (self.name, self.code, self.driver) = (name, code, driver)
    }

    /// Whether it is for DFU, in either mode: DFU 1.1 sections 4.1.2 and 4.2.3.
    package var isDFU: Bool { code.classCode == 0xFE && code.subclass == 0x01 }
  }

  /// The file by which a device is opened.
  package struct Node: Hashable, Sendable {
    /// Whether this user can open it for reading and writing.
    package enum State: Hashable, Sendable {
      /// This user can.
      case open
      /// There is none.
      case missing
      /// It is that of another device, or no device's: left over.
      case stale
      /// Its permissions do not let this user in (EACCES).
      case closed
      /// The control group of this program may not use the device (EPERM).
      case forbidden
    }

    /// `/dev/bus/usb/001/005`.
    package var path: String
    /// Whether it can be opened.
    package var state: State
    /// The number of its group, where that may read and write.
    package var group: UInt32?

    /// Puts a node together from its facts.
    package init(path: String, state: State, group: UInt32? = nil) {
      (self.path, self.state, self.group) = (path, state, group)
    }
  }

  /// Whoever runs this program.
  package struct User: Hashable, Sendable {
    /// What the user is of the group that the rules name.
    package enum Membership: Hashable, Sendable {
      case member
      /// A member since, and not in this login.
      case joined
      case stranger
      /// There is no such group.
      case noGroup
    }

    /// The number; 0 is root.
    package var id: UInt32
    /// The membership in the group of the rules.
    package var membership: Membership
    /// Whether it is the one who sits at the machine; nil where nobody keeps account of that.
    package var isSeated: Bool?

    /// Whether it is root.
    package var isRoot: Bool { id == 0 }

    /// Puts a user together from its facts.
    package init(id: UInt32, membership: Membership, isSeated: Bool? = nil) {
      (self.id, self.membership, self.isSeated) = (id, membership, isSeated)
    }
  }

  /// A file of udev's rules.
  package struct RulesFile: Hashable, Sendable {
    /// Its path.
    package var path: String
    /// What is in it; nothing where it is a link to `/dev/null`, by which rules are switched off.
    package var text: String

    /// Puts a file together from its facts.
    package init(path: String, text: String) { (self.path, self.text) = (path, text) }

    /// Whether a rule in it is for a bootloader that is known.
    ///
    /// A look at each line once: there are files with thousands of rules.
    package var isForBoards: Bool {
      text.utf8.split(separator: 0x0A).contains { line in
        guard line.first != 0x23 else { return false }
        let quoted = line.split(separator: 0x22).filter { $0.count == 4 }.map {
          String(decoding: $0, as: UTF8.self).lowercased()
        }
        guard quoted.count > 1 else { return false }
        return Self.boards.contains { $0.allSatisfy(quoted.contains) }
      }
    }

    /// Vendor and product ids as rules have them.
    private static let boards = KnownDevice.all.map {
      $0.id.description.split(separator: ":").map(String.init)
    }

    /// The rules in it that are for devices with these ids.
    package func rules(for id: USBID) -> [String] {
      let numbers = id.description.split(separator: ":")
      return text.split(separator: "\n").map(String.init).filter { line in
        guard !line.hasPrefix("#") else { return false }
        let line = line.lowercased()
        return numbers.allSatisfy { line.contains("\"\($0)\"") }
      }
    }
  }

  /// Nil outside containers.
  package var container: Container?
  /// Nil outside Windows.
  package var wsl: WSL?
  /// The devices in the order of their paths; nil where the kernel shows no USB at all.
  package var devices: [Device]?
  /// Whether there is a folder of nodes.
  package var hasNodes: Bool
  /// What becomes of the nodes.
  package var udev: Udev
  /// The files of rules for bootloaders that are known, those of other programs as well; of equal
  /// names only the one that udev takes.
  package var rules: [RulesFile]
  /// Whoever runs this program.
  package var user: User
  /// The programs that run, as far as this user is shown them.
  package var programs: [SerialError.ProcessName]
  /// Whether this user may read the kernel's log.
  package var readsLog: Bool
  /// Whether libusb was built with udev; nil where that does not show.
  package var loadsUdev: Bool?

  /// Puts the facts together.
  package init(
    container: Container? = nil, wsl: WSL? = nil, devices: [Device]?, hasNodes: Bool = true,
    udev: Udev = .running, rules: [RulesFile] = [], user: User,
    programs: [SerialError.ProcessName] = [], readsLog: Bool = true, loadsUdev: Bool? = nil
  ) {
    (self.container, self.wsl, self.devices, self.hasNodes) = (container, wsl, devices, hasNodes)
    (self.udev, self.rules, self.user, self.programs) = (udev, rules, user, programs)
    (self.readsLog, self.loadsUdev) = (readsLog, loadsUdev)
  }

  /// The device at a port.
  package func device(at path: String) -> Device? { devices?.first { $0.path == path } }
}
