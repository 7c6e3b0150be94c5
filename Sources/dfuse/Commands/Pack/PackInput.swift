import DfuseFormat
import SystemPackage

/// One image of a ``PackRequest`` and its file: finds out what it is, and the data in it.
struct PackInput {
  let image: PackRequest.Image
  /// Whether the image has to bring its own addresses.
  let isShortForm: Bool
  let console: Console

  private var source: InputFile { InputFile(name: image.path) }

  /// The data, in the order of their addresses.
  ///
  /// A raw binary stays in its file until it is packed; all else is read now.
  /// - Throws: A failure with status 64 for an address that does not fit the kind of file, 65 for a
  ///   damaged file, 66 for one that cannot be read.
  func pieces() throws(Failure) -> [PackPiece] {
    if let file = try source.regular(), let piece = try rawPiece(file) { return [piece] }
    let bytes = try source.read()
    let kind = try kind(of: bytes)
    try checkAddress(kind: kind)
    do throws(FormatError) {
      let firmware = try FirmwareImage.read(bytes, kind: kind, rawAddress: image.address ?? 0)
      warn(firmware.warnings)
      return firmware.image.runs.map {
        PackPiece(
          source: source, address: $0.address, data: .bytes($0.bytes), isSelfAddressed: kind != .raw
        )
      }
    } catch {
      throw Failure(reading: source.shown, error, path: image.path)
    }
  }

  // MARK: - Raw binaries

  /// The piece that a file is, if its ends show that it is a raw binary.
  private func rawPiece(_ file: RegularFile) throws(Failure) -> PackPiece? {
    let ends: (beginning: [UInt8], tail: [UInt8])
    do throws(Errno) {
      ends.beginning = try file.read(at: 0, count: Self.endSize)
      ends.tail = try file.read(at: max(0, file.size - Self.endSize), count: Self.endSize)
    } catch {
      throw source.failure(error)
    }
    // What is text, or may be, is looked at whole.
    let isRaw =
      image.format == .raw
      || image.format == nil && FileContent(beginning: ends.beginning) == .image(.raw)
        && NamePromise(name: image.path) == nil && !DFUSuffix.mayEnd(ends.tail)
        && ends.beginning.contains { $0 > UInt8(ascii: " ") }
    file.close()
    guard isRaw else { return nil }
    try checkAddress(kind: .raw)
    let address = image.address ?? 0
    do throws(FormatError) {
      warn(
        try RawBinary.check(
          beginning: Array(ends.beginning.prefix(RawBinary.beginningSize)), size: file.size,
          at: address))
    } catch {
      throw Failure(reading: source.shown, error, path: image.path)
    }
    return PackPiece(source: source, address: address, data: .file(file))
  }

  /// Bytes that are looked at of either end of a file.
  private static let endSize = FileContent.beginningSize

  // MARK: - Checks

  private func kind(of bytes: [UInt8]) throws(Failure) -> ImageKind {
    if let format = image.format { return format }
    do throws(FormatError) {
      let name = source.isStandardInput ? nil : image.path
      switch try FileContent.recognise(bytes, name: name, isPlaced: image.address != nil) {
      case .image(let kind): return kind
      case .container: throw .alreadyContainer(isDfuSe: true)
      case .plainDFU, .foreign: throw .alreadyContainer(isDfuSe: false)
      }
    } catch {
      throw Failure(reading: source.shown, error, path: image.path)
    }
  }

  private func checkAddress(kind: ImageKind) throws(Failure) {
    let shown = source.shown
    if kind != .raw, let address = image.address {
      throw Failure(
        .usage, "-m \(address.hex) before \(shown): \(kind.article) file brings its own addresses",
        fix: "leave -m out, or say --format raw to pack the file's bytes as they are")
    }
    if kind == .raw, isShortForm {
      throw Failure(
        .usage, "\(shown) is a raw binary, which says no address",
        fix: "dfuse pack -o firmware.dfu -m 0x08000000 -i \(image.path.shellWord) -a 0")
    }
  }

  private func warn(_ warnings: [ImageWarning]) {
    for warning in warnings where isWorthSaying(warning) {
      console.warn("\(source.shown): \(warning)")
    }
  }

  /// Data of any kind may be packed for any address; only at the start of an STM32's flash is it
  /// odd that they are no program.
  private func isWorthSaying(_ warning: ImageWarning) -> Bool {
    switch warning {
    case .notAVectorTable(let address, _): address == 0x0800_0000
    case .missingEndRecord, .duplicateData, .unusualMachine, .sectionNotLoaded, .leftOut,
      .paddingAfterEnd,
      .headersLoaded:
      true
    case .rawAtAddressZero: image.address == nil
    }
  }
}
