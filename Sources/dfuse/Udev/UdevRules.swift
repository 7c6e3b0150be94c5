import DfuseDevice

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
