extension Firmware {
  /// Reads a file of any form, and refuses it if anything makes its data untrustworthy.
  ///
  /// What writers get wrong and readers can live with passes, and is among the ``findings``.
  ///
  /// - Parameters:
  ///   - bytes: The whole file.
  ///   - name: Its name, with or without a folder, if it has one. It may promise a form, and the
  ///     file is held to that.
  ///   - format: What the file is, if somebody says so; nil to tell by its content.
  ///   - address: Where its first byte belongs, if somebody says so. Then it is data, and taken as it
  ///     is, unless it is a file that brings its own addresses: those stay. A Git LFS pointer, a UF2
  ///     file, or a web page of another name is no data either; `as: .raw` takes it.
  /// - Throws: The first error in the order of the file; ``FormatError/notFirmware(_:)`` and
  ///   ``FormatError/otherThanNamed(_:holds:)`` for one that is something else.
  public init(
    reading bytes: [UInt8], name: String? = nil, as format: Format? = nil,
    at address: UInt32? = nil
  ) throws(FormatError) {
    let known = try FileContent.recognise(
      bytes, name: name, as: format, isPlaced: address != nil)
    self = try Self.read(bytes, as: known, at: address)
    if let error = firstError { throw error }
  }

  /// Reads a file leniently: whatever can be understood of it, and everything odd about it.
  ///
  /// Nothing is repaired: the targets hold what the bytes say, the ``findings`` what is wrong.
  ///
  /// - Parameters:
  ///   - bytes: The whole file.
  ///   - name: Its name, with or without a folder, if it has one.
  ///   - format: What the file is, if somebody says so; nil to tell by its content.
  /// - Returns: Firmware, with errors among its findings where the other reader throws.
  public static func inspect(
    _ bytes: [UInt8], name: String? = nil, as format: Format? = nil
  ) -> Firmware {
    var known = format
    do throws(FormatError) {
      let format = try FileContent.recognise(bytes, name: name, as: format, isPlaced: false)
      known = format
      return try read(bytes, as: format, at: nil)
    } catch .otherThanNamed(.plainDFU, holds: .firmware(.raw)),
      .otherThanNamed(.plainDFU, holds: .foreign(.text))
    {
      // Say what keeps it from being what its name promises.
      return ContainerReader.read(bytes)
    } catch {
      var firmware = Firmware(suffix: nil, targets: [])
      firmware.format = known
      firmware.findings = [Finding(error)]
      return firmware
    }
  }

  private static func read(
    _ bytes: [UInt8], as format: Format, at address: UInt32?
  ) throws(FormatError) -> Firmware {
    switch format {
    case .container, .plainDFU:
      var firmware = ContainerReader.read(bytes)
      if let address { try firmware.place(at: address) }
      return firmware
    case .raw: return try raw(bytes, at: address)
    case .hex, .srec: return try RecordReader.read(bytes, as: format)
    case .elf: return try ELFImage.read(bytes)
    }
  }

  /// Where the flash of an STM32 begins.
  private static let flashStart: UInt32 = 0x0800_0000

  /// Takes bytes as they are.
  ///
  /// Data of any kind may go anywhere; only at the start of an STM32's flash is it odd that they are
  /// no program.
  private static func raw(_ bytes: [UInt8], at address: UInt32?) throws(FormatError) -> Firmware {
    guard !bytes.isEmpty else { throw .noData(.raw) }
    let element = ImageElement(address: address ?? 0, bytes: bytes)
    try element.checkAddresses()
    var firmware = Firmware(suffix: nil, targets: [Target(elements: [element])])
    firmware.format = .raw
    firmware.isPlaced = address != nil
    if address == nil {
      firmware.findings = [Finding(.rawAtAddressZero)]
    } else if address == flashStart,
      let reason = VectorTable.implausibility(
        of: bytes.prefix(VectorTable.size), isFirmware: element.range.contains)
    {
      firmware.findings = [
        Finding(.notAVectorTable(address: element.range.lowerBound, reason: reason))
      ]
    }
    return firmware
  }
}
