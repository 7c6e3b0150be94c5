// The option bytes of each line of parts: names as ST's programmer takes them, and as the reference
// manual has them where that differs. From the data base of ST's programmer, with its known errors put
// right, against the CMSIS headers; factory words where a source has them.
extension OptionLayout {
  /// STM32L0, L1, L4 and L5.
  static let l: [OptionLayout] = [
    .init(
      "STM32L07x/08x", device: 0x447, parts: ["STM32L07x/08x"], .l0,
      reads: [.init(0x1FF8_0000, 20)],
      words: """
        1FF80000 - RDP=RDPROT 7:0 in:AA/BB/CC, WPRMOD 8
        1FF80004 - BOR_LEV 3:0 in:0/1/2/3/4/5/6/7/8/9/A/B/C, IWDG_SW 4, nRST_STOP 5, nRST_STDBY 6,
          BFB2 7, nBOOT1=BOOT1 15
        1FF80008 - WRPOT0 15:0 each
        1FF8000C - WRPOT16 15:0 each
        1FF80010 - WRPOT32 15:0 each
        """),
    .init(
      "STM32L1xxxC", device: 0x427, parts: ["STM32L1xxxC"], .l1,
      reads: [.init(0x1FF8_0000, 24)],
      words: """
        1FF80000 - RDP=RDPRT 7:0 in:AA/BB/CC, SPRMOD 8
        1FF80004 - BOR_LEV 3:0 in:0/1/2/3/4/5/6/7/8/9/A/B/C, IWDG_SW 4, nRST_STOP 5, nRST_STDBY 6
        1FF80008 - WRP0 15:0 each
        1FF8000C - WRP16 15:0 each
        1FF80010 - WRP32 15:0 each
        1FF80014 - WRP48 15:0 each
        """),
    .init(
      "STM32L1xxxD", device: 0x436, parts: ["STM32L1xxxD"], .l1,
      reads: [.init(0x1FF8_0000, 32)],
      words: """
        1FF80000 - RDP 7:0 in:AA/BB/CC
        1FF80004 - BOR_LEV 3:0 in:0/1/2/3/4/5/6/7/8/9/A/B/C, IWDG_SW 4, nRST_STOP 5, nRST_STDBY 6,
          nBFB2 7
        1FF80008 - WRP0 15:0 each
        1FF8000C - WRP16 15:0 each
        1FF80010 - WRP32 15:0 each
        1FF80014 - WRP48 15:0 each
        1FF80018 - WRP64 15:0 each
        1FF8001C - WRP80 15:0 each
        """),
    .init(
      "STM32L1xxxE", device: 0x437, parts: ["STM32L1xxxE"], .l1,
      reads: [.init(0x1FF8_0000, 32), .init(0x1FF8_0080, 8)],
      words: """
        1FF80000 - RDP=RDPRT 7:0 in:AA/BB/CC
        1FF80004 - BOR_LEV 3:0 in:0/1/2/3/4/5/6/7/8/9/A/B/C, IWDG_SW 4, nRST_STOP 5, nRST_STDBY 6,
          nBFB2=nRST_BFB2 7
        1FF80008 - WRP0 15:0 each
        1FF8000C - WRP16 15:0 each
        1FF80010 - WRP32 15:0 each
        1FF80014 - WRP48 15:0 each
        1FF80018 - WRP64 15:0 each
        1FF8001C - WRP80 15:0 each
        1FF80080 - WRP96 15:0 each
        1FF80084 - WRP112 15:0 each
        """),
    .init(
      "STM32L412/422", device: 0x464, parts: ["STM32L412/422"], .l4,
      reads: [.init(0x1FFF_7800, 40)],
      writes: [.init(0x1FFF_7800, 36)],
      words: """
        1FFF7800 FFEFF8AA RDP 7:0 in:AA/BB/CC, BOR_LEV 10:8 in:0/1/2/3/4, nRST_STOP 12,
          nRST_STDBY 13, nRST_SHDW 14, IWDG_SW 16, IWDG_STOP 17, IWDG_STDBY 18, WWDG_SW 19,
          nBOOT1 23, SRAM2_PE 24, SRAM2_RST 25, nSWBOOT0 26, nBOOT0 27
        1FFF7808 FFFFFFFF PCROP1_STRT 13:0 *8
        1FFF7810 00000000 PCROP1_END 13:0 *8, PCROP_RDP 31
        1FFF7818 000000FF WRP1A_STRT 5:0 *800, WRP1A_END 21:16 *800
        1FFF7820 000000FF WRP1B_STRT 5:0 *800, WRP1B_END 21:16 *800
        """),
    .init(
      "STM32L43x/44x", device: 0x435, parts: ["STM32L43x/44x"], .l4,
      reads: [.init(0x1FFF_7800, 40)],
      writes: [.init(0x1FFF_7800, 36)],
      words: """
        1FFF7800 FFEFF8AA RDP 7:0 in:AA/BB/CC, BOR_LEV 10:8 in:0/1/2/3/4, nRST_STOP 12,
          nRST_STDBY 13, nRST_SHDW 14, IWDG_SW 16, IWDG_STOP 17, IWDG_STDBY 18, WWDG_SW 19,
          nBOOT1 23, SRAM2_PE 24, SRAM2_RST 25, nSWBOOT0 26, nBOOT0 27
        1FFF7808 FFFFFFFF PCROP1_STRT 14:0 *8
        1FFF7810 00000000 PCROP1_END 14:0 *8, PCROP_RDP 31
        1FFF7818 000000FF WRP1A_STRT 6:0 *800, WRP1A_END 22:16 *800
        1FFF7820 000000FF WRP1B_STRT 6:0 *800, WRP1B_END 22:16 *800
        """),
    .init(
      "STM32L45x/46x", device: 0x462, parts: ["STM32L45x/46x"], .l4,
      reads: [.init(0x1FFF_7800, 40)],
      writes: [.init(0x1FFF_7800, 36)],
      words: """
        1FFF7800 FFEFF8AA RDP 7:0 in:AA/BB/CC, BOR_LEV 10:8 in:0/1/2/3/4, nRST_STOP 12,
          nRST_STDBY 13, nRST_SHDW 14, IWDG_SW 16, IWDG_STOP 17, IWDG_STDBY 18, WWDG_SW 19,
          nBOOT1 23, SRAM2_PE 24, SRAM2_RST 25, nSWBOOT0 26, nBOOT0 27
        1FFF7808 FFFFFFFF PCROP1_STRT 15:0 *8
        1FFF7810 00000000 PCROP1_END 15:0 *8, PCROP_RDP 31
        1FFF7818 000000FF WRP1A_STRT 7:0 *800, WRP1A_END 23:16 *800
        1FFF7820 000000FF WRP1B_STRT 7:0 *800, WRP1B_END 23:16 *800
        """),
    .init(
      "STM32L47x/48x", device: 0x415, parts: ["STM32L47x/48x"], .l47,
      reads: [.init(0x1FFF_7800, 40), .init(0x1FFF_F800, 40)],
      writes: [.init(0x1FFF_7800, 40), .init(0x1FFF_F800, 40)],
      words: """
        1FFF7800 FFEFF8AA RDP 7:0 in:AA/BB/CC, BOR_LEV 10:8 in:0/1/2/3/4, nRST_STOP 12,
          nRST_STDBY 13, nRST_SHDW 14, IWDG_SW 16, IWDG_STOP 17, IWDG_STDBY 18, WWDG_SW 19,
          BFB2 20, DualBank 21, nBOOT1 23, SRAM2_PE 24, SRAM2_RST 25
        1FFF7808 FFFFFFFF PCROP1_STRT 15:0 *8
        1FFF7810 00000000 PCROP1_END 15:0 *8, PCROP_RDP 31
        1FFF7818 000000FF WRP1A_STRT 7:0 *800, WRP1A_END 23:16 *800
        1FFF7820 000000FF WRP1B_STRT 7:0 *800, WRP1B_END 23:16 *800
        1FFFF808 - PCROP2_STRT 15:0 *8
        1FFFF810 - PCROP2_END 15:0 *8
        1FFFF818 - WRP2A_STRT 7:0 *800, WRP2A_END 23:16 *800
        1FFFF820 - WRP2B_STRT 7:0 *800, WRP2B_END 23:16 *800
        """),
    .init(
      "STM32L496/4A6", device: 0x461, parts: ["STM32L496/4A6"], .l4,
      reads: [.init(0x1FFF_7800, 40), .init(0x1FFF_F800, 40)],
      writes: [.init(0x1FFF_7800, 36), .init(0x1FFF_F808, 28)],
      words: """
        1FFF7800 FFEFF8AA RDP 7:0 in:AA/BB/CC, BOR_LEV 10:8 in:0/1/2/3/4, nRST_STOP 12,
          nRST_STDBY 13, nRST_SHDW 14, IWDG_SW 16, IWDG_STOP 17, IWDG_STDBY 18, WWDG_SW 19,
          BFB2 20, DualBank 21, nBOOT1 23, SRAM2_PE 24, SRAM2_RST 25, nSWBOOT0 26, nBOOT0 27
        1FFF7808 FFFFFFFF PCROP1_STRT 15:0 *8
        1FFF7810 00000000 PCROP1_END 15:0 *8, PCROP_RDP 31
        1FFF7818 000000FF WRP1A_STRT 7:0 *800, WRP1A_END 23:16 *800
        1FFF7820 000000FF WRP1B_STRT 7:0 *800, WRP1B_END 23:16 *800
        1FFFF808 - PCROP2_STRT 15:0 *8
        1FFFF810 - PCROP2_END 15:0 *8
        1FFFF818 - WRP2A_STRT 7:0 *800, WRP2A_END 23:16 *800
        1FFFF820 - WRP2B_STRT 7:0 *800, WRP2B_END 23:16 *800
        """),
    .init(
      "STM32L4R/4S", device: 0x470, parts: ["STM32L4R/4S"], .l4plus,
      reads: [.init(0x1FF0_0000, 40), .init(0x1FF0_1000, 40)],
      words: """
        1FF00000 - RDP 7:0 in:AA/BB/CC, BOR_LEV 10:8 in:0/1/2/3/4, nRST_STOP 12, nRST_STDBY 13,
          nRST_SHDW 14, IWDG_SW 16, IWDG_STOP 17, IWDG_STDBY 18, WWDG_SW 19, BFB2 20, DB1M 21,
          DBANK 22, nBOOT1 23, SRAM2_PE 24, SRAM2_RST 25, nSWBOOT0 26, nBOOT0 27
        1FF00008 - PCROP1_STRT 16:0 *8?DBANK=1 *10
        1FF00010 - PCROP1_END 16:0 *8?DBANK=1 *10, PCROP_RDP 31
        1FF00018 - WRP1A_STRT 7:0 *1000?DBANK=1 *2000, WRP1A_END 23:16 *1000?DBANK=1 *2000
        1FF00020 - WRP1B_STRT 7:0 *1000?DBANK=1 *2000, WRP1B_END 23:16 *1000?DBANK=1 *2000
        1FF01008 - PCROP2_STRT 16:0 *8?DBANK=1 *10
        1FF01010 - PCROP2_END 16:0 *8?DBANK=1 *10
        1FF01018 - WRP2A_STRT 7:0 *1000?DBANK=1 *2000, WRP2A_END 23:16 *1000?DBANK=1 *2000
        1FF01020 - WRP2B_STRT 7:0 *1000?DBANK=1 *2000, WRP2B_END 23:16 *1000?DBANK=1 *2000
        """),
    .init(
      "STM32L4P5/4Q5", device: 0x471, parts: ["STM32L4P5/4Q5"], .l4plus,
      reads: [.init(0x1FF0_0000, 40), .init(0x1FF0_1000, 40)],
      words: """
        1FF00000 - RDP 7:0 in:AA/BB/CC, BOR_LEV 10:8 in:0/1/2/3/4, nRST_STOP 12, nRST_STDBY 13,
          nRST_SHDW 14, IWDG_SW 16, IWDG_STOP 17, IWDG_STDBY 18, WWDG_SW 19, BFB2 20, DBANK 22,
          nBOOT1 23, SRAM2_PE 24, SRAM2_RST 25, nSWBOOT0 26, nBOOT0 27
        1FF00008 - PCROP1_STRT 15:0 *10
        1FF00010 - PCROP1_END 15:0 *10, PCROP_RDP 31
        1FF00018 - WRP1A_STRT 6:0 *1000?DBANK=1 *2000?DBANK=0,
          WRP1A_END 22:16 *1000?DBANK=1 *2000?DBANK=0
        1FF00020 - WRP1B_STRT 6:0 *1000?DBANK=1 *2000?DBANK=0,
          WRP1B_END 22:16 *1000?DBANK=1 *2000?DBANK=0
        1FF01008 - PCROP2_STRT 15:0 *10
        1FF01010 - PCROP2_END 15:0 *10
        1FF01018 - WRP2A_STRT 6:0 *1000?DBANK=1 *2000?DBANK=0,
          WRP2A_END 22:16 *1000?DBANK=1 *2000?DBANK=0
        1FF01020 - WRP2B_STRT 6:0 *1000?DBANK=1 *2000?DBANK=0,
          WRP2B_END 22:16 *1000?DBANK=1 *2000?DBANK=0
        """),
    .init(
      "STM32L552/562", device: 0x472, parts: ["STM32L552/562"], .l5,
      reads: [.init(0x4002_2040, 48)],
      words: """
        40022040 7FEFF8AA RDP 7:0 in:AA/55/DC/CC, BOR_LEV 10:8 in:0/1/2/3/4, nRST_STOP 12,
          nRST_STDBY 13, nRST_SHDW 14, IWDG_SW 16, IWDG_STOP 17, IWDG_STDBY 18, WWDG_SW 19,
          SWAP_BANK 20, DB256=DB256K 21, DBANK 22, SRAM2_PE 24, SRAM2_RST 25, nSWBOOT0 26,
          nBOOT0 27, PA15_PUPEN 28, TZEN 31
        40022044 0800007F NSBOOTADD0 31:7 *80
        40022048 0BF9007F NSBOOTADD1 31:7 *80
        4002204C - SECBOOTADD0 31:7 *80
        40022050 - SECWM1_PSTRT 6:0 if:TZEN=1 *1000?DBANK=0 *800?DBANK=1,
          SECWM1_PEND 22:16 if:TZEN=1 *1000?DBANK=0 *800?DBANK=1
        40022054 - HDP1_PEND 22:16 *4?DBANK=0 *2?DBANK=1, HDP1EN 31
        40022058 - WRP1A_PSTRT 6:0 *1000?DBANK=0 *800?DBANK=1,
          WRP1A_PEND 22:16 *1000?DBANK=0 *800?DBANK=1
        4002205C - WRP1B_PSTRT 6:0 *1000?DBANK=0 *800?DBANK=1,
          WRP1B_PEND 22:16 *1000?DBANK=0 *800?DBANK=1
        40022060 - SECWM2_PSTRT 6:0 if:TZEN=1 *1000?DBANK=0 *800?DBANK=1,
          SECWM2_PEND 22:16 if:TZEN=1 *1000?DBANK=0 *800?DBANK=1
        40022064 - HDP2_PEND 22:16 if:TZEN=1 *4?DBANK=0 *2?DBANK=1, HDP2EN 31 if:TZEN=1
        40022068 - WRP2A_PSTRT 6:0 *1000?DBANK=0 *800?DBANK=1,
          WRP2A_PEND 22:16 *1000?DBANK=0 *800?DBANK=1
        4002206C - WRP2B_PSTRT 6:0 *1000?DBANK=0 *800?DBANK=1,
          WRP2B_PEND 22:16 *1000?DBANK=0 *800?DBANK=1
        """),
  ]
}
