@testable import DfuseDevice

extension MemoryMapCase {
  /// ROMs of STM32 clones.
  static let clones: [MemoryMapCase] = [
    .init(
      "@Internal Flash  /0x08000000/512*002Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 512, 2 * kibi, "rew")]),  // GD32VF103
    .init(
      "@Internal Flash  /0x08000000/128*001Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 128, kibi, "rew")]),  // GD32VF103, release 1.00
    .init(
      "@Option Bytes  /0x1FFFF800/01*016Be", "Option Bytes", .optionBytes,
      [run(0x1FFF_F800, 1, 16, "rw")]),  // Pinecil
    .init(
      "@Internal Flash  /0x08000000/12*001Ka,116*001Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 12, kibi, "r"), run(0x0800_3000, 116, kibi, "rew")]),
    .init(
      "@Internal Flash   /0x08000000/08*04Ka,1000*04Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 8, 4 * kibi, "r"), run(0x0800_8000, 1000, 4 * kibi, "rew")]),  // AT32
    .init(
      "@Internal Flash   /0x08000000/512*002Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 512, 2 * kibi, "rew")]),  // AT32F435
    .init(
      "@Option byte   /0x1FFFC000/01*4096 g", "Option byte", .optionBytes,
      [run(0x1FFF_C000, 1, 4096, "rew")]),  // AT32
    .init(
      "@Option byte   /0x1FFFC000/01*512 g", "Option byte", .optionBytes,
      [run(0x1FFF_C000, 1, 512, "rew")]),  // AT32
    .init(
      "@Internal Flash /0x8000000/128*1Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 128, kibi, "rew")]),  // as fwupd writes it: seven digits
  ]

  /// Bootloaders that are no ROM.
  static let products: [MemoryMapCase] = [
    .init(
      "@SPI Flash : M25P64/0x00000000/64*064Kg,64*064Kg", "SPI Flash : M25P64", .externalFlash,
      [run(0, 64, 64 * kibi, "rew"), run(0x40_0000, 64, 64 * kibi, "rew")]),  // DSO Nano
    .init(
      "@SPI Flash : M25P64/0x00000000/128*64Kg", "SPI Flash : M25P64", .externalFlash,
      [run(0, 128, 64 * kibi, "rew")]),  // OPC-20
    .init(
      "@Internal Flash  /0x08000000/20*001Ka,108*001Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 20, kibi, "r"), run(0x0800_5000, 108, kibi, "rew")]),  // Spark Core
    .init(
      "@SPI Flash : SST25x/0x00000000/512*04Kg", "SPI Flash : SST25x", .externalFlash,
      [run(0, 512, 4 * kibi, "rew")]),  // Spark Core
    .init(
      "@Serial Flash   /0x00000000/256*004Kg", "Serial Flash", .externalFlash,
      [run(0, 256, 4 * kibi, "rew")]),  // Particle P1
    .init(
      "@Internal Flash   /0x08000000/8*001Ka,120*001Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 8, kibi, "r"), run(0x0800_2000, 120, kibi, "rew")]),  // Black Magic
    .init(
      "@Internal Flash   /0x08000000/8*001Ka,056*001Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 8, kibi, "r"), run(0x0800_2000, 56, kibi, "rew")]),
    .init(
      "@Internal Flash   /0x08000000/8*001Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 8, kibi, "rew")]),
    .init(
      "@Internal Flash   /0x08000000/1*016Ka,3*016Kg,1*064Kg,7*128Kg", "Internal Flash",
      .internalFlash,
      [
        run(0x0800_0000, 1, 16 * kibi, "r"), run(0x0800_4000, 3, 16 * kibi, "rew"),
        run(0x0801_0000, 1, 64 * kibi, "rew"), run(0x0802_0000, 7, 128 * kibi, "rew"),
      ]),  // Carbon
    .init(
      "@Internal Flash   /0x08000000/8*001Ka,56*001Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 8, kibi, "r"), run(0x0800_2000, 56, kibi, "rew")]),  // libopencm3
    .init(
      "@External Flash /0x90000000/998*128Kg,1*128Kg,4*128Kg,21*128Ka", "External Flash",
      .externalFlash,
      [
        run(0x9000_0000, 998, 128 * kibi, "rew"), run(0x97CC_0000, 1, 128 * kibi, "rew"),
        run(0x97CE_0000, 4, 128 * kibi, "rew"), run(0x97D6_0000, 21, 128 * kibi, "r"),
      ]),  // SPRacing H7
    .init(
      "@External Flash /0x90000000/1001*128Kg,3*128Kg,20*128Ka", "External Flash",
      .externalFlash,
      [
        run(0x9000_0000, 1001, 128 * kibi, "rew"), run(0x97D2_0000, 3, 128 * kibi, "rew"),
        run(0x97D8_0000, 20, 128 * kibi, "r"),
      ]),
    .init(
      "@Internal Flash  /0x08000000/06*002Ka,250*002Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 6, 2 * kibi, "r"), run(0x0800_3000, 250, 2 * kibi, "rew")]),
    .init(
      "@NOR Flash : M29W128F/0x64000000/0256*64Kg", "NOR Flash : M29W128F", .externalFlash,
      [run(0x6400_0000, 256, 64 * kibi, "rew")]),
    .init(
      "@Firmware/0x08020000/01*128Kg,11*128Kg/0x081A0000/02*128Kg", "Firmware", .internalFlash,
      [
        run(0x0802_0000, 1, 128 * kibi, "rew"), run(0x0804_0000, 11, 128 * kibi, "rew"),
        run(0x081A_0000, 2, 128 * kibi, "rew"),
      ]),
    .init(
      "@Internal Flash   /0x08000000/03*016Ka,01*016Kg,01*064Kg,07*128Kg,04*016Kg,01*064Kg,07*128Kg",
      "Internal Flash", .internalFlash,
      [
        run(0x0800_0000, 3, 16 * kibi, "r"), run(0x0800_C000, 1, 16 * kibi, "rew"),
        run(0x0801_0000, 1, 64 * kibi, "rew"), run(0x0802_0000, 7, 128 * kibi, "rew"),
        run(0x0810_0000, 4, 16 * kibi, "rew"), run(0x0811_0000, 1, 64 * kibi, "rew"),
        run(0x0812_0000, 7, 128 * kibi, "rew"),
      ]),  // ST's template
    .init(
      "@Internal Flash   /0x08000000/8*02Ka,248*02Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 8, 2 * kibi, "r"), run(0x0800_4000, 248, 2 * kibi, "rew")]),
    .init(
      "@External Flash   /0x70000000/2048*064Kg", "External Flash", .externalFlash,
      [run(0x7000_0000, 2048, 64 * kibi, "rew")]),  // N6
    .init(
      "@External Flash /0x90000000/2048*04Kg", "External Flash", .externalFlash,
      [run(0x9000_0000, 2048, 4 * kibi, "rew")]),
    .init(
      "@SPI Flash not found/0x00000000/32*064Kg", "SPI Flash not found", .externalFlash,
      [run(0, 32, 64 * kibi, "rew")]),
    .init(
      "@SPI Flash : M25Px/0x18000000/32*064Kg", "SPI Flash : M25Px", .externalFlash,
      [run(0x1800_0000, 32, 64 * kibi, "rew")]),
    .init(
      "@Internal Flash  /0x08004000/112*001Kg", "Internal Flash", .internalFlash,
      [run(0x0800_4000, 112, kibi, "rew")]),
    .init(
      "@Internal Flash  /0x08000000/256*04Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 256, 4 * kibi, "rew")]),  // mboot on WB
    .init(
      "@Internal Flash  /0x08000000/01*128Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 1, 128 * kibi, "rew")]),  // mboot on H750
    .init(
      "@External Flash /0x90400000/64*064Kg", "External Flash", .externalFlash,
      [run(0x9040_0000, 64, 64 * kibi, "rew")]),  // NumWorks
    .init(
      "@Internal Flash /0x08000000/04*016Kg", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 4, 16 * kibi, "rew")]),  // NumWorks
  ]

  /// UM0424's own examples, and strings from the tests of other flashers.
  static let examples: [MemoryMapCase] = [
    .init(
      "@Flash /0xF000/1*4Ka/0xE000/1*4Kg/0x80000/2*24Kg", "Flash", .other,
      [
        run(0xF000, 1, 4 * kibi, "r"), run(0xE000, 1, 4 * kibi, "rew"),
        run(0x8_0000, 2, 24 * kibi, "rew"),
      ]),
    .init(
      "@Internal Flash  /0x08000000/48*256 a,464*256 g", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 48, 256, "r"), run(0x0800_3000, 464, 256, "rew")]),  // L152
    .init(
      "@Internal Flash 0 /0x00000000/8*064Kg", "Internal Flash 0", .internalFlash,
      [run(0, 8, 64 * kibi, "rew")]),
    .init("@Flash3", "Flash3", .other, []),
    .init(
      "@Flash2 /0xF000/4*100Ba/0xE000/3*8Kg/0x80000/2*24Kg", "Flash2", .other,
      [
        run(0xF000, 4, 100, "r"), run(0x8_0000, 2, 24 * kibi, "rew"),
      ], notes: [.overlap("3*8Kg")]),
    .init(
      "@Internal Flash /0x08000000", "Internal Flash", .internalFlash, [],
      notes: [.malformedGroup("0x08000000")]),
    .init(
      "@Internal Flash /0x08000000/12*001a", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 12, 1, "r")]),
    .init(
      "@Internal Flash /0x08000000/2*016", "Internal Flash", .internalFlash,
      [run(0x0800_0000, 2, 16, "r")], notes: [.typeMissing("2*016")]),
    .init(
      "@Weird Region /0x1FFF0000/garbage", "Weird Region", .other, [],
      notes: [.malformedRun("garbage")]),
    .init(
      "@Internal Flash   /0x08000000/???*08Kg", "Internal Flash", .internalFlash, [],
      notes: [.malformedRun("???*08Kg")]),  // mboot's template, unfilled
  ]
}
