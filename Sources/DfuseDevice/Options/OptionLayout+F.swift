// The option bytes of each line of parts: names as ST's programmer takes them, and as the reference
// manual has them where that differs. From the data base of ST's programmer, with its known errors put
// right, against the CMSIS headers; factory words where a source has them.
extension OptionLayout {
  /// STM32F0 to F7.
  static let f: [OptionLayout] = [
    .init(
      "STM32F04x/070x6", device: 0x445, parts: ["STM32F04x", "STM32F070x6"], .f04x,
      reads: [.init(0x1FFF_F800, 16)],
      writes: [.init(0x1FFF_F800, 16)],
      words: """
        1FFFF800 00FF55AA RDP 7:0 in:AA/BB/CC, WDG_SW=IWDG_SW 16, nRST_STOP 17, nRST_STDBY 18,
          nBOOT0 19, nBOOT1 20, VDDA_MONITOR 21, RAM_PARITY=RAM_PARITY_CHECK 22, BOOT_SEL 23
        1FFFF804 00FF00FF Data0 7:0, Data1 23:16
        1FFFF808 00FF00FF WRP_bit0=nWRP 7:0 each
        """),
    .init(
      "STM32F07x", device: 0x448, parts: ["STM32F071/072", "STM32F070xB"], .f0,
      reads: [.init(0x1FFF_F800, 16)],
      writes: [.init(0x1FFF_F800, 16)],
      words: """
        1FFFF800 00FF55AA RDP 7:0 in:AA/BB/CC, WDG_SW=IWDG_SW 16, nRST_STOP 17, nRST_STDBY 18,
          nBOOT1 20, VDDA_MONITOR 21, RAM_PARITY=RAM_PARITY_CHECK 22
        1FFFF804 00FF00FF Data0 7:0, Data1 23:16
        1FFFF808 00FF00FF nWRP0 7:0 each, nWRP8 23:16 each
        1FFFF80C 00FF00FF nWRP16 7:0 each, nWRP24 23:16 each
        """),
    .init(
      "STM32F105/107", device: 0x418, parts: ["STM32F105/107"], .f1,
      reads: [.init(0x1FFF_F800, 16)],
      words: """
        1FFFF800 - RDP 7:0 in:A5/BB, WDG_SW 16, nRST_STOP 17, nRST_STDBY 18
        1FFFF804 - Data0 7:0, Data1 23:16
        1FFFF808 - WRP0 7:0 each, WRP8 23:16 each
        1FFFF80C - WRP16 7:0 each, WRP24 23:16 each
        """),
    .init(
      "STM32F301/302x8", device: 0x439, parts: ["STM32F301, F302x4/6/8"], .f3,
      reads: [.init(0x1FFF_F800, 16)],
      words: """
        1FFFF800 00FF55AA RDP 7:0 in:AA/BB/CC, WDG_SW=IWDG_SW 16, nRST_STOP 17, nRST_STDBY 18,
          nBOOT1 20, VDDA_MONITOR 21, SRAM_PE 22
        1FFFF804 00FF00FF Data0 7:0, Data1 23:16
        1FFFF808 00FF00FF nWRP0 7:0 each, nWRP8 23:16 each
        """),
    .init(
      "STM32F302/303xC", device: 0x422, parts: ["STM32F302/303xB/C"], .f3,
      reads: [.init(0x1FFF_F800, 16)],
      words: """
        1FFFF800 00FF55AA RDP 7:0 in:AA/BB/CC, WDG_SW=IWDG_SW 16, nRST_STOP 17, nRST_STDBY 18,
          nBOOT1 20, VDDA_MONITOR 21, SRAM_PE 22
        1FFFF804 00FF00FF Data0 7:0, Data1 23:16
        1FFFF808 00FF00FF nWRP0 7:0 each, nWRP8 23:16 each
        1FFFF80C 00FF00FF nWRP16 7:0 each, nWRP24 23:16 each
        """),
    .init(
      "STM32F302/303xE", device: 0x446, parts: ["STM32F302/303xD/E"], .f3xE,
      reads: [.init(0x1FFF_F800, 16)],
      words: """
        1FFFF800 00FF55AA RDP 7:0 in:AA/BB/CC, WDG_SW=IWDG_SW 16, nRST_STOP 17, nRST_STDBY 18,
          nBOOT0 19, nBOOT1 20, VDDA_MONITOR 21, RAM_PARITY=SRAM_PE 22, BOOT_SEL 23
        1FFFF804 00FF00FF Data0 7:0, Data1 23:16
        1FFFF808 00FF00FF nWRP0 7:0 each, nWRP8 23:16 each
        1FFFF80C 00FF00FF nWRP16 7:0 each, nWRP24 23:16 each
        """),
    .init(
      "STM32F373", device: 0x432, parts: ["STM32F373"], .f3,
      reads: [.init(0x1FFF_F800, 16)],
      words: """
        1FFFF800 00FF55AA RDP 7:0 in:AA/BB/CC, WDG_SW=IWDG_SW 16, nRST_STOP 17, nRST_STDBY 18,
          nBOOT1 20, VDDA_MONITOR 21, RAM_PARITY=SRAM_PE 22, SDADC12_VDD=SDADC12_VDD_MONITOR 23
        1FFFF804 00FF00FF Data0 7:0, Data1 23:16
        1FFFF808 00FF00FF nWRP0 7:0 each, nWRP8 23:16 each
        1FFFF80C 00FF00FF nWRP16 7:0 each, nWRP24 23:16 each
        """),
    .init(
      "STM32F2", device: 0x411, parts: ["STM32F2xx"], .f2,
      reads: [.init(0x1FFF_C000, 16)],
      words: """
        1FFFC000 AAEC BOR_LEV 3:2 in:0/1/2/3, WDG_SW 5, nRST_STOP 6, nRST_STDBY 7,
          RDP 15:8 in:AA/BB/CC
        1FFFC008 0FFF WRP0 11:0 each
        """),
    .init(
      "STM32F40x/41x", device: 0x413, parts: ["STM32F40x/41x"], .f4,
      reads: [.init(0x1FFF_C000, 16)],
      writes: [.init(0x1FFF_C000, 16)],
      words: """
        1FFFC000 AAEC BOR_LEV 3:2 in:0/1/2/3, WDG_SW 5, nRST_STOP 6, nRST_STDBY 7,
          RDP 15:8 in:AA/BB/CC
        1FFFC008 0FFF WRP0=nWRP 11:0 each
        """),
    .init(
      "STM32F401xB/C", device: 0x423, parts: ["STM32F401"], kibibytes: 128...256, .f4,
      reads: [.init(0x1FFF_C000, 16)],
      writes: [.init(0x1FFF_C000, 16)],
      words: """
        1FFFC000 AAEC BOR_LEV 3:2 in:0/1/2/3, WDG_SW 5, nRST_STOP 6, nRST_STDBY 7,
          RDP 15:8 in:AA/BB/CC
        1FFFC008 0FFF WRP0 5:0 each, SPRMOD 15
        """),
    .init(
      "STM32F401xD/E", device: 0x433, parts: ["STM32F401"], kibibytes: 384...512, .f4,
      reads: [.init(0x1FFF_C000, 16)],
      writes: [.init(0x1FFF_C000, 16)],
      words: """
        1FFFC000 AAEC BOR_LEV 3:2 in:0/1/2/3, WDG_SW 5, nRST_STOP 6, nRST_STDBY 7,
          RDP 15:8 in:AA/BB/CC
        1FFFC008 0FFF WRP0 7:0 each, SPRMOD 15
        """),
    .init(
      "STM32F411", device: 0x431, parts: ["STM32F411"], .f4,
      reads: [.init(0x1FFF_C000, 16)],
      writes: [.init(0x1FFF_C000, 16)],
      words: """
        1FFFC000 AAEC BOR_LEV 3:2 in:0/1/2/3, WDG_SW 5, nRST_STOP 6, nRST_STDBY 7,
          RDP 15:8 in:AA/BB/CC
        1FFFC008 0FFF WRP0=nWRP 7:0 each, SPRMOD 15
        """),
    .init(
      "STM32F412", device: 0x441, parts: ["STM32F412"], .f4,
      reads: [.init(0x1FFF_C000, 16)],
      writes: [.init(0x1FFF_C000, 16)],
      words: """
        1FFFC000 AAEC BOR_LEV 3:2 in:0/1/2/3, WDG_SW 5, nRST_STOP 6, nRST_STDBY 7,
          RDP 15:8 in:AA/BB/CC
        1FFFC008 0FFF WRP0=nWRP 11:0 each, SPRMOD 15
        """),
    .init(
      "STM32F413/423", device: 0x463, parts: ["STM32F413/423"], .f4,
      reads: [.init(0x1FFF_C000, 16)],
      writes: [.init(0x1FFF_C000, 16)],
      words: """
        1FFFC000 AAEC BOR_LEV 3:2 in:0/1/2/3, WDG_SW 5, nRST_STOP 6, nRST_STDBY 7,
          RDP 15:8 in:AA/BB/CC
        1FFFC008 7FFF WRP0=nWRP 14:0 each, SPRMOD 15
        """),
    .init(
      "STM32F446", device: 0x421, parts: ["STM32F446"], .f4,
      reads: [.init(0x1FFF_C000, 16)],
      writes: [.init(0x1FFF_C000, 16)],
      words: """
        1FFFC000 AAEC BOR_LEV 3:2 in:0/1/2/3, WDG_SW 5, nRST_STOP 6, nRST_STDBY 7,
          RDP 15:8 in:AA/BB/CC
        1FFFC008 0FFF nWRP0=nWRP 7:0 each, SPRMOD 15
        """),
    .init(
      "STM32F42x/43x", device: 0x419, parts: ["STM32F42x/43x"], .f4,
      reads: [.init(0x1FFF_C000, 16), .init(0x1FFE_C000, 16)],
      writes: [.init(0x1FFF_C000, 16), .init(0x1FFE_C008, 8)],
      words: """
        1FFEC008 0FFF WRP12=nWRP 11:0 each
        1FFFC000 AAEC BOR_LEV 3:2 in:0/1/2/3, BFB2 4, WDG_SW 5, nRST_STOP 6, nRST_STDBY 7,
          RDP 15:8 in:AA/BB/CC
        1FFFC008 0FFF WRP0=nWRP 11:0 each, DB1M 14, SPRMOD 15
        """),
    .init(
      "STM32F469/479", device: 0x434, parts: ["STM32F469/479"], .f4,
      reads: [.init(0x1FFF_C000, 16), .init(0x1FFE_C000, 16)],
      writes: [.init(0x1FFF_C000, 16), .init(0x1FFE_C008, 4)],
      words: """
        1FFEC008 0FFF nWRP12=nWRP 11:0 each
        1FFFC000 AAEC BOR_LEV 3:2 in:0/1/2/3, BFB2 4, WDG_SW 5, nRST_STOP 6, nRST_STDBY 7,
          RDP 15:8 in:AA/BB/CC
        1FFFC008 0FFF nWRP0=nWRP 11:0 each, DB1M 14, SPRMOD 15
        """),
    .init(
      "STM32F74x/75x", device: 0x449, parts: ["STM32F74x/75x"], .f7,
      reads: [.init(0x1FFF_0000, 44)],
      writes: [.init(0x1FFF_0000, 44)],
      words: """
        1FFF0000 AAFC BOR_LEV 3:2 in:0/1/2/3, WWDG_SW 4, IWDG_SW 5, nRST_STOP 6, nRST_STDBY 7,
          RDP 15:8 in:AA/BB/CC
        1FFF0008 C0FF nWRP0=nWRP 7:0 each, IWDG_STDBY 14, IWDG_STOP 15
        1FFF0010 0080 BOOT_ADD0 15:0 *4000
        1FFF0018 0040 BOOT_ADD1 15:0 *4000
        """),
    .init(
      "STM32F76x/77x", device: 0x451, parts: ["STM32F76x/77x"], .f7,
      reads: [.init(0x1FFF_0000, 44)],
      writes: [.init(0x1FFF_0000, 44)],
      words: """
        1FFF0000 AAFC BOR_LEV 3:2 in:0/1/2/3, WWDG_SW 4, IWDG_SW 5, nRST_STOP 6, nRST_STDBY 7,
          RDP 15:8 in:AA/BB/CC
        1FFF0008 FFFF nWRP0=nWRP 11:0 each, nDBOOT 12, nDBANK 13, IWDG_STDBY 14, IWDG_STOP 15
        1FFF0010 0080 BOOT_ADD0 15:0 *4000
        1FFF0018 0040 BOOT_ADD1 15:0 *4000
        """),
    .init(
      "STM32F72x/73x", device: 0x452, parts: ["STM32F72x/73x"], .f7,
      reads: [.init(0x1FFF_0000, 48)],
      writes: [.init(0x1FFF_0000, 44)],
      words: """
        1FFF0000 AAFC BOR_LEV 3:2 in:0/1/2/3, WWDG_SW 4, IWDG_SW 5, nRST_STOP 6, nRST_STDBY 7,
          RDP 15:8 in:AA/BB/CC
        1FFF0008 C0FF nWRP0=nWRP 7:0 each, IWDG_STDBY 14, IWDG_STOP 15
        1FFF0010 0080 BOOT_ADD0 15:0 *4000
        1FFF0018 0040 BOOT_ADD1 15:0 *4000
        1FFF0020 0000 PCROP0=PCROP 7:0 each
        1FFF0028 0000 PCROP_RDP 15
        """),
  ]
}
