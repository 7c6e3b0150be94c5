extension DFUInterface {
  /// Whether the interface, found in the device `identity`, speaks DfuSe.
  ///
  /// Any one of these is enough: the version in the functional descriptor; the id of ST's ROMs,
  /// whose clones send the 7-byte descriptor without a version (flashfloppy#462); a memory map as
  /// the name of an alternate setting. The Maple bootloader 1EAF:0003 release 2.00 claims DfuSe
  /// and speaks plain DFU; dfu-util keeps the same exception.
  public func speaksDfuSe(on identity: DeviceIdentity) -> Bool {
    if identity.usbID == .maple, identity.bcdDevice == 0x0200 { return false }
    if functional?.isDfuSe == true || identity.usbID == .stBootloader { return true }
    return alternateSettings.contains { $0.name?.hasPrefix("@") == true }
  }
}
