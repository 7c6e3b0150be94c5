import Testing

@testable import DfuseDevice

/// A memory map string and what it says, worked out by hand from UM0424's grammar.
struct MemoryMapCase: Sendable, CustomTestStringConvertible {
  var text: String
  var name: String
  var kind: MemoryKind
  var segments: [MemorySegment]
  var notes: [MemoryMapNote]

  init(
    _ text: String, _ name: String, _ kind: MemoryKind, _ segments: [MemorySegment],
    notes: [MemoryMapNote] = []
  ) {
    self.text = text
    self.name = name
    self.kind = kind
    self.segments = segments
    self.notes = notes
  }

  var testDescription: String { text }
}

/// `count` sectors of `size` bytes from `start`; `access` is made of the letters r, w and e.
func run(_ start: UInt64, _ count: UInt64, _ size: UInt64, _ access: String) -> MemorySegment {
  var set: MemoryAccess = []
  if access.contains("r") { set.insert(.readable) }
  if access.contains("w") { set.insert(.writable) }
  if access.contains("e") { set.insert(.erasable) }
  return MemorySegment(start: start, sectorSize: size, sectorCount: count, access: set)
}

let kibi: UInt64 = 1024

extension MemoryMapCase {
  /// STM32 ROMs, from users' logs and other flashers' test data.
  static let roms: [MemoryMapCase] = [
    .init(
      "@Internal Flash  /0x08000000/128*002Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 128, 2 * kibi, "rew")]),  // F105/107
    .init(
      "@Option Bytes  /0x1FFFF800/01*016 g", "Option Bytes", .optionBytes,
      [run(0x1FFF_F800, 1, 16, "rew")]),
    .init(
      "@Option Bytes  /0x1FFFF800/01*016 e", "Option Bytes", .optionBytes,
      [run(0x1FFF_F800, 1, 16, "rw")]),  // F0, F1, F3
    .init(
      "@Internal Flash  /0x08000000/032*0001Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 32, kibi, "rew")]),  // F042
    .init(
      "@Internal Flash  /0x08000000/064*0002Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 64, 2 * kibi, "rew")]),  // F072
    .init(
      "@Internal Flash  /0x08000000/128*0002Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 128, 2 * kibi, "rew")]),  // F303
    .init(
      "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg", "Internal Flash",
      .internalFlash,
      [
        run(0x0800_0000, 4, 16 * kibi, "rew"), run(0x0801_0000, 1, 64 * kibi, "rew"),
        run(0x0802_0000, 7, 128 * kibi, "rew"),
      ]),  // F405
    .init(
      "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,03*128Kg", "Internal Flash",
      .internalFlash,
      [
        run(0x0800_0000, 4, 16 * kibi, "rew"), run(0x0801_0000, 1, 64 * kibi, "rew"),
        run(0x0802_0000, 3, 128 * kibi, "rew"),
      ]),  // F401, F411, F446
    .init(
      "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg,04*016Kg,01*064Kg,07*128Kg",
      "Internal Flash", .internalFlash,
      [
        run(0x0800_0000, 4, 16 * kibi, "rew"), run(0x0801_0000, 1, 64 * kibi, "rew"),
        run(0x0802_0000, 7, 128 * kibi, "rew"), run(0x0810_0000, 4, 16 * kibi, "rew"),
        run(0x0811_0000, 1, 64 * kibi, "rew"), run(0x0812_0000, 7, 128 * kibi, "rew"),
      ]),  // F42x
    .init(
      "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg챐ƨ⹔뺿䭼뛮컸", "Internal Flash",
      .internalFlash,
      [
        run(0x0800_0000, 4, 16 * kibi, "rew"), run(0x0801_0000, 1, 64 * kibi, "rew"),
        run(0x0802_0000, 7, 128 * kibi, "rew"),
      ], notes: [.charactersDropped(count: 7)]),  // F429, BIGTREETECH-OCTOPUS-Pro#42
    .init(
      "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,011*128Kg", "Internal Flash",
      .internalFlash,
      [
        run(0x0800_0000, 4, 16 * kibi, "rew"), run(0x0801_0000, 1, 64 * kibi, "rew"),
        run(0x0802_0000, 11, 128 * kibi, "rew"),
      ]),  // F413: 011 is eleven
    .init(
      "@Option Bytes  /0x1FFFC000/01*016 g", "Option Bytes", .optionBytes,
      [run(0x1FFF_C000, 1, 16, "rew")]),  // F407, V2.1
    .init(
      "@Option Bytes  /0x1FFFC000/01*016 e", "Option Bytes", .optionBytes,
      [run(0x1FFF_C000, 1, 16, "rw")]),  // F4, V2.2
    .init(
      "@Option Bytes  /0x1FFFC000/01*016 e/0x1FFEC000/01*016 e", "Option Bytes", .optionBytes,
      [run(0x1FFF_C000, 1, 16, "rw"), run(0x1FFE_C000, 1, 16, "rw")]),  // F42x
    .init(
      "@OTP Memory /0x1FFF7800/01*512 g,01*016 g", "OTP Memory", .otp,
      [run(0x1FFF_7800, 1, 512, "rew"), run(0x1FFF_7A00, 1, 16, "rew")]),  // F407, V2.1
    .init(
      "@OTP Memory /0x1FFF7800/01*512 e,01*016 e", "OTP Memory", .otp,
      [run(0x1FFF_7800, 1, 512, "rw"), run(0x1FFF_7A00, 1, 16, "rw")]),  // F4, V2.2
    .init(
      "@Device Feature/0xFFFF0000/01*004 g", "Device Feature", .deviceFeature,
      [run(0xFFFF_0000, 1, 4, "rew")]),  // F407, V2.1: no blank before the slash
    .init(
      "@Device Feature/0xFFFF0000/01*004 e", "Device Feature", .deviceFeature,
      [run(0xFFFF_0000, 1, 4, "rw")]),  // F4, L4
    .init(
      "@Internal Flash  /0x08000000/04*016Kg,01*64Kg,03*128Kg", "Internal Flash",
      .internalFlash,
      [
        run(0x0800_0000, 4, 16 * kibi, "rew"), run(0x0801_0000, 1, 64 * kibi, "rew"),
        run(0x0802_0000, 3, 128 * kibi, "rew"),
      ]),  // F72x
    .init(
      "@Internal Flash  /0x08000000/04*032Kg,01*128Kg,03*256Kg", "Internal Flash",
      .internalFlash,
      [
        run(0x0800_0000, 4, 32 * kibi, "rew"), run(0x0802_0000, 1, 128 * kibi, "rew"),
        run(0x0804_0000, 3, 256 * kibi, "rew"),
      ]),  // F74x
    .init(
      "@Internal Flash  /0x08000000/04*032Kg,01*128Kg,07*256Kg", "Internal Flash",
      .internalFlash,
      [
        run(0x0800_0000, 4, 32 * kibi, "rew"), run(0x0802_0000, 1, 128 * kibi, "rew"),
        run(0x0804_0000, 7, 256 * kibi, "rew"),
      ]),  // F76x
    .init(
      "@Internal Flash  /0x08000000/1536*128g", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 1536, 128, "rew")]),  // L07x: no multiplier
    .init(
      "@Internal Flash  /0x08000000/1536*128 g", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 1536, 128, "rew")]),
    .init(
      "@DATA Memory /0x08080000/2*3Ke", "DATA Memory", .dataEEPROM,
      [run(0x0808_0000, 2, 3 * kibi, "rw")]),  // L07x
    .init(
      "@Option Bytes  /0x1FF80000/01*032 e", "Option Bytes", .optionBytes,
      [run(0x1FF8_0000, 1, 32, "rw")]),  // L0, L1
    .init(
      "@Internal Flash  /0x08000000/1024*256 g", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 1024, 256, "rew")]),  // L1
    .init(
      "@DATA Memory /0x08080000/02*004Ke", "DATA Memory", .dataEEPROM,
      [run(0x0808_0000, 2, 4 * kibi, "rw")]),  // L1
    .init(
      "@Internal Flash  /0x08000000/0128*0002Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 128, 2 * kibi, "rew")]),  // L4, 256 KiB
    .init(
      "@Internal Flash  /0x08000000/0256*0002Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 256, 2 * kibi, "rew")]),  // L4, 512 KiB
    .init(
      "@Option Bytes  /0x1FFF7800/01*040 e", "Option Bytes", .optionBytes,
      [run(0x1FFF_7800, 1, 40, "rw")]),  // L4
    .init(
      "@OTP Memory /0x1FFF7000/01*0001Ke", "OTP Memory", .otp,
      [run(0x1FFF_7000, 1, kibi, "rw")]),  // L4
    .init(
      "@Internal Flash  /0x08000000/512*0004Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 512, 4 * kibi, "rew")]),  // L4R
    .init(
      "@Option Bytes  /0x1FF00000/01*040 e/0x1FF01000/01*040 e", "Option Bytes", .optionBytes,
      [run(0x1FF0_0000, 1, 40, "rw"), run(0x1FF0_1000, 1, 40, "rw")]),  // L4R
    .init(
      "@Internal Flash   /0x08000000/64*02Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 64, 2 * kibi, "rew")]),  // G0B1, G431
    .init(
      "@Internal Flash   /0x08000000/256*02Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 256, 2 * kibi, "rew")]),  // G0C1, G474
    .init(
      "@Option Bytes   /0x1FFF7800/01*048 e/0x1FFFF800/01*048 e", "Option Bytes", .optionBytes,
      [run(0x1FFF_7800, 1, 48, "rw"), run(0x1FFF_F800, 1, 48, "rw")]),  // G474
    .init(
      "@Option Bytes   /0x1FFF7800/01*40Be", "Option Bytes", .optionBytes,
      [run(0x1FFF_7800, 1, 40, "rw")]),  // G431: B as multiplier
    .init(
      "@OTP Memory   /0x1FFF7000/01*1024 e", "OTP Memory", .otp,
      [run(0x1FFF_7000, 1, 1024, "rw")]),  // G4
    .init(
      "@OTP Memory   /0x1FFF7000/01*01Ke", "OTP Memory", .otp,
      [run(0x1FFF_7000, 1, kibi, "rw")]),  // G431
    .init(
      "@Internal Flash   /0x08000000/16*128Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 16, 128 * kibi, "rew")]),  // H743
    .init(
      "@Option Bytes   /0x5200201C/01*128 e", "Option Bytes", .optionBytes,
      [run(0x5200_201C, 1, 128, "rw")]),  // H743
    .init(
      "@Internal Flash   /0x08000000/8*128Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 8, 128 * kibi, "rew")]),  // H723
    .init(
      "@Option Bytes   /0x5200201C/01*88 e", "Option Bytes", .optionBytes,
      [run(0x5200_201C, 1, 88, "rw")]),  // H723
    .init(
      "@Internal Flash   /0x08000000/256*08Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 256, 8 * kibi, "rew")]),  // H7A3, U585, H563
    .init(
      "@Option Bytes   /0x5200201C/01*297 e", "Option Bytes", .optionBytes,
      [run(0x5200_201C, 1, 297, "rw")]),  // H7A3
    .init(
      "@OTP Memory   /0x08FFF000/01*1024 e", "OTP Memory", .otp,
      [run(0x08FF_F000, 1, 1024, "rw")]),  // H7A3
    .init(
      "@OTP Memory /0x1FF7000/01*1024 e", "OTP Memory", .otp,
      [run(0x01FF_7000, 1, 1024, "rw")]),  // H7B3I-EVAL: seven digits
    .init(
      "@Option Bytes /0x1FF8000/01*128 e", "Option Bytes", .optionBytes,
      [run(0x01FF_8000, 1, 128, "rw")]),  // H7B3I-EVAL
    .init(
      "@Internal Flash /0x08000000/256*02Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 256, 2 * kibi, "rew")]),  // H7B3I-EVAL
    .init(
      "@OTP Memory   /0x0BFA0000/01*512 e", "OTP Memory", .otp,
      [run(0x0BFA_0000, 1, 512, "rw")]),  // U5
    .init(
      "@Option Bytes   /0x40022040/01*64 e", "Option Bytes", .optionBytes,
      [run(0x4002_2040, 1, 64, "rw")]),  // U5
    .init(
      "@Internal Flash   /0x08000000/128*08Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 128, 8 * kibi, "rew")]),  // U5, 1 MiB
    .init(
      "@Internal Flash   /0x08000000/512*08Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 512, 8 * kibi, "rew")]),  // U5, 4 MiB
    .init(
      "@Internal Flash    /0x08000000/128*02Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 128, 2 * kibi, "rew")]),  // U083: four blanks
    .init(
      "@OB Bytes          /0x40022020/01*136 e", "OB Bytes", .optionBytes,
      [run(0x4002_2020, 1, 136, "rw")]),  // U083
    .init(
      "@OTP Memory        /0x1FFF6800/01*1024 e", "OTP Memory", .otp,
      [run(0x1FFF_6800, 1, 1024, "rw")]),  // U083
    .init(
      "@ENGI Bytes        /0x1FFF6C00/01*1024.e", "ENGI Bytes", .engineeringBytes,
      [run(0x1FFF_6C00, 1, 1024, "rw")]),  // U083: a dot as multiplier
    .init(
      "@ENGI Bytes        /0x1FFF7500/01*768 e", "ENGI Bytes", .engineeringBytes,
      [run(0x1FFF_7500, 1, 768, "rw")]),  // C071
    .init(
      "@Internal Flash /0x08000000/64*08Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 64, 8 * kibi, "rew")]),  // C562
    .init(
      "@Internal Flash   /0x08000000/8*08Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 8, 8 * kibi, "rew")]),  // perhaps H7R/S
  ]

  /// First-stage loaders of the STM32MP family, whose addresses are partition numbers.
  static let microprocessors: [MemoryMapCase] = [
    .init("@FSBL /0x01/1*1Me", "FSBL", .other, [run(1, 1, 1024 * kibi, "rw")]),
    .init("@FSBL /0x01/1*128Ke", "FSBL", .other, [run(1, 1, 128 * kibi, "rw")]),
    .init("@FSBL /0x01/1*256Ke", "FSBL", .other, [run(1, 1, 256 * kibi, "rw")]),
    .init("@Partition0 /0x00/1*256Ke", "Partition0", .other, [run(0, 1, 256 * kibi, "rw")]),
    .init("@Partition2 /0x02/1*1Me", "Partition2", .other, [run(2, 1, 1024 * kibi, "rw")]),
    .init("@Partition3 /0x03/1*16Me", "Partition3", .other, [run(3, 1, 16384 * kibi, "rw")]),
    .init("@Partition4 /0x04/1*16Me", "Partition4", .other, [run(4, 1, 16384 * kibi, "rw")]),
    .init("@SSBL /0x03/1*16Me", "SSBL", .other, [run(3, 1, 16384 * kibi, "rw")]),
    .init("@virtual /0xF1/1*512Ba", "virtual", .other, [run(0xF1, 1, 512, "r")]),
  ]
}
