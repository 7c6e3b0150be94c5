import DfuseFormat
import Testing

@testable import DfuseDevice

/// A board as a flash is planned for it: memory maps and what is known of the chip.
struct FlashBench {
  var board: Board
  var options = FlashOptions()

  /// A board with these memory maps, in the order of its alternate settings.
  init(_ maps: String..., product: String? = nil, transferSize: UInt16 = 2048) throws {
    board = Board(
      identity: DeviceIdentity(
        vendorID: 0x0483, productID: 0xDF11, bcdDevice: 0x2200, path: "1-1", address: 4,
        product: product ?? "STM32  BOOTLOADER"),
      interface: DFUInterface(
        number: 0, mode: .dfu,
        alternateSettings: maps.enumerated().map { .init(number: UInt8($0), name: $1) },
        functional: DFUFunctionalDescriptor(
          bmAttributes: 0x0B, wDetachTimeOut: 255, wTransferSize: transferSize,
          bcdDFUVersion: 0x011A)))
  }

  var memories: [AlternateMemory] { board.memories }

  /// STM32F405 with all its alternate settings.
  static var f405: FlashBench {
    get throws {
      try FlashBench(
        "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
        "@Option Bytes  /0x1FFFC000/01*016 e", "@OTP Memory /0x1FFF7800/01*512 e,01*016 e",
        "@Device Feature/0xFFFF0000/01*004 e")
    }
  }

  /// STM32L072: pages of 128 bytes that erase to 0x00, and data EEPROM.
  static var l072: FlashBench {
    get throws {
      try FlashBench(
        "@Internal Flash  /0x08000000/1536*128g", "@Option Bytes  /0x1FF80000/01*032 e",
        "@DATA Memory /0x08080000/2*3Ke")
    }
  }

  /// STM32H743: units of 32 bytes.
  static var h743: FlashBench {
    get throws {
      try FlashBench(
        "@Internal Flash   /0x08000000/16*128Kg", "@Option Bytes   /0x5200201C/01*128 e",
        product: "DFU in FS Mode")
    }
  }

  /// A bootloader made from ST's device library: its own sectors are read only.
  static var usbd: FlashBench {
    get throws {
      let map = "@Internal Flash   /0x08000000/03*016Ka,01*016Kg,01*064Kg,07*128Kg"
      return try FlashBench(map, map, product: "DFU in FS Mode")
    }
  }

  var layout: FlashLayout {
    FlashLayout(board: board, options: options)
  }

  /// The work for pieces that the maps are to place.
  func work(_ pieces: ImageElement..., alt: UInt8? = nil) throws -> [MemoryWork] {
    try layout.work(
      for: Firmware(try MemoryImage(merging: pieces), alternateSetting: alt))
  }

  /// The work for a container with one target an entry.
  func work(targets: (alt: UInt8, pieces: [ImageElement])...) throws -> [MemoryWork] {
    try layout.work(for: Self.container(targets))
  }

  static func container(_ targets: [(alt: UInt8, pieces: [ImageElement])]) -> Firmware {
    Firmware(
      targets: targets.map { .init(alternateSetting: $0.alt, elements: $0.pieces) })
  }
}

/// `count` bytes of `value` at an address.
func piece(_ address: UInt32, _ count: Int, _ value: UInt8 = 0xA5) -> ImageElement {
  ImageElement(address: address, bytes: [UInt8](repeating: value, count: count))
}
