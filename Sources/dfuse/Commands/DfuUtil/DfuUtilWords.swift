import DfuseDevice
import DfuseFormat

/// The lines of `dfu-util -l`, as those who parse them expect them.
enum DfuUtilList {
  /// A line for each alternate setting, the last one first.
  static func lines(_ device: USBDeviceListing, _ interface: DFUInterface) -> [String] {
    let identity = device.identity
    let mode = interface.mode == .dfu ? "DFU" : "Runtime"
    let serial = (identity.serialNumber ?? DfuUtilMatch.unknown).printable
    return interface.alternateSettings.reversed().map { setting in
      "Found \(mode): [\(identity.usbID)] "
        + "ver=\(identity.bcdDevice.hexDigits()), devnum=\(identity.address), "
        + "cfg=\(interface.configuration), intf=\(interface.number), path=\"\(identity.path)\", "
        + "alt=\(setting.number), name=\"\((setting.name ?? DfuUtilMatch.unknown).printable)\", "
        + "serial=\"\(serial)\""
    }
  }

  /// The line for a device that cannot be opened; nil for one that can.
  static func closedLine(_ device: USBDeviceListing) -> String? {
    device.openError.map { error in
      "Cannot open DFU device \(device.identity.usbID) found on devnum "
        + "\(device.identity.address) (\(error.libUSBName))"
    }
  }
}

extension String {
  /// The text on one line, with `?` for what is not ASCII, as dfu-util prints it.
  fileprivate var printable: String {
    String(
      String.UnicodeScalarView(
        unicodeScalars.map { (0x20..<0x7F).contains($0.value) ? $0 : "?" }))
  }
}

extension USBError {
  /// The name under which people know the error: what dfu-util prints.
  fileprivate var libUSBName: String {
    switch self {
    case .accessDenied: "LIBUSB_ERROR_ACCESS"
    case .busy: "LIBUSB_ERROR_BUSY"
    case .noDriver: "LIBUSB_ERROR_NOT_SUPPORTED"
    case .timedOut: "LIBUSB_ERROR_TIMEOUT"
    case .disconnected, .noNode: "LIBUSB_ERROR_NO_DEVICE"
    case .stall: "LIBUSB_ERROR_PIPE"
    case .overflow: "LIBUSB_ERROR_OVERFLOW"
    case .cancelled: "LIBUSB_ERROR_INTERRUPTED"
    case .noBus, .badDescriptor: "LIBUSB_ERROR_OTHER"
    case .other(_, _, let name): name
    }
  }
}

extension Failure {
  /// The failure with dfu-util's exit status, and dfu-util's sentence where callers look for it.
  ///
  /// dfu-util has 74 for whatever goes wrong on USB, no board and no permission among it.
  var inDfuUtilsWords: Failure {
    var failure = self
    switch status {
    case .noBoard, .noPermission:
      failure.status = .inputOutput
      let sentence =
        choices.contains { $0.hasPrefix("--path ") }
        ? "More than one DFU capable USB device found" : "No DFU capable USB device available"
      failure.what = "\(sentence): \(what)"
    case .different, .protocolError: failure.status = .inputOutput
    default: break
    }
    failure.what = Self.withDfuUtilsOptions(failure.what)
    failure.fix = failure.fix.map(Self.withDfuUtilsOptions)
    return failure
  }

  /// The failure of work on a board that was found: a file that does not fit it is a wrong command
  /// line for dfu-util.
  var ofBoardWork: Failure {
    var failure = self
    if status == .badData { failure.status = .usage }
    return failure
  }

  /// The text with dfu-util's options where it has them; a command of ours keeps its own.
  private static func withDfuUtilsOptions(_ text: String) -> String {
    let command = text.firstRange(of: "dfuse ")?.lowerBound ?? text.endIndex
    let rest = text[command...]
    var text = String(text[..<command])
    for (ours, theirs) in [
      ("--wait waits", "-w waits"), ("; without a board, try --simulate stm32f405", ""),
      ("--address ", "-s "), ("say --allow-option-bytes", "add :force behind the address of -s"),
      ("say --allow-otp", "add :force behind the address of -s"),
      ("say --allow-bootloader", "add :force behind the address of -s"),
    ] {
      text = text.replacing(ours, with: theirs)
    }
    return text + rest
  }
}

/// `dfu-util --help`.
enum DfuUtilHelp {
  static let text = """
    Usage: dfu-util [OPTION]...

    This is dfuse, which takes the options of dfu-util 0.11 for DfuSe devices. What it writes, it
    reads back and compares.

      -h, --help                       print this
      -V, --version                    print the version
      -v, --verbose                    show each operation; three times: each control transfer
      -l, --list                       list the DFU capable devices
      -d, --device VID:PID[,VID:PID]   only these ids: of the application, and of the bootloader
      -n, --devnum NUMBER              only the device with this number on its bus (devnum of -l)
      -p, --path BUS-PORT[.PORT]...    only the device at this port (path of -l)
      -c, --cfg NUMBER                 only this configuration
      -i, --intf NUMBER                only this interface
      -S, --serial SERIAL[,SERIAL]     only these serial numbers
      -a, --alt NUMBER|NAME            the memory, by its alternate setting
      -D, --download FILE              write FILE to the device; '-' is standard input
      -U, --upload FILE                read from the device into FILE, which must not exist
      -s, --dfuse-address [ADDRESS][:LENGTH][:MODIFIER]...
                                       where a raw file belongs, or what to read; modifiers:
                                         leave       start the program
                                         mass-erase  erase the whole flash first (with force)
                                         unprotect   remove the read protection, and all data
                                                     with it (with force)
                                         will-reset  the device may reset (option bytes)
                                         force       yes, that is meant
      -R, --reset                      reset the device in the end
      -w, --wait                       wait for a device
      -e, --detach                     nothing on a device that is in its bootloader
      -t, -E, -Z                       taken, and without an effect here

    What dfuse does not do: plain DFU, and sending an application into its bootloader.
    """
}
