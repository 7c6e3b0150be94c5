import DfuseFormat

/// Makes a release of a file from the linker: a container for alternate setting 0, with a version.
public func pack(
  _ file: [UInt8], called name: String, version: UInt16
) throws(FormatError) -> [UInt8] {
  let firmware = try Firmware(reading: file)  // ELF, Intel HEX, S-record, or a container
  let target = Firmware.Target(
    alternateSetting: 0, name: name, elements: try firmware.image.runs)
  return try Firmware(suffix: DFUSuffix(deviceVersion: version), targets: [target]).encoded()
}

/// What a person wants to know of a container: where its data go, its checksum, what is odd about it.
public func summary(of container: [UInt8]) throws(FormatError) -> [String] {
  let firmware = try Firmware(reading: container)
  var lines = firmware.elements.map { "\($0.range.addressText)  \($0.bytes.count) bytes" }
  if let checksum = firmware.suffix?.checksum {
    lines.append("CRC 0x" + String(checksum, radix: 16, uppercase: true))
  }
  return lines + firmware.findings.map(\.description)
}
